from __future__ import annotations

import os
import stat
import subprocess
import sys
import tracemalloc

import pytest

from sm_container.harness.inputs.fastfile.protocol import ROOT
from sm_container.harness.inputs.fastfile.tree import Tree


def names(tree: Tree, node: int = ROOT, offset: int = 0) -> list[bytes]:
    return [name for _, name in tree.listed(node, offset)]


def test_files_stand_in_their_folders_in_the_order_of_the_listing() -> None:
    tree = Tree([("b", 1, 0.0), ("a/y", 2, 0.0), ("a/x/z", 3, 0.0), ("B", 4, 0.0)])
    assert names(tree) == [b".", b"..", b"b", b"a", b"B"]
    a = tree.folder(ROOT).children[b"a"]
    assert names(tree, a) == [b".", b"..", b"y", b"x"]
    assert names(tree, a, 3) == [b"x"]
    assert names(tree, a, 4) == []
    assert [found.node for found, _ in tree.listed(a, 0)][:2] == [a, ROOT]
    assert (tree.total, tree.nodes) == (10, 7)


def test_attributes_come_from_the_listing() -> None:
    tree = Tree([("a/f", 1000, 1.5), ("a/b/g", 0, None), ("h", 1, -3.0)], since=100.0)
    a = tree.folder(ROOT).children[b"a"]
    file = tree.attributes(tree.folder(a).children[b"f"])
    assert (file.size, file.mode, file.links) == (1000, stat.S_IFREG | 0o444, 1)
    assert (file.owner, file.group) == (os.geteuid(), os.getegid())
    assert file.modified == 1_500_000_000
    folder = tree.attributes(a)
    assert (folder.size, folder.mode, folder.links) == (0, stat.S_IFDIR | 0o555, 3)
    assert folder.modified == tree.attributes(ROOT).modified == 100_000_000_000
    assert tree.attributes(tree.folder(ROOT).children[b"h"]).modified == 0


def test_index_is_the_place_in_the_listing() -> None:
    tree = Tree([("a/f", 1, 0.0), ("g", 2, 0.0)])
    assert tree.index(tree.folder(ROOT).children[b"g"]) == 1
    assert tree.size(1) == 2
    with pytest.raises(IsADirectoryError):
        tree.index(ROOT)
    with pytest.raises(NotADirectoryError):
        tree.folder(tree.folder(ROOT).children[b"g"])


@pytest.mark.parametrize("paths", [("a", "a/b"), ("a/b", "a")])
def test_folder_shadows_a_file_of_its_name(paths: tuple[str, str]) -> None:
    tree = Tree((path, 1, 0.0) for path in paths)
    assert tree.is_folder(tree.folder(ROOT).children[b"a"])
    assert names(tree) == [b".", b"..", b"a"]


def test_depth_is_not_the_interpreters_to_bound() -> None:
    """A key has up to 1024 bytes, which is 512 folders."""
    program = (
        "import sys; from sm_container.harness.inputs.fastfile.tree import Tree; "
        "sys.setrecursionlimit(60); tree = Tree([('a/' * 511 + 'f', 1, 0.0)]); print(tree.nodes)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("513\n", "")


def test_first_of_two_files_of_one_path_is_seen() -> None:
    tree = Tree([("a", 1, 0.0), ("a", 2, 0.0)])
    assert tree.index(tree.folder(ROOT).children[b"a"]) == 0


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "../a", "a/./b", "a/..", "a\0b"])
def test_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="cannot be the path"):
        Tree([(path, 1, 0.0)])


def test_many_objects_take_little_memory() -> None:
    tracemalloc.start()
    try:
        tree = Tree((f"some/folder/part-{n:08}", n, 0.0) for n in range(100_000))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(tree) == 100_000
    assert taken < 40 << 20
