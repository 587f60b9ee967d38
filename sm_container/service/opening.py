"""The account, opened: one service a home, its database and its queue."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore
from sm_container.harness.store.lock import locked
from sm_container.service.account import Account, Tell
from sm_container.service.database import Database
from sm_container.service.queue import Queue
from sm_container.service.sagemaker.validating import resume
from sm_container.service.settings import Settings


class ServedElsewhereError(Exception):
    """Another process serves this home."""


@contextmanager
def opened(home: Home, settings: Settings, tell: Tell) -> Iterator[Account]:
    """The account of a home while the block runs; jobs that it has are found, and go on.

    ``tell`` hears in a line what becomes of each job.

    Raises:
        ServedElsewhereError: where a service of this home runs already.
        DatabaseVersionError: where a later version wrote what is there.
    """
    folder = home.path / "service"
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except BlockingIOError:
            raise ServedElsewhereError(
                f"a service of {home.path} runs already; end it, or give this one another home in "
                "SM_CONTAINER_HOME"
            ) from None
        database = Database.open(folder / "service.sqlite")
        queue = Queue(JobStore(home), settings.jobs_at_once, tell)
        queue.start()
        stack.callback(queue.close)
        account = Account(home, settings, database, queue, tell)
        resume(account)
        yield account
