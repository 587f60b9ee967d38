from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sm_container.harness.inputs.file.cache import ObjectCache
from sm_container.storage.errors import StorageError
from sm_container.storage.objects import Object

ORIGIN = "http://127.0.0.1/bucket/"
OBJECT = Object("a", 5, "an-etag", 1.5, "s3://bucket/")


@pytest.fixture
def cache(hostile_tmp_path: Path) -> ObjectCache:
    return ObjectCache(hostile_tmp_path / "cache")


def publish(cache: ObjectCache, object: Object, body: bytes = b"bytes") -> Path:
    with cache.copying() as folder:
        partial = folder / "partial"
        partial.write_bytes(body)
        return cache.publish(partial, ORIGIN, object)


def partials(cache: ObjectCache) -> list[Path]:
    return [path for path in cache.folder.glob("objects/partial/**/*") if path.is_file()]


def test_what_was_published_is_found(cache: ObjectCache) -> None:
    assert cache.find(ORIGIN, OBJECT) is None
    entry = publish(cache, OBJECT)
    assert cache.find(ORIGIN, OBJECT) == entry
    assert entry.read_bytes() == b"bytes"
    assert partials(cache) == []


@pytest.mark.parametrize(
    "other",
    [
        replace(OBJECT, key="b"),
        replace(OBJECT, etag="another"),
        replace(OBJECT, size=6),
        replace(OBJECT, base="s3://other/"),
    ],
)
def test_another_object_or_version_is_not_found(cache: ObjectCache, other: Object) -> None:
    publish(cache, OBJECT)
    assert cache.find(ORIGIN, other) is None
    assert cache.find("http://elsewhere/bucket/", OBJECT) is None


def test_without_an_etag_size_and_time_tell_versions_apart(cache: ObjectCache) -> None:
    untagged = replace(OBJECT, etag=None)
    entry = publish(cache, untagged)
    assert cache.find(ORIGIN, untagged) == entry
    assert cache.find(ORIGIN, replace(untagged, modified=2.5)) is None
    # With one, the time is of no matter: a copy in another region is the same object.
    entry = publish(cache, OBJECT)
    assert cache.find(ORIGIN, replace(OBJECT, modified=2.5)) == entry


def test_a_file_that_is_not_whole_is_never_an_entry(cache: ObjectCache) -> None:
    with pytest.raises(StorageError, match="not copied whole"):
        publish(cache, OBJECT, b"byte")
    assert cache.find(ORIGIN, OBJECT) is None
    entry = publish(cache, OBJECT)
    os.truncate(entry, 2)  # as after a power cut
    assert cache.find(ORIGIN, OBJECT) is None
    assert not entry.exists()


def test_the_cache_is_its_owners_alone(cache: ObjectCache) -> None:
    entry = publish(cache, OBJECT)
    assert entry.parent.parent.stat().st_mode & 0o777 == 0o700


def test_a_prune_removes_what_was_not_used_for_longest(cache: ObjectCache) -> None:
    objects = [replace(OBJECT, key=f"{number}") for number in range(10)]
    for age, object in enumerate(objects):
        entry = publish(cache, object)
        os.utime(entry, (1000.0 + age, 1000.0))
    assert cache.find(ORIGIN, objects[0]) is not None  # used now
    pruned = cache.prune(17)
    assert (pruned.entries, pruned.size) == (7, 35)
    assert (pruned.kept_entries, pruned.kept_size) == (3, 15)
    kept = [object.key for object in objects if cache.find(ORIGIN, object)]
    assert kept == ["0", "8", "9"]
    assert cache.prune(17).entries == 0
    assert cache.prune(0).kept_entries == 0


def test_a_prune_of_nothing(cache: ObjectCache) -> None:
    assert cache.prune(0).entries == 0


COPY = """
import sys, time
from pathlib import Path
from sm_container.harness.inputs.file.cache import ObjectCache
with ObjectCache(Path(sys.argv[1])).copying() as folder:
    (folder / "left").write_text("x")
    print("copying", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_copy_left_is_removed_and_copies_under_way_stay(cache: ObjectCache) -> None:
    with cache.copying() as folder:
        under_way = folder / "under-way"
        under_way.write_text("x")
        with subprocess.Popen(
            [sys.executable, "-c", COPY, cache.folder], stdout=subprocess.PIPE
        ) as copy:
            assert copy.stdout is not None
            assert copy.stdout.readline() == b"copying\n"
            cache.remove_left_over()
            assert len(partials(cache)) == 2
            copy.kill()
        cache.remove_left_over()
        assert partials(cache) == [under_way]
    assert partials(cache) == []


def test_two_harnesses_publish_and_prune_at_once(cache: ObjectCache, tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from sm_container.harness.inputs.file.cache import ObjectCache
from sm_container.storage.objects import Object
cache = ObjectCache(Path(sys.argv[1]))
for number in range(300):
    object = Object(str(number % 20), 5, "etag", None, "s3://bucket/")
    found = cache.find("origin", object)
    if found is not None:
        try:
            assert found.read_bytes() == b"bytes"
        except FileNotFoundError:
            pass
    with cache.copying() as folder:
        (folder / "partial").write_bytes(b"bytes")
        cache.publish(folder / "partial", "origin", object)
    if number % 7 == 0:
        cache.prune(20)
"""
    folder = tmp_path / "shared"
    running = [
        subprocess.Popen([sys.executable, "-c", program, folder, name], stderr=subprocess.PIPE)
        for name in ("one", "two", "three")
    ]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert ObjectCache(folder).prune(10**9).kept_entries > 0


def test_caches_that_share_have_the_same_entries(cache: ObjectCache, tmp_path: Path) -> None:
    other = ObjectCache(tmp_path / "other")
    other.folder.mkdir()

    cache.share(other.folder)

    entry = publish(other, OBJECT)
    assert entry.is_relative_to(other.folder)
    shutil.rmtree(other.folder)
    found = cache.find(ORIGIN, OBJECT)
    assert found is not None
    assert found.read_bytes() == b"bytes"
