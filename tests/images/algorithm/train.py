"""Does what its hyperparameters say, and leaves in the model what it saw: no library needed."""

import json
import os
import signal
import sys
import time
from pathlib import Path

ML = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def main() -> int:
    given = json.loads((ML / "input/config/hyperparameters.json").read_text())
    stopped = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))
    data = ML / "input/data"
    seen = {
        "hyperparameters": given,
        "environment": dict(os.environ),
        "arguments": sys.argv[1:],
        "files": sorted(str(f.relative_to(data)) for f in data.rglob("*") if f.is_file()),
        "uid": os.getuid(),
    }
    (ML / "model" / "seen.json").write_text(json.dumps(seen))
    (ML / "output/data" / "notes.txt").write_text("written by the algorithm\n")
    print("train-loss=0.25;", flush=True)
    print("on stderr", file=sys.stderr, flush=True)
    end = time.monotonic() + float(given.get("seconds", "0"))
    while time.monotonic() < end and not stopped:
        time.sleep(0.02)
    if stopped:
        (ML / "model" / "stopped").write_text("by SIGTERM\n")
    if "failure" in given:
        (ML / "output" / "failure").write_text(given["failure"])
    if "megabytes" in given:
        held = [b"\1" * (1 << 20) for _ in range(int(given["megabytes"]))]
        print(f"holds {len(held)} MB", flush=True)
    return int(given.get("exit_code", "0"))


if __name__ == "__main__":
    sys.exit(main())
