"""Each fuzzer of this folder for a minute: no crash, no hang, no memory without bound.

atheris lives in a venv of its own under build/, and what a run finds worth keeping in build/fuzz/,
so that the next goes on from there.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.rivals import ROOT, python_with

HERE = Path(__file__).parent
FUZZERS = sorted(path.stem for path in HERE.glob("fuzz_*.py"))
SECONDS = 60
REQUIREMENTS = "atheris==3.0.0", "numpy", "msgpack", "protobuf", "pyarrow"
# atheris 3.0.0 keeps what every comparison of arrays gave, some 10 MB a second.
LIMITS = [f"-max_total_time={SECONDS}", "-max_len=4000", "-timeout=20", "-rss_limit_mb=4000"]


@pytest.mark.long
@pytest.mark.parametrize("fuzzer", FUZZERS)
def test_nothing_is_found(fuzzer: str) -> None:
    python = python_with(*REQUIREMENTS)
    corpus = ROOT / "build" / "fuzz" / fuzzer
    corpus.mkdir(parents=True, exist_ok=True)

    done = subprocess.run(
        [python, HERE / f"{fuzzer}.py", corpus, *LIMITS, f"-artifact_prefix={corpus.parent}/"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    assert done.returncode == 0, done.stdout[-6000:]
    assert "Done " in done.stdout
