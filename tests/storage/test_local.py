from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sm_container.storage.errors import (
    BucketNotFoundError,
    ObjectChangedError,
    ObjectNotFoundError,
    StorageError,
)
from sm_container.storage.local import LocalStore
from sm_container.storage.objects import Download, Object
from sm_container.storage.store import open_store

HOSTILE_KEYS = ["-rf", "a b", "ünï/✓", 'it\'s; "quoted" $HOME', "new\nline", "%20", "*?["]


def write(root: Path, *keys: str) -> None:
    for key in keys:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(key)


def keys(store: LocalStore, prefix: str = "") -> list[str]:
    return [found.key for found in store.list(prefix)]


@pytest.fixture
def root(hostile_tmp_path: Path) -> Path:
    return hostile_tmp_path / "bucket"


@pytest.fixture
def store(root: Path) -> LocalStore:
    root.mkdir()
    return LocalStore(root, "s3://bucket/", boundary=root.parent)


def test_depth_is_not_the_interpreters_to_bound(root: Path, store: LocalStore) -> None:
    key = "a/" * 511 + "x"
    write(root, key)
    program = (
        "import sys; from pathlib import Path\n"
        "from sm_container.storage.local import LocalStore\n"
        "store = LocalStore(Path(sys.argv[1]), '')\n"
        "sys.setrecursionlimit(80); print(*(found.key for found in store.list('')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(root)], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == (f"{key}\n", "")


part = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=4)
key_sets = st.sets(
    st.lists(part.filter(lambda name: name not in (".", "..")), min_size=1, max_size=3).map(
        "/".join
    )
)


@settings(deadline=None, max_examples=60)
@given(key_sets, st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=3))
def test_a_listing_is_the_sorted_keys_with_the_literal_prefix(
    wanted: set[str], prefix: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = set()
        for key in sorted(wanted):
            # "a" beside "a/b" cannot be on a disk.
            with suppress(NotADirectoryError, FileExistsError, IsADirectoryError):
                write(Path(folder), key)
                made.add(key)
        expected = sorted((key for key in made if key.startswith(prefix)), key=str.encode)
        assert keys(LocalStore(Path(folder), "/"), prefix) == expected


def test_hostile_names_are_keys_like_any_other(store: LocalStore, root: Path) -> None:
    write(root, *HOSTILE_KEYS)
    assert keys(store) == sorted(HOSTILE_KEYS, key=str.encode)
    for key in HOSTILE_KEYS:
        assert store.read(key) == key.encode()
        assert store.exists(key)


def test_an_object_says_its_size_time_and_uri(store: LocalStore, root: Path) -> None:
    write(root, "a/b")
    found = next(store.list("a"))
    assert found == Object("a/b", 3, None, (root / "a/b").stat().st_mtime, "s3://bucket/")
    assert found.uri == "s3://bucket/a/b"
    assert store.stat("a/b") == found
    assert store.stat_all(["a/b", "a", "c"]) == [found, None, None]


@pytest.mark.parametrize(
    "key", ["../secret", "a/../../secret", "/etc/passwd", "", ".", "a//b", "a/./b", "a/", "x\0"]
)
def test_no_key_leaves_the_folder(store: LocalStore, root: Path, key: str) -> None:
    write(root.parent, "secret")
    write(root, "a/b")
    assert store.stat(key) is None
    with pytest.raises(ObjectNotFoundError):
        store.open(key)
    with pytest.raises(StorageError):
        store.upload(root / "a/b", key)
    store.delete(key)
    assert (root.parent / "secret").read_text() == "secret"
    assert keys(store, "../") == []
    assert keys(store, "/") == []


def test_a_link_is_followed_inside_the_folder_and_told_of_where_it_leaves(
    store: LocalStore, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    write(outside, "secret")
    write(root, "a/b")
    (root / "file").symlink_to(outside / "secret")
    (root / "folder").symlink_to(outside)
    (root / "inside").symlink_to("a")
    (root / "nothing").symlink_to("nowhere")
    left_out: list[str] = []
    assert [found.key for found in store.list("", left_out=left_out.append)] == ["a/b", "inside/b"]
    assert [note.split(" was left out: ")[0] for note in left_out] == [
        "s3://bucket/file",
        "s3://bucket/folder",
        "s3://bucket/nothing",
    ]
    assert not store.exists("file")
    assert not store.exists("folder/secret")
    assert keys(store, "folder/") == []
    with pytest.raises(StorageError):
        store.upload(root / "a/b", "folder/secret")
    assert (outside / "secret").read_text() == "secret"


def test_folders_that_link_in_a_circle_are_walked_once(store: LocalStore, root: Path) -> None:
    write(root, "a/b/c")
    (root / "a/b/up").symlink_to("..")
    (root / "loop").symlink_to("loop")
    left_out: list[str] = []
    assert [found.key for found in store.list("", left_out=left_out.append)] == ["a/b/c"]
    assert len(left_out) == 2


def test_what_is_no_file_is_told_of(store: LocalStore, root: Path) -> None:
    write(root, "a")
    os.mkfifo(root / "fifo")
    left_out: list[str] = []
    assert [found.key for found in store.list("", left_out=left_out.append)] == ["a"]
    assert left_out == ["s3://bucket/fifo was left out: it is neither a file nor a folder"]
    with pytest.raises(ObjectNotFoundError):
        store.open("fifo")


def test_a_name_that_is_not_utf8_is_listed_by_its_bytes(store: LocalStore, root: Path) -> None:
    for name in (b"\xff", "\ue000".encode(), b"a"):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_text("x")
    assert [os.fsencode(key) for key in keys(store)] == [b"a", b"\xee\x80\x80", b"\xff"]


def test_a_bucket_without_a_folder_is_not_found(hostile_tmp_path: Path) -> None:
    store, key = open_store("s3://nowhere/a", s3_root=hostile_tmp_path)
    with pytest.raises(BucketNotFoundError, match="s3://nowhere/"):
        list(store.list(key))


def test_a_root_that_is_no_folder_is_said(hostile_tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is not a folder; name a folder that stands for S3"):
        open_store("s3://bucket/a", s3_root=hostile_tmp_path / "nowhere")


def test_ranges_and_streams(store: LocalStore, root: Path) -> None:
    (root / "a").write_bytes(b"0123456789")
    assert store.read("a", 3, 4) == b"3456"
    assert store.read("a", 8, 100) == b"89"
    assert store.read("a", 8) == b"89"
    with store.open("a") as stream:
        assert stream.read(2) + stream.read() == b"0123456789"


def test_an_upload_replaces_whole_and_is_not_listed_before(store: LocalStore, root: Path) -> None:
    source = root.parent / "source"
    source.write_bytes(b"x" * (40 << 20))
    write(root, "a/key")
    during: list[list[str]] = []
    store.upload(source, "a/key", lambda count: during.append(keys(store)))
    assert during
    assert all(listed == ["a/key"] for listed in during)
    assert store.stat("a/key").size == 40 << 20  # type: ignore[union-attr]
    assert os.listdir(root / "a") == ["key"]


def test_an_upload_gives_way_to_what_stands_there(store: LocalStore, root: Path) -> None:
    write(root, "file", "folder/below")
    (root / "empty").mkdir()
    source = root / "file"
    with pytest.raises(StorageError, match="folder"):
        store.upload(source, "folder")
    with pytest.raises(StorageError, match="below"):
        store.upload(source, "file/below")
    store.upload(source, "empty")
    assert keys(store) == ["empty", "file", "folder/below"]


def test_a_deleted_object_is_gone_and_deleting_is_repeatable(store: LocalStore, root: Path) -> None:
    write(root, "a/b")
    store.delete("a/b")
    store.delete("a/b")
    store.delete("a/b/c")
    assert keys(store) == []


def test_folders_below_a_prefix_go_with_their_last_object(store: LocalStore, root: Path) -> None:
    write(root, "kept/a/b/one", "kept/a/b/two", "kept/a/three")
    store.delete("kept/a/b/one", below="kept/")
    assert (root / "kept/a/b/two").exists()
    store.delete("kept/a/b/two", below="kept/")
    assert os.listdir(root / "kept/a") == ["three"]
    store.delete("kept/a/three", below="kept/")
    assert os.listdir(root / "kept") == []  # which is somebody's own


def test_a_folder_that_is_a_link_stays(store: LocalStore, root: Path) -> None:
    write(root, "elsewhere/one")
    (root / "kept").mkdir()
    (root / "kept/link").symlink_to(root / "elsewhere")
    store.delete("kept/link/one", below="kept/")
    assert (root / "kept/link").is_dir()
    assert keys(store) == []


def test_uploads_into_a_folder_that_deletions_take_away(store: LocalStore, root: Path) -> None:
    source = root.parent / "source"
    source.write_text("x")
    ended = threading.Event()

    def delete() -> None:
        while not ended.is_set():
            store.delete("kept/a/b/gone", below="kept/")
            for folder in ("kept/a/b", "kept/a"):
                with suppress(OSError):
                    (root / folder).rmdir()

    thread = threading.Thread(target=delete)
    thread.start()
    try:
        for _ in range(300):
            store.upload(source, "kept/a/b/key")
            store.delete("kept/a/b/key", below="kept/")
    finally:
        ended.set()
        thread.join()


def test_a_place_where_no_folder_can_be_made(store: LocalStore, root: Path) -> None:
    (root / "source").write_text("x")
    with pytest.raises(StorageError):
        LocalStore(Path("/"), "/").upload(root / "source", "proc/no-folder/key")


def test_a_download_is_held_against_the_listing(store: LocalStore, root: Path) -> None:
    write(root, "a", "b")
    first, second = store.list("")
    store.download(first, root.parent / "copy")
    assert (root.parent / "copy").read_text() == "a"
    (root / "b").write_text("changed")
    with pytest.raises(ObjectChangedError, match="s3://bucket/b: changed since it was listed"):
        store.download_all([Download(second, root.parent / "other")])
    assert not (root.parent / "other").exists()


def test_whether_a_place_can_be_written_to_is_known_before(hostile_tmp_path: Path) -> None:
    store, key = open_store(str(hostile_tmp_path / "not" / "yet" / "there"))
    store.require_writable(key)
    assert list(hostile_tmp_path.iterdir()) == []

    (hostile_tmp_path / "file").write_text("x")
    store, key = open_store(str(hostile_tmp_path / "file" / "below"))
    with pytest.raises(StorageError, match="is not a folder; name another place"):
        store.require_writable(key)


def test_a_place_that_may_not_be_written_to_is_said(hostile_tmp_path: Path) -> None:
    program = (
        "import sys; from sm_container.storage.store import *;"
        "store, key = open_store(sys.argv[1] + '/output')\n"
        "try:\n store.require_writable(key)\n"
        "except StorageError as error:\n print(error)\n"
    )
    # Root may write wherever the file system lets it, so that the file system has to refuse.
    script = 'mount -t tmpfs -o ro none "$1" && "$2" -c "$3" "$1"'
    namespace = ["unshare", "--mount"] + (["--user", "--map-root-user"] if os.getuid() else [])
    done = subprocess.run(
        [*namespace, "sh", "-c", script, "sh", hostile_tmp_path, sys.executable, program],
        capture_output=True,
        text=True,
        check=False,
    )
    said = f"{hostile_tmp_path} may not be written to; check its owner and mode, or name another"
    assert said in done.stdout, done.stderr


def test_a_file_that_may_not_be_read_is_said_in_one_line(hostile_tmp_path: Path) -> None:
    if os.geteuid() == 0:
        path = hostile_tmp_path / ("n" * 300)  # root may read all, but not a name so long
    else:
        path = hostile_tmp_path / "shut"
        path.write_text("x")
        path.chmod(0)
    store, key = open_store(str(path))
    with pytest.raises(StorageError) as caught:
        store.read(key)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("after", ["", "a", "a-b", "a/", "a/b", "a/c/d", "a/c/z", "a0", "zz"])
def test_a_listing_goes_on_after_any_key(root: Path, store: LocalStore, after: str) -> None:
    every = ["a-b", "a/b", "a/c/d", "a/c/e", "a/f", "a0", "z"]
    write(root, *every)
    found = [each.key for each in store.list("", after=after)]
    assert found == [key for key in every if key.encode() > after.encode()]
    below = [each.key for each in store.list("a/", after=after)]
    assert below == [key for key in found if key.startswith("a/")]


def test_an_object_is_replaced_when_its_block_ends_well(root: Path, store: LocalStore) -> None:
    write(root, "a/b")
    with store.replacing("a/b") as partial:
        partial.write_text("new")
        assert store.read("a/b") == b"a/b"
    assert store.read("a/b") == b"new"
    assert [path.name for path in (root / "a").iterdir()] == ["b"]


def test_an_object_stays_where_its_block_or_its_settling_fails(
    root: Path, store: LocalStore
) -> None:
    @contextmanager
    def refusing() -> Iterator[None]:
        raise ZeroDivisionError
        yield

    write(root, "a/b")
    with pytest.raises(UnicodeEncodeError), store.replacing("a/b") as partial:
        partial.write_text("\udcff", encoding="utf-8")
    with pytest.raises(ZeroDivisionError), store.replacing("a/b", refusing) as partial:
        partial.write_text("new")
    assert store.read("a/b") == b"a/b"
    assert [path.name for path in (root / "a").iterdir()] == ["b"]


@pytest.mark.parametrize("key", ["../x", "a//b", "link/x"])
def test_nothing_is_replaced_outside(root: Path, store: LocalStore, key: str) -> None:
    (root / "link").symlink_to("/tmp")
    with pytest.raises(StorageError, match="cannot be a file below the folder"):
        store.replacing(key).__enter__()
