"""One channel of a job, in File mode: a folder with files.

Source: developer guide, "How Amazon SageMaker Provides Training Information", Training Data.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sm_container.channels.errors import ChannelError
from sm_container.contract.inputs import ChannelConfig, Distribution, InputMode
from sm_container.contract.layout import Layout


@dataclass(frozen=True)
class InputChannel:
    """A channel as this host has it: its configuration and where it lies in the tree."""

    name: str
    config: ChannelConfig
    layout: Layout

    @property
    def path(self) -> Path:
        """The channel's folder; raises ChannelError in Pipe mode, which has none."""
        if self.config.training_input_mode is InputMode.PIPE:
            raise ChannelError(
                [
                    f"channel {self.name} comes in Pipe mode, which has no folder; "
                    "set its InputMode to File or FastFile"
                ]
            )
        return self.layout.channel(self.name)

    def files(self) -> list[Path]:
        """Every file of the channel, also in folders below, in the order of their names.

        That is the order of the objects' keys in S3. The manifest that the service puts beside
        the channel's folder is not among them. A host that got no object of a sharded channel
        has an empty list; otherwise a missing folder raises ChannelError.
        """
        folder = self.path
        if not folder.is_dir():
            if self.config.s3_distribution_type == Distribution.SHARDED_BY_S3_KEY:
                return []
            raise ChannelError([f"channel {self.name} has no folder {folder}; check its S3Uri"])
        return [folder / os.fsdecode(name) for name in sorted(_walk(os.fsencode(folder), b""))]


def _walk(folder: bytes, prefix: bytes) -> Iterator[bytes]:
    """The names of all files, relative to the folder; links to folders are not entered."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, name + b"/")
            elif entry.is_file():
                yield name
