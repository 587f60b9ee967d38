"""All that is answered at the service's port, as one ASGI application."""

from __future__ import annotations

from starlette.types import ASGIApp

from sm_container.service.account import Account
from sm_container.service.console.application import console
from sm_container.service.expecting import Expecting
from sm_container.service.gateway import Gateway
from sm_container.service.json_app import JsonApp
from sm_container.service.logs.api import API as LOGS
from sm_container.service.monitoring.app import MonitoringApp
from sm_container.service.neighbours.moto_app import SERVICES, MotoApp
from sm_container.service.s3.app import S3App
from sm_container.service.s3.root import Root
from sm_container.service.sagemaker.api import API as SAGEMAKER


def application(account: Account) -> ASGIApp:
    """The application of an account."""
    apps: dict[str, ASGIApp] = {
        "sagemaker": JsonApp(account, SAGEMAKER),
        "logs": JsonApp(account, LOGS),
        "monitoring": MonitoringApp(account),
        **{name: MotoApp(name, account.id) for name in SERVICES},
    }
    if account.settings.s3_root is not None:
        apps["s3"] = S3App(Root(account.settings.s3_root), account.region, account.id)
    return Expecting(Gateway(account.settings, apps, console(account)))
