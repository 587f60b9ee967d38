"""Amounts of memory as they are written."""

from __future__ import annotations

import pytest

from sm_container.machine.reservation import Reservation, system_reservation


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0),
        ("1000", 1000),
        ("512m", 512 << 20),
        ("1.5 GiB", 3 << 29),
        ("2GB", 2 << 30),
        ("5%", 500),
        ("2.5 %", 250),
        ("100%", 10_000),
    ],
)
def test_what_is_written_of_10000_bytes(text: str, amount: int) -> None:
    assert Reservation.parse(text).of(10_000) == amount


@pytest.mark.parametrize("text", ["", "much", "-1", "5x", "101%", "1e9", "5%%", "0x10"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="write bytes, 512m, 2g or 5%"):
        Reservation.parse(text)


@pytest.mark.parametrize(("gibibytes", "mebibytes"), [(1, 512), (8, 512), (64, 3276)])
def test_what_the_system_keeps_where_nobody_has_said(gibibytes: int, mebibytes: int) -> None:
    assert system_reservation(gibibytes << 30) >> 20 == mebibytes
