"""Faults as a person sees them."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from sm_container.cli.errors import Complaint, complaint
from sm_container.contract.errors import ContractError
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.inputs.errors import Answer, InputError, InputFault
from sm_container.harness.request.errors import DocumentError, RequestError
from sm_container.harness.store.folder import DamagedJobError
from sm_container.harness.store.jobs import JobExistsError, UnknownJobError
from sm_container.harness.store.ownership import OwnedElsewhereError
from sm_container.storage.errors import StorageError


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (RequestError(("it is wrong",)), 2),
        (DocumentError("it is wrong"), 2),
        (InputError([InputFault("train", Answer.REFUSED, "it is wrong")]), 2),
        (JobExistsError("it is wrong", "arn"), 2),
        (UnknownJobError("it is wrong"), 2),
        (StorageError("s3://a/b", "it is wrong", "do this"), 2),
        (ContractError(Path("a.json"), "it is wrong", "do this"), 2),
        (EngineError("it is wrong"), 125),
        (DamagedJobError("it is wrong"), 125),
        (OwnedElsewhereError("it is wrong"), 125),
    ],
)
def test_a_fault_is_one_line_with_its_code(fault: Exception, code: int) -> None:
    said = complaint(fault)

    assert said is not None
    assert said.exit_code == code
    assert "it is wrong" in said.message
    assert "\n" not in said.message


def test_an_operating_system_fault_names_its_file() -> None:
    said = complaint(PermissionError(13, "Permission denied", "/some/file"))

    assert said is not None
    assert said.message == "/some/file: Permission denied"
    assert said.exit_code == 125


@pytest.mark.parametrize("name", [None, "/some/file"])
def test_a_full_disk_says_how_to_make_room(name: str | None) -> None:
    said = complaint(OSError(errno.ENOSPC, "No space left on device", name))

    assert said is not None
    assert said.message.removeprefix("/some/file: ").startswith("No space left on device; ")
    assert "sm-container prune --cache" in said.message
    assert said.exit_code == 125


@pytest.mark.parametrize(
    "fault", [KeyError("x"), BrokenPipeError(32, "Broken pipe"), OSError("no file")]
)
def test_a_defect_is_no_complaint(fault: Exception) -> None:
    assert complaint(fault) is None


def test_several_faults_stand_below_a_heading(capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(RequestError(("one", "two"), constraints=2))
    assert said is not None

    said.show()

    assert capsys.readouterr().err == "Error: 2 validation errors detected:\n  one\n  two\n"


def test_a_long_list_is_cut() -> None:
    said = Complaint([f"fault {number}" for number in range(100)], 2)

    assert len(said.message.splitlines()) == 32
    assert said.message.endswith("and 70 more")
