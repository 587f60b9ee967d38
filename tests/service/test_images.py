"""What an image's name runs: what the service was told, as long as it is there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import PROGRAM, Service, algorithm, ended, running, said

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with names from a file: ``filed`` and ``overridden``, which ``--image`` overrides,
    are programs, ``missing`` is an image that is not there."""
    folder = tmp_path_factory.mktemp("mapped")
    program = folder / "filed.py"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    file = folder / "images.yaml"
    file.write_text(
        f"filed: {program}\noverridden: localhost/none-such:1\nmissing: localhost/none-such:1\n"
    )
    with running(folder, "--images", str(file), "--image", f"overridden={program}") as service:
        yield service


def request(service: Service, name: str, image: str) -> dict[str, Any]:
    made = service.request(name)
    made["AlgorithmSpecification"]["TrainingImage"] = f"{REGISTRY}/team/{image}:7"
    return made


@pytest.mark.parametrize("image", ["filed", "overridden", "algo"])
def test_a_name_of_the_file_and_one_of_the_command_line(mapped: Service, image: str) -> None:
    client = mapped.client("sagemaker")
    client.create_training_job(**request(mapped, image, image))
    assert ended(client, image)["TrainingJobStatus"] == "Completed"


def test_an_image_that_is_not_there_is_not_pulled(mapped: Service) -> None:
    client = mapped.client("sagemaker")
    message = said(client.create_training_job, **request(mapped, "m", "missing"))
    assert message.startswith("ValidationException: Invalid training image. ")
    assert "'localhost/none-such:1'" in message
    image = f"{REGISTRY}/missing:1"
    assert said(client.create_algorithm, **algorithm("m", TrainingImage=image)) == message
    assert "not found" in said(client.describe_training_job, TrainingJobName="m")


def test_a_program_that_has_gone_since(mapped: Service, tmp_path: Path) -> None:
    program = mapped.folder / "filed.py"
    program.rename(tmp_path / "elsewhere.py")
    try:
        message = said(
            mapped.client("sagemaker").create_training_job, **request(mapped, "gone", "filed")
        )
    finally:
        (tmp_path / "elsewhere.py").rename(program)
    assert f"'filed' is a program here: {program} is not there" in message
