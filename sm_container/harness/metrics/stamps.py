"""Times at the beginning of lines, as exports of CloudWatch and ``aws logs tail`` write them.

Source: RFC 3339.
"""

from __future__ import annotations

import re
from datetime import datetime

_STAMP = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:\d\d)[ \t]", re.IGNORECASE
)


def stamped(line: bytes) -> tuple[float | None, bytes]:
    """The epoch seconds that a line begins with, None without any, and the rest of the line."""
    found = _STAMP.match(line)
    if found is None:
        return None, line
    clock, fraction, zone = (part or b"" for part in found.groups())
    offset = "+00:00" if zone in b"Zz" else zone.decode()
    try:
        moment = datetime.fromisoformat(clock.upper().decode() + offset).timestamp()
    except ValueError:  # the 31st of June
        return None, line
    return moment + float(b"0." + (fraction or b"0")), line[found.end() :]
