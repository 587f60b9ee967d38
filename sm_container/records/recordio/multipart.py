"""The two ways to cut a record into parts, which the bytes of a part alone do not tell apart."""

from __future__ import annotations

from enum import Enum


class Multipart(Enum):
    """What stands between the parts of a record that was cut into several frames."""

    DMLC = "dmlc"
    """The magic word: a payload was cut wherever it stood, and it is put back between the parts.
    The way of the MXNet (dmlc) writer and reader."""
    CONCAT = "concat"
    """Nothing: a long record was cut into parts of any length. The way of the service's own
    readers, the TensorFlow Pipe-mode extension and ML-IO."""
