"""Programs under ``sm-train`` that use up a small budget for real."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent, indent

from tests.runtime.processes import Tree

PROGRAM = """
import os, signal, sys, threading, time
import sm_container as sm
from sm_container.machine.memory import MemoryBound
from sm_container.runtime.memory.budget import Memory
from sm_container.runtime.memory.enforcing import enforced

MIB = 1 << 20
looks = []  # what the watch has seen in use

class Bound(MemoryBound):
    def used(self):
        used = super().used()
        if threading.current_thread().name == "memory watch":
            looks.append(used)
        return used

bound = Bound(MemoryBound(0).used() + {room} * MIB)
memory = Memory(bound)
stop = sm.Stop()
blocks, asked = [], []

def say(*words):
    print(*words, flush=True)

def grow(until):
    while memory.used < until:
        blocks.append(b"x" * (8 * MIB))

def await_look(holds):
    seen = len(looks)
    while not any(map(holds, looks[seen:])):
        time.sleep(0.005)

with enforced(
    memory,
    sm.MemoryPolicy(sm.Enforcement.{policy}, soft={soft}, hard={hard}),
    sm.Layout.from_environment().failure,
    lambda: asked.append(1) or stop.is_deferred,
):
{body}
"""


def run(
    tree: Tree, body: str, policy: str, room: int = 300, soft: float = 0.99, hard: float = 1.0
) -> subprocess.CompletedProcess[bytes]:
    text = PROGRAM.format(
        room=room, policy=policy, soft=soft, hard=hard, body=indent(dedent(body), "    ")
    )
    path = tree.write_code("train.py", text)
    return tree.run("--", sys.executable, str(path))
