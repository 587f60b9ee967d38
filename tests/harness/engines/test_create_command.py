from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sm_container.harness.engines.client import Dialect
from sm_container.harness.engines.create_command import create_words, image_of, mount_words
from sm_container.harness.engines.engine import (
    HOME_LABEL,
    JOB_LABEL,
    ContainerSpec,
    EngineError,
    ImageTarget,
    Mount,
    Network,
    ProgramTarget,
)


def spec(tree: Path, **fields: object) -> ContainerSpec:
    known: dict[str, object] = {"labels": {JOB_LABEL: "j", HOME_LABEL: "h"}}
    return ContainerSpec("c", ImageTarget("image:1"), tree, **{**known, **fields})  # type: ignore[arg-type]


def pair(words: list[str], flag: str) -> str:
    return words[words.index(flag) + 1]


def test_image_stands_between_options_and_arguments(tmp_path: Path) -> None:
    assert create_words(spec(tmp_path), [])[-2:] == ["image:1", "train"]
    words = create_words(spec(tmp_path, entrypoint=("ep", "-x"), arguments=("--rm", "a")), [])
    assert words[-6:] == ["--entrypoint", "ep", "image:1", "-x", "--rm", "a"]


def test_limits_are_exact_and_without_swap(tmp_path: Path) -> None:
    words = create_words(
        spec(tmp_path, memory_bytes=4 << 30, cpus=1.5, shm_bytes=1 << 26, platform="linux/arm64"),
        [],
    )
    assert pair(words, "--memory") == pair(words, "--memory-swap") == f"{4 << 30}b"
    assert pair(words, "--cpus") == "1.5"
    assert pair(words, "--shm-size") == f"{1 << 26}b"
    assert pair(words, "--platform") == "linux/arm64"


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (Network.default(), ["--add-host", "algo-1:127.0.0.1"]),
        (Network.none(), ["--network", "none", "--add-host", "algo-1:127.0.0.1"]),
        (Network.named("n"), ["--network", "n", "--network-alias", "algo-1"]),
    ],
)
def test_network(tmp_path: Path, network: Network, expected: list[str]) -> None:
    words = create_words(spec(tmp_path, network=network), [])
    start = words.index("--hostname") + 2
    assert words[start : start + len(expected)] == expected


def test_host_name_is_not_the_place_in_the_cluster(tmp_path: Path) -> None:
    name = pair(create_words(spec(tmp_path), []), "--hostname")
    assert name.startswith("ip-10-0-")
    assert name == pair(create_words(spec(tmp_path), []), "--hostname")


def test_podman_makes_no_volumes_of_the_image(tmp_path: Path) -> None:
    assert pair(create_words(spec(tmp_path), []), "--image-volume") == "ignore"
    assert "--image-volume" not in create_words(spec(tmp_path), [], Dialect.DOCKER)


@pytest.mark.parametrize("name", ["plain", "with space", "co:lon", "uni ü ✓", "semi;$(x)"])
def test_ordinary_sources_are_mounted_as_csv(tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    source.mkdir()
    flag, line = mount_words(Mount(source, "/opt/ml", read_only=True))
    assert flag == "--mount"
    fields = next(csv.reader([line]))
    assert fields == ["type=bind", f"source={source}", "target=/opt/ml", "readonly"]


@pytest.mark.parametrize("name", ["a,b", 'quo"te', "line\nfeed"])
def test_sources_that_break_csv_are_mounted_as_volumes(tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    source.mkdir()
    assert mount_words(Mount(source, "/opt/ml")) == ["--volume", f"{source}:/opt/ml"]
    assert mount_words(Mount(source, "/x", read_only=True)) == ["--volume", f"{source}:/x:ro"]


def test_source_with_both_is_quoted(tmp_path: Path) -> None:
    source = tmp_path / 'a,b:"c"'
    source.mkdir()
    _, line = mount_words(Mount(source, "/opt/ml"))
    assert next(csv.reader([line]))[1] == f"source={source}"


def test_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="is not there to be mounted"):
        mount_words(Mount(tmp_path / "nowhere", "/opt/ml"))


@pytest.mark.parametrize("reference", ["", "--privileged", "-v/:/host"])
def test_image_that_would_be_an_option_is_refused(reference: str) -> None:
    with pytest.raises(EngineError, match="not an image reference"):
        image_of(ImageTarget(reference))


def test_program_is_not_an_image(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="is a program"):
        image_of(ProgramTarget(tmp_path))
