"""The account that the service answers for: its jobs, algorithms, tags, and the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sm_container.harness.life.launch import ACCOUNT
from sm_container.harness.request.model import SAGEMAKER, ServiceModel, load_model
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore
from sm_container.service.database import Database
from sm_container.service.queue import Queue
from sm_container.service.settings import Settings

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Account:
    """One account in one region. What it holds is on disk: any number of requests may look at it
    at once, from any thread."""

    home: Home
    settings: Settings
    database: Database
    queue: Queue
    tell: Tell

    @property
    def store(self) -> JobStore:
        return JobStore(self.home)

    @property
    def id(self) -> str:
        return ACCOUNT

    @property
    def region(self) -> str:
        return self.settings.region

    def model(self, root: str, service: str = SAGEMAKER) -> ServiceModel:
        """What the service's model says of one structure, such as ``CreateAlgorithmInput``."""
        return _model(self.home.cache, root, service)


@cache
def _model(folder: Path, root: str, service: str) -> ServiceModel:
    """Kept in memory: every request is held against one, and there are a few dozen."""
    return load_model(folder, root, service)
