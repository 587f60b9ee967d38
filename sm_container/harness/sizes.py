"""Bytes as a person reads them.

Data is counted as disks, clouds and ``--s3-bandwidth`` count it, memory as instance types and
``--memory`` do.
"""

from __future__ import annotations

_GIB = 1 << 30
_MIB = 1 << 20


def size(count: int) -> str:
    """``26.1 MB``: bytes of data, in powers of 1000."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def memory(count: int) -> str:
    """``16 GiB``, ``64 MiB``: bytes of memory, in powers of 1024."""
    return f"{round(count / _GIB, 1):g} GiB" if count >= _GIB else f"{count / _MIB:.0f} MiB"
