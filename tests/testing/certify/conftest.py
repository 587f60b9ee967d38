"""A bench for the program of this folder, sound or broken in one way."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from sm_container.declaration.specification import Specification
from sm_container.harness.job.options import RunOptions
from sm_container.harness.request.parse import parse_request
from sm_container.harness.store.home import Home
from sm_container.testing.certify import battery
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Finding, Outcome, Profile

PROGRAM = Path(__file__).with_name("program.py")
METRIC = "error=([0-9.]+);"
_LABEL = "sm-container.test-certify"


def declaration(**changed: Any) -> dict[str, Any]:
    """The program's CreateAlgorithm document."""

    def parameter(name: str, type: str, default: str) -> dict[str, Any]:
        return {"Name": name, "Type": type, "IsRequired": False, "DefaultValue": default}

    training = {
        "TrainingImage": "ACCOUNT.dkr.ecr.REGION.amazonaws.com/constant:latest",
        "SupportedTrainingInstanceTypes": ["ml.m5.large"],
        "SupportedHyperParameters": [
            parameter("epochs", "Integer", "3"),
            parameter("rate", "Continuous", "0.5"),
            parameter("halved", "Categorical", "False"),
        ],
        "TrainingChannels": [
            {
                "Name": "train",
                "IsRequired": True,
                "SupportedContentTypes": ["text/csv"],
                "SupportedInputModes": ["File", "Pipe", "FastFile"],
            }
        ],
        "MetricDefinitions": [{"Name": "error", "Regex": METRIC}],
    }
    return {"AlgorithmName": "constant", "TrainingSpecification": {**training, **changed}}


@dataclass(frozen=True)
class Certified:
    """A job to be certified: of the program, or of an image that has it."""

    home: Home
    folder: Path
    target: str
    broken: str = ""
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[Mapping[str, Any], ...] = ()
    specification: Specification | None = None
    metrics: Mapping[str, str] = field(default_factory=lambda: {"error": METRIC})
    max_runtime: int = 30
    options: Mapping[str, Any] = field(default_factory=dict)

    def but(self, broken: str = "", **changed: Any) -> Certified:
        return replace(self, broken=broken or self.broken, **changed)

    def training(self, tenths: int) -> Certified:
        """The same for so many tenths of a second; 0 for as quickly as it can."""
        if not tenths:
            return self
        longer = {"epochs": str(tenths), "pause": "0.1"}
        return replace(self, hyperparameters={**self.hyperparameters, **longer})

    def bench(self) -> Bench:
        environment = {**self.environment, **({"BROKEN": self.broken} if self.broken else {})}
        document = {
            "TrainingJobName": "constant",
            "RoleArn": "arn:aws:iam::000000000000:role/local",
            "AlgorithmSpecification": {
                "TrainingImage": self.target,
                "TrainingInputMode": "File",
                **self._defined(),
            },
            **({"HyperParameters": dict(self.hyperparameters)} if self.hyperparameters else {}),
            **({"Environment": environment} if environment else {}),
            **({"InputDataConfig": list(self.channels)} if self.channels else {}),
            "OutputDataConfig": {"S3OutputPath": str(self.folder / "artifacts")},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime},
        }
        request = parse_request(document, cache=self.home.cache)
        options = RunOptions(target=self.target, **{"grace_seconds": 2.0, **self.options})
        return Bench(self.home, request, options, self.folder, self.specification)

    def findings(self, *checks: str) -> dict[str, Finding]:
        """What these checks find, one after the other on one bench."""
        chosen = battery.chosen(Profile.MARKETPLACE, checks)
        return {each.check.name: each.finding for each in battery.certify(self.bench(), chosen)}

    def require(self, check: str, outcome: Outcome, *words: str) -> None:
        """That a check has this outcome, and says these words."""
        [finding] = self.findings(check).values()
        assert finding.outcome is outcome, finding
        for each in words:
            assert each in finding.seen

    def _defined(self) -> dict[str, Any]:
        given = [{"Name": name, "Regex": regex} for name, regex in self.metrics.items()]
        return {"MetricDefinitions": given} if given else {}


def channel(name: str, source: Path, **members: Any) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": str(source),
                "S3DataDistributionType": "FullyReplicated",
            }
        },
        **members,
    }


@pytest.fixture
def certified(home: Home, hostile_tmp_path: Path) -> Certified:
    """The sound program as this machine's, with its declaration and a channel of one file."""
    program = hostile_tmp_path / "train"
    program.write_text(f"#!{sys.executable}\n{PROGRAM.read_text()}")
    program.chmod(0o755)
    folder = hostile_tmp_path / "certified"
    folder.mkdir()
    data = hostile_tmp_path / "train.csv"
    data.write_text("1\n2\n6\n")
    return Certified(
        home,
        folder,
        str(program),
        channels=(channel("train", data),),
        specification=Specification.from_document(declaration()),
    )


@dataclass(frozen=True)
class Images:
    """Builds images of the program on the base image: each once for the lines that make it."""

    base: str

    def build(self, name: str, *lines: str) -> str:
        """An image that has the program at /opt/program/train; ``lines`` are of its Dockerfile."""
        dockerfile = "\n".join(
            [f"FROM {self.base}", "COPY --chmod=755 train /opt/program/train", *lines]
        )
        program = f"#!/usr/bin/env python3\n{PROGRAM.read_text()}"
        digest = hashlib.sha256(f"{dockerfile}\0{program}".encode()).hexdigest()[:12]
        image = f"localhost/sm-container-test-certify-{name}:{digest}"
        if subprocess.run(["podman", "image", "exists", image], check=False).returncode == 0:
            return image
        with tempfile.TemporaryDirectory() as context:
            Path(context, "Dockerfile").write_text(dockerfile)
            Path(context, "train").write_text(program)
            words = ("--quiet", "--network", "none", "--label", f"{_LABEL}={name}", "--tag", image)
            subprocess.run(["podman", "build", *words, context], check=True, capture_output=True)
        return image


@pytest.fixture(scope="session")
def images(base_image: str) -> Images:
    """Those that no test has used for a day are deleted."""
    earlier = ("--all", "--force", "--filter", f"label={_LABEL}", "--filter", "until=24h")
    subprocess.run(["podman", "image", "prune", *earlier], check=True, capture_output=True)
    return Images(base_image)


@pytest.fixture
def image(certified: Certified, images: Images) -> Certified:
    """The sound program in an image, to be run by podman."""
    built = images.build("sound", 'ENTRYPOINT ["/opt/program/train"]')
    return certified.but(target=built, options={"engine": "podman"})
