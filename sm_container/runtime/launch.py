"""The way from the platform's start to the program: find, fetch, install, become it.

Runs in the process that becomes the program, below the supervisor. What is started, and why, is
said in one line on standard error.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Mapping, Sequence

from sm_container.contract.redaction import REDACTED, holds_secret, is_secret
from sm_container.runtime import report
from sm_container.runtime.executable import find_executable
from sm_container.runtime.fault import Fault

TYPE_CHECKING = False  # typing would be half of what a command as it stands costs

if TYPE_CHECKING:
    from typing import NoReturn

AS_IT_STANDS = "--"
_FAULT_STATUS = 1
_USAGE = """\
usage: sm-train [train] [ARGUMENTS]   run the program that the image or the job names
       sm-train PROGRAM [ARGUMENTS]   run a program from PATH, with the job's SM_* variables
       sm-train -- COMMAND ...        run a command as it stands

The entry point of a training container. It finds the program by SM_CONTAINER_PROGRAM
(module:attribute), SAGEMAKER_PROGRAM or the hyperparameter sagemaker_program, in the tree at
/opt/ml or SAGEMAKER_BASE_DIR.
"""
_NOT_EXECUTABLE_STATUS = 126
_NOT_FOUND_STATUS = 127
_LONGEST_SHOWN = 4000


class StartError(Fault):
    """The program cannot be run. ``status`` is the exit code that a shell gives for it."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def run(arguments: Sequence[str], gate: int, send_report: int, told: Mapping[str, str]) -> int:
    """Prepare and become the program; returns an exit code only where that cannot be.

    Nothing is run before the supervisor writes to the descriptor ``gate``: it is then ready to
    take in orphans. ``arguments`` that begin with ``--`` are a command to be run as it stands.
    ``told`` are the supervisor's variables for the program.
    """
    if not os.read(gate, 1):
        return _FAULT_STATUS  # it was killed meanwhile; nobody would reap or forward
    if list(arguments) in (["-h"], ["--help"]):
        os.write(1, _USAGE.encode())
        return 0
    environ = {**os.environ, **told}
    try:
        if list(arguments[:1]) == [AS_IT_STANDS]:
            if not arguments[1:]:
                raise Fault("after -- comes the command to run; give one")
            _announce("command as it stands", arguments[1:], send_report)
            become(arguments[1:], environ)
        from sm_container.runtime.preparation import prepare  # late: dear, and not always needed

        start = prepare(arguments, environ)
        for remark in start.remarks:
            _say(remark)
        _announce(start.because, start.command, send_report)
        become(start.command, start.environ, start.folder)
    except Fault as fault:
        _say(f"error: {fault}")
        report.send_fault(send_report, str(fault))
        return fault.status if isinstance(fault, StartError) else _FAULT_STATUS


def become(
    command: Sequence[str], environ: Mapping[str, str], folder: str | None = None
) -> NoReturn:
    """Replace this process by the program, run in ``folder`` if one is given.

    Raises StartError.
    """
    name = command[0]
    try:
        if folder is not None:
            os.chdir(folder)
        path = find_executable(name, environ)
        if path is None:
            raise _not_found(name, environ)
        try:
            os.execve(path, tuple(command), environ)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            # A script without a first line that says what runs it is the shell's. Source: execvp(3)
            os.execve("/bin/sh", ["/bin/sh", path, *command[1:]], environ)
    except ValueError as error:
        raise StartError(
            f"{name} cannot be started: an argument or a variable {error}", _FAULT_STATUS
        ) from error
    except OSError as error:
        raise StartError(_why_not_run(name, error), _NOT_EXECUTABLE_STATUS) from error


def display(command: Sequence[str]) -> str:
    """A command as a shell would take it, the values of secrets left out."""
    shown: list[str] = []
    hide_next = False
    for word in command:
        option, equals, _ = word.partition("=")
        names_secret = word.startswith("-") and is_secret(option)
        if hide_next or holds_secret(word):
            shown.append(REDACTED)
        elif names_secret and equals:
            shown.append(f"{option}={REDACTED}")
        else:
            shown.append(shlex.quote(word) if word.isprintable() else f"${word!r}")
        hide_next = names_secret and not equals
    line = " ".join(shown)
    return line if len(line) <= _LONGEST_SHOWN else line[:_LONGEST_SHOWN] + "..."


def _announce(because: str, command: Sequence[str], send_report: int) -> None:
    shown = display(command)
    report.send_command(send_report, shown)
    _say(f"{because}: {shown}")


def _not_found(name: str, environ: Mapping[str, str]) -> StartError:
    if "/" in name and os.path.exists(name):
        text = f"{name} is not an executable file; run chmod +x on it"
        return StartError(text, _NOT_EXECUTABLE_STATUS)
    where = "" if "/" in name else f" in PATH ({environ.get('PATH', os.defpath)})"
    what = "install it in the image or correct the name"
    if name.startswith("-"):
        what = "put 'train' before the arguments that are for your program"
    return StartError(f"there is no program {name!r}{where}; {what}", _NOT_FOUND_STATUS)


def _why_not_run(name: str, error: OSError) -> str:
    if error.errno == errno.E2BIG:
        return f"{name} cannot be started: its arguments and variables are too long for the kernel"
    if error.errno == errno.ENOENT:
        return (
            f"{name} cannot be started: the interpreter that its first line names is missing "
            "(if it is there, the line may end in a carriage return: save with Unix line ends)"
        )
    return f"{name} cannot be started: {error.strerror}"


def _say(text: str) -> None:
    # Not sys.stderr, which is None where the descriptor was closed when the interpreter began.
    os.write(2, f"sm-train: {text}\n".encode("utf-8", "backslashreplace"))
