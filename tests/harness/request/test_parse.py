"""Documents into requests: what is taken, what is refused, and every fault at once."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sm_container.contract.metrics import MetricDefinition
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.model import ServiceModel, Shape
from sm_container.harness.request.parse import parse_request
from sm_container.harness.request.training_request import (
    ChannelRequest,
    CheckpointRequest,
    OutputRequest,
    S3Source,
    TensorBoardRequest,
    TrainingRequest,
)

Document = dict[str, Any]

# What the SageMaker SDK 2.257 sends for an AlgorithmEstimator with one channel.
SDK_BODY = json.loads(
    '{"AlgorithmSpecification":{"TrainingInputMode":"File","AlgorithmName":"my-alg"},'
    '"OutputDataConfig":{"S3OutputPath":"s3://my-bucket/"},'
    '"TrainingJobName":"my-alg-2026-11-21-01-08-37-106",'
    '"StoppingCondition":{"MaxRuntimeInSeconds":86400},'
    '"ResourceConfig":{"VolumeSizeInGB":30,"InstanceCount":1,"InstanceType":"ml.m5.large"},'
    '"RoleArn":"arn:aws:iam::123456789012:role/sagemaker",'
    '"InputDataConfig":[{"DataSource":{"S3DataSource":{"S3DataType":"S3Prefix",'
    '"S3Uri":"s3://my-bucket/train","S3DataDistributionType":"FullyReplicated"}},'
    '"ChannelName":"training"}],"HyperParameters":{"lr":"0.1","n":"5"},'
    '"DebugHookConfig":{"S3OutputPath":"s3://my-bucket/","CollectionConfigurations":[]},'
    '"ProfilerConfig":{"S3OutputPath":"s3://my-bucket/","DisableProfiler":false}}'
)


def _refused(model: ServiceModel, document: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        parse_request(document, model=model)
    return caught.value


def test_the_sdks_own_body_is_accepted(model: ServiceModel) -> None:
    request = parse_request(SDK_BODY, model=model)
    assert request.algorithm_name == "my-alg"
    assert request.image is None
    assert request.hyperparameters == {"lr": "0.1", "n": "5"}
    assert request.channels == (
        ChannelRequest("training", S3Source("S3Prefix", "s3://my-bucket/train")),
    )
    assert request.max_runtime == 86400
    assert request.debug_hook == SDK_BODY["DebugHookConfig"]
    assert request.profiler == SDK_BODY["ProfilerConfig"]
    assert request.document == SDK_BODY


def test_defaults(model: ServiceModel, request_document: Document) -> None:
    request_document["StoppingCondition"] = {}
    request = parse_request(request_document, model=model)
    assert request.image == "algo:1"
    assert request.output == OutputRequest("s3://bucket/output", "GZIP")
    assert request.max_runtime == 24 * 60 * 60
    assert (request.entrypoint, request.arguments) == (None, None)
    assert (request.checkpoint, request.tensorboard, request.max_wait) == (None, None, None)
    assert (request.spot, request.network_isolation, request.retry_attempts) == (False, False, 0)
    assert request.environment == {}


def test_every_member_is_taken(model: ServiceModel, request_document: Document) -> None:
    request_document["AlgorithmSpecification"] |= {
        "ContainerEntrypoint": ["python", "train.py"],
        "ContainerArguments": ["--epochs", "3"],
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
    }
    request_document["InputDataConfig"][0] |= {
        "ContentType": "text/csv",
        "InputMode": "File",
        "ShuffleConfig": {"Seed": 7},
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "ManifestFile",
                "S3Uri": "s3://bucket/m.json",
                "S3DataDistributionType": "ShardedByS3Key",
            }
        },
    }
    request_document |= {
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/o", "CompressionType": "NONE"},
        "CheckpointConfig": {"S3Uri": "s3://bucket/c", "LocalPath": "/state"},
        "TensorBoardOutputConfig": {"S3OutputPath": "s3://bucket/t"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90},
        "EnableManagedSpotTraining": True,
        "EnableNetworkIsolation": True,
        "Environment": {"A": "line\nline"},
        "Tags": [{"Key": "owner", "Value": "ünï"}],
        "RetryStrategy": {"MaximumRetryAttempts": 3},
    }
    request = parse_request(request_document, model=model)
    assert request.entrypoint == ("python", "train.py")
    assert request.arguments == ("--epochs", "3")
    assert request.metric_definitions == (MetricDefinition("loss", "loss=([0-9.]+)"),)
    (channel,) = request.channels
    assert channel == ChannelRequest(
        "train",
        S3Source("ManifestFile", "s3://bucket/m.json", "ShardedByS3Key"),
        content_type="text/csv",
        shuffle_seed=7,
    )
    assert request.output.compression == "NONE"
    assert request.checkpoint == CheckpointRequest("s3://bucket/c", "/state")
    assert request.tensorboard == TensorBoardRequest("s3://bucket/t", "/opt/ml/output/tensorboard")
    assert (request.max_runtime, request.max_wait, request.spot) == (60, 90, True)
    assert request.network_isolation
    assert request.environment == {"A": "line\nline"}
    assert request.tags == {"owner": "ünï"}
    assert request.retry_attempts == 3


def test_the_document_given_is_not_changed(model: ServiceModel, request_document: Document) -> None:
    request_document["OutputDataConfig"]["S3OutputPath"] = "out"
    before = copy.deepcopy(request_document)
    parse_request(request_document, model=model)
    assert request_document == before


def test_local_paths_become_absolute_and_keep_their_slash(
    model: ServiceModel,
    request_document: Document,
    hostile_tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(hostile_tmp_path)
    source = request_document["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    source["S3Uri"] = "data/train/"
    request_document["OutputDataConfig"]["S3OutputPath"] = "file:///out%20put/"
    request_document["CheckpointConfig"] = {"S3Uri": "./checkpoints"}
    request_document["AlgorithmSpecification"]["TrainingImage"] = "./program.py"
    request = parse_request(request_document, model=model)
    assert request.channels[0].source.uri == f"{hostile_tmp_path}/data/train/"
    assert request.output.uri == "/out put/"
    assert request.checkpoint == CheckpointRequest(f"{hostile_tmp_path}/checkpoints")
    assert request.image == f"{hostile_tmp_path}/program.py"
    assert request.document["OutputDataConfig"]["S3OutputPath"] == "file:///out%20put/"


def test_an_accepted_document_is_accepted_again(
    model: ServiceModel, request_document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    request_document["OutputDataConfig"]["S3OutputPath"] = "out"
    first = parse_request(request_document, model=model)
    monkeypatch.chdir(tmp_path)
    assert parse_request(json.loads(json.dumps(first.document)), model=model) == first


def test_every_fault_of_every_kind_comes_at_once(
    model: ServiceModel, request_document: Document
) -> None:
    request_document["TrainingJobName"] = "--rm; a\n"
    request_document["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3DataType"] = "Converse"
    request_document["StoppingCondition"]["MaxWaitTimeInSeconds"] = 4000
    request_document["ResourceConfig"]["InstanceGroups"] = []
    request_document["ResourceConfig"]["SelectedInstanceCount"] = 1
    error = _refused(model, request_document)
    assert error.constraints == 1
    assert error.faults == (
        r"Value '--rm; a\n' at 'trainingJobName' failed to satisfy constraint: Member must satisfy "
        "regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        "Value 'Converse' at 'inputDataConfig.1.member.dataSource.s3DataSource.s3DataType' is not "
        "supported by this version: use S3Prefix or ManifestFile",
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set "
        "to true",
        "'resourceConfig.selectedInstanceCount' is not supported by this version: take it out, it "
        "is for DescribeTrainingJob to give",
    )
    assert str(error) == f"4 validation errors detected: {'; '.join(error.faults)}"


def test_a_rule_alone_is_the_services_whole_message(
    model: ServiceModel, request_document: Document
) -> None:
    request_document["StoppingCondition"]["MaxWaitTimeInSeconds"] = 4000
    assert str(_refused(model, request_document)) == (
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set "
        "to true"
    )


@pytest.mark.parametrize(
    "member", ["AlgorithmSpecification", "ResourceConfig", "StoppingCondition", "RoleArn"]
)
def test_what_a_job_on_instances_needs(
    model: ServiceModel, request_document: Document, member: str
) -> None:
    del request_document[member]
    path = member[0].lower() + member[1:]
    assert _refused(model, request_document).faults == (
        f"Value null at '{path}' failed to satisfy constraint: Member must not be null",
    )


def test_a_wrong_type_is_one_fault_and_not_a_missing_member_too(
    model: ServiceModel, request_document: Document
) -> None:
    request_document["ResourceConfig"]["InstanceCount"] = "1"
    assert len(_refused(model, request_document).faults) == 1


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "a'b",
        'a"b',
        "a;b",
        "a\nb",
        "--rm",
        "-a",
        "a" * 64,
        "ünï",
        "a/b",
        "..",
        "a\0",
    ],
)
def test_hostile_names_are_refused_in_the_services_words(
    model: ServiceModel, request_document: Document, name: str
) -> None:
    request_document["TrainingJobName"] = name
    job = _refused(model, request_document)
    assert all(
        "at 'trainingJobName' failed to satisfy constraint: Member must" in each
        for each in job.faults
    )
    assert str(job).isprintable()


@pytest.mark.parametrize(
    "name", ["", "a b", "a'b", "a;b", "a\nb", "ünï", "a/b", ".", "..", "c" * 65]
)
def test_hostile_channel_names_are_refused(
    model: ServiceModel, request_document: Document, name: str
) -> None:
    request_document["InputDataConfig"][0]["ChannelName"] = name
    error = _refused(model, request_document)
    assert str(error).isprintable()
    if name in (".", ".."):  # the service's pattern takes them
        assert "cannot be named" in str(error)
    else:
        assert "at 'inputDataConfig.1.member.channelName'" in str(error)


@pytest.mark.parametrize("document", [None, 7, "text", [], [{}], True, float("nan")])
def test_what_is_no_mapping_is_no_request(model: ServiceModel, document: Any) -> None:
    assert "at 'request' failed to satisfy constraint: Member must be a mapping" in str(
        _refused(model, document)
    )


def test_the_error_survives_a_process(model: ServiceModel) -> None:
    error = _refused(model, {})
    again = pickle.loads(pickle.dumps(error))
    assert (again.faults, again.constraints, str(again)) == (
        error.faults,
        error.constraints,
        str(error),
    )


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.text(st.characters(), max_size=5),
    st.sampled_from(
        ["File", "Pipe", "s3://b/k", "/x", "None", "ml.m5.large", "--rm", "(", "\ud800"]
    ),
    st.dates(),
    st.binary(max_size=3),
)
_JUNK = st.recursive(
    _SCALARS,
    lambda below: st.one_of(
        st.lists(below, max_size=4),
        st.dictionaries(st.one_of(st.text(max_size=8), st.integers()), below, max_size=4),
    ),
    max_leaves=8,
)


def _outcome(model: ServiceModel, document: Any) -> TrainingRequest | RequestError:
    try:
        return parse_request(document, model=model)
    except RequestError as error:
        return error


def _documents(model: ServiceModel, shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Documents that go along the model, with junk at any place."""
    if shape.type == "structure" and depth < 5:
        members = {
            member: _documents(model, model[target], depth + 1)
            for member, target in shape.members.items()
        }
        return st.one_of(
            _JUNK if depth else st.nothing(), st.fixed_dictionaries({}, optional=members)
        )
    if shape.type == "list" and depth < 5:
        return st.one_of(
            _JUNK, st.lists(_documents(model, model[str(shape.member)], depth + 1), max_size=3)
        )
    if shape.type == "string":
        return st.one_of(_SCALARS, st.sampled_from(shape.enum or ("x",)))
    return _JUNK


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_document_is_a_request_or_a_request_error(
    model: ServiceModel, data: st.DataObject
) -> None:
    document = data.draw(st.one_of(_JUNK, _documents(model, model[model.root])))
    outcome = _outcome(model, document)
    assert isinstance(outcome, TrainingRequest) or outcome.faults
    assert isinstance(outcome, TrainingRequest) or str(outcome).isprintable()
    str(outcome).encode()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_good_request_with_junk_in_one_place(model: ServiceModel, data: st.DataObject) -> None:
    document = copy.deepcopy(SDK_BODY)
    part: Any = document
    while True:
        key = data.draw(
            st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part)))
        )
        if part[key] and isinstance(part[key], (dict, list)) and data.draw(st.booleans()):
            part = part[key]
            continue
        part[key] = data.draw(_JUNK)
        break
    outcome = _outcome(model, document)
    assert isinstance(outcome, TrainingRequest) or str(outcome).isprintable()
