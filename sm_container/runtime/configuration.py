"""What the platform tells a container in ``/opt/ml/input/config``, as script mode sees it.

Hyperparameters are decoded as sagemaker-training decodes them (JSON where a value is JSON, else
the text) and parted in two: the author's, and the ``sagemaker_*`` ones that steer the start.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_container.contract import hyperparameters
from sm_container.contract.document import read_document
from sm_container.contract.errors import ContractError
from sm_container.contract.layout import Layout
from sm_container.contract.resources import HOMOGENEOUS_GROUP, ResourceConfig

SETTINGS_PREFIX = "sagemaker_"
# Not prefixed, yet the platform's and not the author's. Source: sagemaker_training/params.py.
_SETTINGS_WITHOUT_PREFIX = frozenset({"default_user_module_name", "_tuning_objective_metric"})


@dataclass(frozen=True)
class Configuration:
    """One host's configuration files.

    ``written`` are the hyperparameters as the strings that they are in the file. ``resources``
    and ``channels`` are the documents themselves, every field of them kept.
    """

    layout: Layout
    written: Mapping[str, str]
    resources: Mapping[str, Any]
    channels: Mapping[str, Any]

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The author's hyperparameters, decoded, in the file's order."""
        return {name: decoded(text) for name, text in self.written.items() if not is_setting(name)}

    @property
    def settings(self) -> dict[str, Any]:
        """The platform's hyperparameters (``sagemaker_*`` and two more), decoded."""
        return {name: decoded(text) for name, text in self.written.items() if is_setting(name)}

    @property
    def current_group(self) -> str:
        """The instance group of this host."""
        return self.resources.get("current_group_name") or HOMOGENEOUS_GROUP

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The instance groups as they stand in the file."""
        return self.resources.get("instance_groups") or []


def read(layout: Layout) -> Configuration | None:
    """Read the configuration; None where there is no configuration folder at all.

    Raises ContractError for a file that is missing or not what the service writes.
    """
    if not layout.config.is_dir():
        return None
    resources = read_document(layout.resource_config)
    ResourceConfig.from_document(resources, layout.resource_config)  # its faults, named
    return Configuration(
        layout=layout,
        written=hyperparameters.read(layout.hyperparameters),
        resources=resources,
        channels=_read_channels(layout.input_data_config),
    )


def is_setting(name: str) -> bool:
    """Whether a hyperparameter is the platform's own and not the author's."""
    return name.startswith(SETTINGS_PREFIX) or name in _SETTINGS_WITHOUT_PREFIX


def decoded(text: str) -> Any:
    """The value of a hyperparameter: what its text is as JSON, else the text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _read_channels(path: Path) -> dict[str, Any]:
    document = read_document(path)
    if not isinstance(document, dict):
        raise ContractError(
            path, "is not a JSON object", "write an object of channels, {} for none"
        )
    return document
