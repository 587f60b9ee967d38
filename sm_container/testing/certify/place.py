"""A home of a battery's own below the user's: its jobs are listed nowhere and deleted in the end.

It is locked for as long as the battery lives: one that is not is what a killed battery left.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sm_container.harness.life.recovery import recover
from sm_container.harness.store.deletion import make_deletable
from sm_container.harness.store.home import Home
from sm_container.harness.store.lock import lock, locked

_KEPT = "kept-"
