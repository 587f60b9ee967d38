"""What ``batches()`` and ``records()`` are given and cannot take: told at the call, not guessed."""

from __future__ import annotations

from typing import Any

import pytest

from sm_container.channels.errors import ChannelError
from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from tests.channels.feeding import channel


@pytest.mark.parametrize("mode", InputMode)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"on_fault": "skip"}, "on_fault is 'skip'; give OnFault.RAISE, SKIP or STOP"),
        ({"shuffle": (1, 2, 3)}, r"shuffle is \(1, 2, 3\); give a seed from 0 on, a pair .*"),
        ({"shuffle": (1, -2)}, r"shuffle is \(1, -2\); give a seed from 0 on, a pair .*"),
        ({"shuffle": True}, "shuffle is True; give a seed from 0 on, a pair .*"),
        ({"shuffle": False}, "shuffle is False; give a seed from 0 on, a pair .*"),
    ],
)
def test_what_would_mean_something_else_is_refused(
    layout: Layout, mode: InputMode, arguments: dict[str, Any], said: str
) -> None:
    train = channel(layout, mode, "text/csv")
    for read in (train.batches, train.records):
        with pytest.raises(ValueError, match=f"^{said}$"):
            read(**arguments)


@pytest.mark.parametrize("mode", [InputMode.FILE, InputMode.FAST_FILE])
def test_a_wrong_option_is_not_said_to_be_a_missing_content_type(
    layout: Layout, mode: InputMode
) -> None:
    layout.channel("train").mkdir()
    (layout.channel("train") / "a.csv").write_text("1,2\n")
    train = channel(layout, mode)
    with pytest.raises(ChannelError, match=r"its options are label_size.*dtype$"):
        next(train.batches(colour="red"))
