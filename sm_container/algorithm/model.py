"""The model folder, written whole or not at all.

Source: developer guide, "How Amazon SageMaker Processes Training Output": what stands in
``/opt/ml/model`` when the container ends becomes model.tar.gz, also after a stop or a failure.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from sm_container.contract.layout import Layout

# The folder is a mount point, on another file system, or its parent is not ours to change.
_CANNOT_SWAP = (errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM)

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class ModelError(Exception):
    """There is no model to save."""


def save_model(layout: Layout, write: Callable[[Path], object]) -> None:
    """Call ``write(folder)`` and make that folder's content the model, in place of any before.

    Until ``write`` has returned, the model folder stays as it was: an exception, a full disk or
    a kill in the middle leaves no half model. Raises what ``write`` raises, and ModelError if
    it left the folder empty.
    """
    if not callable(write):
        raise ModelError(
            "save_model takes a function that writes into the folder it is given, such as lambda "
            f"folder: numpy.save(folder / 'weights.npy', weights), not a {type(write).__name__}"
        )
    import shutil
    import tempfile

    staging = Path(tempfile.mkdtemp(prefix=".model-", dir=_staging_parent(layout)))
    try:
        fresh, old = staging / "new", staging / "old"
        fresh.mkdir()
        write(fresh)
        if not any(fresh.iterdir()):
            raise ModelError(
                "save_model: the function wrote nothing into the folder that it was given"
            )
        fresh.chmod(0o755)
        model = layout.model.resolve()
        model.mkdir(parents=True, exist_ok=True)
        try:
            _swap(fresh, model, old)
        except OSError as error:
            if error.errno not in _CANNOT_SWAP:
                raise
            _replace_entries(fresh, model)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _staging_parent(layout: Layout) -> Path:
    """A folder on the model's volume that is no part of what the service uploads."""
    layout.base.mkdir(parents=True, exist_ok=True)
    return layout.base if os.access(layout.base, os.W_OK) else layout.output


def _swap(fresh: Path, model: Path, old: Path) -> None:
    """Put the fresh folder in the model's place, in one step wherever the system has one."""
    try:
        os.rename(fresh, model)  # one step onto an empty folder
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        if not _exchanged(fresh, model):
            os.rename(model, old)
            os.rename(fresh, model)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system or the file system cannot."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    paths = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other))
    if library.renameat2(*paths, _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL):
        return False
    raise OSError(number, os.strerror(number), str(other))


def _replace_entries(fresh: Path, model: Path) -> None:
    """Where the folder itself cannot be exchanged: bring the content in, then exchange entries.

    All that is long (and may fail on a full disk) happens in a folder with a dot in front.
    """
    import shutil
    import tempfile

    arriving = Path(tempfile.mkdtemp(prefix=".arriving-", dir=model))
    try:
        shutil.copytree(fresh, arriving, symlinks=True, dirs_exist_ok=True)
        for entry in list(model.iterdir()):
            if entry != arriving:
                _remove(entry)
        for entry in list(arriving.iterdir()):
            os.rename(entry, model / entry.name)
    finally:
        shutil.rmtree(arriving, ignore_errors=True)


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        import shutil

        shutil.rmtree(entry)
    else:
        entry.unlink()
