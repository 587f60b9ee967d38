"""How the container starts, and whether the job completes at all."""

from __future__ import annotations

from pathlib import PurePosixPath

from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Finding
from sm_container.testing.certify.ends import first_line

_SHELLS = ("sh", "bash", "dash", "ash", "zsh")
_INITS = ("tini", "tini-static", "dumb-init", "docker-init", "catatonit")
_RUN = "developer guide, How Amazon SageMaker Runs Your Training Image"


def _entry_point(bench: Bench) -> Finding:
    image = bench.image
    if image is None:
        return Finding.not_applicable("a program has no ENTRYPOINT: it is started as it is")
    if bench.request.entrypoint is not None:
        shown = " ".join(bench.request.entrypoint)
        return Finding.not_applicable(f"the request has a ContainerEntrypoint of its own: {shown}")
    words = image.entrypoint
    if not words:
        return Finding.passed("no ENTRYPOINT: the service runs the program `train` from PATH")
    name = PurePosixPath(words[0]).name
    if name in _SHELLS and words[1:2] == ("-c",):
        return Finding.failed(
            f"ENTRYPOINT has the shell form ({' '.join(words)}): the shell is process 1, gets "
            "SIGTERM in the program's place, and drops the argument `train`"
        )
    return Finding.passed(f"ENTRYPOINT is {list(words)}")


def _no_init(bench: Bench) -> Finding:
    if bench.image is None:
        return Finding.not_applicable("a program has no ENTRYPOINT")
    words = bench.request.entrypoint or bench.image.entrypoint
    name = PurePosixPath(words[0]).name if words else ""
    if name in _INITS:
        return Finding.failed(f"{name} is the entry point")
    return Finding.passed(f"the entry point is {name or '`train` from PATH'}")


def _trains(bench: Bench) -> Finding:
    sound = bench.sound
    if sound.status != "Completed":
        return Finding.failed(_why(bench))
    took = f"it took {bench.seconds:.1f} s"
    if not sound.has_model:
        return Finding.failed(f"exit code 0, and nothing in /opt/ml/model; {took}")
    return Finding.passed(f"exit code 0 and a model; {took}")


def _why(bench: Bench) -> str:
    last = bench.sound.log.splitlines()[-1:]
    ending = f"; the log ends with: {first_line(last[0])}" if last else ""
    return f"{bench.sound.status}: {bench.sound.reason}{ending}"


CHECKS = (
    Check(
        "entry-point-exec",
        "The entry point has the exec form, or is the program `train`",
        "The service runs `docker run IMAGE train` and sends SIGTERM to process 1. Behind a shell "
        "neither the argument nor the signal arrives.",
        'Write ENTRYPOINT ["sm-train"] or another program as a JSON list.',
        _RUN,
        _entry_point,
        needs_sound_run=False,
    ),
    Check(
        "entry-point-no-init",
        "No init program such as tini is the entry point",
        "The service does not support tini as an entry point, and has its own way to start "
        "containers.",
        "Make the program itself the entry point; sm-train reaps orphans and forwards signals.",
        "CreateTrainingJob, ContainerEntrypoint",
        _no_init,
        needs_sound_run=False,
    ),
    Check(
        "trains",
        "Started as `train`, it ends with exit code 0 and leaves a model",
        "An exit code of 0 is success, and what is in /opt/ml/model then is the model.",
        "See the job's log; write the model to /opt/ml/model before the end.",
        _RUN,
        _trains,
        needs_sound_run=False,
    ),
)
