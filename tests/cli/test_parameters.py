"""Values that click has no type for."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.cli.group import sm_container
from sm_container.cli.parameters import complete_jobs, credentials, duration, region, size


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("1", 1), ("4g", 4 << 30), ("512M", 512 << 20), (" 3KiB ", 3 << 10), ("1tb", 1 << 40)],
)
def test_size(text: str, bytes_: int) -> None:
    assert size(text) == bytes_


@pytest.mark.parametrize("text", ["", "0", "-1", "4x", "1.5g", "g", "1 g", "٣g"])
def test_no_size(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 4g, 512m"):
        size(text)


@given(st.text())
def test_any_text_is_a_size_or_refused(text: str) -> None:
    try:
        assert size(text) > 0
    except click.BadParameter:
        return


def test_duration() -> None:
    assert duration("15m") == 900
    with pytest.raises(click.BadParameter, match="write 900, 90s"):
        duration("soon")


def test_region() -> None:
    assert region("us-gov-west-1") == "us-gov-west-1"
    for text in ("", "x y", "us-east", "us-east-1/x", "US-EAST-1", "us-east-1\n"):
        with pytest.raises(click.BadParameter, match="write one such as us-east-1"):
            region(text)


def test_credentials() -> None:
    assert credentials("profile=my team") == "profile=my team"
    for text in ("", "all", "profile=", "profile"):
        with pytest.raises(click.BadParameter):
            credentials(text)


def test_jobs_are_completed(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run("run", desk.program("algorithm", "true"), "--name", "first")
    monkeypatch.setenv("SM_CONTAINER_HOME", str(desk.home))
    context = click.Context(sm_container)

    found = complete_jobs(context, click.Argument(["job"]), "fi")
    none = complete_jobs(context, click.Argument(["job"]), "second")

    assert [(each.value, each.help) for each in found] == [("first", "Completed")]
    assert none == []
