"""What a container has written, and what of it counts."""

from __future__ import annotations

from sm_container.harness.engines.client import Client, CommandError, Dialect
from sm_container.testing.certify.writes import Writes


class Told(Client):
    """An engine that says what the test wants of an ended container."""

    def __init__(self, answer: str | CommandError) -> None:
        super().__init__(Dialect.PODMAN, "podman")
        object.__setattr__(self, "answer", answer)

    def run(self, *words: str, **options: object) -> str:
        answer: str | CommandError = self.answer  # type: ignore[attr-defined]
        if isinstance(answer, CommandError):
            raise answer
        return answer


def writes_of(*lines: str) -> Writes:
    writes = Writes(Told("\n".join(lines)))
    writes.look("a container")
    return writes


def test_scratch_and_what_the_engine_writes_do_not_count() -> None:
    writes = writes_of(
        "C /etc", "A /etc/mtab", "C /opt", "A /opt/ml", "C /tmp", "A /tmp/x", "C /run", "A /run/x"
    )
    assert (writes.outside, writes.caches) == ([], [])


def test_logs_and_caches_are_told_apart() -> None:
    writes = writes_of(
        *("C /root", "A /root/.cache", "A /root/.cache/numba", "A /root/.cache/numba/index"),
        *("C /var", "C /var/log", "A /var/log/train.log"),
        *("C /opt", "A /opt/__pycache__", "A /opt/__pycache__/train.pyc"),
        *("A /.config", "A /.config/matplotlib"),
    )
    assert writes.outside == []
    assert writes.caches == [
        "/root/.cache/numba/index",
        "/var/log/train.log",
        "/opt/__pycache__/train.pyc",
        "/.config/matplotlib",
    ]


def test_files_count_and_folders_around_them_do_not() -> None:
    writes = writes_of(
        *("C /root", "A /root/model.bin", "C /opt", "A /opt/results", "A /opt/results/a"),
        *("C /usr", "C /usr/lib", "D /usr/lib/x", "A /tmpfile"),
    )
    assert writes.outside == ["/root/model.bin", "/opt/results/a", "/usr/lib", "/tmpfile"]


def test_an_engine_that_cannot_say_is_no_fault_of_the_job() -> None:
    writes = Writes(Told(CommandError("podman diff: no such container", 125)))
    writes.look("a container")
    assert writes.fault == "podman diff: no such container"
