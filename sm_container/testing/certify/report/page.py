"""The verdicts as one HTML page that needs nothing else.

What a program says of itself is hostile: each text is escaped where it enters the page.
"""

from __future__ import annotations

from pathlib import Path

from sm_container.harness.report.environment import environment
from sm_container.testing.certify.report.summary import Summary

_TEMPLATES = Path(__file__).with_name("templates")


def require_page() -> None:
    """Raises ReportError where Jinja is not installed."""
    environment(_TEMPLATES)


def page(summary: Summary) -> str:
    """The page as a whole. Raises ReportError where Jinja is not installed."""
    template = environment(_TEMPLATES).get_template("certificate.html")
    return template.render(summary=summary)
