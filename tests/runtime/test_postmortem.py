"""The failure file: what it says of programs that ended in real ways."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sm_container.contract.outcome import FAILURE_LIMIT
from sm_container.runtime.postmortem import explain
from tests.runtime.processes import Tree


def run_script(tree: Tree, text: str) -> str:
    tree.write_code("train.py", text)
    tree.configure({"sagemaker_program": "train.py"})
    done = tree.run()
    assert done.returncode != 0
    return tree.failure()


class TestTraceback:
    def test_type_message_and_the_authors_frames(self, tree: Tree) -> None:
        failure = run_script(
            tree,
            "import json\n"
            "def load(text):\n"
            "    return json.loads(text)\n"
            "def main():\n"
            "    load('{')\n"
            "main()\n",
        )
        assert failure.startswith("json.decoder.JSONDecodeError: Expecting property name")
        load = "at train.py:3 in load: return json.loads(text)"
        main = "at train.py:5 in main: load('{')"
        assert failure.endswith(f"\n{load}\n{main}\nat train.py:6 in <module>: main()")
        assert "json/decoder.py" not in failure  # the library's own frames say little

    def test_a_chain_of_causes(self, tree: Tree) -> None:
        failure = run_script(
            tree,
            "try:\n"
            "    try:\n"
            "        {}['train']\n"
            "    except KeyError:\n"
            "        open('/no/such/file')\n"
            "except OSError as error:\n"
            "    raise ValueError('the data cannot be read') from error\n",
        )
        first, second, third, *_ = failure.split("\n")
        assert first == "ValueError: the data cannot be read"
        assert second.startswith("caused by FileNotFoundError: [Errno 2]")
        assert third == "caused by KeyError: 'train'"

    def test_the_first_failure_of_several_processes_is_the_root_cause(self, tree: Tree) -> None:
        failure = run_script(
            tree,
            "import multiprocessing, sys\n"
            "def work(rank):\n"
            "    if rank == 0:\n"
            "        raise ValueError('bad row')\n"
            "    raise ConnectionError('peer is gone')\n"
            "if __name__ == '__main__':\n"
            "    context = multiprocessing.get_context('fork')\n"
            "    for rank in range(3):\n"
            "        worker = context.Process(target=work, args=(rank,))\n"
            "        worker.start()\n"
            "        worker.join()\n"
            "    raise RuntimeError('a worker failed')\n",
        )
        assert failure.startswith(
            "ValueError: bad row\nfollowed by RuntimeError: a worker failed\n"
        )
        assert "train.py:4 in work" in failure

    @pytest.mark.parametrize("own", ["", "RuntimeError: a worker failed"])
    def test_the_first_failure_under_a_function_is_the_root_cause(
        self, tree: Tree, own: str
    ) -> None:
        """The function's process knows of its own exception alone, and has written that."""
        write = f"open({str(tree.layout.failure)!r}, 'w').write({own!r})" if own else "pass"
        tree.write_code(
            "mine.py",
            "import multiprocessing\n"
            "def worker():\n"
            "    raise ValueError('bad row')\n"
            "def work():\n"
            "    process = multiprocessing.get_context('fork').Process(target=worker)\n"
            "    process.start()\n"
            "    process.join()\n"
            f"    {write}\n"
            "    raise RuntimeError('a worker failed')\n",
        )
        variables = {"SM_CONTAINER_PROGRAM": "mine:work"}
        done = tree.run(variables=variables, cwd=tree.layout.code)
        assert done.returncode == 1
        if own:  # the author's own words stay
            assert tree.failure() == own
        else:
            assert tree.failure() == (
                "ValueError: bad row\n"
                "followed by RuntimeError: a worker failed\n"
                "at mine.py:3 in worker: raise ValueError('bad row')"
            )

    def test_a_function_of_a_pool(self, tree: Tree) -> None:
        """The worker's traceback stands, quoted, inside its parent's."""
        failure = run_script(
            tree,
            "import concurrent.futures, multiprocessing\n"
            "def work(n):\n"
            "    return 1 // n\n"
            "if __name__ == '__main__':\n"
            "    context = multiprocessing.get_context('fork')\n"
            "    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:\n"
            "        pool.submit(work, 0).result()\n",
        )
        assert failure.startswith("ZeroDivisionError: ")
        assert "train.py:3 in work: return 1 // n" in failure

    def test_what_a_logger_showed_was_caught(self, tree: Tree) -> None:
        failure = run_script(
            tree,
            "import logging\n"
            "try:\n"
            "    import no_such_module\n"
            "except ImportError:\n"
            "    logging.exception('going on without it')\n"
            "raise ValueError('the real reason')\n",
        )
        assert failure.startswith("ValueError: the real reason\n")
        assert "no_such_module" not in failure

    def test_a_message_that_is_too_long_leaves_room_for_the_place(self, tree: Tree) -> None:
        failure = run_script(tree, "def f():\n    raise ValueError('é' * 5000)\nf()\n")
        assert len(failure) <= FAILURE_LIMIT
        assert failure.startswith("ValueError: éééé")
        assert "train.py:2 in f" in failure

    def test_a_module_that_is_missing(self, tree: Tree) -> None:
        failure = run_script(tree, "import no_such_module\n")
        assert failure.startswith("ModuleNotFoundError: No module named 'no_such_module'\nat ")

    def test_a_syntax_error(self, tree: Tree) -> None:
        failure = run_script(tree, "def\n")
        assert "SyntaxError: invalid syntax" in failure
        assert "train.py" in failure

    def test_a_fault_of_the_data_is_told_without_what_is_inside(self, tree: Tree) -> None:
        failure = run_script(
            tree,
            "import io\n"
            "import pyarrow.csv\n"
            "from sm_container.records.errors import RecordError\n"
            "try:\n"
            "    pyarrow.csv.read_csv(io.BytesIO(b''))\n"
            "except Exception:\n"
            "    raise RecordError('it is damaged', source='train', index=3, offset=24)\n",
        )
        assert failure.startswith("RecordError: train, record 3, byte 24: it is damaged\n")
        assert ".pyx" not in failure

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with 3.11")
    def test_an_exception_group_goes_by_its_first(self, tree: Tree) -> None:
        failure = run_script(
            tree,
            "def f(): raise KeyError('train')\n"
            "caught = []\n"
            "for _ in range(2):\n"
            "    try: f()\n"
            "    except KeyError as error: caught.append(error)\n"
            "raise ExceptionGroup('workers', caught)\n",
        )
        assert failure.startswith("ExceptionGroup: workers (2 sub-exceptions)\n")
        assert failure.split("\n")[1] == "caused by KeyError: 'train'"
        assert failure.endswith("train.py:6 in <module>: raise ExceptionGroup('workers', caught)")


class TestOtherEnds:
    def test_a_code_with_the_end_of_standard_error(self, tree: Tree) -> None:
        done = tree.run("sh", "-c", "for n in $(seq 500); do echo line $n >&2; done; exit 3")
        assert done.returncode == 3
        failure = tree.failure()
        assert failure.startswith("exit code 3: sh -c 'for n in")
        assert failure.endswith("line 499\nline 500")
        assert len(failure) == FAILURE_LIMIT
        assert "sm-train:" not in failure

    def test_a_text_given_to_exit(self, tree: Tree) -> None:
        assert run_script(tree, "import sys; sys.exit('no rows')").endswith("\nno rows")

    def test_a_signal_is_named(self, tree: Tree) -> None:
        tree.run("--", "sh", "-c", "echo last words >&2; kill -SEGV $$")
        assert tree.failure() == (
            "ended by signal 11 (SIGSEGV): sh -c 'echo last words >&2; kill -SEGV $$'\n"
            "standard error ends with:\nlast words"
        )

    def test_a_kill_speaks_of_memory(self, tree: Tree) -> None:
        done = tree.run("--", "sh", "-c", "sh -c 'kill -KILL $$'; exit $?")
        assert done.returncode == 137
        assert tree.failure().startswith(
            "exit code 137, as of a shell whose program was ended by signal 9 (SIGKILL), "
            "which most often means that memory ran out: "
        )

    def test_success_writes_none(self, tree: Tree) -> None:
        tree.run("--", "sh", "-c", "echo Traceback >&2")
        assert not tree.layout.failure.exists()

    def test_the_algorithms_own_file_is_kept(self, tree: Tree) -> None:
        done = tree.run("--", "sh", "-c", 'printf mine > "$0"; exit 3', str(tree.layout.failure))
        assert done.returncode == 3
        assert tree.failure() == "mine"

    def test_secrets_are_left_out(self, tree: Tree) -> None:
        tree.configure({"sagemaker_program": "train.sh", "api_key": "hunter2", "epochs": "3"})
        tree.write_code("train.sh", "exit 3")
        done = tree.run()
        assert b"hunter2" not in done.stderr
        assert b"--api_key ****** --epochs 3" in done.stderr
        assert "./train.sh --api_key ****** --epochs 3" in tree.failure()

    def test_an_output_folder_that_is_read_only(
        self, tree: Tree, bubblewrap: tuple[str, ...]
    ) -> None:
        """The exit code is the job's all the same."""
        output = str(tree.layout.output)
        before = (*bubblewrap, "--ro-bind", output, output)
        done = tree.run("--", "sh", "-c", "exit 3", before=before)
        assert done.returncode == 3
        assert f"sm-train: cannot write {tree.layout.failure} (Read-only".encode() in done.stderr
        assert b": exit code 3: sh -c 'exit 3'" in done.stderr

    def test_no_tree_is_made_where_there_is_none(self, tree: Tree) -> None:
        base = tree.layout.base / "elsewhere"
        done = tree.run("--", "sh", "-c", "exit 3", variables={"SAGEMAKER_BASE_DIR": str(base)})
        assert done.returncode == 3
        assert not base.exists()


class TestExplain:
    """Outputs that real launchers make, without the launchers."""

    def explain(self, text: str, returncode: int = 1) -> str:
        return explain(returncode, "train", None, text.encode(), Path("/opt/ml/code"))

    def test_ranks_that_print_at_the_same_time(self) -> None:
        ranks = [
            [
                f"[rank{rank}]: Traceback (most recent call last):",
                f'[rank{rank}]:   File "/opt/ml/code/train.py", line {rank + 1}, in work',
                f"[rank{rank}]:     step()",
                f"[rank{rank}]: {error}",
            ]
            for rank, error in enumerate(
                ["ValueError: bad row", "RuntimeError: NCCL: peer is gone"]
            )
        ]
        mixed = "\n".join(line for lines in zip(*ranks, strict=True) for line in lines)
        assert self.explain(mixed) == (
            "ValueError: bad row\nfollowed by RuntimeError: NCCL: peer is gone\n"
            "at train.py:1 in work: step()"
        )

    def test_a_traceback_long_before_the_end_was_survived(self) -> None:
        traceback = "Traceback (most recent call last):\n  File 'x'\nValueError: caught\n"
        text = self.explain(traceback + "step\n" * 1000 + "no rows left")
        assert text.startswith("exit code 1: train\nstandard error ends with:\n")
        assert text.endswith("no rows left")

    def test_what_came_after_a_traceback_is_told_too(self) -> None:
        traceback = "Traceback (most recent call last):\nValueError: caught?\n\n"
        text = self.explain(traceback + "no rows left\n")
        assert text == "ValueError: caught?\nstandard error ends with:\nno rows left"

    def test_an_unfinished_traceback(self) -> None:
        text = self.explain("Traceback (most recent call last):\n  File ")
        assert text.startswith("exit code 1: train\nstandard error ends with:\nTraceback")

    def test_colours_and_progress_bars(self) -> None:
        text = self.explain("\x1b[31m10%\r55%\r99%\r\n\x1b[1mdied\x1b[0m\r\n")
        assert text == "exit code 1: train\nstandard error ends with:\n99%\ndied"

    def test_bytes_that_are_not_text(self) -> None:
        assert explain(-11, None, None, b"\xff\xfe bad", Path("/code")).endswith(
            "\n\ufffd\ufffd bad"
        )

    def test_a_real_time_signal(self) -> None:
        assert explain(-40, None, None, b"", Path("/code")) == "ended by signal 40"

    @pytest.mark.parametrize("returncode", [1, 3, -9, -11, 137, 255])
    def test_never_too_long(self, returncode: int) -> None:
        traceback = (
            "Traceback (most recent call last):\n"
            + '  File "/opt/ml/code/train.py", line 1, in f\n    ' * 50
            + f"\nValueError: {'x' * 5000}\n"
        )
        for tail in ("y" * 5000, traceback, traceback + "z\n" * 50):
            text = explain(returncode, "c" * 5000, None, tail.encode(), Path("/code"))
            assert 0 < len(text) <= FAILURE_LIMIT
