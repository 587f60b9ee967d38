"""One whole checkpoint: where it is, what it is of, and whether its bytes are those saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_container.contract.checkpoint_manifest import CheckpointManifest
from sm_container.contract.checkpoints import CheckpointName
from sm_container.machine.cpus import available_cpus

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose files are all there. ``path`` is the folder to read them from."""

    path: Path
    name: CheckpointName
    manifest: CheckpointManifest

    @property
    def step(self) -> int:
        """The step that it was saved with."""
        return self.manifest.step

    @property
    def metrics(self) -> Mapping[str, float]:
        """The values that it was saved with."""
        return self.manifest.metrics

    @property
    def host(self) -> str:
        """The host that saved it."""
        return self.manifest.host

    @property
    def time(self) -> str:
        """When it was saved: ISO 8601, in UTC."""
        return self.manifest.time

    @property
    def size(self) -> int:
        """Bytes of its files together."""
        return self.manifest.size

    @property
    def identity(self) -> tuple[Path, str]:
        """What no other checkpoint has: when it is gone its folder's name may come again, but not
        with the same time."""
        return self.path, self.time

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of a checkpoint that was saved as a mapping, by their names."""
        from sm_container.runtime.checkpoints.arrays import read_arrays

        return read_arrays(self.path)

    def verify(self) -> None:
        """Read every file and hold it against its checksums, on all cores.

        Raises TornError where a byte is not as it was saved, ContractError where it cannot be read.
        """
        from concurrent.futures import ThreadPoolExecutor

        self.manifest.check_sizes(self.path)
        with ThreadPoolExecutor(available_cpus()) as pool:
            checks = [
                pool.submit(self.manifest.check_piece, self.path, file, number)
                for file in self.manifest.files
                for number in range(len(file.checksums))
            ]
            try:
                for check in checks:
                    check.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
