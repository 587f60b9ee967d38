"""What can be declared of memory."""

from __future__ import annotations

import pytest

import sm_container as sm


def test_the_default_advises() -> None:
    policy = sm.Algorithm("any").declaration.memory
    assert (policy.enforcement, policy.reservation) == (sm.Enforcement.ADVISE, None)


@pytest.mark.parametrize(("soft", "hard"), [(0, 0.5), (0.9, 0.8), (0.5, 1.1)])
def test_marks_that_cannot_be(soft: float, hard: float) -> None:
    with pytest.raises(sm.DeclarationError, match="the marks must be 0 < soft <= hard <= 1"):
        sm.MemoryPolicy(soft=soft, hard=hard)


@pytest.mark.parametrize("reserve", [-1, "lots"])
def test_a_reserve_that_is_no_amount(reserve: int | str) -> None:
    with pytest.raises(sm.DeclarationError, match="write bytes, 512m, 2g or 5%"):
        sm.MemoryPolicy(reserve=reserve)
