"""Whether anybody has a file open for writing, asked of the kernel."""

from __future__ import annotations

import fcntl
import signal


def has_writer(descriptor: int) -> bool | None:
    """Whether a file, which is open here for reading, is open somewhere for writing.

    None where the kernel does not tell: the file is another user's, or its file system has no
    leases. A read lease is given only while there is no writer; it is given back at once.
    """
    try:
        # Whoever opens the file in this very moment waits, and we get a signal: one that is
        # ignored, in the place of SIGIO, which would end us.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
