"""AugmentedManifestFile: lines into values, and every way in which a line can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sm_container.harness.inputs.errors import InputError
from sm_container.harness.inputs.plan import ChannelPlan
from sm_container.harness.request.training_request import ChannelRequest, S3Source
from sm_container.storage.objects import Object
from sm_container.storage.s3 import S3Store
from sm_container.storage.store import Stores
from tests.harness.inputs.conftest import Planned, write
from tests.storage.servers import FaultyServer

LINE = {"source-ref": "s3://bucket/images/a", "class": "1", "box": {"x": [1, 2.5]}, "more": 0}


def manifest(path: Path, *lines: object) -> None:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
    path.write_text("".join(f"{text}\n" for text in texts))


def request(uri: str, *attributes: str, seed: int | None = None) -> ChannelRequest:
    source = S3Source("AugmentedManifestFile", uri, attribute_names=attributes)
    return ChannelRequest("train", source, input_mode="Pipe", shuffle_seed=seed)


def shown(plan: ChannelPlan) -> list[list[str]]:
    return [
        [value.uri if isinstance(value, Object) else f"={value}" for value in line]
        for line in plan.lines
    ]


def faults(planned: Planned, *attributes: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        planned(request("s3://bucket/m", *attributes))
    return [fault.sentence for fault in caught.value.faults]


def test_the_listed_attributes_come_in_their_order(planned: Planned, s3_root: Path) -> None:
    write(s3_root / "bucket", "images/a", "images/b")
    other = LINE | {"source-ref": "s3://bucket/images/b", "class": "zwei ü", "box": None}
    manifest(s3_root / "bucket/m", LINE, "", other)
    plan = planned(request("s3://bucket/m", "box", "source-ref", "class"))
    assert shown(plan) == [
        ['={"x":[1,2.5]}', "s3://bucket/images/a", "=1"],
        ["=null", "s3://bucket/images/b", "=zwei ü"],
    ]
    assert plan.objects == ()
    assert plan.entries == plan.lines
    text = len('{"x":[1,2.5]}1nullzwei ü'.encode())
    assert plan.size("algo-1") == len("images/aimages/b") + text


def test_lines_are_shuffled_and_shared_as_wholes(planned: Planned, s3_root: Path) -> None:
    lines = [{"a": str(number), "b": str(number)} for number in range(10)]
    manifest(s3_root / "bucket/m", *lines)
    plan = planned(request("s3://bucket/m", "a", "b", seed=1), "algo-1", "algo-2")
    assert sorted(plan.share_of("algo-1").entries(len(plan.entries), 2)) == list(range(10))
    assert {first == second for first, second in plan.entries} == {True}


def test_a_sample_is_the_first_lines(planned: Planned, s3_root: Path) -> None:
    manifest(s3_root / "bucket/m", {"a": 1}, {"a": 2}, "not looked at")
    plan = planned(request("s3://bucket/m", "a"), sample=2)
    assert shown(plan) == [["=1"], ["=2"]]
    assert plan.notes == ("channel 'train': a sample, of the first 2 lines",)


def test_a_manifest_of_this_machine_may_name_its_files(planned: Planned, tmp_path: Path) -> None:
    write(tmp_path, "a", "b")
    manifest(tmp_path / "m", {"x-ref": f"{tmp_path}/a"}, {"x-ref": f"file://{tmp_path}/b"})
    plan = planned(request(f"{tmp_path}/m", "x-ref"))
    assert shown(plan) == [[f"{tmp_path}/a"], [f"{tmp_path}/b"]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a": 1', "line 2 of s3://bucket/m is not JSON: "),
        ("[" * 100_000, "line 2 of s3://bucket/m is not JSON: "),
        ("[1]", "line 2 of s3://bucket/m is not a JSON object"),
        ({"b": 1}, "line 2 of s3://bucket/m has no attribute 'a-ref', which AttributeNames lists"),
        ({"a-ref": 5}, "line 2 of s3://bucket/m has 5 as 'a-ref', which must be an S3 URI"),
        ({"a-ref": ""}, "which must be an S3 URI"),
        ({"a-ref": "gs://b/k"}, "which is no URI"),
        ({"a-ref": "s3://bucket/\ud800"}, "which is no URI"),
        ({"a-ref": "/etc/passwd"}, "has '/etc/passwd' as 'a-ref', which is not in S3"),
        ({"a-ref": "file:///etc/passwd"}, "which is not in S3"),
        (
            {"a-ref": "s3://bucket/nowhere"},
            "There is no object s3://bucket/nowhere, which line 2 of s3://bucket/m names",
        ),
    ],
)
def test_a_wrong_line_is_named(planned: Planned, s3_root: Path, line: object, said: str) -> None:
    write(s3_root / "bucket", "a")
    manifest(s3_root / "bucket/m", {"a-ref": "s3://bucket/a"}, line)
    [sentence] = faults(planned, "a-ref")
    assert said in sentence


def test_text_that_cannot_be_written_is_named(planned: Planned, s3_root: Path) -> None:
    manifest(s3_root / "bucket/m", r'{"a": "\ud800"}')
    assert faults(planned, "a") == [
        "line 1 of s3://bucket/m has half of a surrogate pair in 'a', which is no text"
    ]


def test_all_wrong_lines_come_at_once_and_many_are_counted(planned: Planned, s3_root: Path) -> None:
    manifest(s3_root / "bucket/m", *(["x"] * 25))
    said = faults(planned, "a")
    assert len(said) == 4
    assert said[-1] == "and 22 more lines like these"


def test_an_empty_or_missing_manifest_is_refused(planned: Planned, s3_root: Path) -> None:
    manifest(s3_root / "bucket/m")
    assert faults(planned, "a")[0].startswith("No S3 objects found")
    (s3_root / "bucket/m").unlink()
    assert faults(planned, "a") == ["there is no manifest s3://bucket/m"]


def test_objects_are_looked_up_once_each_on_a_server(server: FaultyServer) -> None:
    server.objects["a"] = b"12345"
    server.objects["m"] = b'{"x-ref": "s3://bucket/a"}\n' * 50
    from tests.harness.inputs.test_plan import planned_on

    plan = planned_on(S3Store("bucket"), request("s3://bucket/m", "x-ref"))
    assert plan.size("algo-1") == 250
    assert [seen.key for seen in server.seen if seen.method == "HEAD"].count("a") == 1


def test_a_store_is_asked_for_each_bucket(s3_root: Path, planned: Planned) -> None:
    write(s3_root, "bucket/a", "other/b")
    manifest(s3_root / "bucket/m", {"x-ref": "s3://other/b"}, {"x-ref": "s3://bucket/a"})
    assert shown(planned(request("s3://bucket/m", "x-ref"))) == [
        ["s3://other/b"],
        ["s3://bucket/a"],
    ]
    assert Stores(s3_root).open("s3://other/b")[1] == "b"
