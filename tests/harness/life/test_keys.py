"""Objects of strange names come to the program as they are, in every mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sm_container.harness.job.status import JobStatus
from tests.harness.life.test_feeding import channel, nothing_left

KEYS = [
    *("a", "A", "folder/x", "Folder/x", "FOLDER/X"),  # in case only
    *("-rf", "a b;$(touch c)", "quote'\"", "new\nline", "back\\slash", "..b", "...", "%2e%2e"),
    "ü" * 127 + "x",  # 255 bytes
    "d/" * 509 + "x",  # as deep as a key may be, with its prefix 1024 bytes
]
PROGRAM = """
exec python3 - <<"END"
import json, os, sys
found = {}
for mode in ("File", "FastFile"):
    root = "/opt/ml/input/data/" + mode
    found[mode] = {
        os.path.relpath(os.path.join(folder, name), root): open(os.path.join(folder, name)).read()
        for folder, _, names in os.walk(root)
        for name in names
    }
found["Pipe"] = open("/opt/ml/input/data/Pipe_0").read()
print(json.dumps(found))
END
"""


@pytest.mark.parametrize("simulated", [False, True], ids=["as it is", "behind a link"])
def test_strange_keys_are_names_like_others(desk: Any, simulated: bool) -> None:
    root: Path = desk.folder / "s3"
    for key in KEYS:
        path = root / "bucket" / "data" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<{key}>")
    request = desk.document(
        InputDataConfig=[
            channel(mode, "s3://bucket/data/", mode) for mode in ("File", "FastFile", "Pipe")
        ]
    )
    options = {"s3_latency_ms": 1.0} if simulated else {}
    record = desk.run(PROGRAM, request, s3_root=str(root), **options)

    assert record.status is JobStatus.COMPLETED, record
    found = json.loads(desk.job().log("algo-1").read_text())
    expected = {key: f"<{key}>" for key in KEYS}
    assert found["File"] == found["FastFile"] == expected
    in_order = sorted(KEYS, key=str.encode)
    assert found["Pipe"] == "".join(f"<{key}>" for key in in_order)
    nothing_left(desk, record)
