"""The parser of metrics as the harness holds it: a process that answers, or died of a search."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple
from typing import BinaryIO, cast

from sm_container.harness.metrics.budget import OUT_OF_MEMORY, Limits, Marker, Spot
from sm_container.harness.metrics.wire import Message

COMMAND = (sys.executable, "-m", "sm_container.harness.metrics.worker")

_OF_A_SEARCH = (-signal.SIGVTALRM, -signal.SIGKILL, OUT_OF_MEMORY)  # killed: for want of memory
_LEAVE_SECONDS = 10.0
_SHOWN = 1000


class ParserError(Exception):
    """The process that parses is gone, and no pattern is to blame."""


class SearchEndedError(Exception):
    """A search took more time or memory than it may, and its process was ended for it."""

    def __init__(self, spot: Spot) -> None:
        super().__init__(spot)
        self.spot = spot


class WorkerProcess:
    """A process for patterns, by number: names, regular expressions, engines.

    It must be closed, whatever became of it.
    """

    def __init__(
        self,
        names: Sequence[str],
        patterns: Sequence[tuple[str, str]],
        *,
        points: bool,
        limits: Limits,
    ) -> None:
        self._marker = Marker()
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            pass_fds=(self._marker.descriptor,),
            start_new_session=True,  # Ctrl-C at the terminal is the harness's to act on
        )
        self._questions = cast(BinaryIO, self._process.stdin)
        self._answers = cast(BinaryIO, self._process.stdout)
        plan = {
            "names": list(names),
            "patterns": list(patterns),
            "points": points,
            "limits": astuple(limits),
            "marker": self._marker.descriptor,
        }
        self._plan: Message | None = Message(plan)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, question: Message) -> Message:
        """The answer.

        Raises:
            SearchEndedError: the process died of a search.
            ParserError: it died of something else.
        """
        answer = None
        with suppress(BrokenPipeError):
            if self._plan is not None:
                self._plan.send(self._questions)
                self._plan = None
            question.send(self._questions)
            answer = Message.receive(self._answers)
        if answer is None:
            raise self._death()
        return answer

    def close(self) -> None:
        with suppress(BrokenPipeError):  # it has left with a question half asked
            self._questions.close()
        try:
            self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        self._answers.close()
        self._words.close()
        self._marker.close()

    def kill(self) -> None:
        """End it now, from any thread; who waits for an answer is told that it has died."""
        self._process.kill()

    def _death(self) -> Exception:
        code = self._process.wait()
        spot = self._marker.spot()
        if spot is not None and code in _OF_A_SEARCH:
            return SearchEndedError(spot)
        self._words.seek(0)
        words = self._words.read().decode(errors="replace")[-_SHOWN:].strip().rpartition("\n")[2]
        return ParserError(f"the parser of metrics ended with {code}" + (words and f": {words}"))
