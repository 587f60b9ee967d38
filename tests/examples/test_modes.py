"""The example in every input mode and content type, from one source: always the same model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sm_container.records.convert import convert
from tests.examples.conftest import EXAMPLE, trained

TYPES = {
    "text/csv": "csv",
    "text/libsvm": "libsvm",
    "application/x-parquet": "parquet",
    "application/x-recordio-protobuf": "pbr",
    "application/x-recordio-msgpack": "msgpack",
}
MODES = ["File", "Pipe", "FastFile"]
CHANNELS = ("train", "validation")


@pytest.fixture(scope="module")
def converted(flights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the flights in each format: one object a channel, made from the csv files."""
    folder = tmp_path_factory.mktemp("converted")
    for channel in CHANNELS:
        csv = folder / "csv" / channel / "flights.csv"
        csv.parent.mkdir(parents=True)
        csv.write_bytes(
            b"".join(part.read_bytes() for part in sorted((flights / channel).iterdir()))
        )
        for suffix in TYPES.values():
            if suffix != "csv":
                target = folder / suffix / channel / f"flights.{suffix}"
                target.parent.mkdir(parents=True)
                convert(csv, target)
    return folder


def model_of(
    engine: str, target: str, source: Path, home: Path, mode: str, content_type: str
) -> str:
    """The hash of the model that the example makes of a folder with channels."""
    # A parquet file must be whole; in a stream of several none would be.
    wrapper = ",wrapper=RecordIO" if (mode, source.name) == ("Pipe", "parquet") else ""
    options = f"mode={mode},content-type={content_type}{wrapper}"
    channels = [f"--channel={name}={source / name}/,{options}" for name in CHANNELS]
    settings = ("-p", "num_round=10", "-p", "margin_column=0")
    return trained(engine, target, home, *channels, *settings)[0]


@pytest.fixture(scope="module")
def expected(converted: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The model of the csv files in File mode."""
    home = tmp_path_factory.mktemp("home")
    return model_of("process", str(EXAMPLE), converted / "csv", home, "File", "text/csv")


def ways() -> list[Any]:
    """Every content type in every mode, but for what ``expected`` is. In every run of the tests two
    types in each mode, and each type as a stream; the rest takes minutes."""
    often = ("text/csv", "application/x-recordio-protobuf")
    return [
        pytest.param(
            content_type,
            mode,
            marks=[] if mode == "Pipe" or content_type in often else [pytest.mark.long],
        )
        for content_type in TYPES
        for mode in MODES
        if (content_type, mode) != ("text/csv", "File")
    ]


@pytest.mark.parametrize(("content_type", "mode"), ways())
def test_the_models_agree(
    content_type: str, mode: str, converted: Path, expected: str, hostile_tmp_path: Path
) -> None:
    source = converted / TYPES[content_type]

    model = model_of("process", str(EXAMPLE), source, hostile_tmp_path, mode, content_type)

    assert model == expected


@pytest.mark.container
@pytest.mark.parametrize("mode", MODES)
def test_the_models_agree_in_a_container(
    mode: str, image: str, converted: Path, expected: str, hostile_tmp_path: Path
) -> None:
    source = converted / "pbr"

    model = model_of(
        "podman", image, source, hostile_tmp_path, mode, "application/x-recordio-protobuf"
    )

    assert model == expected
