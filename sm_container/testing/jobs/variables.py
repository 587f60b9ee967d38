"""The variables of a job for a program that runs without a container."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sm_container.contract.layout import BASE_DIR_VARIABLE, Layout
from sm_container.runtime import configuration as configuration_files
from sm_container.runtime.environment import variables


def job_variables(tree: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The platform's and the request's (``given``), the name of the tree, and those that
    ``sm-train`` sets (``SM_*``)."""
    platform = {**given, BASE_DIR_VARIABLE: str(tree)}
    configuration = configuration_files.read(Layout(tree))
    assert configuration is not None  # the harness has just written it
    return {**platform, **variables(configuration, None, {**os.environ, **platform})}
