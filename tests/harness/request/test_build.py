"""Flags into documents: what they say, on top of what a file said."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.harness.request.build import Flags, build_document, job_name
from sm_container.harness.request.channel_flag import channel_document
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.flags import FlagError, seconds
from sm_container.harness.request.model import ServiceModel
from sm_container.harness.request.parse import parse_request

Document = dict[str, Any]

NOW = datetime(2026, 11, 21, 1, 8, 37, 106_999, tzinfo=timezone.utc)


def _build(request: Document | None = None, **flags: Any) -> Document:
    return build_document(Flags(**flags), request, default_output="/home/me/output", now=NOW)


def _faults(**flags: Any) -> tuple[str, ...]:
    with pytest.raises(RequestError) as caught:
        _build(**flags)
    return caught.value.faults


def _source(flag: str) -> Document:
    source: Document = channel_document(flag)["DataSource"]["S3DataSource"]
    return source


def test_a_target_alone_makes_a_request_that_is_accepted(model: ServiceModel) -> None:
    document = _build(target="registry/algo:1")
    assert document == {
        "AlgorithmSpecification": {"TrainingImage": "registry/algo:1", "TrainingInputMode": "File"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "OutputDataConfig": {"S3OutputPath": "/home/me/output"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "TrainingJobName": "algo-2026-11-21-01-08-37-106",
        "RoleArn": "arn:aws:iam::000000000000:role/sm-container",
    }
    assert parse_request(document, model=model).not_simulated == ()


def test_every_flag_is_said(
    model: ServiceModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document = _build(
        target="algo",
        entrypoint=("python", "-u"),
        arguments=("--fast", "a b"),
        channels=("train=data/", "test=s3://bucket/test,content-type=text/csv"),
        hyperparameters=("eta=0.3", "objective=reg:a=b", "empty="),
        environment=("A=1",),
        metrics=("validation:rmse=rmse=([0-9.]+)",),
        instance_type="ml.c5.xlarge",
        instance_count=1,
        output="s3://bucket/out",
        checkpoint="kept,,here,local-path=/state",
        max_runtime="15m",
        spot=True,
        name="my-job",
        role_arn="arn:aws:iam::123456789012:role/mine",
        network_isolation=True,
        tags=("owner=me", "empty="),
    )
    request = parse_request(document, model=model)
    assert request.arguments == ("--fast", "a b")
    assert [(each.name, each.source.uri) for each in request.channels] == [
        ("train", f"{tmp_path}/data/"),
        ("test", "s3://bucket/test"),
    ]
    assert request.channels[1].content_type == "text/csv"
    assert request.hyperparameters == {"eta": "0.3", "objective": "reg:a=b", "empty": ""}
    assert request.environment == {"A": "1"}
    assert document["AlgorithmSpecification"]["MetricDefinitions"] == [
        {"Name": "validation:rmse", "Regex": "rmse=([0-9.]+)"}
    ]
    assert request.instance_type == "ml.c5.xlarge"
    assert request.output.uri == "s3://bucket/out"
    assert request.checkpoint is not None
    assert request.checkpoint.uri == f"{tmp_path}/kept,here"
    assert request.checkpoint.local_path == "/state"
    assert (request.max_runtime, request.max_wait, request.spot) == (900, 4500, True)
    assert request.name == "my-job"
    assert request.entrypoint == ("python", "-u")
    assert request.role_arn == "arn:aws:iam::123456789012:role/mine"
    assert request.network_isolation
    assert request.tags == {"owner": "me", "empty": ""}


def test_flags_stand_in_the_place_of_the_request(request_document: Document) -> None:
    request_document["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "loss", "Regex": "old=(.)"},
        {"Name": "rmse", "Regex": "rmse=(.)"},
    ]
    request_document["InputDataConfig"][0]["ContentType"] = "text/csv"
    request_document["InputDataConfig"].append({"ChannelName": "test"})
    request_document["Tags"] = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    before = repr(request_document)
    document = _build(
        request_document,
        target="other:2",
        channels=("train=/data", "extra=/extra"),
        hyperparameters=("num_round=20", "eta=1"),
        metrics=("loss=new=(.)",),
        instance_type="ml.c5.large",
        max_runtime="60",
        name="another",
        tags=("b=3",),
    )
    assert repr(request_document) == before
    assert document["AlgorithmSpecification"]["TrainingImage"] == "other:2"
    assert document["AlgorithmSpecification"]["MetricDefinitions"] == [
        {"Name": "loss", "Regex": "new=(.)"},
        {"Name": "rmse", "Regex": "rmse=(.)"},
    ]
    assert [each["ChannelName"] for each in document["InputDataConfig"]] == [
        "train",
        "test",
        "extra",
    ]
    assert "ContentType" not in document["InputDataConfig"][0]
    assert document["HyperParameters"] == {"num_round": "20", "eta": "1"}
    assert document["ResourceConfig"] == {"InstanceType": "ml.c5.large", "InstanceCount": 1}
    assert document["StoppingCondition"] == {"MaxRuntimeInSeconds": 60}
    assert document["TrainingJobName"] == "another"
    assert document["Tags"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"}]
    assert document["RoleArn"] == request_document["RoleArn"]


def test_a_request_without_flags_stays_as_it_is(request_document: Document) -> None:
    assert _build(request_document) == request_document


def test_the_target_is_the_image_of_a_named_algorithm(request_document: Document) -> None:
    request_document["AlgorithmSpecification"] = {
        "AlgorithmName": "my-alg",
        "TrainingInputMode": "File",
    }
    document = _build(request_document, target="algo:1")
    assert document["AlgorithmSpecification"] == request_document["AlgorithmSpecification"]


@pytest.mark.parametrize("part", ["text", 7, [], None])
def test_a_malformed_request_is_left_to_the_check(model: ServiceModel, part: Any) -> None:
    request = dict.fromkeys(
        [
            "AlgorithmSpecification",
            "InputDataConfig",
            "HyperParameters",
            "Environment",
            "Tags",
            "ResourceConfig",
            "OutputDataConfig",
            "StoppingCondition",
            "TrainingJobName",
        ],
        part,
    )
    document = _build(
        request,
        target="algo",
        channels=("train=/data",),
        hyperparameters=("a=b",),
        metrics=("m=(.)",),
        tags=("k=v",),
        entrypoint=("program",),
        max_runtime="1",
        spot=True,
    )
    if part is None:
        assert parse_request(document, model=model).hyperparameters == {"a": "b"}
        return
    with pytest.raises(RequestError):
        parse_request(document, model=model)


def test_every_flag_at_fault_is_named_at_once() -> None:
    assert _faults(
        target="algo",
        channels=("train", "=x", "a=/x", "a=/y", "b=/z,mod=Pipe"),
        hyperparameters=("eta", "=1", "n=1", "n=2"),
        environment=("A",),
        metrics=("loss",),
        max_runtime="soon",
        max_wait="later",
    ) == (
        "--metric 'loss': write --metric NAME=REGEX",
        "--channel 'train': write --channel NAME=SOURCE[,mode=File][,content-type=T]"
        "[,compression=Gzip][,wrapper=RecordIO][,distribution=ShardedByS3Key][,type=ManifestFile]"
        "[,attributes=a+b][,shuffle-seed=N]",
        "--channel '': write --channel NAME=SOURCE[,mode=File][,content-type=T]"
        "[,compression=Gzip][,wrapper=RecordIO][,distribution=ShardedByS3Key][,type=ManifestFile]"
        "[,attributes=a+b][,shuffle-seed=N]",
        "--channel 'b': no option 'mod=Pipe': did you mean mode=...? A comma in the source is "
        "written twice (,,)",
        "--channel a is given twice",
        "--hp 'eta': write --hp KEY=VALUE",
        "--hp '': write --hp KEY=VALUE",
        "--hp n is given twice",
        "--env 'A': write --env KEY=VALUE",
        "--max-runtime 'soon': write seconds, or 90s, 15m, 2h, 1d",
        "--max-wait 'later': write seconds, or 90s, 15m, 2h, 1d",
    )


@pytest.mark.parametrize(
    ("flags", "condition"),
    [
        ({"spot": True}, {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 3660}),
        (
            {"spot": True, "max_wait": "2m"},
            {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
        ),
        ({"max_wait": "2m"}, {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120}),
    ],
)
def test_the_limits_of_a_spot_job(flags: dict[str, Any], condition: dict[str, int]) -> None:
    document = _build(target="algo", max_runtime="1m", **flags)
    assert document["StoppingCondition"] == condition
    assert document.get("EnableManagedSpotTraining", False) is flags.get("spot", False)


def test_a_value_with_a_secret_is_not_shown() -> None:
    (fault,) = _faults(target="algo", hyperparameters=("=hunter2",))
    assert "hunter2" not in fault


def test_all_options_of_a_channel() -> None:
    flag = (
        "train=s3://bucket/a b=c,mode=Pipe,content-type=text/csv;label_size=0,compression=Gzip,"
        "wrapper=RecordIO,distribution=ShardedByS3Key,type=AugmentedManifestFile,"
        "attributes=source-ref+class,shuffle-seed=-7"
    )
    assert channel_document(flag) == {
        "ChannelName": "train",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "AugmentedManifestFile",
                "S3Uri": "s3://bucket/a b=c",
                "S3DataDistributionType": "ShardedByS3Key",
                "AttributeNames": ["source-ref", "class"],
            }
        },
        "InputMode": "Pipe",
        "ContentType": "text/csv;label_size=0",
        "CompressionType": "Gzip",
        "RecordWrapperType": "RecordIO",
        "ShuffleConfig": {"Seed": -7},
    }


def test_a_content_type_is_never_guessed() -> None:
    assert "ContentType" not in channel_document("train=/data/train.csv")


@pytest.mark.parametrize(
    ("flag", "uri"),
    [
        ("c=/a,,b", "/a,b"),
        ("c=/a,,,,b", "/a,,b"),
        ("c=/a,,mode=x,mode=File", "/a,mode=x"),
        ("c=/a=b c/", "/a=b c/"),
        ("c=s3://b/k,,1", "s3://b/k,1"),
        ("c=file:///a%2Cb", "file:///a%2Cb"),
        ('c=/it\'s "here"; $HOME', '/it\'s "here"; $HOME'),
        ("c=/a/../b/", "/b/"),
    ],
)
def test_sources_with_anything_in_them(flag: str, uri: str) -> None:
    assert _source(flag)["S3Uri"] == uri


def test_home_and_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert _source("c=~/data/")["S3Uri"] == "/home/me/data/"
    assert _source("c=data")["S3Uri"] == f"{tmp_path}/data"
    assert _source("c=.")["S3Uri"] == str(tmp_path)


@pytest.mark.parametrize(
    ("flag", "fault"),
    [
        ("c=", "it has no source"),
        ("c=,mode=Pipe", "it has no source"),
        ("c=/a,b", "no option 'b'"),
        ("c=/a,", "no option ''"),
        ("c=/a,mode=File,mode=Pipe", "mode is given twice"),
        ("c=/a,shuffle-seed=x", "shuffle-seed 'x' is no whole number"),
        ("c=/a,shuffle_seed=1", "did you mean shuffle-seed=...?"),
    ],
)
def test_channels_that_cannot_be_read(flag: str, fault: str) -> None:
    with pytest.raises(FlagError, match=re.escape(fault)):
        channel_document(flag)


@given(name=st.text(min_size=1).filter(lambda text: "=" not in text), path=st.text(min_size=1))
def test_any_path_can_be_said(name: str, path: str) -> None:
    said = "/" + path.replace("/", "").replace(".", "")
    document = channel_document(f"{name}={said.replace(',', ',,')},mode=File")
    assert document["ChannelName"] == name
    assert document["DataSource"]["S3DataSource"]["S3Uri"] == said


@given(st.text())
def test_any_channel_is_a_document_or_a_flag_error(flag: str) -> None:
    try:
        document: Document | None = channel_document(flag)
    except FlagError as error:
        document = None
        message = str(error)
    assert message.isprintable() if document is None else set(document) >= {"ChannelName"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400), (" 5 ", 5), ("0", 0)],
)
def test_durations(text: str, expected: int) -> None:
    assert seconds("--max-runtime", text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1.5h", "2 h", "h", "1w", "1e3", "٣", "9" * 13])
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(FlagError, match="write seconds, or 90s, 15m, 2h, 1d"):
        seconds("--max-runtime", text)


@pytest.mark.parametrize(
    ("image", "base"),
    [
        ("algo", "algo"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/my_algo:1.0", "my-algo"),
        ("localhost:5000/algo@sha256:00", "algo"),
        ("/home/me/my programs/train it.py", "train-it-py"),
        ("./folder/", "folder"),
        ("", "job"),
        ("///", "job"),
        ("日本", "job"),
        ("x" * 100, "x" * 39),
    ],
)
def test_generated_names(image: str, base: str) -> None:
    assert job_name(image, NOW) == f"{base}-2026-11-21-01-08-37-106"


def test_generated_names_are_in_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    assert job_name("algo", there) == job_name("algo", NOW)


@given(st.text())
def test_any_image_gives_a_valid_name(image: str) -> None:
    name = job_name(image, NOW)
    assert len(name) <= 63
    assert re.fullmatch("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)


def test_the_checkpoints_of_a_flag_keep_the_local_path_of_the_request() -> None:
    request = {"CheckpointConfig": {"S3Uri": "s3://b/old", "LocalPath": "/state"}}
    document = _build(request, checkpoint="s3://b/new")
    assert document["CheckpointConfig"] == {"S3Uri": "s3://b/new", "LocalPath": "/state"}


@pytest.mark.parametrize(
    "flag",
    [
        ",local-path=/state",
        "s3://b/c,localpath=/state",
        "s3://b/c,local-path",
        "s3://b/c,",
        "s3://b/c,local-path=/a,local-path=/b",
    ],
)
def test_checkpoints_that_cannot_be_read(flag: str) -> None:
    (fault,) = _faults(target="algo", checkpoint=flag)
    assert "write --checkpoint URI[,local-path=PATH]" in fault
