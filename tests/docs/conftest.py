"""A real job for the pages to speak of: a tree with a channel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sm_container.algorithm.job import Job, load_job
from sm_container.contract import hyperparameters
from sm_container.contract.inputs import ChannelConfig, InputDataConfig, InputMode
from sm_container.contract.layout import Layout
from sm_container.contract.resources import ResourceConfig
from sm_container.declaration.declaration import Declaration

PARTS = {"part-1.csv": "1,0\n3,1\n9,2\n", "part-2.csv": "19,3\n33,4\n51,5\n"}


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """The tree of a job with the channel train, label first, no header."""
    layout = Layout(tmp_path / "ml")
    layout.create()
    hyperparameters.write(layout.hyperparameters, {})
    config = ChannelConfig(InputMode.FILE, content_type="text/csv")
    InputDataConfig({"train": config}).write(layout.input_data_config)
    ResourceConfig("algo-1", ("algo-1",)).write(layout.resource_config)
    layout.channel("train").mkdir()
    for name, text in PARTS.items():
        (layout.channel("train") / name).write_text(text)
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(layout.base))
    monkeypatch.chdir(tmp_path)
    return layout


@pytest.fixture
def job(layout: Layout) -> Job[Any]:
    return load_job(Declaration("any"), layout)
