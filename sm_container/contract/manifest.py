"""``<channel>-manifest``: the file beside a File-mode channel that lists all its objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sm_container.contract.errors import ContractError


@dataclass(frozen=True)
class ChannelManifest:
    """The channel's key prefix, without its bucket, and the URI of every object.

    All objects of the channel stand in it, on every host, also where the keys are sharded.
    """

    prefix: str
    uris: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> ChannelManifest:
        """Read the file; raises ContractError if it cannot be read as UTF-8."""
        try:
            text = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ContractError(
                path, f"cannot be read ({error})", "a File-mode channel has this file beside it"
            ) from error
        prefix, *uris = text.removesuffix("\n").split("\n")
        return cls(prefix, tuple(uris))

    def write(self, path: Path) -> None:
        lines = (self.prefix, *self.uris)
        path.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8"))
        path.chmod(0o644)
