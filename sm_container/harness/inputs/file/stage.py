"""File mode: a host's share of a channel put into its tree before the container starts.

Files of this machine are linked or copied in place. Objects of S3 are copied many at once, and
kept in the cache, from where the next run's tree gets them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sm_container.contract.layout import Layout
from sm_container.contract.manifest import ChannelManifest
from sm_container.harness.inputs.file.cache import ObjectCache
from sm_container.harness.inputs.file.placement import Placement, place, takes_space
from sm_container.harness.inputs.file.space import require_space
from sm_container.harness.inputs.listing import InputObject
from sm_container.harness.inputs.meter import Meter, StageProgress
from sm_container.harness.inputs.plan import ChannelPlan
from sm_container.storage.errors import ObjectNotFoundError
from sm_container.storage.files import FILE_MODE, FOLDER_MODE, said_of
from sm_container.storage.local import LocalStore
from sm_container.storage.objects import Download, ignore
from sm_container.storage.store import Store


@dataclass(frozen=True)
class StagedChannel:
    """A channel as it now stands in a host's tree. ``size`` is in bytes; of the ``objects``,
    ``cached`` came from the cache.
    """

    channel: str
    host: str
    folder: Path
    manifest: Path
    objects: int
    size: int
    cached: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user may like to know."""
        if not self.cached:
            return ()
        return (
            f"channel {self.channel!r}: {self.cached} of {self.objects} objects from the cache",
        )


def stage_channel(
    plan: ChannelPlan,
    host: str,
    layout: Layout,
    cache: ObjectCache | None,
    placement: Placement,
    progress: StageProgress,
) -> StagedChannel:
    """Put a host's share of a channel into its tree, and the channel's manifest beside it.

    Neither is there yet.

    ``cache`` None copies straight into the tree. ``progress`` is called in this thread, several
    times a second, also while no bytes arrive.

    Raises:
        StorageError: where an object cannot be had or changed since it was listed, or the disk
            has no room.
    """
    share = plan.share(host)
    folder = layout.channel(plan.channel)
    meter = Meter(plan.channel, _size(share), progress)
    with said_of(str(folder)):
        _make_folders(folder, share)
    cached = 0
    if isinstance(plan.store, LocalStore):
        _place_files(plan.store, share, folder, placement, meter)
    elif cache is None:
        require_space([(folder, _size(share))])
        downloads = (Download(item.object, folder / item.path) for item in share)
        plan.store.download_all(downloads, advance=meter.advance)
    else:
        cached = _Caching(plan.store, folder, cache, placement, meter).copy(share)
    manifest = layout.channel_manifest(plan.channel)
    uris = tuple(item.object.uri for item in plan.objects)
    with said_of(str(manifest)):
        ChannelManifest(plan.prefix, uris).write(manifest)
    meter.end()
    return StagedChannel(plan.channel, host, folder, manifest, len(share), _size(share), cached)


def _place_files(
    store: LocalStore,
    share: Sequence[InputObject],
    folder: Path,
    placement: Placement,
    meter: Meter,
) -> None:
    if share and takes_space(store.local_file(share[0].object), folder, placement):
        require_space([(folder, _size(share))])
    # One thread: the kernel copies, and more threads make small files slower.
    for item in share:
        place(store.local_file(item.object), folder / item.path, placement, meter.advance)


class _Caching:
    """Copies that go through the cache."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        cache: ObjectCache,
        placement: Placement,
        meter: Meter,
    ) -> None:
        self._store = store
        self._folder = folder
        self._cache = cache
        self._placement = placement
        self._meter = meter

    def copy(self, share: Sequence[InputObject]) -> int:
        """Put each object into the tree; returns how many the cache had."""
        found = {item: self._cache.find(self._store.origin, item.object) for item in share}
        missing = [item for item, entry in found.items() if entry is None]
        with self._cache.copying() as partials:
            self._require_space(share, missing, partials)
            for item, entry in found.items():
                if entry is not None and not self._place_entry(entry, item):
                    missing.append(item)
            coming = {partials / uuid.uuid4().hex: item for item in missing}
            self._store.download_all(
                (Download(item.object, path) for path, item in coming.items()),
                finished=lambda download: self._publish(download, coming[download.path]),
                advance=self._meter.advance,
            )
        return len(share) - len(missing)

    def _place_entry(self, entry: Path, item: InputObject) -> bool:
        """False where the entry was pruned since it was found."""
        try:
            place(entry, self._folder / item.path, self._placement, self._meter.advance)
        except ObjectNotFoundError:
            return False
        return True

    def _publish(self, download: Download, item: InputObject) -> None:
        try:
            # First into the tree, from where no prune can take it.
            place(download.path, self._folder / item.path, self._placement, ignore)
            self._cache.publish(download.path, self._store.origin, item.object)
        finally:
            download.path.unlink(missing_ok=True)

    def _require_space(
        self, share: Sequence[InputObject], missing: Sequence[InputObject], partials: Path
    ) -> None:
        needs = [(partials, _size(missing))]
        trial = partials / uuid.uuid4().hex
        with said_of(str(trial)):
            trial.write_bytes(bytes(4096))
            trial.chmod(FILE_MODE)
            if takes_space(trial, self._folder, self._placement):
                needs.append((self._folder, _size(share)))
            trial.unlink()
        require_space(needs)


def _size(share: Iterable[InputObject]) -> int:
    return sum(item.object.size for item in share)


def _make_folders(root: Path, share: Iterable[InputObject]) -> None:
    """The channel's folder, empty so far, and every folder below that something lands in."""
    root.parent.mkdir(parents=True, exist_ok=True)
    made: set[str] = set()
    for item in ("", *(item.path.rpartition("/")[0] for item in share)):
        parts = item.split("/")
        for depth in range(len(parts)):
            folder = "/".join(parts[: depth + 1])
            if folder not in made:
                made.add(folder)
                (root / folder).mkdir(FOLDER_MODE)
                (root / folder).chmod(FOLDER_MODE)  # whatever the umask
