"""Which faults are the data's, and when their tracebacks are shown."""

from __future__ import annotations

import pytest

from sm_container.channels.errors import ChannelError, ChannelTimeoutError, MissingChannelError
from sm_container.records.errors import FormatError, RecordError
from sm_container.runtime.data_faults import said

FAULTS = [
    RecordError("damaged", source="train_0", index=3, offset=40),
    ChannelError(["damaged"]),
    ChannelTimeoutError(["damaged"]),
    FormatError("damaged"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_fault_of_the_data_is_said(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SM_LOG_LEVEL", raising=False)
    assert said(fault) == f"ERROR: {type(fault).__name__}: {fault}"
    monkeypatch.setenv("SM_LOG_LEVEL", "20")
    assert said(fault) is not None
    monkeypatch.setenv("SM_LOG_LEVEL", "10")
    assert said(fault) is None


@pytest.mark.parametrize("fault", [ValueError("x"), MissingChannelError(["x"]), KeyError("x")])
def test_a_fault_of_the_code_is_not(fault: Exception) -> None:
    assert said(fault) is None
