"""The order and the shares of entries, epoch by epoch."""

from __future__ import annotations

import pytest

from sm_container.harness.inputs.order import Share, shuffled


def test_without_a_seed_every_epoch_is_in_the_order_of_the_listing() -> None:
    assert [list(Share().entries(4, epoch)) for epoch in range(3)] == [[0, 1, 2, 3]] * 3
    assert list(Share(1, 3).entries(8, 5)) == [1, 4, 7]
    assert list(Share(2, 3).entries(2)) == []


def test_the_order_is_this_one_for_ever_and_in_any_language() -> None:
    """Sorted by the SHA-256 of "SEED EPOCH NUMBER"."""
    assert list(shuffled(8, 7, 0)) == EPOCH_0
    assert list(shuffled(8, 7, 1)) == EPOCH_1
    assert list(shuffled(8, -7, 0)) == NEGATIVE


EPOCH_0 = [0, 6, 5, 7, 2, 4, 3, 1]
EPOCH_1 = [7, 0, 6, 1, 4, 5, 3, 2]
NEGATIVE = [6, 0, 3, 5, 7, 2, 4, 1]


@pytest.mark.parametrize("epoch", [0, 1, 2])
@pytest.mark.parametrize("hosts", [1, 2, 3, 7])
def test_the_hosts_shares_are_all_and_apart(hosts: int, epoch: int) -> None:
    shares = [list(Share(index, hosts, 11).entries(20, epoch)) for index in range(hosts)]
    assert sorted(number for share in shares for number in share) == list(range(20))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_content_moves_between_hosts_from_one_epoch_to_the_next() -> None:
    first, second = (set(Share(0, 2, 11).entries(100, epoch)) for epoch in (0, 1))
    assert first - second
    assert second - first


def test_channels_with_one_seed_stay_in_step() -> None:
    assert Share(seed=5).entries(9, 3) == Share(seed=5).entries(9, 3)
    assert Share(seed=5).entries(9, 3) != Share(seed=6).entries(9, 3)
