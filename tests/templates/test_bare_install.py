"""The library without extras: a training job in a clean container, and what it costs there."""

from __future__ import annotations

import compileall
import json
import os
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

import sm_container
from sm_container.contract.inputs import ChannelConfig, InputDataConfig, InputMode
from sm_container.contract.layout import Layout
from sm_container.contract.resources import ResourceConfig
from tests.runtime.processes import write_wheel

LARGEST = 83_000_000
DEPENDENCIES = ("click", "msgpack", "numpy", "psutil")
OF_EXTRAS = ("boto3", "botocore", "jinja2", "pyarrow", "re2", "rich", "watchdog", "yaml")

# What an author writes: it uses all that ``import sm_container`` offers but records.
PROGRAM = """
import json, sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated
import sm_container as sm

@dataclass
class Hyperparameters:
    num_round: Annotated[int, sm.Range(1, 1000), sm.Tunable()] = 100
    eta: Annotated[float, sm.Range(0, 1), sm.Tunable(scale="Logarithmic")] = 0.3
    layers: list[int] | None = None

algorithm = sm.Algorithm(
    "bare", hyperparameters=Hyperparameters, channels=[sm.Channel("train")],
    metrics=[sm.Metric("loss", goal="Minimize")],
)

@algorithm.train
def train(job: sm.Job[Hyperparameters]) -> None:
    rows = job.channels["train"].files()[0].read_text().split()
    job.metrics.log(step=job.hyperparameters.num_round, loss=job.hyperparameters.eta)
    for name in set(sm.__all__) - {"Batch", "Csr"}:  # which are made of arrays
        getattr(sm, name)
    asked = sys.argv[-1].split(",")  # the hyperparameters come first
    seen = {
        "rows": rows,
        "layers": job.hyperparameters.layers,
        "loaded": sorted({name.partition(".")[0] for name in sys.modules}),
        "installed": [name for name in asked if find_spec(name)],
    }
    job.save_model(lambda folder: (folder / "seen.json").write_text(json.dumps(seen)))

if __name__ == "__main__":
    algorithm.main(["train"])
"""


@pytest.fixture
def job_tree(tmp_path: Path) -> Layout:
    """A job with one channel, as the service gives it to a container."""
    layout = Layout(tmp_path / "ml")
    layout.create()
    layout.code.mkdir()
    (layout.code / "train.py").write_text(PROGRAM)
    layout.hyperparameters.write_text('{"num_round":"20","layers":"[64, 32]"}')
    InputDataConfig({"train": ChannelConfig(InputMode.FILE)}).write(layout.input_data_config)
    ResourceConfig.homogeneous("algo-1", ("algo-1",), "ml.m5.large").write(layout.resource_config)
    layout.channel("train").mkdir(parents=True)
    (layout.channel("train") / "rows.csv").write_text("1 2 3\n")
    return layout


@pytest.mark.container
def test_a_job_in_a_clean_container_loads_the_standard_library_alone(
    library_image: str, job_tree: Layout
) -> None:
    asked = ",".join((*DEPENDENCIES, *OF_EXTRAS))
    done = subprocess.run(
        [
            *("podman", "run", "--rm", "--network", "none", "--volume", f"{job_tree.base}:/opt/ml"),
            *("--env", "SAGEMAKER_PROGRAM=train.py", library_image, "train", asked),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "loss=0.3" in done.stdout
    seen = json.loads((job_tree.model / "seen.json").read_text())
    assert (seen["rows"], seen["layers"]) == (["1", "2", "3"], [64, 32])
    assert seen["installed"] == list(DEPENDENCIES)
    assert not {*DEPENDENCIES, *OF_EXTRAS} & set(seen["loaded"])


@pytest.mark.container
def test_requirements_are_installed_for_the_librarys_python(
    library_image: str, job_tree: Layout
) -> None:
    """The template's environment has no pip of its own."""
    write_wheel(job_tree.code / "brought-1-py3-none-any.whl")
    (job_tree.code / "requirements.txt").write_text("./brought-1-py3-none-any.whl\n")
    (job_tree.code / "train.py").write_text("import brought; print('value', brought.VALUE)\n")
    done = subprocess.run(
        [
            *("podman", "run", "--rm", "--network", "none", "--volume", f"{job_tree.base}:/opt/ml"),
            *("--env", "SAGEMAKER_PROGRAM=train.py", library_image, "train"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "value 42\n" in done.stdout


def test_what_pip_installs_without_extras_is_small(tmp_path: Path) -> None:
    """As ``pip install`` leaves it: every file of the closure, and its bytecode."""
    copied = tmp_path / "site-packages"
    for file, target in _files(distribution("sm-container")):
        (copied / target).parent.mkdir(parents=True, exist_ok=True)
        (copied / target).symlink_to(file)
    assert compileall.compile_dir(copied, quiet=2, workers=2, maxlevels=20)
    sizes = {path: path.stat().st_size for path in copied.rglob("*") if path.is_file()}
    assert {path.parts[len(copied.parts)] for path in sizes} >= {*DEPENDENCIES, "sm_container"}
    compiled = [path for path in sizes if path.suffix == ".pyc"]
    assert len(compiled) == len([path for path in sizes if path.suffix == ".py"])
    assert sum(sizes.values()) <= LARGEST


def _files(root: Distribution) -> Iterator[tuple[Path, str]]:
    """The files of the library and of all that it requires, and where pip puts them."""
    package = Path(sm_container.__file__).parent
    for file in package.rglob("*"):
        if file.is_file() and file.suffix != ".pyc":
            yield file, os.path.join("sm_container", file.relative_to(package))
    for name in _required(root):
        for listed in distribution(name).files or ():
            file = Path(str(listed.locate()))
            if file.suffix != ".pyc" and not str(listed).startswith(".."):
                yield file, str(listed)


def _required(root: Distribution) -> set[str]:
    """The names of the distributions that one without extras brings, itself left out."""
    found: set[str] = set()
    waiting = [root]
    while waiting:
        for requirement in waiting.pop().requires or ():
            marker = requirement.partition(";")[2]
            name = re.split(r"[\s<>=!~;\[(]", requirement, maxsplit=1)[0]
            if not re.search(r"(?i)extra|win|python_version", marker) and name not in found:
                found.add(name)
                waiting.append(distribution(name))
    return found
