"""Keys that could leave the channel's folder, or can be no file there, never reach a disk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sm_container.harness.inputs.errors import Answer, InputError
from sm_container.harness.inputs.plan import plan_channels
from sm_container.storage.store import Stores
from tests.harness.inputs.conftest import ROLE, channel
from tests.storage.servers import FaultyServer

KEYS = {
    "../../x": "a part '..'",
    "a/../../x": "a part '..'",
    "./a": "a part '.'",
    "/a": "an illegal char sub-sequence '//'",
    "a//b": "an illegal char sub-sequence '//'",
    "a/data/": "no file name at its end",
    "a/" + "n" * 256: "a name of 256 bytes",
    "n" * 256 + "/a": "a name of 256 bytes",
}


@pytest.mark.parametrize("mode", ["File", "FastFile"])
@pytest.mark.parametrize("key", KEYS, ids=ascii)
def test_a_key_of_a_server_is_refused_in_modes_that_have_files(
    server: FaultyServer, key: str, mode: str
) -> None:
    server.objects.update({key: b"data", "good": b"data"})
    request = replace(channel("s3://bucket/"), input_mode=mode)
    with pytest.raises(InputError) as caught:
        plan_channels([request], Stores().open, ("algo-1",), region="us-west-2", role_arn=ROLE)
    [fault] = caught.value.faults
    assert fault.answer is Answer.FAILED
    said = f"Failed to download data. S3 key: s3://bucket/{key} has {KEYS[key]}"
    assert fault.sentence.startswith(said)
