"""Which of a channel's entries a host gets in an epoch, and in which order.

Without ShuffleConfig that is the order of the listing, at every epoch. With it, the entries (keys,
manifest entries, lines) are put into a new order at each epoch's start, the same on all hosts, and
only then dealt out, so that what a host gets changes too. The service's own generator is not
documented: the order here is one of the many that it could give, and no forecast of it.

Source: CreateTrainingJob, ShuffleConfig and S3DataDistributionType.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """One host's part: every ``of``-th entry from the one at ``index``, after a shuffle if there
    is a ``seed``. A host that gets everything is number 0 of 1.
    """

    index: int = 0
    of: int = 1
    seed: int | None = None

    def entries(self, count: int, epoch: int = 0) -> Sequence[int]:
        """The places in the listing of the host's entries, in order; of ``count``, from 0."""
        order = range(count) if self.seed is None else shuffled(count, self.seed, epoch)
        return order[self.index :: self.of]


def shuffled(count: int, seed: int, epoch: int) -> Sequence[int]:
    """The numbers from 0 to ``count`` in an order that depends on these three alone.

    They are sorted by the SHA-256 of the text ``SEED EPOCH NUMBER`` in decimal, so that any
    language gives the same order; two channels with as many entries and one seed stay in step.
    """
    start = hashlib.sha256(f"{seed} {epoch} ".encode())

    def rank(number: int) -> bytes:
        digest = start.copy()
        digest.update(b"%d" % number)
        return digest.digest()

    return sorted(range(count), key=rank)
