"""Programs without this library, of which some have a defect that an assertion is to find."""

from __future__ import annotations

COUNTING = """
import json, os, pathlib, signal, sys, time
DEFECT = os.environ.get("DEFECT", "")
STEPS = int(os.environ.get("STEPS", "3"))
ml = pathlib.Path("/opt/ml")
file = ml / "checkpoints" / "state.json"
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
state = {"step": 0, "starts": 0}
if DEFECT != "forgetful" and file.exists():
    state = json.loads(file.read_text())
    if DEFECT == "crashing":
        sys.exit("the state cannot be read")
state["starts"] += 1
while state["step"] < STEPS:
    state["step"] += 1
    if DEFECT != "careless":
        file.write_text(json.dumps(state))
    print("step", state["step"], flush=True)
    time.sleep(0.2)
kept = state if DEFECT == "unsteady" else {"step": state["step"]}
(ml / "model" / "model.json").write_text(json.dumps(kept))
print("error:", 1 / state["step"] + state["starts"] / 1000, flush=True)
"""

READING = """
import os, pathlib
ml = pathlib.Path("/opt/ml/input/data")
mode = "Pipe" if (ml / "train_0").exists() else "files"
if mode == "Pipe":
    data = (ml / "train_0").read_bytes()
else:
    data = b"".join(p.read_bytes() for p in sorted((ml / "train").rglob("*")) if p.is_file())
if "DEFECT" in os.environ:
    data = data + mode.encode()
pathlib.Path("/opt/ml/model/seen").write_bytes(data)
print("size:", len(data))
"""
