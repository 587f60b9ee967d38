"""A stop that comes to real algorithms under ``sm-train``: wherever they are, by each policy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent

import pytest

import sm_container as sm
from sm_container.contract.inputs import ChannelConfig, InputDataConfig, InputMode
from sm_container.contract.layout import Layout
from tests.runtime.processes import DEADLINE, Tree, end, wait_until

PROGRAM = """
import ctypes, multiprocessing, os, queue, signal, subprocess, sys, threading, time
import sm_container as sm

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def ready():
    say("ready", os.getpid())

def write_slowly(folder):
    (folder / "half").write_text("1")
    ready()
    sys.stdin.readline()
    (folder / "half").rename(folder / "whole")

algorithm = sm.Algorithm("stops", on_stop=sm.OnStop.{policy})

@algorithm.train
def train(job):
    @job.stop.callback
    def save():
        say("called", threading.current_thread() is threading.main_thread())
{body}

if __name__ == "__main__":
    algorithm.main()
"""
CALLED = "called True"


class Training:
    """One program under ``sm-train``, and what it does."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def start(
        self,
        body: str,
        policy: str = "COOPERATE",
        seconds: float = 120,
        begin: str = "",
        command: tuple[str, ...] = (),
        **more: str,
    ) -> None:
        text = begin + PROGRAM.format(policy=policy, body=indent(dedent(body), "    "))
        path = self.tree.write_code("train.py", text)
        variables = {"SM_CONTAINER_STOP_SECONDS": str(seconds)}
        self.process = self.tree.start(
            *(command or ("--", sys.executable, str(path))),
            variables={**variables, **more},
            stdin=subprocess.PIPE,
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().rstrip("\n")

    def is_ready(self) -> int:
        """Wait until the program has said so and sleeps; its process id."""
        word, pid = self.line().split()
        assert word == "ready"
        wait_until(lambda: state(int(pid)) == "S", "the program to block")
        return int(pid)

    def tell(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, list[str]]:
        """The exit code, and the lines that were not read yet; the log is in ``log``."""
        self.process.wait(DEADLINE)  # its input stays open until then
        out, err = self.process.communicate(timeout=DEADLINE)
        self.log = err.decode()
        return self.process.returncode, out.decode().splitlines()

    @property
    def model(self) -> list[str]:
        return sorted(path.name for path in self.tree.layout.model.iterdir())

    @property
    def has_failed(self) -> bool:
        return self.tree.layout.failure.exists()


def state(pid: int) -> str:
    """What a process does: R runs, S sleeps."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.fixture
def training(hostile_tmp_path: Path) -> Iterator[Training]:
    layout = Layout(hostile_tmp_path / "opt ml")
    layout.create()
    layout.code.mkdir()
    tree = Tree(layout)
    tree.configure()
    yield Training(tree)
    for process in tree.started:
        end(process)


class TestCooperating:
    def test_a_loop_that_looks_ends_well_and_saves_its_model(self, training: Training) -> None:
        training.start("""
            ready()
            while not job.stop.requested:
                time.sleep(0.01)
            say(job.stop.reason, 0 < job.stop.seconds_left <= 120)
            job.save_model(lambda folder: (folder / "saved").write_text("1"))
        """)
        training.is_ready()
        training.tell()
        assert training.end() == (0, [CALLED, "SIGTERM True"])
        assert training.model == ["saved"]
        assert not training.has_failed

    def test_an_algorithm_that_the_image_names(self, training: Training) -> None:
        training.start(
            "ready(); job.stop.wait()", command=("train",), SM_CONTAINER_PROGRAM="train:algorithm"
        )
        training.is_ready()
        training.tell()
        assert training.end() == (0, [CALLED])

    def test_the_seconds_are_those_that_the_harness_gives(self, training: Training) -> None:
        training.start("ready(); job.stop.wait(); say(job.stop.seconds_left <= 50)", seconds=50)
        training.is_ready()
        training.tell()
        assert training.end() == (0, [CALLED, "True"])

    def test_twice_is_once(self, training: Training) -> None:
        training.start("""
            job.stop.callback(lambda: (sys.stdin.readline(), say("and saved")))
            ready()
            job.stop.wait()
            say(job.stop.requested)
        """)
        pid = training.is_ready()
        training.tell()
        assert training.line() == CALLED
        os.kill(pid, signal.SIGTERM)
        training.go_on()
        assert training.end() == (0, ["and saved", "True"])

    def test_callbacks_of_who_never_looks_are_called_at_the_end(self, training: Training) -> None:
        training.start("""
            ready()
            sys.stdin.readline()
            say("trained")
        """)
        os.kill(training.is_ready(), signal.SIGTERM)
        training.go_on()
        assert training.end() == (0, ["trained", CALLED])

    def test_another_exception_is_a_failure_and_callbacks_are_called(
        self, training: Training
    ) -> None:
        training.start("""
            ready()
            sys.stdin.readline()
            raise OSError("no space left for the checkpoint")
        """)
        os.kill(training.is_ready(), signal.SIGTERM)
        training.go_on()
        assert training.end() == (1, [CALLED])
        assert "no space left for the checkpoint" in training.log
        assert training.has_failed

    def test_an_exception_of_a_callback_is_a_failure(self, training: Training) -> None:
        training.start("job.stop.callback(lambda: 1 // 0); ready(); job.stop.wait()")
        training.is_ready()
        training.tell()
        assert training.end() == (1, [CALLED])
        assert training.tree.failure().startswith("ZeroDivisionError")

    def test_who_wants_to_leave_at_once(self, training: Training) -> None:
        training.start("""
            ready()
            try:
                while True:
                    job.stop.raise_if_requested()
                    time.sleep(0.01)
            except Exception:
                say("never")
        """)
        training.is_ready()
        training.tell()
        assert training.end() == (0, [CALLED])

    @pytest.mark.parametrize("prefetch", [0, 2])
    @pytest.mark.parametrize("there", ["nothing", "a FIFO", "a silent writer"])
    def test_blocked_in_a_channel(self, training: Training, there: str, prefetch: int) -> None:
        layout = training.tree.layout
        config = ChannelConfig(InputMode.PIPE, "text/csv", "FullyReplicated", None)
        InputDataConfig({"train": config}).write(layout.input_data_config)
        fifo = layout.channel_fifo("train", 0)
        if there != "nothing":
            os.mkfifo(fifo)
        training.start(f"""
            ready()
            for batch in job.channels["train"].batches(1, prefetch={prefetch}):
                say("never")
            say("ended", job.stop.requested)
        """)
        pid = training.is_ready()
        writer = -1
        if there == "a silent writer":
            writer = os.open(fifo, os.O_WRONLY)  # returns when the algorithm has opened it
            os.write(writer, b"7,")
        wait_until(lambda: state(pid) == "S", "the program to block")
        training.tell()
        assert training.end() == (0, [CALLED, "ended True"])
        if writer >= 0:
            os.close(writer)

    def test_a_long_call_into_c_is_not_interrupted_and_counts(self, training: Training) -> None:
        """The main thread is in C, and does not leave it for a signal, until it is let go."""
        training.start(
            """
            library, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(64)
            library.pthread_mutex_lock(mutex)
            def let_go():
                sys.stdin.readline()
                library.pthread_mutex_unlock(mutex)
            threading.Thread(target=let_go).start()
            ready()
            library.pthread_mutex_lock(mutex)
            left_c = time.monotonic()
            job.stop.wait()
            say(left_c, time.monotonic() + job.stop.seconds_left - 50)
        """,
            seconds=50,
        )
        training.is_ready()
        training.tell()
        note = Path(f"/proc/{training.process.pid}/fd")
        notes = [path for path in note.iterdir() if "memfd:" in os.readlink(path)]
        wait_until(lambda: notes[0].read_text(), "the supervisor to have taken the signal")
        training.go_on()
        code, [called, figures] = training.end()
        assert (code, called) == (0, CALLED)
        left_c, told_at = map(float, figures.split())
        assert told_at < left_c

    def test_while_a_model_is_saved(self, training: Training) -> None:
        training.start("job.save_model(write_slowly); say('goes on', job.stop.requested)")
        os.kill(training.is_ready(), signal.SIGTERM)
        training.go_on()
        assert training.end() == (0, [CALLED, "goes on True"])
        assert training.model == ["whole"]

    def test_a_model_that_takes_too_long_is_not_saved_by_half(self, training: Training) -> None:
        training.start(
            "job.save_model(lambda to: (to / 'first').touch()); job.save_model(write_slowly)",
            seconds=0.5,
        )
        training.is_ready()
        training.tell()
        assert training.end() == (128 + signal.SIGKILL, [])
        assert training.model == ["first"]
        assert not training.has_failed


class TestRaising:
    @pytest.mark.parametrize(
        "body",
        [
            "time.sleep(600)",
            "queue.Queue().get()",
            "threading.Event().wait()",
            "sys.stdin.readline()",
            "job.stop.wait()",
            "subprocess.run(['sleep', '600'])",
            "multiprocessing.get_context('fork').Pool(2).map(time.sleep, [600])",
        ],
    )
    def test_blocked(self, training: Training, body: str) -> None:
        training.start(
            f"""
            ready()
            try:
                {body}
                say("never")
            except Exception:
                say("never")
            finally:
                say("on the way out")
        """,
            policy="RAISE",
        )
        training.is_ready()
        training.tell()
        assert training.end() == (0, ["on the way out", CALLED])
        assert not training.has_failed

    def test_in_a_loop_that_computes(self, training: Training) -> None:
        training.start(
            """
            count = 0
            say("ready")
            while True:
                try:
                    count = count + 1 if count < 1000 else 0
                except Exception:
                    say("never")
        """,
            policy="RAISE",
        )
        assert training.line() == "ready"
        training.tell()
        assert training.end() == (0, [CALLED])

    def test_after_a_long_call_into_c(self, training: Training) -> None:
        training.start(
            """
            library, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(64)
            library.pthread_mutex_lock(mutex)
            def let_go():
                sys.stdin.readline()
                library.pthread_mutex_unlock(mutex)
            threading.Thread(target=let_go).start()
            ready()
            library.pthread_mutex_lock(mutex)
            say("never")
            """,
            policy="RAISE",
        )
        os.kill(training.is_ready(), signal.SIGTERM)
        training.go_on()
        assert training.end() == (0, [CALLED])

    def test_in_an_import(self, training: Training) -> None:
        training.tree.write_code("slow.py", "import time; print('in', flush=True); time.sleep(600)")
        training.start("import slow", policy="RAISE")
        assert training.line() == "in"
        training.tell()
        assert training.end() == (0, [CALLED])

    def test_not_in_a_section_that_must_be_whole(self, training: Training) -> None:
        training.start(
            """
            with job.stop.deferred():
                ready()
                sys.stdin.readline()
                say("whole")
            say("never")
        """,
            policy="RAISE",
        )
        os.kill(training.is_ready(), signal.SIGTERM)
        training.go_on()
        assert training.end() == (0, ["whole", CALLED])

    def test_not_while_a_model_is_saved(self, training: Training) -> None:
        training.start("job.save_model(write_slowly); say('never')", policy="RAISE")
        os.kill(training.is_ready(), signal.SIGTERM)
        training.go_on()
        assert training.end() == (0, [CALLED])
        assert training.model == ["whole"]

    def test_a_second_signal_does_not_disturb_the_callbacks(self, training: Training) -> None:
        training.start(
            """
            job.stop.callback(lambda: (say("saves"), sys.stdin.readline(), say("saved")))
            ready()
            time.sleep(600)
        """,
            policy="RAISE",
        )
        pid = training.is_ready()
        training.tell()
        assert [training.line(), training.line()] == [CALLED, "saves"]
        os.kill(pid, signal.SIGTERM)
        training.go_on()
        assert training.end() == (0, ["saved"])

    def test_in_what_python_ignores_exceptions_of(self, training: Training) -> None:
        training.start(
            """
            class Ignores:
                def __del__(self):
                    ready()
                    sys.stdin.readline()
            Ignores()
            while True:
                time.sleep(0.01)
        """,
            policy="RAISE",
        )
        os.kill(training.is_ready(), signal.SIGTERM)
        assert training.end() == (0, [CALLED])

    def test_in_a_callback_of_c(self, training: Training) -> None:
        training.start(
            """
            @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
            def compare(one, other):
                ready()
                time.sleep(600)
            ctypes.CDLL(None).qsort((ctypes.c_int * 2)(2, 1), 2, 4, compare)
            while True:
                time.sleep(0.01)
        """,
            policy="RAISE",
        )
        training.is_ready()
        training.tell()
        assert training.end() == (0, [CALLED])

    def test_in_a_fork(self, training: Training) -> None:
        begin = """
import os, signal
os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGTERM))
"""
        training.start(
            """
            if os.fork() == 0:
                os._exit(0)
            os.wait()
            while True:
                time.sleep(0.01)
        """,
            policy="RAISE",
            begin=begin,
        )
        assert training.end() == (0, [CALLED])

    def test_a_checkpoint_of_a_callback_is_where_the_next_start_goes_on(
        self, training: Training
    ) -> None:
        body = """
            latest = job.checkpoints.latest()
            say("starts after", latest.step if latest else None)
            steps = 7
            job.stop.callback(
                lambda: job.checkpoints.save(steps, lambda to: (to / "state").write_text("7"))
            )
            ready()
            time.sleep(600)
        """
        for line in ("starts after None", "starts after 7"):
            training.start(body, policy="RAISE")
            assert training.line() == line
            training.is_ready()
            training.tell()
            assert training.end() == (0, [CALLED])


class TestOtherSignals:
    @pytest.mark.parametrize("policy", ["COOPERATE", "RAISE"])
    def test_sigint_alone_is_pythons_own(self, training: Training, policy: str) -> None:
        training.start("ready(); time.sleep(600)", policy)
        training.is_ready()
        training.tell(signal.SIGINT)
        assert training.end() == (128 + signal.SIGINT, [])
        assert "KeyboardInterrupt" in training.log
        assert not training.has_failed

    def test_sigint_ends_who_takes_too_long_after_sigterm(self, training: Training) -> None:
        training.start("""
            threading.Thread(target=lambda: job.stop.wait() and say("told")).start()
            ready()
            time.sleep(600)
        """)
        training.is_ready()
        training.tell()
        assert training.line() == "told"
        training.tell(signal.SIGINT)
        assert training.end() == (128 + signal.SIGINT, [CALLED])
        assert not training.has_failed


class TestBeforeTraining:
    def test_in_the_imports_of_the_program(self, training: Training) -> None:
        """Nothing is lost yet, so that it ends at once."""
        begin = "import time\nprint('imports', flush=True)\ntime.sleep(600)\n"
        training.start("say('never')", begin=begin)
        assert training.line() == "imports"
        training.tell()
        assert training.end() == (128 + signal.SIGTERM, [])
        assert not training.has_failed

    def test_while_the_job_is_loaded(self, training: Training) -> None:
        hyperparameters = training.tree.layout.hyperparameters
        hyperparameters.unlink()
        os.mkfifo(hyperparameters)
        training.start("say('never')")
        with hyperparameters.open("w") as file:  # once it is open at the other end
            [program] = children(training.process.pid)
            os.kill(program, signal.SIGTERM)
            file.write("{}")
        assert training.end() == (0, [])
        assert "SIGTERM came before training began" in training.log


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class TestWorkers:
    def test_forked_ones_outlive_the_signal_and_see_the_stop(self, training: Training) -> None:
        training.start(
            """
            context = multiprocessing.get_context("fork")
            def work():
                say("works")
                while not job.stop.requested:
                    time.sleep(0.01)
                time.sleep(0.3)  # what a default action would have cut short
                sys.exit(0 if job.stop.seconds_left <= 50 else 1)
            worker = context.Process(target=work)
            worker.start()
            job.stop.wait()
            worker.join()
            say("ended with", worker.exitcode)
        """,
            seconds=50,
        )
        assert training.line() == "works"
        training.tell()
        assert training.end() == (0, [CALLED, "ended with 0"])

    def test_forked_ones_can_be_terminated(self, training: Training) -> None:
        training.start("""
            context = multiprocessing.get_context("fork")
            worker = context.Process(target=time.sleep, args=(600,))
            worker.start()
            worker.terminate()
            worker.join()
            say("ended with", worker.exitcode)
            with context.Pool(2) as pool:  # terminates at its end
                say(pool.map(abs, [-1, -2]))
        """)
        assert training.end() == (0, ["ended with -15", "[1, 2]"])

    def test_those_that_ignore_everything_are_killed_with_the_program(
        self, training: Training
    ) -> None:
        training.start(
            """
            def work():
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                ready()
                time.sleep(600)
            worker = multiprocessing.get_context("fork").Process(target=work)
            worker.start()
            worker.join()
        """,
            seconds=0.5,
        )
        worker = training.is_ready()
        training.tell()
        assert training.end() == (128 + signal.SIGKILL, [])
        assert not Path(f"/proc/{worker}").exists()


class TestInProcess:
    """``run``, where a test is the platform."""

    @pytest.fixture
    def layout(self, training: Training) -> Layout:
        return training.tree.layout

    @pytest.mark.parametrize("on_stop", sm.OnStop)
    def test_a_stop_that_a_test_asks_for(self, layout: Layout, on_stop: sm.OnStop) -> None:
        algorithm = sm.Algorithm("stops", on_stop=on_stop)
        stop, done = sm.Stop(), []

        @algorithm.train
        def train(job: sm.Job[dict[str, str]]) -> None:
            job.stop.callback(lambda: done.append("saved"))
            stop.request()
            done.append("goes on")

        before = signal.getsignal(signal.SIGTERM)
        algorithm.run(layout, {}, stop)
        assert done == (["goes on", "saved"] if on_stop is sm.OnStop.COOPERATE else ["saved"])
        assert signal.getsignal(signal.SIGTERM) is before

    def test_the_grace_of_the_environment(self, layout: Layout) -> None:
        algorithm = sm.Algorithm("stops")

        @algorithm.train
        def train(job: sm.Job[dict[str, str]]) -> None:
            job.stop.request()
            assert job.stop.seconds_left <= 7

        algorithm.run(layout, {"SM_CONTAINER_STOP_SECONDS": "7"})
