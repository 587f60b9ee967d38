"""The query protocol, held against what botocore writes and reads."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel as ClientModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from sm_container.harness.request.model import load_model
from sm_container.service.errors import ServiceError
from sm_container.service.wire import query

NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
START = datetime(2026, 11, 28, 12, 0, 0, tzinfo=timezone.utc)
ASKED: dict[str, Any] = {
    "MetricDataQueries": [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "/aws/x",
                    "MetricName": "loss & more = ü",
                    "Dimensions": [{"Name": "Host", "Value": "job/algo-1"}],
                },
                "Period": 60,
                "Stat": "Average",
            },
            "ReturnData": number % 2 == 0,
        }
        for number in range(12)
    ],
    "StartTime": START.timestamp(),
    "EndTime": START.timestamp() + 60,
}


def client_model() -> Any:
    return ClientModel(Loader().load_service_model("cloudwatch", "service-2"), "cloudwatch")


def parsed(tmp_path: Path, form: dict[str, str], root: str = "GetMetricDataInput") -> Any:
    return query.parse(form, load_model(tmp_path, root, "cloudwatch"))


def test_it_reads_what_botocore_writes(tmp_path: Path) -> None:
    given = {**ASKED, "StartTime": START, "EndTime": datetime(2026, 11, 28, 12, 1)}
    operation = client_model().operation_model("GetMetricData")
    body = create_serializer("query", False).serialize_to_request(given, operation)["body"]
    form = query.form_of(urlencode(body).encode())
    assert form["Action"] == "GetMetricData"
    assert parsed(tmp_path, form) == ASKED


def test_botocore_reads_what_it_writes(tmp_path: Path) -> None:
    answer = {
        "Label": 'loss <&"> ü',
        "Datapoints": [
            {
                "Timestamp": START,
                "Average": 0.1,
                "SampleCount": 3.0,
                "Unit": "None",
                "ExtendedStatistics": {"p50": 0.1, "p99": 1e-9},
            },
            {"Timestamp": START, "Average": -1e300, "Unit": "None"},
        ],
    }
    model = load_model(tmp_path, "GetMetricStatisticsOutput", "cloudwatch")
    body = query.answer("GetMetricStatistics", answer, model, NAMESPACE, "id-1")
    shape = client_model().operation_model("GetMetricStatistics").output_shape
    found = create_parser("query").parse({"body": body, "headers": {}, "status_code": 200}, shape)
    assert found.pop("ResponseMetadata")["RequestId"] == "id-1"
    assert found == answer


def test_what_xml_cannot_hold_is_replaced(tmp_path: Path) -> None:
    model = load_model(tmp_path, "ListMetricsOutput", "cloudwatch")
    answer = {"Metrics": [{"MetricName": "a\x00b\ud800c"}]}
    body = query.answer("ListMetrics", answer, model, NAMESPACE, "id")
    assert "<MetricName>a�b�c</MetricName>" in body.decode()


def test_botocore_reads_its_errors() -> None:
    body = query.error(ServiceError("InvalidParameterValue", "no & <no>"), NAMESPACE, "id-2")
    shape = client_model().operation_model("ListMetrics").output_shape
    found = create_parser("query").parse({"body": body, "headers": {}, "status_code": 400}, shape)
    assert found["Error"]["Code"] == "InvalidParameterValue"
    assert found["Error"]["Message"] == "no & <no>"
    assert found["ResponseMetadata"]["RequestId"] == "id-2"


def test_lists_are_in_the_order_of_their_numbers_and_an_empty_one_is_one(tmp_path: Path) -> None:
    form = {f"Statistics.member.{number}": str(number) for number in (10, 9, 1)}
    found = parsed(tmp_path, {**form, "Dimensions": ""}, "GetMetricStatisticsInput")
    assert found == {"Statistics": ["1", "9", "10"], "Dimensions": []}


def test_a_member_that_is_not_known_stands_for_the_check_to_name(tmp_path: Path) -> None:
    assert parsed(tmp_path, {"Colour.Deep." + "x." * 9000: "1"}) == {"Colour": ""}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("StartTime", "yesterday"),
        ("StartTime", "9999999999999"),
        ("MaxDatapoints", "ten"),
        ("MaxDatapoints.more", "1"),
        ("MetricDataQueries", "x"),
        ("MetricDataQueries.1.Id", "a"),
        ("MetricDataQueries.member.one.Id", "a"),
        ("MetricDataQueries.member.1", "a"),
        ("MetricDataQueries.member.1.ReturnData", "TRUE"),
    ],
)
def test_a_value_that_is_not_what_the_model_says_is_refused(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(ServiceError, match="cannot be read at") as raised:
        parsed(tmp_path, {name: value})
    assert raised.value.code == "MalformedQueryString"


def test_a_value_and_a_part_of_it_cannot_both_be_given(tmp_path: Path) -> None:
    for names in (("Unit", "Unit.x"), ("Unit.x", "Unit")):
        with pytest.raises(ServiceError, match="cannot both be given"):
            parsed(tmp_path, dict.fromkeys(names, "1"))


@pytest.mark.parametrize("body", [b"\xff=1", b"no form", b"a=1&&b"])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(ServiceError, match="not a form"):
        query.form_of(body)
