"""All that is answered at the service's port, as one ASGI application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from sm_container.service.account import Account
from sm_container.service.console.application import console
from sm_container.service.gateway import Gateway
from sm_container.service.json_app import JsonApp
from sm_container.service.logs.api import API as LOGS
from sm_container.service.monitoring.app import MonitoringApp
from sm_container.service.sagemaker.api import API as SAGEMAKER


@contextmanager
def application(account: Account) -> Iterator[ASGIApp]:
    """The application, and what has to run beside it, while the block runs."""
    apps: dict[str, ASGIApp] = {
        "sagemaker": JsonApp(account, SAGEMAKER),
        "logs": JsonApp(account, LOGS),
        "monitoring": MonitoringApp(account),
    }
    yield Gateway(account.settings, apps, console(account))
