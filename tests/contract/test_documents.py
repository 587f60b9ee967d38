"""Every JSON file of the tree: byte form, round trips with unknown fields, faults named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.contract import hyperparameters
from sm_container.contract.configs import (
    CheckpointConfig,
    MetricDefinitionRegex,
    TensorBoardOutputConfig,
)
from sm_container.contract.document import encoded, read_document, write_document
from sm_container.contract.errors import ContractError
from sm_container.contract.init_config import InitConfig
from sm_container.contract.inputs import ChannelConfig, InputDataConfig, InputMode
from sm_container.contract.manifest import ChannelManifest
from sm_container.contract.resources import InstanceGroup, ResourceConfig

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.text("abcXYZ019-._", min_size=1, max_size=8)


def extra(*known: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.text().filter(lambda name: name not in known), JSON, max_size=3)


@st.composite
def channel_configs(draw: st.DrawFn) -> ChannelConfig:
    keys = ("ContentType", "TrainingInputMode", "S3DistributionType", "RecordWrapperType")
    return ChannelConfig(
        draw(st.sampled_from(InputMode)),
        *draw(st.tuples(*[st.none() | st.text()] * 3)),
        extra=draw(extra(*keys)),
    )


@st.composite
def resource_configs(draw: st.DrawFn) -> ResourceConfig:
    hosts = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    groups = st.builds(
        InstanceGroup,
        st.text(),
        st.text(),
        st.lists(NAMES).map(tuple),
        extra=extra("instance_group_name", "instance_type", "hosts"),
    )
    known = (
        "current_host",
        "hosts",
        "network_interface_name",
        "current_instance_type",
        "current_group_name",
        "instance_groups",
    )
    return ResourceConfig(
        draw(st.sampled_from(hosts)),
        tuple(hosts),
        draw(st.text(min_size=1)),
        draw(st.none() | st.text()),
        draw(st.none() | st.text()),
        tuple(draw(st.lists(groups, max_size=2))),
        extra=draw(extra(*known)),
    )


@given(st.dictionaries(st.text(), channel_configs(), max_size=4))
def test_input_data_config_keeps_everything(channels: dict[str, ChannelConfig]) -> None:
    config = InputDataConfig(channels)
    assert InputDataConfig.from_document(json.loads(encoded(config.to_document()))) == config


@given(resource_configs())
def test_resource_config_keeps_everything(config: ResourceConfig) -> None:
    assert ResourceConfig.from_document(json.loads(encoded(config.to_document()))) == config


@given(st.text(), extra("LocalPath", "S3OutputPath"))
def test_small_configs_keep_everything(text: str, surplus: dict[str, Any]) -> None:
    for config in (
        CheckpointConfig(text, surplus),
        TensorBoardOutputConfig(text, text, surplus),
    ):
        assert type(config).from_document(json.loads(encoded(config.to_document()))) == config


def test_input_data_config_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "inputdataconfig.json"
    config = InputDataConfig(
        {
            "data": ChannelConfig(
                InputMode.FILE, s3_distribution_type="ShardedByS3Key", record_wrapper_type="None"
            ),
            "model": ChannelConfig(
                InputMode.FILE, "application/x-sagemaker-model", "FullyReplicated", "None"
            ),
        }
    )
    config.write(path)
    assert path.read_bytes() == (
        b'{"data":{"TrainingInputMode":"File","S3DistributionType":"ShardedByS3Key",'
        b'"RecordWrapperType":"None"},"model":{"ContentType":"application/x-sagemaker-model",'
        b'"TrainingInputMode":"File","S3DistributionType":"FullyReplicated",'
        b'"RecordWrapperType":"None"}}'
    )
    assert path.stat().st_mode & 0o777 == 0o644
    assert InputDataConfig.read(path) == config


def test_resource_config_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "resourceconfig.json"
    hosts = tuple(f"algo-{n}" for n in range(1, 11))
    config = ResourceConfig.homogeneous("algo-2", hosts, "ml.m5.large")
    assert config.hosts[:3] == ("algo-1", "algo-10", "algo-2")
    assert config.rank == 2
    ResourceConfig.homogeneous("algo-1", ("algo-1",), "ml.m5.large").write(path)
    assert path.read_bytes() == (
        b'{"current_host":"algo-1","current_instance_type":"ml.m5.large",'
        b'"current_group_name":"homogeneousCluster","hosts":["algo-1"],"instance_groups":['
        b'{"instance_group_name":"homogeneousCluster","instance_type":"ml.m5.large",'
        b'"hosts":["algo-1"]}],"network_interface_name":"eth0"}'
    )


def test_an_old_job_and_a_new_one_have_resource_configs_too() -> None:
    old = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth1"}
    assert ResourceConfig.from_document(old).to_document() == old
    new = {**old, "topology": None}
    assert ResourceConfig.from_document(new).to_document() == new


INIT = (
    '{"inputMode":"FILE","channels":{"data":{"s3DataSource":{"s3DataType":"S3_PREFIX",'
    '"s3Uri":"s3://b/k","s3DataDistributionType":"SHARDED_BY_S3_KEY","attributeNames":null},'
    '"fileSystemDataSource":null,"compressionType":"NONE","recordWrapper":"NONE",'
    '"shuffleConfig":null,"inputMode":"FILE","sharded":true}},"checkpointChannel":{"name":'
    '"checkpoints","channel":{},"outputPath":"/opt/ml/checkpoints","allowEmpty":true},'
    '"hostConfig":{"clusterSize":2,"hostNumber":1},'
    '"enableAdditionalPlatformLoggingForCustomer":false,"jobRunInfo":{"jobRunNumber":1}}'
)


def test_init_config_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "init-config.json"
    path.write_text(INIT)
    config = InitConfig.read(path)
    assert (config.cluster_size, config.host_number, config.job_run_number) == (2, 1, 1)
    assert config.channels["data"].sharded
    config.write(path)
    assert path.read_text() == INIT


@given(
    extra("inputMode", "channels", "checkpointChannel", "hostConfig", "jobRunInfo"),
    extra("clusterSize", "hostNumber"),
    extra("jobRunNumber"),
)
def test_init_config_keeps_everything(
    surplus: dict[str, Any], of_host: dict[str, Any], of_run: dict[str, Any]
) -> None:
    known = json.loads(INIT)
    document = {**known, **{key: value for key, value in surplus.items() if key not in known}}
    document["hostConfig"] = {**known["hostConfig"], **of_host}
    document["jobRunInfo"] = {**known["jobRunInfo"], **of_run}
    assert InitConfig.from_document(document).to_document() == document


def test_metric_definition_regex_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "metric-definition-regex.json"
    MetricDefinitionRegex().write(path)
    assert path.read_bytes() == b"[]"
    config = MetricDefinitionRegex(({"Name": "loss", "Regex": "loss=(.*)", "New": [1]},))
    config.write(path)
    assert path.read_bytes() == b'[{"Name":"loss","Regex":"loss=(.*)","New":[1]}]'
    assert MetricDefinitionRegex.read(path) == config


@given(st.dictionaries(st.text(), st.text()))
def test_hyperparameters_keep_everything(
    tmp_path_factory: pytest.TempPathFactory, strings: dict[str, str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "hyperparameters.json"
    hyperparameters.write(path, strings)
    assert hyperparameters.read(path) == strings


def test_hyperparameters_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "hyperparameters.json"
    hyperparameters.write(path, {"num_round": "128", "name": "naïve", "lone": "\ud800"})
    assert path.read_bytes() == '{"num_round":"128","name":"naïve","lone":"\\ud800"}'.encode()
    hyperparameters.write(path, {})
    assert path.read_bytes() == b"{}"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"a": 5, "b": "x", "c": null}', r"the values of 'a', 'c' are not strings"),
        (b"[]", "is not a JSON object"),
        (b"{", "is not JSON"),
        (b"", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b'{"a": NaN}', "NaN is not a JSON value"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_hyperparameters_that_are_none(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "hyperparameters.json"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=fault) as caught:
        hyperparameters.read(path)
    assert caught.value.path == path
    assert caught.value.what_to_do
    assert "\n" not in str(caught.value)


def test_a_file_that_is_missing_or_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"is missing; .*SAGEMAKER_BASE_DIR"):
        read_document(tmp_path / "none.json")
    with pytest.raises(ContractError, match="cannot be read"):
        read_document(tmp_path)


@pytest.mark.parametrize(
    ("parse", "document", "fault"),
    [
        (InputDataConfig.from_document, [], "the document must be an object"),
        (InputDataConfig.from_document, {"a": "File"}, "a must be an object"),
        (InputDataConfig.from_document, {"a": {}}, "a.TrainingInputMode must be a string"),
        (
            InputDataConfig.from_document,
            {"a": {"TrainingInputMode": "Tape"}},
            'a.TrainingInputMode must be one of File, Pipe, FastFile but is "Tape"',
        ),
        (ResourceConfig.from_document, {"current_host": "a"}, "hosts must be a list of strings"),
        (
            ResourceConfig.from_document,
            {"current_host": "a", "hosts": ["b"]},
            "current_host must be one of the hosts b",
        ),
        (
            ResourceConfig.from_document,
            {"current_host": "a", "hosts": ["a"], "instance_groups": [{"hosts": []}]},
            r"instance_groups\[0\].instance_group_name must be a string",
        ),
        (CheckpointConfig.from_document, {"LocalPath": 3}, "LocalPath must be a string but is 3"),
        (MetricDefinitionRegex.from_document, {}, "is not a JSON list"),
        (MetricDefinitionRegex.from_document, [{}, "x"], r"\[1\] must be an object"),
    ],
)
def test_faults_name_the_member(
    parse: Callable[[object], object], document: object, fault: str
) -> None:
    with pytest.raises(ContractError, match=fault):
        parse(document)


@pytest.mark.parametrize(
    "parse",
    [
        InputDataConfig.from_document,
        ResourceConfig.from_document,
        InitConfig.from_document,
        CheckpointConfig.from_document,
        MetricDefinitionRegex.from_document,
        TensorBoardOutputConfig.from_document,
    ],
)
@given(JSON)
def test_no_document_breaks_a_parser(parse: Callable[[object], object], document: object) -> None:
    fault = ""
    try:
        parse(document)
    except ContractError as error:
        fault = str(error)
    assert "\n" not in fault


def test_a_document_that_is_not_json_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        write_document(tmp_path / "x.json", {"a": float("nan")})


def test_channel_manifest(tmp_path: Path) -> None:
    path = tmp_path / "train-manifest"
    manifest = ChannelManifest("path/Task1/input", ("s3://b/path/Task1/input/ü 1", "s3://b/x"))
    manifest.write(path)
    assert path.read_bytes() == "path/Task1/input\ns3://b/path/Task1/input/ü 1\ns3://b/x\n".encode()
    assert ChannelManifest.read(path) == manifest
    path.write_bytes(b"\xff")
    with pytest.raises(ContractError, match="cannot be read"):
        ChannelManifest.read(path)
