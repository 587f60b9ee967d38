"""The error of memory that runs short."""

from __future__ import annotations

WHAT_TO_DO = (
    "ask for an instance type with more memory, or use less at a time: smaller batches, fewer "
    "workers, fewer columns"
)


class MemoryBudgetError(MemoryError):
    """More memory is wanted than the algorithm may use. The text says how much there is, what is
    used, and what to change."""
