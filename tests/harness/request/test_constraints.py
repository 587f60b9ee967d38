"""The service's sentences about a document, word for word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sm_container.harness.request.constraints import check
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.model import ServiceModel

Document = dict[str, Any]


def _faults(model: ServiceModel, document: Any) -> tuple[str, ...]:
    return check(model, document).faults


def _with(document: Document, path: str, value: Any) -> Document:
    """The document with `value` at a dotted path; numbers are positions in a list."""
    *above, last = path.split(".")
    part: Any = document
    for step in above:
        part = part[int(step)] if step.isdecimal() else part.setdefault(step, {})
    part[last] = value
    return document


def test_an_accepted_request_has_no_faults(model: ServiceModel, request_document: Document) -> None:
    checked = check(model, request_document)
    assert checked.faults == ()
    assert checked.document == request_document


def test_recorded_length_message(model: ServiceModel, request_document: Document) -> None:
    name = "generic-training-pipeline-2023-04-12-15-36-41-124330-model-trainer"
    faults = _faults(model, _with(request_document, "TrainingJobName", name))
    assert str(RequestError(faults, len(faults))) == (
        f"1 validation error detected: Value '{name}' at 'trainingJobName' failed to satisfy "
        "constraint: Member must have length less than or equal to 63"
    )


def test_recorded_pattern_message(model: ServiceModel, request_document: Document) -> None:
    # Recorded when the model's pattern still began with a caret.
    recorded = replace(model["TrainingJobName"], pattern="^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
    older = ServiceModel({**model.shapes, "TrainingJobName": recorded})
    faults = _faults(older, _with(request_document, "TrainingJobName", "my_job"))
    assert str(RequestError(faults, len(faults))) == (
        "1 validation error detected: Value 'my_job' at 'trainingJobName' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: "
        "^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )


def test_a_value_that_violates_two_constraints_is_named_twice(
    model: ServiceModel, request_document: Document
) -> None:
    name = "n" * 80
    faults = _faults(model, _with(request_document, "TrainingJobName", name))
    assert str(RequestError(faults, len(faults))) == (
        f"2 validation errors detected: Value '{name}' at 'trainingJobName' failed to satisfy "
        "constraint: Member must have length less than or equal to 63; "
        f"Value '{name}' at 'trainingJobName' failed to satisfy constraint: Member must satisfy "
        "regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )


def test_recorded_map_value_message(model: ServiceModel, request_document: Document) -> None:
    shown = "x" * 3000
    faults = _faults(model, _with(request_document, "HyperParameters", {"a": shown, "b": "2"}))
    (fault,) = faults
    assert fault.startswith("Value '{a=xxx")
    assert "b=2" not in fault, "only what is wrong is shown"
    assert fault.endswith(
        "xxx...' at 'hyperParameters' failed to satisfy constraint: Map value must satisfy "
        "constraint: [Member must have length less than or equal to 2500, Member must have length "
        "greater than or equal to 0, Member must satisfy regular expression pattern: .*]"
    )


def test_map_value_message_in_full(model: ServiceModel, request_document: Document) -> None:
    document = _with(request_document, "HyperParameters", {"a": "1\n2", "b": "2", "c": "\r"})
    assert _faults(model, document) == (
        r"Value '{a=1\n2, c=\r}' at 'hyperParameters' failed to satisfy constraint: Map value must "
        "satisfy constraint: [Member must have length less than or equal to 2500, Member must have "
        "length greater than or equal to 0, Member must satisfy regular expression pattern: .*]",
    )


def test_map_keys_message(model: ServiceModel, request_document: Document) -> None:
    document = _with(request_document, "Environment", {"A-B": "1", "C": "2"})
    assert _faults(model, document) == (
        "Value '{A-B=1}' at 'environment' failed to satisfy constraint: Map keys must satisfy "
        "constraint: [Member must have length less than or equal to 512, Member must have length "
        "greater than or equal to 0, Member must satisfy regular expression pattern: "
        "[a-zA-Z_][a-zA-Z0-9_]*]",
    )


def test_recorded_map_size_message(model: ServiceModel, request_document: Document) -> None:
    many = {f"k{number}": "v" for number in range(101)}
    (fault,) = _faults(model, _with(request_document, "HyperParameters", many))
    assert fault.startswith("Value '{k0=v, k1=v, ")
    assert fault.endswith(
        "' at 'hyperParameters' failed to satisfy constraint: "
        "Member must have length less than or equal to 100"
    )


def test_enum_message_shows_the_set(model: ServiceModel, request_document: Document) -> None:
    document = _with(request_document, "AlgorithmSpecification.TrainingInputMode", "pipe")
    assert _faults(model, document) == (
        "Value 'pipe' at 'algorithmSpecification.trainingInputMode' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Pipe, File, FastFile]",
    )


def test_a_long_enum_shows_what_may_have_been_meant(
    model: ServiceModel, request_document: Document
) -> None:
    (fault,) = _faults(model, _with(request_document, "ResourceConfig.InstanceType", "M5.LARGE"))
    assert fault.startswith(
        "Value 'M5.LARGE' at 'resourceConfig.instanceType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ml.m5.large, "
    )


def test_elements_are_counted_from_one(model: ServiceModel, request_document: Document) -> None:
    document = _with(request_document, "InputDataConfig.0.ChannelName", "a b")
    assert _faults(model, document) == (
        "Value 'a b' at 'inputDataConfig.1.member.channelName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [A-Za-z0-9\.\-_]+",
    )


def test_a_list_of_strings_has_one_sentence(
    model: ServiceModel, request_document: Document
) -> None:
    groups = {"SecurityGroupIds": ["sg-1", "sg 2", "sg_3"], "Subnets": []}
    assert _faults(model, _with(request_document, "VpcConfig", groups)) == (
        "Value '[sg 2, sg_3]' at 'vpcConfig.securityGroupIds' failed to satisfy constraint: Member "
        "must satisfy constraint: [Member must have length less than or equal to 32, Member must "
        "have length greater than or equal to 0, Member must satisfy regular expression pattern: "
        "[-0-9a-zA-Z]+]",
        "Value '[]' at 'vpcConfig.subnets' failed to satisfy constraint: Member must have length "
        "greater than or equal to 1",
    )


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (
            "ResourceConfig.InstanceCount",
            -1,
            "Value '-1' at 'resourceConfig.instanceCount' failed to satisfy constraint: "
            "Member must have value greater than or equal to 0",
        ),
        (
            "ResourceConfig.KeepAlivePeriodInSeconds",
            21601,
            "Value '21601' at 'resourceConfig.keepAlivePeriodInSeconds' failed to satisfy "
            "constraint: Member must have value less than or equal to 21600",
        ),
        (
            "StoppingCondition.MaxRuntimeInSeconds",
            0,
            "Value '0' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            "TrainingJobName",
            None,
            "Value null at 'trainingJobName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "InputDataConfig",
            [],
            "Value '[]' at 'inputDataConfig' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            "ResourceConfig.InstanceCount",
            "1",
            "Value '1' at 'resourceConfig.instanceCount' failed to satisfy constraint: "
            "Member must be an integer, without quotes",
        ),
        (
            "ResourceConfig.InstanceCount",
            True,
            "Value 'true' at 'resourceConfig.instanceCount' failed to satisfy constraint: "
            "Member must be an integer, without quotes",
        ),
        (
            "ResourceConfig.VolumeSizeInGB",
            2**31,
            "Value '2147483648' at 'resourceConfig.volumeSizeInGB' failed to satisfy constraint: "
            "Member must fit 32 bits",
        ),
        (
            "EnableNetworkIsolation",
            "true",
            "Value 'true' at 'enableNetworkIsolation' failed to satisfy constraint: "
            "Member must be true or false",
        ),
        (
            "TrainingJobName",
            7,
            "Value '7' at 'trainingJobName' failed to satisfy constraint: "
            "Member must be a string: write it in quotes",
        ),
        (
            "InputDataConfig",
            {"train": "s3://bucket/x"},
            "Value '{train=s3://bucket/x}' at 'inputDataConfig' failed to satisfy constraint: "
            "Member must be a list",
        ),
        (
            "ResourceConfig",
            ["ml.m5.large"],
            "Value '[ml.m5.large]' at 'resourceConfig' failed to satisfy constraint: "
            "Member must be a mapping",
        ),
    ],
)
def test_sentences(
    model: ServiceModel, request_document: Document, path: str, value: Any, sentence: str
) -> None:
    assert _faults(model, _with(request_document, path, value)) == (sentence,)


def test_values_of_a_map_must_be_strings(model: ServiceModel, request_document: Document) -> None:
    document = _with(request_document, "HyperParameters", {"n": 5, "flag": True, "s": "x", "z": []})
    assert _faults(model, document) == (
        "Value '{n=5, flag=true}' at 'hyperParameters' failed to satisfy constraint: Map value "
        "must satisfy constraint: [Member must be a string: write it in quotes]",
        "Value '{z=[]}' at 'hyperParameters' failed to satisfy constraint: Map value must satisfy "
        "constraint: [Member must be a string]",
    )


def test_unknown_members_are_named_with_what_was_meant(
    model: ServiceModel, request_document: Document
) -> None:
    document = _with(request_document, "ResourceConfig.instanceType", "ml.m5.large")
    document["Foo"] = 1
    assert _faults(model, document) == (
        "Unknown member 'Foo' at 'request': the service has no such member",
        "Unknown member 'instanceType' at 'resourceConfig': did you mean InstanceType?",
    )


def test_a_thousand_unknown_members_are_not_a_thousand_sentences(model: ServiceModel) -> None:
    faults = _faults(model, {f"X{number}": 1 for number in range(1000)})
    assert len(faults) < 12
    assert "995 more unknown members at 'request'" in faults


def test_secrets_are_not_shown(model: ServiceModel, request_document: Document) -> None:
    document = _with(
        request_document,
        "HyperParameters",
        {"api_key": "hunter2\n", "db_password": 12345, "note": "https://me:hunter2@host\n"},
    )
    message = str(RequestError(_faults(model, document)))
    assert "api_key=******" in message
    assert "hunter2" not in message
    assert "12345" not in message


def test_a_hostile_value_stays_on_one_line_and_short(
    model: ServiceModel, request_document: Document
) -> None:
    name = "a\nFAKE: all is well\x1b[2J\u202e" + "x" * 1_000_000
    message = str(RequestError(_faults(model, _with(request_document, "TrainingJobName", name))))
    assert message.isprintable()
    assert len(message) < 2000
    assert r"a\nFAKE: all is well\x1b[2J\u202exxx" in message


def test_half_a_surrogate_pair_is_no_text(model: ServiceModel, request_document: Document) -> None:
    faults = _faults(model, _with(request_document, "HyperParameters", {"a": "\ud800"}))
    assert len(faults) == 1
    assert "half of a surrogate pair" in faults[0]
    faults[0].encode()


def test_a_list_far_too_long_is_looked_at_no_further_than_its_limit(
    model: ServiceModel, request_document: Document
) -> None:
    document = _with(request_document, "InputDataConfig", [{}] * 10_000)
    faults = _faults(model, document)
    assert "Member must have length less than or equal to 20" in faults[0]
    assert len(faults) == 1 + 20 * 2


@pytest.mark.parametrize(
    "uri", ["/data/a b", "data/train", "./s3:/x", "file:///data/a%20b", "~", "s3://bucket"]
)
def test_local_data_may_stand_where_s3_does(
    model: ServiceModel, request_document: Document, uri: str
) -> None:
    document = _with(request_document, "OutputDataConfig.S3OutputPath", uri)
    assert _faults(model, document) == ()


@pytest.mark.parametrize(
    "uri", ["", "gs://bucket/x", "s3:/bucket", "s3://", "file://host/x", "file:x:/", "/a\0b"]
)
def test_other_uris_violate_the_services_pattern(
    model: ServiceModel, request_document: Document, uri: str
) -> None:
    faults = _faults(model, _with(request_document, "OutputDataConfig.S3OutputPath", uri))
    if uri == "file:x:/":  # a path, if an odd one
        assert faults == ()
        return
    (fault,) = faults
    assert fault.endswith("pattern: (https|s3)://([^/]+)/?(.*)")


def test_a_path_may_be_longer_than_an_s3_uri_and_an_image(
    model: ServiceModel, request_document: Document
) -> None:
    path = "/" + "d/" * 1000
    _with(request_document, "InputDataConfig.0.DataSource.S3DataSource.S3Uri", path)
    _with(request_document, "AlgorithmSpecification.TrainingImage", path)
    assert _faults(model, request_document) == ()


def test_what_is_sound_can_be_read_without_looking_at_types(
    model: ServiceModel, request_document: Document
) -> None:
    request_document |= {"Tags": "no list", "Environment": {"A": 1, "B": "2"}, "Foo": 1}
    request_document["InputDataConfig"] = [7, request_document["InputDataConfig"][0]]
    document = check(model, request_document).document
    assert "Tags" not in document
    assert "Foo" not in document
    assert document["Environment"] == {"B": "2"}
    assert [each.get("ChannelName") for each in document["InputDataConfig"]] == [None, "train"]
