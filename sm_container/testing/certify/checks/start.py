"""How the container starts, and whether the job completes at all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile
from pathlib import PurePosixPath

from sm_container.harness.text import duration
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Finding
from sm_container.testing.certify.ends import log_end, told

_SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh")
_INITS = ("tini", "tini-static", "docker-init")
"""Names of tini: docker-init is one of them."""
_RUN = "developer guide, How Amazon SageMaker Runs Your Training Image"
_NO_IMAGE = "a program has no ENTRYPOINT: it is started as it is"


def _entry_point(bench: Bench) -> Finding:
    if bench.image is None:
        return Finding.not_applicable(_NO_IMAGE)
    words, of = _words(bench)
    if not words:
        return Finding.passed("no ENTRYPOINT: the program train from PATH is process 1")
    if _is_shell_form(words):
        return Finding.failed(
            f"{of} is a shell's command, {' '.join(words)!r}: the shell is process 1, and not the "
            "program behind it"
        )
    return Finding.passed(f"{of} is {list(words)}")


def _is_shell_form(words: Sequence[str]) -> bool:
    """``sh -c COMMAND``, as Docker makes it of an ENTRYPOINT that is no list."""
    if _name(words[0]) == "env":
        words = list(dropwhile(lambda word: "=" in word or word.startswith("-"), words[1:]))
    if not words or _name(words[0]) not in _SHELLS:
        return False
    return any(word[:1] in "-+" and "c" in word and word[:2] != "--" for word in words[1:2])


def _no_init(bench: Bench) -> Finding:
    if bench.image is None:
        return Finding.not_applicable(_NO_IMAGE)
    words, _ = _words(bench)
    name = _name(words[0]) if words else ""
    if name in _INITS:
        return Finding.failed(f"{name} is the entry point: {' '.join(words)}")
    return Finding.passed(f"the entry point is {name or 'train from PATH'}")


def _words(bench: Bench) -> tuple[Sequence[str], str]:
    """What runs, and whose word it is. Source: CreateTrainingJob, ContainerEntrypoint."""
    assert bench.image is not None
    if bench.request.entrypoint:
        return bench.request.entrypoint, "the request's ContainerEntrypoint"
    return bench.image.entrypoint, "ENTRYPOINT"


def _name(word: str) -> str:
    return PurePosixPath(word).name


def _trains(bench: Bench) -> Finding:
    sound = bench.sound
    if sound.status != "Completed":
        return Finding.failed(_why(bench))
    took = f"it trained for {duration(bench.seconds)}"
    if not sound.has_model:
        return Finding.failed(f"exit code 0, and nothing in /opt/ml/model; {took}")
    return Finding.passed(f"exit code 0 and a model; {took}")


def _why(bench: Bench) -> str:
    sound = bench.sound
    why, end = told(sound), log_end(sound)
    if sound.secondary_status == "MaxRuntimeExceeded":
        why = f"it had not ended after {duration(bench.request.max_runtime)}, its --max-runtime"
    return f"it does not complete: {why}{'' if end in why else end}"


TRAINS = Check(
    "trains",
    "Started as train, it ends with exit code 0 and leaves a model",
    "An exit code of 0 is success, and what is in /opt/ml/model then is the model.",
    "See the job's log with sm-container run; write the model to /opt/ml/model before the end.",
    _RUN,
    _trains,
    needs_sound_run=False,
)
CHECKS = (
    Check(
        "entry-point-exec",
        "The entry point has the exec form, or is the program train",
        "The service runs docker run IMAGE train, and sends SIGTERM to process 1. Behind a shell "
        "neither the argument nor the signal arrives.",
        'Write ENTRYPOINT ["sm-train"], or another program, as a JSON list.',
        _RUN,
        _entry_point,
        needs_sound_run=False,
    ),
    Check(
        "entry-point-no-init",
        "No tini is the entry point",
        "The service says that it does not support tini as an entry point.",
        "Make the program itself the entry point; sm-train reaps orphans and forwards signals.",
        _RUN,
        _no_init,
        needs_sound_run=False,
    ),
    TRAINS,
)
