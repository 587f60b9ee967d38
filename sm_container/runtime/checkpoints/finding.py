"""What lies in a folder of checkpoints: the whole ones, what is left of others, and the rest."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sm_container.contract.checkpoint_manifest import CheckpointManifest, TornError
from sm_container.contract.checkpoints import CheckpointName, is_upload_marker
from sm_container.contract.errors import ContractError
from sm_container.runtime.checkpoints.checkpoint import Checkpoint
from sm_container.runtime.checkpoints.errors import CheckpointError


@dataclass(frozen=True)
class PassedOver:
    """An entry that is no checkpoint to load; ``why`` names it.

    ``is_leftover`` is one of ours that a save, a restore or a removal left unfinished.
    """

    path: Path
    why: str
    is_leftover: bool = False


@dataclass(frozen=True)
class Found:
    """``whole`` are the checkpoints in order, the newest last; their bytes are not read yet."""

    whole: tuple[Checkpoint, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()


def look(folder: Path, host: str | None) -> Found:
    """The checkpoints of ``folder`` that are ``host``'s, or with None those that name no host.

    Those of other hosts are neither found nor passed over; a folder that is not there has none.
    Raises CheckpointError where it cannot be listed.
    """
    whole: list[Checkpoint] = []
    passed_over: list[PassedOver] = []
    for entry in _entries(folder):
        name = CheckpointName.parse(entry.name)
        if name is not None and name.host != host:
            continue
        found = _examined(entry, name)
        if isinstance(found, Checkpoint):
            whole.append(found)
        else:
            passed_over.append(found)
    whole.sort(key=lambda each: (each.name.step, each.name.attempt))
    return Found(tuple(whole), tuple(passed_over))


def _entries(folder: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CheckpointError(
            folder, f"cannot be listed ({error.strerror})", "make it a folder that can be read"
        ) from error
    return [folder / name for name in names if not is_upload_marker(name)]


def _examined(path: Path, name: CheckpointName | None) -> Checkpoint | PassedOver:
    if name is None or path.is_symlink() or not path.is_dir():
        return PassedOver(path, f"{path}: is not a checkpoint of sm-container")
    try:
        manifest = CheckpointManifest.read(path)
        if manifest.step != name.step or name.host not in (None, manifest.host):
            return PassedOver(
                path, f"{path}: is another's, by the step {manifest.step} of {manifest.host} in it"
            )
        manifest.check_sizes(path)
    except ContractError as error:
        return PassedOver(path, str(error), is_leftover=isinstance(error, TornError))
    return Checkpoint(path, name, manifest)
