"""From S3 to the checkpoint folder of a host, before its container starts.

Source: developer guide, "Use Checkpoints in Amazon SageMaker": also when a job is restarted, and
never while it runs.
"""

from __future__ import annotations

from sm_container.harness.checkpoints.folder import Folder, Version
from sm_container.harness.checkpoints.prefix import Found
from sm_container.harness.inputs.file.space import require_space
from sm_container.harness.inputs.listing import folders_of
from sm_container.harness.inputs.meter import Meter, StageProgress
from sm_container.storage.files import FOLDER_MODE, said_of
from sm_container.storage.objects import Download
from sm_container.storage.store import Store

WHAT = "checkpoints"
"""What a copy is called for those who watch it."""


def restore(
    found: Found, store: Store, folder: Folder, progress: StageProgress
) -> dict[str, Version]:
    """Put what was found into the folder, and nothing else: what a torn restore has left is gone.

    Raises:
        StorageError: where an object cannot be had, or the disk has no room.
    """
    root = folder.path
    with said_of(str(root)):
        folder.make_empty()
        for below in sorted(folders_of(found.objects)):
            (root / below).mkdir(FOLDER_MODE)
            (root / below).chmod(FOLDER_MODE)  # whatever the umask
    require_space([(root, found.size)], "free some space, or remove old checkpoints from S3Uri")
    meter = Meter(WHAT, found.size, progress)
    store.download_all(
        (Download(item.object, root / item.path) for item in found.objects), advance=meter.advance
    )
    meter.end()
    with said_of(str(root)):
        return {item.path: Version.of((root / item.path).stat()) for item in found.objects}
