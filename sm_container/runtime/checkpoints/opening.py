"""A job's checkpoints, from its tree and what its author declared."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from sm_container.contract.configs import CheckpointConfig
from sm_container.contract.errors import ContractError
from sm_container.contract.layout import Layout
from sm_container.contract.resources import ResourceConfig
from sm_container.declaration.declaration import Declaration
from sm_container.runtime.checkpoints.checkpoints import Checkpoints, Deferred
from sm_container.runtime.checkpoints.folder import CheckpointFolder
from sm_container.runtime.checkpoints.retention import Retention
from sm_container.runtime.checkpoints.sharing import Share
from sm_container.runtime.checkpoints.uploads import Uploads


def open_checkpoints(
    declaration: Declaration,
    layout: Layout,
    resources: ResourceConfig,
    deferred: Deferred = nullcontext,
) -> Checkpoints:
    """The checkpoints of a job in CheckpointConfig's LocalPath, by the declared policy.

    Without a CheckpointConfig they are in the tree all the same, and the first save says that
    nothing copies them. Nothing is made or looked for yet. Raises ContractError for a
    ``checkpointconfig.json`` that is not the service's.
    """
    policy = declaration.checkpoints
    retention = Retention(policy.newest, policy.best, policy.metric, declaration.maximizes_best)
    share = Share(resources.current_host, resources.hosts, policy.saved_by)
    config = layout.checkpoint_config
    is_copied = config.exists()
    path = _local_path(layout, config) if is_copied else layout.checkpoints
    uploads = Uploads() if is_copied else None
    return Checkpoints(CheckpointFolder(path, retention, share, uploads), deferred)


def _local_path(layout: Layout, config: Path) -> Path:
    local = CheckpointConfig.read(config).local_path
    if not local.startswith("/"):
        raise ContractError(config, f"LocalPath {local!r} is not absolute", "give a full path")
    return layout.place_of(local)
