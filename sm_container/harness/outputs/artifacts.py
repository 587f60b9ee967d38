"""Saving a job's artifacts: model and output data, archived or as they are, to the output URI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sm_container.contract.layout import Layout
from sm_container.harness.outputs.errors import ArtifactError
from sm_container.harness.outputs.files import Merged, is_contained, merged
from sm_container.storage.errors import StorageError
from sm_container.storage.objects import Advance
from sm_container.storage.store import Store

StoreOf = Callable[[str], tuple[Store, str]]
# phase ("model" or "output"), bytes done, bytes in all
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Destination:
    """Where a job's artifacts go. Source: CreateTrainingJob, OutputDataConfig."""

    output_uri: str
    job: str
    compressed: bool

    @property
    def folder(self) -> str:
        return f"{self.output_uri.rstrip('/')}/{self.job}/output"

    @property
    def model(self) -> str:
        """S3ModelArtifacts, the same whether or not the algorithm left a model."""
        return f"{self.folder}/model.tar.gz" if self.compressed else f"{self.folder}/model"

    @property
    def output(self) -> str:
        return f"{self.folder}/output.tar.gz" if self.compressed else f"{self.folder}/data"


def has_model(layouts: Sequence[Layout]) -> bool:
    """Whether any host left what makes a model artifact: a file or a link in its model folder."""
    return not _left((layout.base, layout.model) for layout in layouts).is_empty


def save_artifacts(
    layouts: Sequence[Layout],
    destination: Destination,
    store_of: StoreOf,
    scratch: Path,
    progress: Progress,
) -> tuple[str, ...]:
    """Upload what the hosts left in ``model`` and ``output/data``; a folder without files is not.

    Returns notes on what could not be kept.

    Raises:
        ArtifactError: with the artifact's URI and what stood in the way.
    """
    notes: list[str] = []
    parts = (
        ("model", [(layout.base, layout.model) for layout in layouts], destination.model),
        ("output", [(layout.base, layout.output_data) for layout in layouts], destination.output),
    )
    for what, folders, uri in parts:
        try:
            files = _left(folders)
            notes.extend(files.notes)
            advance = _counter(what, files.size, progress)
            if files.is_empty:
                continue
            if destination.compressed:
                _save_archive(files, uri, store_of, scratch, advance)
            else:
                notes.extend(_save_files(files, uri, store_of, advance))
        except StorageError as fault:
            raise ArtifactError(str(fault)) from fault
        except OSError as fault:
            raise ArtifactError(f"could not save {uri}: {fault}") from fault
    return tuple(notes)


def _left(folders: Iterable[tuple[Path, Path]]) -> Merged:
    """What stands in the folders, each named with the tree that it must lie in."""
    return merged(
        folder for tree, folder in folders if folder.is_dir() and is_contained(folder, tree)
    )


def _save_archive(
    files: Merged, uri: str, store_of: StoreOf, scratch: Path, advance: Advance
) -> None:
    from sm_container.harness.outputs.archive import write_archive

    archive = scratch / uri.rpartition("/")[2]
    write_archive(files, archive, advance)
    try:
        store, key = store_of(uri)
        store.upload(archive, key)
    finally:
        archive.unlink()


def _save_files(files: Merged, uri: str, store_of: StoreOf, advance: Advance) -> list[str]:
    store, key = store_of(uri)
    notes = []
    for leaf in files.leaves:
        if leaf.is_file:
            store.upload(leaf.path, f"{key}/{leaf.name}")
            advance(leaf.size)
        elif leaf.is_link:
            notes.append(f"{leaf.path} was not uploaded: a link has no bytes of its own")
    return notes


def _counter(what: str, total: int, progress: Progress) -> Advance:
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(what, done, total)

    return advance
