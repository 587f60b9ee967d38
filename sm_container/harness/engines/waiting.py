"""Waiting for a child process without looking again and again."""

from __future__ import annotations

import os
import select
import subprocess


def wait_for(process: subprocess.Popen[bytes], seconds: float | None = None) -> int | None:
    """The code of a process (``Popen.returncode``) once it has ended; None if it still runs after
    so many seconds.

    ``Popen.wait`` with a timeout sleeps up to 50 ms between two looks, which would be added to the
    time of every job; a descriptor of the process wakes up at its end (Linux 5.3).
    """
    if seconds is None:
        return process.wait()
    if process.poll() is None and hasattr(os, "pidfd_open"):
        try:
            descriptor = os.pidfd_open(process.pid)
        except OSError:  # an older kernel, or the process was reaped in another thread just now
            pass
        else:
            try:
                end = select.poll()
                end.register(descriptor, select.POLLIN)
                end.poll(seconds * 1000)
            finally:
                os.close(descriptor)
            return process.poll()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
