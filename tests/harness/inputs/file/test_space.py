from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sm_container.harness.inputs.file.space import require_space
from sm_container.storage.errors import StorageError


def test_what_fits_is_not_spoken_of(tmp_path: Path) -> None:
    require_space([(tmp_path, 1), (tmp_path, 0)])
    require_space([])


def test_what_does_not_fit_is_said_with_both_figures(hostile_tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        require_space([(hostile_tmp_path, 1 << 60)])
    said = str(caught.value)
    assert str(hostile_tmp_path) in said
    assert "1152921.5 TB are needed here and " in said
    assert "are free" in said
    assert "--sample" in said


def test_needs_of_one_file_system_add_up(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    most = shutil.disk_usage(tmp_path).free
    with pytest.raises(StorageError, match="are needed here"):
        require_space([(tmp_path, most // 3 * 2), (tmp_path / "a", most // 3 * 2)])
