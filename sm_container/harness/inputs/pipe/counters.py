"""What a channel's feeder has done so far, and what it waited for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class PipeCounters:
    """Written by the channel's own thread, read by any.

    ``sent`` is in bytes. An epoch is begun when its reader has come, and finished when all of it
    was written; one that its reader left early stays unfinished. Of the ``seconds`` in which an
    epoch had a reader, the feeder stood before a full pipe for ``blocked`` (the algorithm was
    busy), and the pipe was empty for ``starved`` (the algorithm had to wait, if it was reading).
    """

    sent: int = 0
    begun: int = 0
    finished: int = 0
    seconds: float = 0.0
    blocked: float = 0.0
    starved: float = 0.0
