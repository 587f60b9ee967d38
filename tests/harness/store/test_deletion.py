"""Folders that their program has locked are deleted all the same."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

from sm_container.harness.store.deletion import make_deletable


def test_folders_without_rights_get_them(hostile_tmp_path: Path) -> None:
    locked = hostile_tmp_path / "tree" / "locked" / "below"
    locked.mkdir(parents=True)
    (locked / "file").write_text("x")
    outside = hostile_tmp_path / "outside"
    outside.mkdir(mode=0o500)
    (locked / "link").symlink_to(outside)
    locked.chmod(0)
    locked.parent.chmod(0o400)

    make_deletable(hostile_tmp_path / "tree")

    assert stat.S_IMODE(locked.stat().st_mode) == 0o700
    assert stat.S_IMODE(locked.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(outside.stat().st_mode) == 0o500  # links are not followed
    shutil.rmtree(hostile_tmp_path / "tree")
    assert outside.exists()
