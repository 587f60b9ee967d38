from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from sm_container.contract.layout import Layout
from sm_container.contract.manifest import ChannelManifest
from sm_container.harness.inputs.file import stage as file_module
from sm_container.harness.inputs.file.cache import ObjectCache
from sm_container.harness.inputs.file.placement import Placement
from sm_container.harness.inputs.file.stage import stage_channel
from sm_container.harness.inputs.plan import ChannelPlan, plan_channel
from sm_container.storage.errors import ObjectChangedError, StorageError
from sm_container.storage.store import Stores
from tests.harness.inputs.conftest import ROLE, Planned, channel, quiet, write
from tests.storage.servers import FaultyServer

LARGE = 20 << 20


def tree_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def cache(hostile_tmp_path: Path) -> ObjectCache:
    return ObjectCache(hostile_tmp_path / "home" / "cache")


@pytest.fixture
def plan(server: FaultyServer) -> ChannelPlan:
    """A channel of a few small objects and a large one, on a server."""
    server.objects.update({f"data/part {number}/ü": os.urandom(1000) for number in range(9)})
    server.objects["data/large"] = random.Random(0).randbytes(LARGE)
    return plan_again()


def plan_again() -> ChannelPlan:
    return plan_channel(
        channel("s3://bucket/data"),
        Stores().open,
        ("algo-1", "algo-2"),
        region="us-west-2",
        role_arn=ROLE,
    )


def expected(server: FaultyServer) -> dict[str, bytes]:
    return {key.removeprefix("data/"): body for key, body in server.objects.items()}


def gets(server: FaultyServer) -> int:
    return sum(seen.method == "GET" for seen in server.seen)


@pytest.mark.parametrize("placement", Placement)
def test_local_files_stand_in_the_tree(
    planned: Planned, s3_root: Path, layout: Layout, placement: Placement
) -> None:
    write(s3_root / "bucket/data", "a", "b/c d/ü", "b/e")
    previous = os.umask(0o077)
    try:
        plan = planned(channel("s3://bucket/data"))
        staged = stage_channel(plan, "algo-1", layout, None, placement, quiet)
    finally:
        os.umask(previous)
    assert staged.folder == layout.data / "train"
    assert (staged.objects, staged.size) == (3, 1 + len("b/c d/ü".encode()) + 3)
    assert tree_of(staged.folder) == {key: key.encode() for key in ("a", "b/c d/ü", "b/e")}
    for path in (staged.folder, *staged.folder.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)
    is_linked = (staged.folder / "a").samefile(s3_root / "bucket/data/a")
    assert is_linked == (placement is Placement.LINK)


def test_the_manifest_names_all_objects_on_every_host(
    planned: Planned, s3_root: Path, hostile_tmp_path: Path
) -> None:
    write(s3_root / "bucket/path", "input/1", "input/2", "input/3")
    request = channel("s3://bucket/path/input", distribution="ShardedByS3Key")
    plan = planned(request, "algo-1", "algo-2")
    found = {}
    for host in plan.hosts:
        layout = Layout(hostile_tmp_path / host)
        layout.create()
        staged = stage_channel(plan, host, layout, None, Placement.LINK, quiet)
        found[host] = sorted(tree_of(staged.folder))
        assert staged.manifest == layout.data / "train-manifest"
        assert staged.manifest.read_text() == (
            "path/input\n"
            "s3://bucket/path/input/1\ns3://bucket/path/input/2\ns3://bucket/path/input/3\n"
        )
        assert ChannelManifest.read(staged.manifest).prefix == "path/input"
    assert found == {"algo-1": ["1", "3"], "algo-2": ["2"]}


def test_a_host_without_objects_has_an_empty_folder(
    planned: Planned, s3_root: Path, layout: Layout
) -> None:
    write(s3_root / "bucket/data", "a")
    plan = planned(channel("s3://bucket/data", distribution="ShardedByS3Key"), "algo-1", "algo-2")
    staged = stage_channel(plan, "algo-2", layout, None, Placement.LINK, quiet)
    assert os.listdir(staged.folder) == []


def test_a_file_that_changed_since_it_was_listed_is_an_error(
    planned: Planned, s3_root: Path, layout: Layout
) -> None:
    write(s3_root / "bucket/data", "a", "b")
    plan = planned(channel("s3://bucket/data"))
    (s3_root / "bucket/data/b").write_text("changed")
    with pytest.raises(ObjectChangedError, match="s3://bucket/data/b: changed since"):
        stage_channel(plan, "algo-1", layout, None, Placement.LINK, quiet)


@pytest.mark.parametrize("placement", Placement)
def test_ten_thousand_local_files(
    planned: Planned, s3_root: Path, layout: Layout, placement: Placement
) -> None:
    for number in range(10_000):
        if number % 1000 == 0:
            (s3_root / f"bucket/data/{number // 1000}").mkdir(parents=True)
        (s3_root / f"bucket/data/{number // 1000}/{number}").write_bytes(b"x")
    descriptors = len(os.listdir("/proc/self/fd"))
    plan = planned(channel("s3://bucket/data"))
    staged = stage_channel(plan, "algo-1", layout, None, placement, quiet)
    assert staged.objects == 10_000
    assert sum(1 for path in staged.folder.rglob("*") if path.is_file()) == 10_000
    # Fewer where what earlier tests had open was collected meanwhile.
    assert len(os.listdir("/proc/self/fd")) <= descriptors


@pytest.mark.parametrize("placement", Placement)
def test_objects_of_a_server_stand_in_the_tree(
    server: FaultyServer,
    plan: ChannelPlan,
    layout: Layout,
    cache: ObjectCache,
    placement: Placement,
) -> None:
    told: list[tuple[str, int, int]] = []
    staged = stage_channel(
        plan, "algo-1", layout, cache, placement, lambda *said: told.append(said)
    )
    assert tree_of(staged.folder) == expected(server)
    assert (staged.objects, staged.cached) == (10, 0)
    total = LARGE + 9000
    assert told[0] == ("train", 0, total)
    assert told[-1] == ("train", total, total)
    assert told == sorted(told)
    for path in (staged.folder, *staged.folder.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize("placement", Placement)
def test_a_second_run_copies_nothing(
    server: FaultyServer,
    plan: ChannelPlan,
    hostile_tmp_path: Path,
    cache: ObjectCache,
    placement: Placement,
) -> None:
    for host in ("algo-1", "algo-2"):
        layout = Layout(hostile_tmp_path / host)
        layout.create()
        before = gets(server)
        staged = stage_channel(plan, host, layout, cache, placement, quiet)
        assert tree_of(staged.folder) == expected(server)
    assert gets(server) == before
    assert staged.cached == 10
    assert staged.notes == ("channel 'train': 10 of 10 objects from the cache",)
    if placement is Placement.COPY:
        (staged.folder / "large").write_text("changed by the algorithm")
        layout = Layout(hostile_tmp_path / "third")
        layout.create()
        staged = stage_channel(plan, "algo-1", layout, cache, placement, quiet)
        assert tree_of(staged.folder) == expected(server)


def test_an_object_that_was_replaced_is_copied_anew(
    server: FaultyServer, plan: ChannelPlan, hostile_tmp_path: Path, cache: ObjectCache
) -> None:
    layouts = [Layout(hostile_tmp_path / name) for name in ("one", "two")]
    for layout in layouts:
        layout.create()
    stage_channel(plan, "algo-1", layouts[0], cache, Placement.LINK, quiet)
    server.objects["data/part 3/ü"] = b"new"
    staged = stage_channel(plan_again(), "algo-1", layouts[1], cache, Placement.LINK, quiet)
    assert tree_of(staged.folder) == expected(server)
    assert staged.cached == 9


def test_without_a_cache_nothing_is_kept(
    server: FaultyServer, plan: ChannelPlan, layout: Layout, cache: ObjectCache
) -> None:
    staged = stage_channel(plan, "algo-1", layout, None, Placement.LINK, quiet)
    assert tree_of(staged.folder) == expected(server)
    assert cache.prune(0).entries == 0


def test_a_copy_that_was_cut_short_goes_on_where_it_stood(
    server: FaultyServer, plan: ChannelPlan, hostile_tmp_path: Path, cache: ObjectCache
) -> None:
    class StopError(Exception):
        pass

    def stop(name: str, done: int, total: int) -> None:
        if done >= 9000:
            raise StopError

    layouts = [Layout(hostile_tmp_path / name) for name in ("one", "two")]
    for layout in layouts:
        layout.create()
    server.faults.stall_after = []
    server.faults.on_get = lambda number: server.faults.stall_after.extend(
        [3 << 20] * (number == 1)
    )
    with pytest.raises(StopError):
        stage_channel(plan, "algo-1", layouts[0], cache, Placement.LINK, stop)
    assert os.listdir(cache.folder / "objects" / "partial") == []
    server.faults.on_get = None
    server.faults.stall_after.clear()
    staged = stage_channel(plan, "algo-1", layouts[1], cache, Placement.LINK, quiet)
    assert tree_of(staged.folder) == expected(server)


def test_an_entry_that_is_pruned_in_between_is_copied_again(
    server: FaultyServer,
    plan: ChannelPlan,
    hostile_tmp_path: Path,
    cache: ObjectCache,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layouts = [Layout(hostile_tmp_path / name) for name in ("one", "two")]
    for layout in layouts:
        layout.create()
    stage_channel(plan, "algo-1", layouts[0], cache, Placement.LINK, quiet)
    require_space = file_module.require_space

    def prune_then(needs: list[tuple[Path, int]]) -> None:
        cache.prune(LARGE)  # another harness does, at the worst moment
        require_space(needs)

    monkeypatch.setattr(file_module, "require_space", prune_then)
    staged = stage_channel(plan, "algo-1", layouts[1], cache, Placement.LINK, quiet)
    assert tree_of(staged.folder) == expected(server)
    assert staged.cached < 10


def test_cache_and_tree_on_different_file_systems(
    server: FaultyServer, plan: ChannelPlan, layout: Layout
) -> None:
    folder = Path(f"/dev/shm/sm-container-test-{os.getpid()}")
    try:
        for name in ("one", "two"):
            layout = Layout(layout.base / name)
            layout.base.mkdir()
            layout.create()
            staged = stage_channel(
                plan, "algo-1", layout, ObjectCache(folder), Placement.LINK, quiet
            )
            assert tree_of(staged.folder) == expected(server)
        assert staged.cached == 10
    finally:
        ObjectCache(folder).prune(0)
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir()
        folder.rmdir()


def test_a_disk_without_room_is_said_before_anything_is_copied(
    server: FaultyServer, layout: Layout, cache: ObjectCache
) -> None:
    server.objects["data/a"] = b"small"
    plan = plan_again()
    huge = replace(plan.objects[0].object, size=1 << 60)
    plan = replace(plan, objects=(replace(plan.objects[0], object=huge),))
    for used in (cache, None):
        with pytest.raises(StorageError, match=r"1152921\.5 TB are needed here and"):
            stage_channel(plan, "algo-1", layout, used, Placement.LINK, quiet)
        (layout.data / "train").rmdir()
    assert gets(server) == 0


def test_a_faulty_network_does_not_show(
    server: FaultyServer, plan: ChannelPlan, layout: Layout, cache: ObjectCache
) -> None:
    server.faults.cut_after = [100, 5_000_000, 0, 700_000]
    server.faults.busy = 3
    staged = stage_channel(plan, "algo-1", layout, cache, Placement.LINK, quiet)
    assert tree_of(staged.folder) == expected(server)


def test_a_folder_that_is_there_is_not_written_into(
    planned: Planned, s3_root: Path, layout: Layout
) -> None:
    write(s3_root / "bucket/data", "a")
    plan = planned(channel("s3://bucket/data"))
    stage_channel(plan, "algo-1", layout, None, Placement.LINK, quiet)
    with pytest.raises(StorageError, match="train"):
        stage_channel(plan, "algo-1", layout, None, Placement.LINK, quiet)
