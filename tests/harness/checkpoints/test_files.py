"""When which file is due."""

from __future__ import annotations

import threading

from sm_container.harness.checkpoints.files import Files, Task, is_below
from sm_container.harness.checkpoints.folder import Version
from tests.harness.checkpoints.conftest import until

ONE, TWO = Version(1, 10, 100), Version(1, 20, 200)
NEVER = 1000.0


def test_what_was_seen_is_due_and_what_is_kept_is_not() -> None:
    files = Files(0.0)
    files.restored({"restored": ONE})
    files.saw({"restored": ONE, "new": ONE})
    assert files.take() == Task("new", ONE)
    files.give_back("new", ONE)
    files.saw({"restored": TWO})
    assert files.take() == Task("restored", TWO)
    files.give_back("restored", TWO)
    files.finish(with_removals=True)
    assert files.take() is None


def test_a_removal_is_due_only_of_what_the_store_has() -> None:
    files = Files(0.0)
    files.restored({"restored": ONE})
    files.saw({"new": ONE})
    files.missed(["restored", "new", "never seen"])
    assert files.take() == Task("restored", None)
    files.give_back("restored", None)
    files.finish(with_removals=True)
    assert files.take() is None


def test_what_comes_back_in_time_is_no_removal() -> None:
    files = Files(NEVER)
    files.restored({"same": ONE, "changed": ONE, "gone": ONE})
    files.missed(["same", "changed", "gone"])
    files.saw({"same": ONE, "changed": TWO})
    files.finish(with_removals=True)
    tasks = set()
    for _ in range(2):
        task = files.take()
        assert task is not None
        tasks.add(task)
        files.give_back(task.name, task.version)
    assert tasks == {Task("changed", TWO), Task("gone", None)}
    assert files.take() is None


def test_removals_can_be_left_at_the_end() -> None:
    files = Files(NEVER)
    files.restored({"gone": ONE, "going": ONE})
    files.missed(["gone"])
    files.saw({"new": ONE})
    files.finish(with_removals=False)
    assert files.take() == Task("new", ONE)
    files.missed(["going"])
    files.give_back("new", ONE)
    assert files.take() is None


def test_what_changes_in_hand_is_due_again() -> None:
    files = Files(0.0)
    files.saw({"a": ONE})
    files.take()
    files.saw({"a": TWO})
    files.give_back("a", ONE)
    assert files.take() == Task("a", TWO)
    files.missed(["a"])
    files.give_back("a", TWO)
    assert files.take() == Task("a", None)


def test_what_was_given_up_waits_for_a_change_or_the_end() -> None:
    files = Files(0.05)
    files.saw({"a": ONE, "b": ONE})
    for _ in range(2):
        task = files.take()
        assert task is not None
        files.give_up(task.name, task.version)
    files.saw({"a": TWO, "b": ONE})
    assert files.take() == Task("a", TWO)
    files.give_back("a", TWO)
    files.finish(with_removals=True)
    assert files.take() == Task("b", ONE)
    files.give_up("b", ONE)
    assert files.take() is None


def test_what_was_given_up_is_due_again_after_a_while() -> None:
    files = Files(0.001)
    files.restored({"gone": ONE})
    files.missed(["gone"])
    files.saw({"a": ONE})
    tasks = {Task("gone", None), Task("a", ONE)}
    for _ in range(2):
        taken = {files.take() for _ in range(2)}
        assert taken == tasks
        for task in tasks:
            files.give_up(task.name, task.version)
    assert files.due_bytes == ONE.size


def test_one_is_waited_for_while_another_is_in_hand() -> None:
    """Of two workers one may be busy for long: the other one must come for what is due next."""
    files = Files(0.05)
    taken: list[Task | None] = []
    release = threading.Event()

    def work() -> None:
        while (task := files.take()) is not None:
            taken.append(task)
            if task.name == "long":
                release.wait(30)
            files.give_back(task.name, task.version)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    files.saw({"long": ONE})
    files.saw({"next": ONE})
    until(lambda: len(taken) == 2)
    files.saw({"third": ONE})
    until(lambda: len(taken) == 3)
    release.set()
    files.end()
    for worker in workers:
        worker.join()


def test_missing_is_what_should_be_there() -> None:
    files = Files(NEVER)
    files.restored(dict.fromkeys(("a", "b/c", "b/d/e", "f"), ONE))
    assert files.missing({"a", "x"}, set(), {}) == ["a"]
    assert files.missing(set(), {"b"}, {"b/c": ONE}) == ["b/d/e"]
    assert files.missing(set(), {""}, {"a": ONE}) == ["b/c", "b/d/e", "f"]
    assert files.missing({"b"}, set(), {}) == []


def test_below() -> None:
    assert is_below("a/b/c", {"a/b"})
    assert is_below("a", {"a"})
    assert is_below("a", {""})
    assert not is_below("ab/c", {"a"})
    assert not is_below("a", set())
