"""A tree for the channels to lie in, and a guard: no test leaves a thread or a descriptor."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sm_container.contract.layout import Layout
from sm_container.records.formats import format_of


@pytest.fixture
def layout(hostile_tmp_path: Path) -> Layout:
    layout = Layout(hostile_tmp_path)
    layout.create()
    return layout


@pytest.fixture(scope="session", autouse=True)
def warm() -> None:
    """What pyarrow opens once and for all is no leak."""
    list(format_of("text/csv").batches(b"1,2\n", "warm", rows=1))


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Afterwards there are no more threads and open files than before.

    The threads that read ahead are shared and stay for some seconds.
    """
    gc.collect()
    threads, files = set(threading.enumerate()), len(os.listdir("/proc/self/fd"))
    yield
    gc.collect()
    for thread in set(threading.enumerate()) - threads:
        if thread.name != "readahead":
            thread.join(5)
            assert not thread.is_alive(), thread
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= files
