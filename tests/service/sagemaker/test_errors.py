"""What is wrong with a request, word for word as the service says it, and over plain HTTP."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from typing import Any

import pytest

from tests.service.conftest import IMAGE, ROLE, Service, ended, said

ARN = "arn:aws:sagemaker:us-east-1:000000000000:training-job/"


@pytest.fixture(scope="module")
def client(shared: Service) -> Any:
    return shared.client("sagemaker")


def put(*path: Any, to: Any) -> Any:
    """What sets one member of a request."""

    def changed(made: dict[str, Any]) -> None:
        place: Any = made
        for step in path[:-1]:
            place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
        place[path[-1]] = to

    return changed


ONE = "1 validation error detected: "
LONG = "x" * 64
SOURCE = ("InputDataConfig", 0, "DataSource", "S3DataSource")
SENTENCES = {
    "a name that is too long": (
        put("TrainingJobName", to=LONG),
        f"2 validation errors detected: Value '{LONG}' at 'trainingJobName' failed to satisfy "
        f"constraint: Member must have length less than or equal to 63; Value '{LONG}' at "
        "'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression "
        "pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    ),
    "a name of other characters": (
        put("TrainingJobName", to="under_score"),
        f"{ONE}Value 'under_score' at 'trainingJobName' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    ),
    "a name that is a path": (
        put("TrainingJobName", to="../../etc"),
        f"{ONE}Value '../../etc' at 'trainingJobName' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    ),
    "a hyperparameter that is too long": (
        put("HyperParameters", to={"a": "x" * 2501}),
        f"{ONE}Value '{{a={'x' * 253}...' at 'hyperParameters' failed to satisfy constraint: Map "
        "value must satisfy constraint: [Member must have length less than or equal to 2500, "
        "Member must have length greater than or equal to 0, Member must satisfy regular "
        "expression pattern: .*]",
    ),
    "no image": (
        put("AlgorithmSpecification", to={"TrainingInputMode": "File"}),
        "AlgorithmSpecification must have a TrainingImage or an AlgorithmName",
    ),
    "an image that cannot be one": (
        put("AlgorithmSpecification", "TrainingImage", to="--privileged"),
        "Invalid training image. Please provide a valid Amazon Elastic Container Registry path of "
        "the Docker image to run. TrainingImage is '--privileged'",
    ),
    "a program of this machine": (
        put("AlgorithmSpecification", "TrainingImage", to="/bin/sh"),
        "Invalid training image. Please provide a valid Amazon Elastic Container Registry path of "
        "the Docker image to run. TrainingImage is '/bin/sh': give a program a name by --image "
        "NAME=PROGRAM",
    ),
    "a program beside the service": (
        put("AlgorithmSpecification", "TrainingImage", to="./train.py"),
        "Invalid training image. Please provide a valid Amazon Elastic Container Registry path of "
        "the Docker image to run. TrainingImage is './train.py': give a program a name by "
        "--image NAME=PROGRAM",
    ),
    "a wait without spot": (
        put("StoppingCondition", "MaxWaitTimeInSeconds", to=700),
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set "
        "to true",
    ),
    "a reserved path": (
        put(
            "TensorBoardOutputConfig",
            to={"LocalPath": "/opt/ml/tb", "S3OutputPath": "s3://bucket/tb"},
        ),
        '"LocalPath" of "TensorBoardOutputConfig" cannot start with the following reserved path: '
        "[/opt/ml, /tmp, /usr/local/nvidia]",
    ),
    "a role that is none": (
        put("RoleArn", to="trainer-trainer-trainer"),
        f"{ONE}Value 'trainer-trainer-trainer' at 'roleArn' failed to satisfy constraint: Member "
        "must satisfy regular expression pattern: "
        r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
    ),
    "a source that is a path": (
        put(*SOURCE, "S3Uri", to="/etc"),
        f"{ONE}Value '/etc' at 'inputDataConfig.1.member.dataSource.s3DataSource.s3Uri' failed to "
        "satisfy constraint: Member must satisfy regular expression pattern: "
        "(https|s3)://([^/]+)/?(.*)",
    ),
    "a source that is a path of another kind": (
        put(*SOURCE, "S3Uri", to="file:///etc"),
        f"{ONE}Value 'file:///etc' at 'inputDataConfig.1.member.dataSource.s3DataSource.s3Uri' "
        "failed to satisfy constraint: Member must satisfy regular expression pattern: "
        "(https|s3)://([^/]+)/?(.*)",
    ),
    "a tag twice": (
        put("Tags", to=[{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]),
        "Tags: the key 'k' is given 2 times",
    ),
}


@pytest.mark.parametrize("fault", SENTENCES)
def test_sentences(shared: Service, client: Any, fault: str) -> None:
    changed, sentence = SENTENCES[fault]
    made = shared.request("faulty")
    changed(made)
    assert said(client.create_training_job, **made) == f"ValidationException: {sentence}"
    assert not list((shared.home / "jobs").glob("faulty*"))


def test_an_instance_type_that_is_none(shared: Service, client: Any) -> None:
    made = shared.request("faulty")
    made["ResourceConfig"]["InstanceType"] = "ml.t2.medium"
    assert said(client.create_training_job, **made).startswith(
        f"ValidationException: {ONE}Value 'ml.t2.medium' at 'resourceConfig.instanceType' failed "
        "to satisfy constraint: Member must satisfy enum value set: [ml."
    )


def test_groups_beside_an_instance_type(shared: Service, client: Any) -> None:
    made = shared.request("faulty")
    group = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "g"}
    made["ResourceConfig"]["InstanceGroups"] = [group]
    assert "InstanceType or InstanceCount cannot be specified with InstanceGroups" in said(
        client.create_training_job, **made
    )


def test_too_many_hyperparameters(shared: Service, client: Any) -> None:
    made = shared.request("faulty", HyperParameters={f"h{n}": "1" for n in range(101)})
    message = said(client.create_training_job, **made)
    assert message.startswith(f"ValidationException: {ONE}Value '{{h0=1, h1=1, ")
    assert message.endswith(
        "' at 'hyperParameters' failed to satisfy constraint: Member must have length less than or "
        "equal to 100"
    )


def test_an_image_that_is_not_there(shared: Service, client: Any) -> None:
    made = shared.request("faulty")
    made["AlgorithmSpecification"]["TrainingImage"] = IMAGE.replace("algo", "other")
    assert said(client.create_training_job, **made).startswith(
        "ValidationException: Invalid training image. Please provide a valid Amazon Elastic "
        "Container Registry path of the Docker image to run."
    )


def test_a_job_that_is_not_there(client: Any) -> None:
    for call in ("describe", "stop", "delete", "update"):
        assert said(getattr(client, f"{call}_training_job"), TrainingJobName="nowhere") == (
            "ValidationException: Requested resource not found."
        )


def test_a_job_that_has_ended(shared: Service, client: Any) -> None:
    client.create_training_job(**shared.request("over", HyperParameters={"epochs": "1"}))
    ended(client, "over")
    for call in ("stop", "update"):
        assert said(getattr(client, f"{call}_training_job"), TrainingJobName="over") == (
            "ValidationException: The request was rejected because the training job is in status "
            "Completed."
        )


def test_a_job_that_has_not_ended(shared: Service, client: Any) -> None:
    slow = {"epochs": "600", "pause": "0.1"}
    client.create_training_job(**shared.request("going-on", HyperParameters=slow))
    assert said(client.delete_training_job, TrainingJobName="going-on") == (
        "ValidationException: The request was rejected because the training job is in status "
        "InProgress."
    )
    client.stop_training_job(TrainingJobName="going-on")
    client.stop_training_job(TrainingJobName="going-on")  # no error, as in the service
    assert ended(client, "going-on")["TrainingJobStatus"] == "Stopped"
    assert said(client.stop_training_job, TrainingJobName="going-on") == (
        "ValidationException: The request was rejected because the training job is in status "
        "Stopped."
    )


def test_a_name_that_is_taken_in_whatever_case(shared: Service, client: Any) -> None:
    """Two jobs cannot have one ARN, which has the name in lower case."""
    short = {"epochs": "1"}
    client.create_training_job(**shared.request("Named", HyperParameters=short))
    for name in ("Named", "named"):
        assert said(client.create_training_job, **shared.request(name)) == (
            "ResourceInUse: Training job names must be unique within an AWS account and region, "
            f"and a training job with this name already exists ({ARN}named)"
        )
    ended(client, "Named")
    assert "not found" in said(client.describe_training_job, TrainingJobName="named")


def test_data_that_is_not_there(shared: Service, client: Any) -> None:
    made = shared.request("no-data")
    made["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = "s3://bucket/none/"
    assert said(client.create_training_job, **made) == (
        'ValidationException: No S3 objects found under S3 URL "s3://bucket/none/" given in input '
        "data source. Please ensure that the bucket exists in the selected region (us-east-1), "
        f'that objects exist under that S3 prefix, and that the role "{ROLE}" has "s3:ListBucket" '
        'permissions on bucket "bucket".'
    )


def test_the_data_of_two_channels_is_not_there(shared: Service, client: Any) -> None:
    made = shared.request("no-data")
    made["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = "s3://bucket/none/"
    made["InputDataConfig"].append({**made["InputDataConfig"][0], "ChannelName": "test"})
    message = said(client.create_training_job, **made)
    assert "channel 'train': No S3 objects found" in message
    assert "channel 'test': No S3 objects found" in message


def test_what_shows_only_while_data_is_fetched(shared: Service, client: Any) -> None:
    """The job is made, and fails as the service's would."""
    manifests = shared.s3 / "bucket" / "manifests"
    manifests.mkdir()
    (manifests / "bad.json").write_text("no manifest")
    made = shared.request("bad-manifest")
    source = made["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    source.update(S3DataType="ManifestFile", S3Uri="s3://bucket/manifests/bad.json")
    client.create_training_job(**made)
    found = ended(client, "bad-manifest")
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("ClientError: Data download failed:")


def test_the_tags_of_what_is_not_there(client: Any) -> None:
    for arn in (
        f"{ARN}nowhere",
        "arn:aws:sagemaker:us-east-1:000000000000:endpoint/e",
        "arn:aws:sagemaker:us-east-1:000000000000:training-job/..",
    ):
        assert said(client.list_tags, ResourceArn=arn) == (
            f"ValidationException: The resource {arn} does not exist."
        )


def test_too_many_tags(shared: Service, client: Any) -> None:
    client.create_training_job(**shared.request("tagged", HyperParameters={"epochs": "1"}))
    arn = f"{ARN}tagged"
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    client.add_tags(ResourceArn=arn, Tags=tags)
    assert said(client.add_tags, ResourceArn=arn, Tags=[{"Key": "one-more", "Value": ""}]) == (
        f"ResourceLimitExceeded: A resource has at most 50 tags, and {arn} had 51"
    )
    assert len(client.list_tags(ResourceArn=arn)["Tags"]) == 50
    twice = [{"Key": "k1", "Value": "a"}, {"Key": "k1", "Value": "b"}]
    assert said(client.add_tags, ResourceArn=arn, Tags=twice) == (
        "ValidationException: Tags: the key 'k1' is given 2 times"
    )
    ended(client, "tagged")


def test_what_an_update_changes(shared: Service, client: Any) -> None:
    """A part of a structure leaves the rest of it as it was."""
    slow = {"epochs": "600", "pause": "0.1"}
    client.create_training_job(**shared.request("updated", HyperParameters=slow))
    client.update_training_job(
        TrainingJobName="updated", ResourceConfig={"KeepAlivePeriodInSeconds": 60}
    )
    client.update_training_job(
        TrainingJobName="updated", RemoteDebugConfig={"EnableRemoteDebug": True}
    )
    found = client.describe_training_job(TrainingJobName="updated")
    client.stop_training_job(TrainingJobName="updated")
    assert found["ResourceConfig"] == {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 1,
        "KeepAlivePeriodInSeconds": 60,
    }
    assert found["RemoteDebugConfig"] == {"EnableRemoteDebug": True}
    ended(client, "updated")
    client.delete_training_job(TrainingJobName="updated")
    client.create_training_job(**shared.request("updated", HyperParameters={"epochs": "1"}))
    assert "RemoteDebugConfig" not in ended(client, "updated")


SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/sagemaker/aws4_request, "
    "SignedHeaders=host, Signature=0",
    "Content-Type": "application/x-amz-json-1.1",
}


def post(
    service: Service, operation: str, body: bytes = b"{}", **headers: str
) -> tuple[int, dict[str, str]]:
    """The status and the JSON of an answer to a request that no client would send."""
    address = urllib.parse.urlsplit(service.endpoint)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    try:
        target = {"X-Amz-Target": f"SageMaker.{operation}"}
        connection.request("POST", "/", body, {**SIGNED, **target, **headers})
        answer = connection.getresponse()
        found: dict[str, str] = json.loads(answer.read())
        return answer.status, found
    finally:
        connection.close()


def test_an_operation_that_is_not_there(shared: Service) -> None:
    status, found = post(shared, "CreateEndpoint")
    assert status == 400
    assert found["__type"] == "UnknownOperationException"
    assert "CreateEndpoint is not answered here; of SageMaker there are: " in found["message"]
    assert "CreateTrainingJob" in found["message"]


def test_no_operation_at_all(shared: Service) -> None:
    _, found = post(shared, "")
    assert found["__type"] == "UnknownOperationException"


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"text"', b"5", b"\xff", b'{"a": NaN}', b"[" * 100_000, b"9" * 5000],
    ids=["half", "list", "text", "number", "bytes", "NaN", "deep", "long"],
)
def test_what_is_no_json_object(shared: Service, body: bytes) -> None:
    status, found = post(shared, "DescribeTrainingJob", body)
    assert (status, found["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{}", f"{ONE}Value null at 'trainingJobName' failed to satisfy constraint: Member must "
         "not be null"),
        (b"", f"{ONE}Value null at 'trainingJobName' failed to satisfy constraint: Member must "
         "not be null"),
        (b'{"TrainingJobName": 5}', f"{ONE}Value '5' at 'trainingJobName' failed to satisfy "
         "constraint: Member must be a string: write it in quotes"),
        (b'{"TrainingJobName": "a", "Trainingjobname": "b"}', f"{ONE}Unknown member "
         "'Trainingjobname' at 'request': did you mean TrainingJobName?"),
        (b'{"TrainingJobName": "a\\ud800"}', f"{ONE}Value 'a\\ud800' at 'trainingJobName' failed "
         "to satisfy constraint: Member must be text: it holds half of a surrogate pair"),
    ],
    ids=["nothing", "empty", "number", "unknown", "surrogate"],
)  # fmt: skip
def test_what_no_client_would_send(shared: Service, body: bytes, sentence: str) -> None:
    status, found = post(shared, "DescribeTrainingJob", body)
    assert (status, found["__type"]) == (400, "ValidationException")
    assert found["message"] == sentence


def test_a_body_that_is_too_large(shared: Service) -> None:
    body = json.dumps({"TrainingJobName": "x" * (4 << 20)}).encode()
    status, found = post(shared, "DescribeTrainingJob", body)
    assert (status, found["__type"]) == (413, "RequestEntityTooLargeException")


def test_one_that_is_not_signed(shared: Service) -> None:
    status, found = post(shared, "CreateTrainingJob", Authorization="")
    assert (status, found["__type"]) == (403, "MissingAuthenticationTokenException")


def test_one_for_another_service(shared: Service) -> None:
    other = SIGNED["Authorization"].replace("/sagemaker/", "/no-such-service/")
    _, found = post(shared, "DescribeTrainingJob", Authorization=other)
    assert found["__type"] == "UnknownOperationException"
    assert found["message"].startswith("no-such-service is not answered here; there are: ")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8430", "127.0.0.1.evil.example"])
def test_a_name_of_somebody_else(shared: Service, host: str) -> None:
    """A page from elsewhere whose name leads to this address must not reach the service."""
    status, found = post(shared, "DescribeTrainingJob", Host=host)
    assert (status, found["__type"]) == (403, "AccessDeniedException")


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1", "[::1]:8430"])
def test_a_name_of_this_machine(shared: Service, host: str) -> None:
    status, found = post(shared, "DescribeTrainingJob", b'{"TrainingJobName": "n"}', Host=host)
    assert (status, found["message"]) == (400, "Requested resource not found.")


def test_where_a_declared_exception_has_its_sentence(shared: Service, client: Any) -> None:
    """Clients of other languages read ``Message`` of these, and ``message`` of the others."""
    client.create_training_job(**shared.request("there", HyperParameters={"epochs": "1"}))
    body = json.dumps(shared.request("there")).encode()
    status, found = post(shared, "CreateTrainingJob", body)
    assert (status, found["__type"]) == (400, "ResourceInUse")
    assert "already exists" in found["Message"]


def test_a_token(service: Service) -> None:
    service.stop()
    service.words = ("--token", "s3cret")
    service.start()
    assert service.environment is not None
    assert service.environment["AWS_ACCESS_KEY_ID"] == "s3cret"
    assert service.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []
    status, found = post(service, "ListTrainingJobs")
    assert (status, found["__type"]) == (403, "UnrecognizedClientException")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
def test_a_page_of_another_site(shared: Service, headers: dict[str, str]) -> None:
    """A form of any site can be sent here, its signature in the address."""
    status, found = post(shared, "DescribeTrainingJob", **headers)
    assert (status, found["__type"]) == (403, "AccessDeniedException")


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_page_of_this_service_or_none(shared: Service, site: str) -> None:
    headers = {"Sec-Fetch-Site": site}
    status, found = post(shared, "DescribeTrainingJob", b'{"TrainingJobName": "n"}', **headers)
    assert (status, found["message"]) == (400, "Requested resource not found.")
