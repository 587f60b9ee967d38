"""Training jobs by AlgorithmName, through boto3."""

from __future__ import annotations

import copy
import json
import sys
from typing import Any

import pytest

from tests.service.conftest import IMAGE, Service, algorithm, ended, said

NAME = "trainer"
SPREAD = "spread"
NETWORKED = '''#!{python}
"""Tells which network interfaces it sees."""
import socket
print("interfaces:", sorted(name for _, name in socket.if_nameindex()), flush=True)
'''


@pytest.fixture(scope="module")
def client(shared: Service) -> Any:
    """A client of a service with two algorithms; ``spread`` supports distributed training."""
    client = shared.client("sagemaker")
    client.create_algorithm(**algorithm(NAME))
    client.create_algorithm(**algorithm(SPREAD, SupportsDistributedTraining=True))
    return client


def request(service: Service, job: str, name: str = NAME, **members: Any) -> dict[str, Any]:
    """A job by algorithm; members override."""
    made = service.request(job, HyperParameters={"epochs": "2"}, **members)
    made["AlgorithmSpecification"] = {"AlgorithmName": name, "TrainingInputMode": "File"}
    return made


def test_by_name_and_by_arn(shared: Service, client: Any) -> None:
    arn = client.describe_algorithm(AlgorithmName=NAME)["AlgorithmArn"]
    for job, name in (("by-name", NAME), ("by-arn", arn)):
        client.create_training_job(**request(shared, job, name))
        found = ended(client, job)
        assert found["TrainingJobStatus"] == "Completed", found
        specification = found["AlgorithmSpecification"]
        assert specification["AlgorithmName"] == name
        assert "TrainingImage" not in specification
        # The algorithm's own metrics are found in the job's log.
        assert [each["Name"] for each in specification["MetricDefinitions"]] == ["train:rmse"]
        assert [each["MetricName"] for each in found["FinalMetricDataList"]] == ["train:rmse"]
        assert (shared.s3 / f"bucket/output/{job}/output/model.tar.gz").is_file()


def test_an_algorithm_may_be_deleted_while_its_job_runs(shared: Service, client: Any) -> None:
    client.create_algorithm(**algorithm("fleeting"))
    made = request(shared, "outlasting", "fleeting")
    made["HyperParameters"] = {"epochs": "2", "pause": "0.5"}
    client.create_training_job(**made)
    client.delete_algorithm(AlgorithmName="fleeting")
    assert ended(client, "outlasting")["TrainingJobStatus"] == "Completed"


def test_defaults_are_not_added(shared: Service, client: Any) -> None:
    """``pause`` has one."""
    client.create_training_job(**request(shared, "defaults"))
    assert ended(client, "defaults")["HyperParameters"] == {"epochs": "2"}
    file = shared.home / "jobs/defaults/hosts/algo-1/ml/input/config/hyperparameters.json"
    assert json.loads(file.read_text()) == {"epochs": "2"}


def test_network_isolation(service: Service) -> None:
    program = service.folder / "networked"
    program.write_text(NETWORKED.format(python=sys.executable))
    program.chmod(0o755)
    service.stop()
    service.words = ("--image", f"networked={program}")
    service.start()
    client = service.client("sagemaker")
    client.create_algorithm(**algorithm(NAME, TrainingImage="networked:1"))

    client.create_training_job(**request(service, "isolated", EnableNetworkIsolation=True))

    found = ended(client, "isolated")
    assert found["TrainingJobStatus"] == "Completed", found
    assert found["EnableNetworkIsolation"] is True
    log = (service.home / "jobs/isolated/logs/algo-1.log").read_text()
    assert "interfaces: ['lo']" in log


def change(*path: Any, to: Any) -> Any:
    """What changes one member of a request."""

    def changed(made: dict[str, Any]) -> None:
        place: Any = made
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return changed


def more_channels(*channels: dict[str, Any]) -> Any:
    def changed(made: dict[str, Any]) -> None:
        [first] = made["InputDataConfig"]
        for each in channels:
            made["InputDataConfig"].append({**copy.deepcopy(first), **each})

    return changed


CHANNEL = ("InputDataConfig", 0)
FAULTS = {
    "an instance type that it does not support": (
        change("ResourceConfig", "InstanceType", to="ml.c5.xlarge"),
        "Invalid instance_type: ml.c5.xlarge. trainer supports the following instance types: "
        "['ml.m5.large', 'ml.m5.xlarge']",
    ),
    "several instances": (
        change("ResourceConfig", "InstanceCount", to=2),
        "Distributed training is not supported by trainer. Please set instance_count=1",
    ),
    "a required channel that is missing": (
        change(*CHANNEL, "ChannelName", to="validation"),
        "Required input channel: train Was not provided.",
    ),
    "a channel that it has not": (
        more_channels({"ChannelName": "test"}),
        "Unknown input channel: test is not supported by: trainer",
    ),
    "a content type that the channel does not read": (
        change(*CHANNEL, "ContentType", to="text/libsvm"),
        "Invalid content type: text/libsvm. Channel train only supports: ['text/csv']",
    ),
    "an input mode that the channel does not support": (
        more_channels({"ChannelName": "validation", "InputMode": "Pipe"}),
        "Invalid input mode: Pipe. Channel validation only supports: ['File']",
    ),
    "the job's input mode for a channel that does not support it": (
        change("AlgorithmSpecification", "TrainingInputMode", to="FastFile"),
        "Invalid input mode: FastFile. Channel train only supports: ['File', 'Pipe']",
    ),
    "a compression that the channel does not support": (
        lambda made: made["InputDataConfig"][0].update(InputMode="Pipe", CompressionType="Gzip"),
        "Invalid compression type: Gzip. Channel train only supports: ['None']",
    ),
    "a hyperparameter that it has not": (
        change("HyperParameters", "depth", to="3"),
        "Invalid hyperparameter: depth is not supported by trainer",
    ),
    "a hyperparameter of another type": (
        change("HyperParameters", "epochs", to="few"),
        "Invalid value: few for epochs is not of type Integer",
    ),
    "a real number of another type": (
        change("HyperParameters", "pause", to="long"),
        "Invalid value: long for pause is not of type Continuous",
    ),
    "a hyperparameter out of range": (
        change("HyperParameters", "epochs", to="10"),
        "Invalid value: 10 for epochs Supported range: 1 to 9",
    ),
    "a hyperparameter of no category": (
        change("HyperParameters", "code", to="4"),
        "Invalid value: 4 for code Supported range: ['0', '3']",
    ),
    "a required hyperparameter that is missing": (
        change("HyperParameters", to={}),
        "Required hyperparameter: epochs is not set",
    ),
    "an algorithm that is not there": (
        change("AlgorithmSpecification", "AlgorithmName", to="nobody"),
        "Algorithm arn:aws:sagemaker:us-east-1:000000000000:algorithm/nobody does not exist.",
    ),
    "an image beside it": (
        change("AlgorithmSpecification", "TrainingImage", to=IMAGE),
        "AlgorithmName and TrainingImage are mutually exclusive: AlgorithmSpecification must have "
        "one of them, not both",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_the_algorithm_does_not_support_is_refused(
    shared: Service, client: Any, fault: str
) -> None:
    changed, sentence = FAULTS[fault]
    made = request(shared, "refused")
    changed(made)
    assert said(client.create_training_job, **made) == f"ValidationException: {sentence}"
    assert "Requested resource not found" in said(
        client.describe_training_job, TrainingJobName="refused"
    )


def test_several_instances_where_they_are_supported(shared: Service, client: Any) -> None:
    made = request(shared, "several", SPREAD)
    made["ResourceConfig"]["InstanceCount"] = 2
    message = said(client.create_training_job, **made)
    assert "Distributed training is not supported" not in message
    assert "'2' at 'resourceConfig.instanceCount' is not supported by this version" in message


def test_every_fault_is_said_at_once(shared: Service, client: Any) -> None:
    made = request(shared, "refused", ResourceConfig={"InstanceType": "ml.c5.large"})
    made["ResourceConfig"] = {
        "InstanceType": "ml.c5.xlarge",
        "InstanceCount": 1,
        "VolumeSizeInGB": 1,
    }
    made["HyperParameters"] = {"depth": "1"}
    assert said(client.create_training_job, **made) == (
        "ValidationException: 3 validation errors detected: Invalid instance_type: ml.c5.xlarge. "
        "trainer supports the following instance types: ['ml.m5.large', 'ml.m5.xlarge']; Invalid "
        "hyperparameter: depth is not supported by trainer; Required hyperparameter: epochs is not "
        "set"
    )


def test_the_model_comes_before_the_algorithm(shared: Service, client: Any) -> None:
    """As in the service, which looks nothing up for a request that is not well formed."""
    made = request(shared, "under_score", "nobody")
    assert said(client.create_training_job, **made) == (
        "ValidationException: 1 validation error detected: Value 'under_score' at "
        "'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression "
        "pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )


def test_what_the_service_sends_beside_hyperparameters_is_let_through(
    shared: Service, client: Any
) -> None:
    made = request(shared, "tuned")
    made["HyperParameters"]["_tuning_objective_metric"] = "train:rmse"
    client.create_training_job(**made)
    assert ended(client, "tuned")["TrainingJobStatus"] == "Completed"


def test_no_channels_at_all(shared: Service, client: Any) -> None:
    made = request(shared, "refused")
    del made["InputDataConfig"]
    assert said(client.create_training_job, **made) == (
        "ValidationException: Required input channel: train Was not provided."
    )


def test_an_algorithm_without_hyperparameters_takes_any(shared: Service, client: Any) -> None:
    client.create_algorithm(**algorithm("lax", SupportedHyperParameters=[]))
    made = request(shared, "any", "lax")
    made["HyperParameters"] = {"epochs": "1", "whatever": "x"}
    client.create_training_job(**made)
    assert ended(client, "any")["TrainingJobStatus"] == "Completed"


def test_a_gzip_channel_where_it_is_supported(shared: Service, client: Any) -> None:
    channel = {
        "Name": "train",
        "IsRequired": True,
        "SupportedContentTypes": ["text/csv"],
        "SupportedCompressionTypes": ["None", "Gzip"],
        "SupportedInputModes": ["Pipe"],
    }
    client.create_algorithm(**algorithm("packed", TrainingChannels=[channel]))
    made = request(shared, "gzip", "packed")
    made["AlgorithmSpecification"]["TrainingInputMode"] = "Pipe"
    made["InputDataConfig"][0]["CompressionType"] = "Gzip"
    client.create_training_job(**made)
    assert ended(client, "gzip")["TrainingJobStatus"] == "Completed"
