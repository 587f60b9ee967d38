"""What a job would have cost in the service, at prices that are given.

No prices are shipped: they differ by region and contract, and change.
Source: DescribeTrainingJob, BillableTimeInSeconds, to be multiplied by the count of instances;
AWS bills instances by the second, at a price an hour.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sm_container.harness.job.record import JobRecord

_HOUR = 3600


class PriceError(Exception):
    """Prices cannot be read, or have none for an instance type."""


@dataclass(frozen=True)
class Prices:
    """USD an hour and instance, without spot's discount: one for all, or by instance type."""

    by_type: Mapping[str, float]
    for_all: float | None = None
    source: str = "--price"

    def of(self, instance_type: str) -> float:
        """Raises :class:`PriceError` where there is none."""
        price = self.by_type.get(instance_type, self.for_all)
        if price is None:
            raise PriceError(
                f'{self.source}: no price for {instance_type}; add "{instance_type}": USD an hour'
            )
        return price


@dataclass(frozen=True)
class Cost:
    """USD: what the job's seconds cost so far, and what they would have without spot's discount."""

    amount: float
    undiscounted: float
    seconds: float
    instances: tuple[tuple[int, str, float], ...]


def read_prices(path: Path) -> Prices:
    """Prices from a JSON object such as ``{"ml.m5.large": 0.115}``.

    Raises:
        PriceError: where it is another, with what is wrong.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as fault:
        raise PriceError(f"{path}: {fault.strerror}") from fault
    except ValueError as fault:
        raise PriceError(f"{path}: no JSON ({fault})") from fault
    if not isinstance(document, dict):
        raise PriceError(f'{path}: not an object such as {{"ml.m5.large": 0.115}}')
    for name, price in document.items():
        is_number = isinstance(price, (int, float)) and not isinstance(price, bool)
        if not is_number or not math.isfinite(price) or price < 0:
            raise PriceError(f"{path}: {name}: the price an hour is a number, 0 or more")
    return Prices({name: float(price) for name, price in document.items()}, source=str(path))


def cost(record: JobRecord, prices: Prices, until: float) -> Cost:
    """Of a job that runs, ``until`` that epoch second; spot's discount is the one that is assumed.

    Raises:
        PriceError: where an instance type has no price.
    """
    instances = tuple((count, name, prices.of(name)) for count, name in _instances(record.document))
    hourly = sum(count * price for count, _, price in instances)
    trained, billed = _seconds(record, until)
    return Cost(hourly * billed / _HOUR, hourly * trained / _HOUR, billed, instances)


def _seconds(record: JobRecord, until: float) -> tuple[float, float]:
    """Training and billable seconds, of a job that runs those until a moment."""
    if record.training_seconds is not None and record.billable_seconds is not None:
        return record.training_seconds, record.billable_seconds
    ends = [until if each.end is None else each.end for each in record.attempts]
    trained = sum(end - each.start for end, each in zip(ends, record.attempts, strict=True))
    discount = record.options.spot_discount_percent if record.is_spot else 0.0
    return trained, trained * (1 - discount / 100)


def _instances(document: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    resources = document.get("ResourceConfig")
    assert isinstance(resources, Mapping)  # CreateTrainingJob requires it
    for each in resources.get("InstanceGroups") or [resources]:
        yield each["InstanceCount"], each["InstanceType"]
