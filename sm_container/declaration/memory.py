"""What an author says of memory: how much stays with the system, and what keeps training below."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sm_container.declaration.errors import DeclarationError, require
from sm_container.machine.reservation import Reservation


class Enforcement(Enum):
    """What keeps an algorithm within its memory."""

    ADVISE = "advise"
    """Nothing: ``job.memory`` says how much there is, and refuses what ``reserve`` is asked for."""
    WATCH = "watch"
    """A thread looks a few times a second. At the soft mark it has the callbacks called, at the
    hard one MemoryBudgetError raised in the main thread."""
    RLIMIT = "rlimit"
    """RLIMIT_DATA is the budget: an allocation that does not fit fails, in each process by
    itself."""


@dataclass(frozen=True)
class MemoryPolicy:
    """How memory is kept.

    ``reserve`` stays with the system's processes: bytes, ``"512m"`` or ``"5%"``; None for the
    default. The marks ``soft`` and ``hard`` of WATCH are shares of the rest, the budget.
    """

    enforcement: Enforcement = Enforcement.ADVISE
    reserve: int | str | None = None
    soft: float = 0.85
    hard: float = 0.95

    def __post_init__(self) -> None:
        require(Enforcement, "MemoryPolicy: enforcement", self.enforcement)
        if not 0 < self.soft <= self.hard <= 1:
            raise DeclarationError(
                f"MemoryPolicy: the marks must be 0 < soft <= hard <= 1, not {self.soft} and "
                f"{self.hard}"
            )
        _ = self.reservation

    @property
    def reservation(self) -> Reservation | None:
        """``reserve`` as an amount; None where nothing is said."""
        if self.reserve is None:
            return None
        try:
            return Reservation.parse(str(self.reserve))
        except ValueError as error:
            raise DeclarationError(f"MemoryPolicy: reserve: {error}") from None


DEFAULT_MEMORY_POLICY = MemoryPolicy()
