"""The stores that a feeder reads from: those of the run, simulated where the run is."""

from __future__ import annotations

from pathlib import Path

from sm_container.harness.inputs.feed.plan import FeedPlan
from sm_container.storage.store import Stores


def stores_of(plan: FeedPlan) -> Stores:
    """The stores by URI."""
    return Stores(None if plan.s3_root is None else Path(plan.s3_root), plan.link)
