"""How pages are made from templates: each text is escaped, and its control characters are shown."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_container.harness.sizes import size
from sm_container.harness.text import duration, printable

if TYPE_CHECKING:
    from jinja2 import Environment


class ReportError(Exception):
    """What a report is made with is missing."""


@cache
def environment(*templates: Path) -> Environment:
    """What renders the templates of some folders, the first that has one. Raises ReportError where
    Jinja is not installed."""
    try:
        import jinja2
    except ImportError as fault:
        raise ReportError("a report needs Jinja (pip install 'sm-container[local]')") from fault
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "duration": duration,
        "size": size,
        "moment": _moment,
        "iso": _iso,
        "number": _number,
        "usd": _usd,
    }
    return made


def _visible(value: Any) -> Any:
    """What a template puts out: of text that is not markup, control characters made visible."""
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _moment(epoch: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(epoch))


def _iso(epoch: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def _number(value: float, digits: int = 6) -> str:
    return f"{value:.{digits}g}"


def _usd(amount: float) -> str:
    """Cents, and of less than a dollar what makes the first two digits."""
    return f"{amount:.2f} USD" if amount >= 1 else f"{amount:.2g} USD"
