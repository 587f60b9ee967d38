"""Templates into pages. What comes from a job or a request is escaped where it enters one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from sm_container.harness.report.environment import environment
from sm_container.harness.report.page import TEMPLATES as REPORT
from sm_container.service.account import Account

_TEMPLATES = Path(__file__).with_name("templates")


def rendered(account: Account, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page, or a part of one, of the console's templates or the report's."""
    text = (
        environment(_TEMPLATES, REPORT)
        .get_template(template)
        .render(
            region=account.settings.region,
            is_locked=account.settings.token is not None,
            now=time.time(),
            as_is=_as_is,
            **values,
        )
    )
    return HTMLResponse(text, status)


def _as_is(value: str) -> Markup:
    """Text for a form's field, which has to come back as it was: escaped, and nothing else."""
    return escape(value)
