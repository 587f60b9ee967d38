"""Estimates: the service's formula, at given prices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sm_container.harness.report.cost import PriceError, Prices, cost, read_prices
from tests.cli.records import job, request

RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 2}


def test_billable_seconds_by_instances_by_price() -> None:
    record = job("a", "Completed", document=request("a", ResourceConfig=RESOURCES))
    record = replace(record, training_ended=record.last_modified)
    assert record.billable_seconds == 8

    found = cost(record, Prices({}, 3600.0), until=0)

    assert (found.amount, found.seconds) == (16.0, 8)
    assert found.instances == ((2, "ml.m5.large", 3600.0),)


def test_a_spot_job_saves_by_its_assumption() -> None:
    document = request("a", EnableManagedSpotTraining=True)
    record = job("a", "Completed", document=document)
    record = replace(record, training_ended=record.last_modified)

    found = cost(record, Prices({"ml.m5.large": 3600.0}), until=0)

    assert (found.amount, found.undiscounted) == (2.0, 8.0)


def test_a_job_that_runs_has_cost_something_by_now() -> None:
    record = job("a", "InProgress", began=1000.0)
    assert cost(record, Prices({}, 3600.0), until=1014.0).amount == 10.0


def test_instance_groups_have_prices_each() -> None:
    groups = [
        {"InstanceGroupName": "a", "InstanceType": "ml.m5.large", "InstanceCount": 1},
        {"InstanceGroupName": "b", "InstanceType": "ml.p3.2xlarge", "InstanceCount": 2},
    ]
    document = request("a", ResourceConfig={"InstanceGroups": groups})
    record = job("a", "InProgress", began=1000.0, document=document)

    prices = Prices({"ml.m5.large": 1.0, "ml.p3.2xlarge": 4.0})

    assert cost(record, prices, until=1004.0 + 3600).amount == 9.0
    with pytest.raises(PriceError, match=r"no price for ml\.p3\.2xlarge"):
        cost(record, Prices({"ml.m5.large": 1.0}), until=0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[1]", "not an object"),
        ('{"ml.m5.large": "1"}', "ml.m5.large: the price an hour is a number"),
        ('{"ml.m5.large": true}', "is a number"),
        ('{"ml.m5.large": NaN}', "is a number"),
        ('{"ml.m5.large": -1}', "0 or more"),
    ],
)
def test_prices_that_are_none(hostile_tmp_path: Path, text: str, said: str) -> None:
    file = hostile_tmp_path / "prices.json"
    file.write_text(text)
    with pytest.raises(PriceError, match=said):
        read_prices(file)


def test_prices_of_a_file(hostile_tmp_path: Path) -> None:
    file = hostile_tmp_path / "prices.json"
    with pytest.raises(PriceError, match="No such file"):
        read_prices(file)
    file.write_text('{"ml.m5.large": 0.5}')
    assert read_prices(file).of("ml.m5.large") == 0.5
    with pytest.raises(PriceError, match=r"prices\.json: no price for ml\.x"):
        read_prices(file).of("ml.x")
