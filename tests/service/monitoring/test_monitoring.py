"""Metrics through boto3, in each protocol, against what the harness itself knows."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from sm_container.harness.metrics.periods import periods, values
from sm_container.harness.store.folder import JobFolder
from sm_container.service.monitoring import list_metrics as listing
from sm_container.service.monitoring.errors import SHAPES
from tests.service.conftest import Service
from tests.service.monitoring.clients import PROTOCOLS, client_of
from tests.service.test_training_jobs import ended

NAMESPACE = "/aws/sagemaker/TrainingJobs"
LOSS = {"Namespace": NAMESPACE, "MetricName": "loss"}
NOON = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
HOSTS = 2
POINTS = 300


def dimension(name: str, value: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value}]


def write(path: Path, points: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in points))


@pytest.fixture
def written(service: Service) -> JobFolder:
    """A job of two hosts that have measured their loss every second, and what they used."""
    folder = JobFolder(service.home / "jobs" / "written")
    for number in range(1, HOSTS + 1):
        seconds = [NOON.timestamp() + second for second in range(POINTS)]
        losses = [
            {"Timestamp": at, "MetricName": "loss", "Value": number * index / 7}
            for index, at in enumerate(seconds)
        ]
        losses.append({"Timestamp": seconds[0], "MetricName": "loss", "Value": "NaN"})
        write(folder.metrics(f"algo-{number}"), losses)
        used = [{"Timestamp": at, "MemoryUtilization": number * 10.5} for at in seconds]
        write(folder.utilization(f"algo-{number}"), used)
    return folder


def asked(period: int = 60, minutes: float = 5, **more: Any) -> dict[str, Any]:
    return {
        **LOSS,
        "Dimensions": dimension("TrainingJobName", "written"),
        "StartTime": NOON,
        "EndTime": NOON + timedelta(minutes=minutes),
        "Period": period,
        **more,
    }


def query(name: str, stat: str = "Average", **more: Any) -> dict[str, Any]:
    metric = {**LOSS, "Dimensions": dimension("TrainingJobName", "written")}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat, **more}}


def in_order(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(answer["Datapoints"], key=lambda each: each["Timestamp"])


def test_a_jobs_metrics_are_those_that_the_harness_found(service: Service) -> None:
    sagemaker = service.client("sagemaker")
    more = {"HyperParameters": {"epochs": "5", "pause": "0.6"}}
    sagemaker.create_training_job(**service.request("job", **more))
    found = ended(sagemaker, "job")
    folder = JobFolder(service.home / "jobs" / "job")
    known = {each.start: each for each in periods(values(folder, name="train:rmse"), 1)}
    [final] = found["FinalMetricDataList"]
    for protocol in PROTOCOLS:
        client = client_of(service, protocol)
        answer = client.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName="train:rmse",
            Dimensions=dimension("TrainingJobName", "job"),
            StartTime=found["TrainingStartTime"],
            EndTime=found["TrainingEndTime"] + timedelta(minutes=1),
            Period=1,
            Statistics=["SampleCount", "Average", "Sum", "Minimum", "Maximum"],
        )
        datapoints = {each["Timestamp"].timestamp(): each for each in answer["Datapoints"]}
        assert len(datapoints) == len(known) > 1
        for start, each in known.items():
            assert datapoints[start]["SampleCount"] == each.sample_count
            assert datapoints[start]["Average"] == pytest.approx(each.average)
            assert datapoints[start]["Maximum"] == each.maximum
            assert datapoints[start]["Unit"] == "None"
        assert in_order(answer)[-1]["Minimum"] == pytest.approx(final["Value"])
        listed = client.list_metrics(Namespace=NAMESPACE)["Metrics"]
        names = {(each["MetricName"], each["Dimensions"][0]["Value"]) for each in listed}
        assert ("train:rmse", "job") in names
        assert ("MemoryUtilization", "job/algo-1") in names
        assert ("CPUUtilization", "job/algo-1") in names


def test_all_protocols_answer_the_same(service: Service, written: JobFolder) -> None:
    answers = []
    for protocol in PROTOCOLS:
        client = client_of(service, protocol)
        statistics = client.get_metric_statistics(
            **asked(ExtendedStatistics=["p0", "p50", "p99.9", "p100"])
        )
        data = client.get_metric_data(
            MetricDataQueries=[query("a"), query("b", "p90"), query("c", Unit="Bytes")],
            StartTime=NOON,
            EndTime=NOON + timedelta(minutes=5),
        )
        used = client.get_metric_statistics(
            **asked(
                MetricName="MemoryUtilization",
                Dimensions=dimension("Host", "written/algo-2"),
                Statistics=["Average"],
                Unit="Percent",
            )
        )
        for each in (statistics, data, used):
            each.pop("ResponseMetadata")
        answers.append((statistics, data, used))
    assert answers[0] == answers[1] == answers[2]
    statistics, data, used = answers[0]
    assert in_order(statistics)[0]["ExtendedStatistics"]["p100"] == pytest.approx(2 * 59 / 7)
    assert [each["Average"] for each in used["Datapoints"]] == [21.0] * 5
    assert [each["StatusCode"] for each in data["MetricDataResults"]] == ["Complete"] * 3
    assert [len(each["Values"]) for each in data["MetricDataResults"]] == [5, 5, 0]
    assert data["MetricDataResults"][0]["Timestamps"][0] == NOON + timedelta(minutes=4)


def test_both_hosts_are_in_the_statistics_and_nan_is_not(
    service: Service, written: JobFolder
) -> None:
    client = service.client("cloudwatch")
    every = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]
    first, *_ = in_order(client.get_metric_statistics(**asked(Statistics=every)))
    one_host = [index / 7 for index in range(60)]
    assert first["Timestamp"] == NOON
    assert first["SampleCount"] == 120
    assert first["Sum"] == pytest.approx(3 * sum(one_host))
    assert first["Maximum"] == pytest.approx(2 * one_host[-1])


def test_the_start_is_rounded_down_and_the_end_is_without(
    service: Service, written: JobFolder
) -> None:
    client = service.client("cloudwatch")

    def starts(start: float, end: float, period: int) -> list[float]:
        answer = client.get_metric_statistics(
            **asked(
                period,
                StartTime=NOON + timedelta(seconds=start),
                EndTime=NOON + timedelta(seconds=end),
                Statistics=["Average"],
            )
        )
        return [(each["Timestamp"] - NOON).total_seconds() for each in in_order(answer)]

    assert starts(59, 120, 60) == [0, 60]
    assert starts(59, 121, 60) == [0, 60, 120]
    assert starts(17, 40, 10) == [10, 20, 30]
    assert starts(250, 300, 300) == [0]
    assert starts(59, 62, 1) == [float(second) for second in range(62)]


def test_units_and_dimensions_that_are_not_its_own_find_nothing(
    service: Service, written: JobFolder
) -> None:
    client = service.client("cloudwatch")
    others: list[dict[str, Any]] = [
        {"Unit": "Percent"},
        {"Namespace": "AWS/EC2"},
        {"MetricName": "accuracy"},
        {"Dimensions": []},
        {"Dimensions": dimension("TrainingJobName", "other")},
        {"Dimensions": dimension("TrainingJobName", "written/algo-1")},
        {"Dimensions": dimension("Host", "written/algo-1")},
        {"Dimensions": dimension("Host", "written/../../written/metrics/algo-1")},
        {"Dimensions": dimension("TrainingJobName", "../jobs/written")},
        {"Dimensions": dimension("Host", "written/algo-1"), "MetricName": "Timestamp"},
        {"Dimensions": dimension("Colour", "written")},
    ]
    for other in others:
        answer = client.get_metric_statistics(**asked(Statistics=["Sum"], **other))
        assert answer["Datapoints"] == [], other
    found = client.get_metric_statistics(**asked(Statistics=["Sum"], Unit="None"))
    assert len(found["Datapoints"]) == 5


def test_pages_of_data_have_every_value_once_in_both_orders(
    service: Service, written: JobFolder
) -> None:
    client = service.client("cloudwatch")
    queries = [query("a"), query("empty", Unit="Bytes"), query("b", "Sum")]
    for order in ("TimestampAscending", "TimestampDescending"):
        for size in (1, 3, 5, 10, 100):
            pages = client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries,
                StartTime=NOON,
                EndTime=NOON + timedelta(minutes=5),
                ScanBy=order,
                PaginationConfig={"PageSize": size},
            )
            found: dict[str, list[datetime]] = {"a": [], "b": [], "empty": []}
            for page in pages:
                results = page["MetricDataResults"]
                assert sum(len(each["Values"]) for each in results) <= size
                for each in results:
                    found[each["Id"]] += each["Timestamps"]
            times = [NOON + timedelta(minutes=minute) for minute in range(5)]
            if order == "TimestampDescending":
                times.reverse()
            assert found == {"a": times, "b": times, "empty": []}


def test_a_page_that_ends_within_a_query_says_so(service: Service, written: JobFolder) -> None:
    client = service.client("cloudwatch")
    bounds = {"StartTime": NOON, "EndTime": NOON + timedelta(minutes=5)}
    page = client.get_metric_data(MetricDataQueries=[query("a")], MaxDatapoints=2, **bounds)
    [result] = page["MetricDataResults"]
    assert result["StatusCode"] == "PartialData"
    assert result["Label"] == "loss"
    with pytest.raises(client.exceptions.InvalidNextToken):
        client.get_metric_data(
            MetricDataQueries=[query("other")], NextToken=page["NextToken"], **bounds
        )
    hidden = {**query("a"), "ReturnData": False}
    named = {**query("b"), "Label": "my loss"}
    answer = client.get_metric_data(MetricDataQueries=[hidden, named], **bounds)
    [result] = answer["MetricDataResults"]
    assert result["Label"] == "my loss"


def test_what_cannot_be_computed_is_refused_by_name(service: Service, written: JobFolder) -> None:
    bounds = {"StartTime": NOON, "EndTime": NOON + timedelta(minutes=5)}
    statistics: list[tuple[dict[str, Any], str, str]] = [
        ({"Period": 7, "Statistics": ["Sum"]}, "InvalidParameterValue", "parameter Period"),
        ({"Period": 1, "minutes": 60}, "InvalidParameterCombination", "up to 3,600 datapoints"),
        ({"Statistics": None}, "MissingParameter", "Must specify either"),
        ({"ExtendedStatistics": ["p50"]}, "InvalidParameterCombination", "cannot both"),
        (
            {"Statistics": None, "ExtendedStatistics": ["tm90"]},
            "InvalidParameterValue",
            "'tm90' is not computed here",
        ),
        ({"StartTime": NOON + timedelta(days=1)}, "InvalidParameterValue", "must be less than"),
        ({"Statistics": ["Mode"]}, "ValidationError", "enum value set"),
        ({"Unit": "Furlongs"}, "ValidationError", "enum value set"),
    ]
    expression = {"Id": "e", "Expression": "m1 * 2"}
    data: list[tuple[list[dict[str, Any]], dict[str, Any], str]] = [
        ([expression], {}, "Expression of the query 'e' is not computed here"),
        ([{"Id": "a"}], {}, "MetricStat of the query 'a' is missing"),
        ([query("A")], {}, "must begin with a lowercase letter"),
        ([query("a"), query("a")], {}, "not unique"),
        ([{**query("a"), "Period": 60}], {}, "Period of the query 'a'"),
        ([{**query("a"), "AccountId": "1"}], {}, "AccountId of the query 'a'"),
        ([{**query("a"), "Label": "${LAST}"}], {}, "dynamic labels"),
        ([query("a", "wm5")], {}, "'wm5' is not computed here"),
        ([query("a")], {"MaxDatapoints": 0}, "MaxDatapoints"),
        ([query("a")], {"LabelOptions": {"Timezone": "CET"}}, "Timezone"),
        ([], {}, "1 to 500"),
    ]
    for protocol in PROTOCOLS:
        client = client_of(service, protocol)
        for more, code, said in statistics:
            given = {**asked(Statistics=["Sum"]), **more}
            minutes = given.pop("minutes", None)
            if minutes:
                given["EndTime"] = NOON + timedelta(minutes=minutes)
            given = {name: each for name, each in given.items() if each is not None}
            with pytest.raises(ClientError, match=said) as raised:
                client.get_metric_statistics(**given)
            assert raised.value.response["Error"]["Code"] == code
        for queries, more, said in data:
            with pytest.raises(ClientError, match=said):
                client.get_metric_data(MetricDataQueries=queries, **bounds, **more)
        with pytest.raises(client.exceptions.InvalidParameterValueException):
            client.get_metric_statistics(**asked(7, Statistics=["Sum"]))
        with pytest.raises(ClientError, match="of CloudWatch there are: GetMetricData"):
            client.describe_alarms()


def test_percentiles_of_a_metric_that_was_negative_are_not_there(
    service: Service, written: JobFolder
) -> None:
    client = service.client("cloudwatch")
    point = {"Timestamp": NOON.timestamp() + 200, "MetricName": "loss", "Value": -1}
    with open(written.metrics("algo-1"), "a") as file:
        file.write(json.dumps(point) + "\n")
    answer = client.get_metric_statistics(**asked(ExtendedStatistics=["p50"]))
    assert answer["Datapoints"] == []


def test_metrics_are_listed_in_pages_and_by_each_filter(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    sagemaker, client = service.client("sagemaker"), service.client("cloudwatch")
    sagemaker.create_training_job(**service.request("listed"))
    ended(sagemaker, "listed")
    template = (service.home / "jobs" / "listed" / "job.json").read_text()
    for number in range(listing._PAGE):
        folder = JobFolder(service.home / "jobs" / f"copy-{number:03}")
        folder.path.mkdir()
        folder.record.write_text(template.replace('"listed"', f'"{folder.name}"'))

    def listed(**filters: Any) -> list[tuple[str, str]]:
        pages = client.get_paginator("list_metrics").paginate(**filters)
        return [
            (each["MetricName"], each["Dimensions"][0]["Value"])
            for page in pages
            for each in page["Metrics"]
        ]

    every = listed()
    assert len(every) == len(set(every)) > listing._PAGE
    assert ("train:rmse", "copy-499") in every
    assert listed(Namespace="AWS/EC2") == []
    assert listed(MetricName="loss") == []
    job = {"Name": "TrainingJobName", "Value": "listed"}
    assert listed(Dimensions=[job]) == [("train:rmse", "listed")]
    assert len(listed(Dimensions=[{"Name": "TrainingJobName"}])) == listing._PAGE + 1
    assert listed(Dimensions=[job, {"Name": "Host"}]) == []
    recent = {value.partition("/")[0] for _, value in listed(RecentlyActive="PT3H")}
    assert recent == {"listed"}
    linked = client.list_metrics(IncludeLinkedAccounts=True, Dimensions=[job])
    assert linked["OwningAccounts"] == ["000000000000"]
    other = client.list_metrics(IncludeLinkedAccounts=True, OwningAccount="111111111111")
    assert other["Metrics"] == []
    for refused in ({"NextToken": "x"}, {"OwningAccount": "000000000000"}):
        with pytest.raises(ClientError, match=r"NextToken|OwningAccount|next token"):
            client.list_metrics(**refused)


def test_values_come_while_the_job_runs(service: Service) -> None:
    sagemaker, client = service.client("sagemaker"), service.client("cloudwatch")
    more = {"HyperParameters": {"epochs": "100", "pause": "0.1"}}
    sagemaker.create_training_job(**service.request("live", **more))
    now = datetime.now(timezone.utc)
    count = 0.0
    while not count:
        assert sagemaker.describe_training_job(TrainingJobName="live")["TrainingJobStatus"] == (
            "InProgress"
        )
        answer = client.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName="train:rmse",
            Dimensions=dimension("TrainingJobName", "live"),
            StartTime=now - timedelta(minutes=1),
            EndTime=now + timedelta(minutes=9),
            Period=60,
            Statistics=["SampleCount"],
        )
        count = sum(each["SampleCount"] for each in answer["Datapoints"])
        time.sleep(0.05)
    listed = client.list_metrics(Dimensions=dimension("TrainingJobName", "live"))["Metrics"]
    assert [each["MetricName"] for each in listed] == ["train:rmse"]
    sagemaker.stop_training_job(TrainingJobName="live")
    ended(sagemaker, "live")


def test_the_names_of_errors_are_those_of_the_model() -> None:
    shapes = Loader().load_service_model("cloudwatch", "service-2")["shapes"]
    codes = {
        shapes[name]["error"]["code"]: name for name in shapes if shapes[name].get("synthetic")
    }
    assert {code: codes[code] for code in SHAPES} == SHAPES
