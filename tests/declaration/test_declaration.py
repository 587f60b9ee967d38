from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from sm_container.declaration.channels import Channel
from sm_container.declaration.checkpoints import CheckpointPolicy
from sm_container.declaration.declaration import Declaration
from sm_container.declaration.errors import DeclarationError
from sm_container.declaration.memory import Enforcement, MemoryPolicy
from sm_container.declaration.metrics import Metric


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: Declaration("has space"), "cannot name an algorithm"),
        (lambda: Declaration("x" * 64), "cannot name an algorithm"),
        (lambda: Declaration("ends-"), "cannot name an algorithm"),
        (lambda: Declaration("a", channels=[Channel("x"), Channel("x")]), "two channels"),
        (lambda: Declaration("a", metrics=[Metric("x"), Metric("x")]), "two metrics"),
        (lambda: Declaration("a", channels=["x"]), "channels has 'x'; write sm.Channel(...)"),  # type: ignore[list-item]
        (lambda: Declaration("a", channels=Channel("x")), "must be a list of sm.Channel(...)"),  # type: ignore[arg-type]
        (lambda: Declaration("a", metrics="rmse"), "must be a list of sm.Metric(...)"),  # type: ignore[arg-type]
        (
            lambda: Declaration("a", on_stop="RAISE"),  # type: ignore[arg-type]
            "on_stop is one of sm.OnStop.COOPERATE, sm.OnStop.RAISE, not 'RAISE'",
        ),
        (
            lambda: Declaration("a", unknown_hyperparameters="warn"),  # type: ignore[arg-type]
            "unknown_hyperparameters is one of sm.UnknownPolicy.REFUSE, ",
        ),
        (
            lambda: Declaration("a", checkpoints=3),  # type: ignore[arg-type]
            "checkpoints is a sm.CheckpointPolicy(...), not 3",
        ),
        (
            lambda: Declaration("a", memory=Enforcement.WATCH),  # type: ignore[arg-type]
            "memory is a sm.MemoryPolicy(...), not <Enforcement.WATCH: 'watch'>",
        ),
        (
            lambda: MemoryPolicy("watch"),  # type: ignore[arg-type]
            "MemoryPolicy: enforcement is one of sm.Enforcement.ADVISE, ",
        ),
        (
            lambda: CheckpointPolicy(saved_by="each"),  # type: ignore[arg-type]
            "CheckpointPolicy: saved_by is one of sm.SavedBy.FIRST_HOST, sm.SavedBy.EACH_HOST, not",
        ),
        (lambda: Channel("../x"), "A-Z a-z"),
        (lambda: Channel(".."), "A-Z a-z"),
        (lambda: Channel("x", modes=["Tape"]), "modes has 'Tape'; use File, Pipe, FastFile"),
        (lambda: Channel("x", modes=[]), "at least one"),
        (lambda: Channel("x", modes="File"), "modes must be a list"),
        (lambda: Channel("x", content_types="text/csv"), "content_types must be a list"),
        (lambda: Channel("x", compression=["Zip"]), "compression has 'Zip'; use None, Gzip"),
        (lambda: Metric(""), "1 to 255 characters"),
        (lambda: Metric("a\u2028b"), "no end of a line"),
        (lambda: Metric("a\rb"), "no end of a line"),
        (lambda: Metric("x", regex="(.)\u0085"), "no end of a line"),
        (lambda: Metric("x", goal="Less"), "Minimize, Maximize"),
        (lambda: Metric("x", regex="loss=.*"), "needs a group"),
        (lambda: Metric("x", regex="("), "not a regular expression"),
        (lambda: Metric("x", regex="(" + "x" * 500 + ")"), "1 to 500 characters"),
    ],
)
def test_declarations_that_cannot_be(make: Callable[[], object], fault: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(fault)):
        make()


def test_content_types_are_compared_without_their_parameters() -> None:
    channel = Channel("train", ["text/csv", "application/x-recordio; v=1"])
    assert channel.accepts("text/csv; label_size=0")
    assert channel.accepts("Application/x-recordio")
    assert not channel.accepts("text/libsvm")
    assert Channel("any").accepts("whatever")


def test_the_metric_definitions() -> None:
    declaration = Declaration("a", metrics=[Metric("x"), Metric("y", regex="y=(.*)")])
    x, y = declaration.metric_definitions
    assert x.name == "x"
    assert (y.name, y.regex) == ("y", "y=(.*)")
