from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from sm_container.harness.inputs.errors import Answer, InputError
from sm_container.harness.inputs.plan import ChannelPlan, plan_channels
from sm_container.harness.request.training_request import ChannelRequest
from sm_container.storage.s3 import S3Store
from sm_container.storage.store import Stores
from tests.harness.inputs.conftest import ROLE, Planned, channel, write
from tests.storage.servers import FaultyServer

HOSTS = ("algo-1", "algo-2", "algo-3")


def paths(plan: ChannelPlan, host: str = "algo-1") -> list[str]:
    return [item.path for item in plan.share(host)]


def sentences(planned: Planned, request: ChannelRequest) -> list[str]:
    with pytest.raises(InputError) as caught:
        planned(request)
    assert "\n" not in str(caught.value)
    return [fault.sentence for fault in caught.value.faults]


def test_a_prefix_is_literal(planned: Planned, s3_root: Path) -> None:
    write(s3_root / "bucket/data", "train-data.csv", "train/a", "train/b/c", "other")
    plan = planned(channel("s3://bucket/data/train"))
    assert paths(plan) == ["train-data.csv", "a", "b/c"]
    assert plan.prefix == "data/train"
    assert [item.object.uri for item in plan.objects] == [
        "s3://bucket/data/train-data.csv",
        "s3://bucket/data/train/a",
        "s3://bucket/data/train/b/c",
    ]
    assert plan.size("algo-1") == len("train-data.csvtrain/atrain/b/c")
    assert plan.notes == ()


def test_a_path_is_a_file_or_a_folder_and_no_prefix(planned: Planned, tmp_path: Path) -> None:
    write(tmp_path, "train/a", "train/b/c", "train-data.csv", "train.csv")
    for uri in (tmp_path / "train", f"{tmp_path}/train/", f"file://{tmp_path}/train"):
        plan = planned(channel(uri))
        assert paths(plan) == ["a", "b/c"]
        assert plan.prefix == f"{tmp_path}/train/"[1:]
    assert paths(planned(channel(tmp_path / "train.csv"))) == ["train.csv"]
    for uri in (tmp_path / "tra", f"{tmp_path}/train.csv/", tmp_path / "nowhere"):
        assert sentences(planned, channel(uri)) == [
            f'No files found under "{uri}". Please ensure that the path exists.'
        ]


def test_what_is_there_and_names_no_file_is_told_so(planned: Planned, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    manifest = tmp_path / "manifest"
    manifest.write_text(json.dumps([{"prefix": f"{tmp_path}/"}]))
    assert sentences(planned, channel(tmp_path / "empty")) == [
        f'No files found under "{tmp_path}/empty": the folder has no files.'
    ]
    assert sentences(planned, channel(manifest, data_type="ManifestFile")) == [
        f'No files found by "{manifest}": it names none.'
    ]


def test_no_object_is_refused_in_the_services_words(planned: Planned) -> None:
    expected = (
        'No S3 objects found under S3 URL "s3://{0}/a" given in input data source. Please ensure '
        "that the bucket exists in the selected region (us-west-2), that objects exist under "
        f'that S3 prefix, and that the role "{ROLE}" has "s3:ListBucket" permissions on bucket '
        '"{0}".'
    )
    for bucket in ("bucket", "no-such-bucket"):
        with pytest.raises(InputError) as caught:
            planned(channel(f"s3://{bucket}/a"))
        (fault,) = caught.value.faults
        assert fault.sentence == expected.format(bucket)
        assert fault.answer is Answer.REFUSED


def test_folder_markers_are_no_objects(planned: Planned, server: FaultyServer) -> None:
    server.objects.update({"a/": b"", "a/b/": b"", "a/b/c": b"c", "a/d/": b""})
    store = S3Store("bucket")
    plan = planned_on(store, channel("s3://bucket/a"))
    assert paths(plan) == ["b/c"]


def planned_on(store: S3Store, request: ChannelRequest, *hosts: str) -> ChannelPlan:
    (plan,) = plan_channels(
        [request], Stores().open, hosts or ("algo-1",), region="us-west-2", role_arn=ROLE
    )
    return plan


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("a//b", "has an illegal char sub-sequence '//' in it"),
        ("a/../../x", "has a part '..', which would lead out of the folder"),
        ("a/./x", "has a part '.', which would lead out of the folder"),
        ("a/" + "n" * 256, "has a name of 256 bytes in it; a file's name has at most 255"),
        ("a/data/", "has no file name at its end, but holds data"),
    ],
)
def test_a_key_that_can_land_nowhere_fails_the_download(
    server: FaultyServer, key: str, fault: str
) -> None:
    server.objects.update({key: b"data", "a/good": b"data"})
    with pytest.raises(InputError) as caught:
        planned_on(S3Store("bucket"), channel("s3://bucket/a"))
    assert str(caught.value) == (
        "channel 'train': ClientError: Data download failed:Failed to download data. "
        f"S3 key: s3://bucket/{key} {fault}"
    )


def test_many_faults_are_shortened(server: FaultyServer) -> None:
    server.objects.update({f"a//{number:04}": b"data" for number in range(500)})
    with pytest.raises(InputError) as caught:
        planned_on(S3Store("bucket"), channel("s3://bucket/a"))
    assert len(caught.value.faults) == 11
    assert caught.value.faults[-1].sentence == "and 490 more like these"


def test_a_folder_shadows_an_object_of_its_name(server: FaultyServer) -> None:
    server.objects.update({"p/a": b"shadowed", "p/a-b": b"", "p/a/b": b"", "p/a/b/c": b""})
    plan = planned_on(S3Store("bucket"), channel("s3://bucket/p/"))
    assert paths(plan) == ["a-b", "a/b/c"]
    assert [note.split(" was left out")[0] for note in plan.notes] == [
        "s3://bucket/p/a",
        "s3://bucket/p/a/b",
    ]


def test_two_objects_at_one_path_are_a_fault(planned: Planned, s3_root: Path) -> None:
    write(s3_root / "bucket", "data/train/train-1", "data/train-1")
    (said,) = sentences(planned, channel("s3://bucket/data/train"))
    assert "s3://bucket/data/train-1 and s3://bucket/data/train/train-1 both land at" in said
    assert "end the prefix with a slash" in said


def test_shards_are_every_nth_key_in_binary_order(planned: Planned, s3_root: Path) -> None:
    keys = [f"a/{number}" for number in range(20)] + ["a/ü", "a/Z", "a/-"]
    write(s3_root / "bucket", *keys)
    plan = planned(channel("s3://bucket/a", distribution="ShardedByS3Key"), *HOSTS)
    in_order = [key.removeprefix("a/") for key in sorted(keys, key=str.encode)]
    for index, host in enumerate(HOSTS):
        assert paths(plan, host) == in_order[index::3]
    assert sum(plan.size(host) for host in HOSTS) == sum(len(key.encode()) for key in keys)
    assert len(plan.objects) == 23
    replicated = planned(channel("s3://bucket/a"), *HOSTS)
    assert all(paths(replicated, host) == in_order for host in HOSTS)


def test_fewer_objects_than_hosts_leave_some_without(planned: Planned, s3_root: Path) -> None:
    write(s3_root / "bucket", "a/1", "a/2")
    plan = planned(channel("s3://bucket/a", distribution="ShardedByS3Key"), *HOSTS)
    assert [paths(plan, host) for host in HOSTS] == [["1"], ["2"], []]
    assert "2 objects for 3 hosts" in plan.notes[0]


def test_a_sample_is_the_first_objects(planned: Planned, s3_root: Path) -> None:
    write(s3_root / "bucket", *(f"a/{number:03}" for number in range(100)))
    plan = planned(channel("s3://bucket/a"), sample=3)
    assert paths(plan) == ["000", "001", "002"]
    assert plan.notes == ("channel 'train': a sample, of the first 3 objects",)
    assert planned(channel("s3://bucket/a"), sample=1000).notes == ()


def test_what_is_left_out_of_a_folder_is_noted(planned: Planned, tmp_path: Path) -> None:
    write(tmp_path, "train/a")
    os.mkfifo(tmp_path / "train/fifo")
    plan = planned(channel(tmp_path / "train"))
    assert paths(plan) == ["a"]
    assert "fifo was left out: it is neither a file nor a folder" in plan.notes[0]


def test_a_file_name_that_is_not_utf8_is_refused(planned: Planned, tmp_path: Path) -> None:
    Path(os.fsdecode(bytes(tmp_path) + b"/\xff.csv")).write_text("x")
    (said,) = sentences(planned, channel(tmp_path))
    assert "not UTF-8" in said


class TestManifest:
    def manifest(self, s3_root: Path, *elements: object) -> ChannelRequest:
        (s3_root / "bucket/m").write_text(json.dumps(elements))
        return channel("s3://bucket/m", data_type="ManifestFile")

    def test_its_paths_are_where_objects_land(self, planned: Planned, s3_root: Path) -> None:
        write(s3_root / "bucket/some/prefix", "b/2", "a", "not-named")
        request = self.manifest(s3_root, {"prefix": "s3://bucket/some/prefix/"}, "b/2", "a")
        plan = planned(request)
        assert paths(plan) == ["a", "b/2"]
        assert plan.prefix == "some/prefix/"
        assert plan.objects[1].object.uri == "s3://bucket/some/prefix/b/2"

    def test_prefix_and_path_are_put_together_as_they_are(
        self, planned: Planned, s3_root: Path
    ) -> None:
        write(s3_root / "bucket", "some/pre-1", "some/pre/2")
        plan = planned(self.manifest(s3_root, {"prefix": "s3://bucket/some/pre"}, "-1", "/2"))
        assert paths(plan) == ["-1", "2"]

    def test_it_is_sharded_and_sampled_by_key(self, planned: Planned, s3_root: Path) -> None:
        write(s3_root / "bucket/p", *"dcba")
        self.manifest(s3_root, {"prefix": "s3://bucket/p/"}, *"dcba")
        request = channel("s3://bucket/m", data_type="ManifestFile", distribution="ShardedByS3Key")
        plan = planned(request, *HOSTS)
        assert [paths(plan, host) for host in HOSTS] == [["a", "d"], ["b"], ["c"]]
        assert paths(planned(request, sample=2)) == ["a", "b"]

    def test_an_object_named_twice_is_taken_once(self, planned: Planned, s3_root: Path) -> None:
        write(s3_root / "bucket/p", "a")
        plan = planned(self.manifest(s3_root, {"prefix": "s3://bucket/p/"}, "a", "a"))
        assert paths(plan) == ["a"]
        assert "more than once" in plan.notes[0]

    @pytest.mark.parametrize("path", ["../secret", "a/../../../secret", "./a", "b//c", "n" * 256])
    def test_no_path_leaves_the_folder(self, planned: Planned, s3_root: Path, path: str) -> None:
        write(s3_root, "secret")
        write(s3_root / "bucket/p", "a")
        (said,) = sentences(
            planned, self.manifest(s3_root, {"prefix": "s3://bucket/p/"}, "a", path)
        )
        assert said.startswith(f"Failed to download data. S3 key: s3://bucket/p/{path} has ")

    def test_objects_that_are_missing_are_all_named(self, planned: Planned, s3_root: Path) -> None:
        write(s3_root / "bucket/p", "a")
        said = sentences(
            planned, self.manifest(s3_root, {"prefix": "s3://bucket/p/"}, "a", "b", "c")
        )
        assert [sentence.split(", which")[0] for sentence in said] == [
            "Failed to download data. There is no object s3://bucket/p/b",
            "Failed to download data. There is no object s3://bucket/p/c",
        ]

    def test_its_own_faults_are_said(self, planned: Planned, s3_root: Path) -> None:
        (said,) = sentences(planned, self.manifest(s3_root, "a", "b"))
        assert "s3://bucket/m" in said
        nowhere = channel("s3://bucket/nowhere", data_type="ManifestFile")
        assert sentences(planned, nowhere) == ["there is no manifest s3://bucket/nowhere"]
        (said,) = sentences(planned, self.manifest(s3_root, {"prefix": "s3://bucket/p/"}))
        assert said.startswith("No S3 objects found")

    def test_its_objects_are_looked_up_on_a_server(self, server: FaultyServer) -> None:
        server.objects.update({f"p/{number:03}": b"data" for number in range(200)})
        names = [f"{number:03}" for number in range(200)]
        manifest = [{"prefix": "s3://bucket/p/"}, *names]
        server.objects["m"] = json.dumps(manifest).encode()
        plan = planned_on(S3Store("bucket"), channel("s3://bucket/m", data_type="ManifestFile"))
        assert paths(plan) == names


def test_the_faults_of_all_channels_come_together(s3_root: Path) -> None:
    write(s3_root / "bucket", "a/b")
    requests = [
        channel("s3://bucket/a", "good"),
        channel("s3://bucket/none", "empty"),
        channel("s3://bucket/a", ".."),
        channel("gs://bucket/a", "strange"),
        channel("s3://bucket/a", "good-manifest"),
    ]
    with pytest.raises(InputError) as caught:
        plan_channels(
            requests, Stores(s3_root).open, ("algo-1",), region="us-west-2", role_arn=ROLE
        )
    assert [fault.channel for fault in caught.value.faults] == [
        "empty",
        "..",
        "strange",
        "good-manifest",
    ]
    assert "manifest of channel 'good'" in str(caught.value)


def test_a_shuffle_of_files_is_noted(planned: Planned, s3_root: Path) -> None:
    write(s3_root / "bucket", "a/b")
    source = channel("s3://bucket/a").source
    plan = planned(ChannelRequest("train", source, shuffle_seed=1))
    assert "ShuffleConfig" in plan.notes[0]


def piped(request: ChannelRequest) -> ChannelRequest:
    return replace(request, input_mode="Pipe")


def test_a_stream_takes_what_could_not_be_files_together(server: FaultyServer) -> None:
    server.objects.update({"p/a": b"1", "p/a/b": b"2", "p/p/a": b"3"})
    plan = planned_on(S3Store("bucket"), piped(channel("s3://bucket/p")))
    assert [item.object.key for item in plan.share("algo-1")] == ["p/a", "p/a/b", "p/p/a"]
    assert plan.notes == ()


def test_a_shuffle_moves_content_between_hosts_in_pipe_mode_alone(
    planned: Planned, s3_root: Path
) -> None:
    write(s3_root / "bucket", *(f"a/{number:02}" for number in range(20)))
    request = replace(
        channel("s3://bucket/a/", distribution="ShardedByS3Key"), shuffle_seed=3, input_mode="Pipe"
    )
    plan = planned(request, "algo-1", "algo-2")
    shares = [set(plan.share_of("algo-1").entries(20, epoch)) for epoch in range(2)]
    assert shares[0] == set(plan.places("algo-1"))
    assert shares[0] != shares[1]
    assert set(plan.share_of("algo-2").entries(20, 1)) == set(range(20)) - shares[1]
    assert plan.notes == ()
    files = planned(replace(request, input_mode="File"), "algo-1", "algo-2")
    assert paths(files) == [f"{number:02}" for number in range(0, 20, 2)]


def test_a_folder_where_a_fifo_stands_is_refused(s3_root: Path) -> None:
    write(s3_root / "bucket", "a/b")
    requests = [piped(channel("s3://bucket/a", "train"))]
    requests += [channel("s3://bucket/a", name) for name in ("train_3", "train_x", "other_3")]
    with pytest.raises(InputError) as caught:
        plan_channels(
            requests, Stores(s3_root).open, ("algo-1",), region="us-west-2", role_arn=ROLE
        )
    assert [fault.channel for fault in caught.value.faults] == ["train_3"]
    assert "a FIFO of channel 'train'" in str(caught.value)
