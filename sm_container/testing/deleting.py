"""Deleting what a run of many jobs has made, however it ends: by itself, a fault, or Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sm_container.harness.life.stopping import catching_interrupts


@contextmanager
def deleted_after(
    delete: Callable[[], None], tell: Callable[[str], None], *, makers: str, command: str
) -> Iterator[None]:
    """Call ``delete`` when the block is left.

    A first Ctrl-C, which may be what ended the block, does not hold that up. A second one does: the
    rest is left to the next run. ``tell`` hears of it, where ``makers`` have made what is deleted
    and ``command`` is what finds the rest.

    Raises:
        KeyboardInterrupt: after the first, when all is deleted; at once after the second.
    """
    interrupted = False
    try:
        yield
    except KeyboardInterrupt:
        interrupted = True
        tell(
            f"deleting what the {makers} have made; another Ctrl-C leaves the rest to the next "
            f"{command}"
        )
        raise
    finally:
        with catching_interrupts() as interrupts:
            if interrupted:
                interrupts.record(signal.SIGINT)
            try:
                with interrupts.raising():
                    delete()
            except KeyboardInterrupt:
                tell(f"not all is deleted: the next {command} does it")
                raise
        if interrupts.wants_stop and not interrupted:
            raise KeyboardInterrupt
