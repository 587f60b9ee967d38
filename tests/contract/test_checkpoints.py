"""Which files of a checkpoint folder are the platform's own, or not for it."""

from __future__ import annotations

import pytest

from sm_container.contract.checkpoints import is_left_behind, is_upload_marker


@pytest.mark.parametrize("name", ["model.sagemaker-uploading", "a/b.sagemaker-uploaded"])
def test_markers_are_no_files_of_a_checkpoint(name: str) -> None:
    assert is_upload_marker(name)
    assert is_left_behind(name)


@pytest.mark.parametrize(
    "path", ["tmp1.sagemaker-ignore", ".sagemaker-ignore/a/b", "a.sagemaker-ignore/b"]
)
def test_what_an_algorithm_has_named_so_is_not_uploaded(path: str) -> None:
    assert is_left_behind(path)
    assert not is_upload_marker(path)


@pytest.mark.parametrize(
    "path", ["model", "sagemaker-uploaded", "a.sagemaker-uploaded/b", "sagemaker-ignore"]
)
def test_all_else_is_uploaded(path: str) -> None:
    assert not is_left_behind(path)
