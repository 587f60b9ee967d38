"""Algorithms as programs: real processes on a real tree in a folder with a hostile name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import sm_container as sm
from sm_container.contract import hyperparameters
from sm_container.contract.inputs import ChannelConfig, InputDataConfig, InputMode
from sm_container.contract.layout import Layout
from sm_container.contract.resources import ResourceConfig

PROGRAM = """
from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import Annotated

import sm_container as sm


@dataclass
class Hyperparameters:
    rounds: Annotated[int, sm.Range(1, 1000)] = 3
    how: str = "well"


algorithm = sm.Algorithm(
    "demo",
    hyperparameters=Hyperparameters,
    channels=[
        sm.Channel("train", content_types=["text/csv"], modes=["File", "FastFile"]),
        sm.Channel("validation", required=False),
    ],
    metrics=[sm.Metric("validation:rmse", goal="Minimize")],
    description="Shows how.",
)


def load(path):
    return json.loads(path.read_text())


def how(job):
    match job.hyperparameters.how:
        case "badly":
            load(job.channels["train"].files()[0])
        case "telling":
            (job.layout.failure).write_text("I know better")
            raise RuntimeError("unused")
        case "exit-text":
            sys.exit("no reason")
        case "exit-7":
            sys.exit(7)
        case "undeclared":
            job.channels["tset"]
        case "half":
            job.save_model(lambda folder: (folder / "m").write_text("half") and 1 / 0)
        case "damaged":
            list(job.channels["train"].batches(prefetch=0))


@algorithm.train
def train(job: sm.Job[Hyperparameters]) -> None:
    print("training", job.name, job.host, list(job.hosts), job.resources.rank)
    print([path.name for path in job.channels["train"].files()], "validation" in job.channels)
    for step in range(job.hyperparameters.rounds):
        job.metrics.log(step=step, **{"validation:rmse": 1 / (step + 1)})
    how(job)
    (job.output_data / "report.txt").write_text("done")
    job.save_model(lambda folder: (folder / "model.txt").write_text("whole"))


if __name__ == "__main__":
    algorithm.main()
"""


class Tree:
    """A job's tree and the program that trains on it."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder / "opt-ml")
        self.layout.create()
        self.program = folder / "train.py"
        self.program.write_text(PROGRAM)
        self.configure()
        channel = self.layout.channel("train")
        (channel / "sub").mkdir(parents=True)
        (channel / "b.csv").write_text("1,2")
        (channel / "sub" / "a.csv").write_text("3,4")

    def configure(self, channel: str = "train", **strings: str) -> None:
        hyperparameters.write(self.layout.hyperparameters, strings)
        given = ChannelConfig(InputMode.FILE, "text/csv", "FullyReplicated", "None")
        InputDataConfig({channel: given}).write(self.layout.input_data_config)
        ResourceConfig.homogeneous("algo-2", ("algo-1", "algo-2"), "ml.m5.large").write(
            self.layout.resource_config
        )

    def run(
        self, *arguments: str, before: tuple[str, ...] = (), **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*before, sys.executable, str(self.program), *arguments],
            env={
                **os.environ,
                "SAGEMAKER_BASE_DIR": str(self.layout.base),
                "TRAINING_JOB_NAME": "Job-1",
                **variables,
            },
            cwd=self.program.parent,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def failure(self) -> str | None:
        path = self.layout.failure
        return path.read_text() if path.exists() else None

    @property
    def model(self) -> list[str]:
        return sorted(path.name for path in self.layout.model.iterdir())


@pytest.fixture
def tree(hostile_tmp_path: Path) -> Tree:
    return Tree(hostile_tmp_path)


@pytest.mark.parametrize("arguments", [(), ("train",), ("--rounds", "2", "--how", "well")])
def test_it_trains(tree: Tree, arguments: tuple[str, ...]) -> None:
    tree.configure(rounds="2")
    done = tree.run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "training Job-1 algo-2 ['algo-1', 'algo-2'] 1",
        "['b.csv', 'a.csv'] False",
        "[metric] validation:rmse=1.0 step=0",
        "[metric] validation:rmse=0.5 step=1",
    ]
    assert tree.model == ["model.txt"]
    assert (tree.layout.output_data / "report.txt").read_text() == "done"
    assert tree.failure is None


def test_an_exception_is_explained(tree: Tree) -> None:
    tree.configure(how="badly")
    done = tree.run()
    assert done.returncode == 1
    assert tree.failure is not None
    first, *frames = tree.failure.splitlines()
    assert first == "JSONDecodeError: Extra data: line 1 column 2 (char 1)"
    assert [frame.rpartition(" in ")[0] for frame in frames] == [
        "at train.py:32",
        "at train.py:38",
        "at train.py:60",
    ]
    assert "Traceback (most recent call last)" in done.stderr
    assert "decoder.py" in done.stderr


def test_a_fault_of_the_data_is_a_sentence_and_the_author_s_lines(tree: Tree) -> None:
    (tree.layout.channel("train") / "sub" / "a.csv").write_text("3,x\n")
    tree.configure(how="damaged")
    done = tree.run()
    assert done.returncode == 1
    assert tree.failure is not None
    first, *frames = tree.failure.splitlines()
    assert first == (
        "RecordError: train/sub/a.csv, record 0, byte 0: field 1 is 'x', which is no number; a "
        "header is read with header=True (text/csv; header=true)"
    )
    assert [frame.rpartition(": ")[2] for frame in frames] == [
        'list(job.channels["train"].batches(prefetch=0))',
        "how(job)",
    ]
    assert done.stderr == f"ERROR: {tree.failure}\n"


def test_the_log_level_of_debugging_shows_the_whole_way_to_a_fault_of_the_data(tree: Tree) -> None:
    (tree.layout.channel("train") / "sub" / "a.csv").write_text("3,x\n")
    tree.configure(how="damaged")
    done = tree.run(SM_LOG_LEVEL="10")
    assert tree.failure is not None
    assert tree.failure.startswith("RecordError: train/sub/a.csv, record 0, byte 0: ")
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert "/sm_container/records/" in done.stderr


def test_a_failure_that_the_algorithm_wrote_is_kept(tree: Tree) -> None:
    tree.configure(how="telling")
    assert tree.run().returncode == 1
    assert tree.failure == "I know better"


def test_exits_come_through(tree: Tree) -> None:
    tree.configure(how="exit-7")
    assert tree.run().returncode == 7
    assert tree.failure is None
    tree.configure(how="exit-text")
    done = tree.run()
    assert (done.returncode, done.stderr) == (1, "no reason\n")
    assert tree.failure == "no reason"


def test_a_half_model_is_none(tree: Tree) -> None:
    tree.configure(how="half")
    assert tree.run().returncode == 1
    assert tree.model == []
    assert tree.failure is not None
    assert tree.failure.startswith("ZeroDivisionError: division by zero\nat train.py:")


def test_faults_of_the_request_are_one_line(tree: Tree) -> None:
    tree.configure(rounds="0", hwo="x")
    done = tree.run()
    text = (
        "HyperparameterError: rounds = '0' must be an integer from 1 to 1000; "
        "hwo is not a hyperparameter of this algorithm; did you mean how?"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"ERROR: {text}\n")
    assert tree.failure == text


def test_faults_of_the_channels_are_one_line(tree: Tree) -> None:
    tree.configure(channel="tarin")
    done = tree.run()
    assert done.returncode == 1
    assert tree.failure == (
        "ChannelError: channel train is required and the job has none of that name; add it to "
        "InputDataConfig; channel tarin is not one of this algorithm's (train, validation); "
        "remove it from InputDataConfig"
    )
    assert done.stderr == f"ERROR: {tree.failure}\n"


def test_a_channel_that_the_author_forgot_to_declare_is_a_defect(tree: Tree) -> None:
    tree.configure(how="undeclared")
    done = tree.run()
    assert done.returncode == 1
    assert tree.failure is not None
    assert tree.failure.startswith(
        "MissingChannelError: the algorithm declares no channel tset; declared: train, validation"
    )
    assert 'job.channels["tset"]' in tree.failure
    assert "Traceback" in done.stderr


def test_a_tree_that_is_none(tree: Tree) -> None:
    tree.layout.hyperparameters.unlink()
    done = tree.run()
    assert done.returncode == 1
    assert done.stderr.startswith("ERROR: ContractError: ")
    assert done.stderr.count("\n") == 1
    assert tree.failure is not None


def test_on_a_desk_nothing_is_created(tree: Tree, hostile_tmp_path: Path) -> None:
    tree.layout = Layout(hostile_tmp_path / "nowhere")
    done = tree.run()
    assert done.returncode == 1
    assert "set SAGEMAKER_BASE_DIR" in done.stderr
    assert not tree.layout.base.exists()


def test_an_output_folder_that_cannot_be_written(tree: Tree) -> None:
    tree.configure(how="badly")
    tree.layout.output.rename(tree.layout.base / "away")
    tree.layout.output.write_text("a file in its place")
    done = tree.run()
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert "JSONDecodeError" in done.stderr


def test_describe(tree: Tree) -> None:
    done = tree.run("describe", "--image", "my/image:1", "--instance-type", "ml.m5.large")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["AlgorithmName"] == "demo"
    assert document["TrainingSpecification"]["TrainingImage"] == "my/image:1"
    assert document["TrainingSpecification"]["SupportedTrainingInstanceTypes"] == ["ml.m5.large"]
    assert json.loads(tree.run("describe", "--json").stdout)["AlgorithmName"] == "demo"
    assert tree.run("describe", "--markdown").stdout.startswith("# demo\n\nShows how.\n")


@pytest.mark.parametrize(
    "arguments", [("descirbe",), ("describe", "--xml"), ("describe", "--json", "--markdown")]
)
def test_commands_that_are_none(tree: Tree, arguments: tuple[str, ...]) -> None:
    done = tree.run(*arguments)
    assert done.returncode == 2
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_help(tree: Tree) -> None:
    done = tree.run("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: train.py [train] | train.py describe")


def namespace() -> tuple[str, ...]:
    """A command that makes its program PID 1."""
    user = ("--user", "--map-root-user") if os.getuid() else ()
    return ("unshare", *user, "--pid", "--fork", "--kill-child", "--mount-proc")


def test_as_pid_1_it_is_supervised(tree: Tree) -> None:
    tree.program.write_text(
        PROGRAM.replace(
            '    print("training"',
            '    print("pid", os.getpid(), "of", os.getppid())\n'
            '    print("argv", sys.argv[1:], "flags", sys.flags.utf8_mode)\n    print("training"',
        )
    )
    done = tree.run("--how", "a b;'c'", before=namespace())
    assert done.returncode == 0, done.stderr
    pid, argv, *_ = done.stdout.splitlines()
    assert pid.endswith(" of 1")
    assert pid != "pid 1 of 1"
    assert argv.startswith("""argv ['--how', "a b;'c'"]""")
    tree.configure(how="exit-7")
    assert tree.run(before=namespace()).returncode == 7
    tree.layout.failure.unlink()  # the supervisor's, of this exit
    tree.configure(how="badly")
    assert tree.run(before=namespace()).returncode == 1
    assert tree.failure is not None
    assert tree.failure.startswith("JSONDecodeError")


def test_describe_needs_no_supervisor(tree: Tree) -> None:
    done = tree.run("describe", before=namespace())
    assert (done.returncode, done.stderr) == (0, "")


EXEC_PROBE = """
import os, signal, sys
# Stands in for a SIGTERM that comes while the interpreter of the supervisor starts.
execv = os.execv
def execv_with_a_signal_on_the_way(path, argv):
    os.kill(os.getpid(), signal.SIGTERM)
    execv(path, argv)
os.execv = execv_with_a_signal_on_the_way
"""


def test_a_sigterm_on_the_way_to_the_supervisor_is_not_lost(tree: Tree) -> None:
    waiting = PROGRAM.replace(
        '    print("training"',
        '    import time\n    time.sleep(60)\n    print("training"',
    )
    tree.program.write_text(
        waiting.replace(
            "if __name__", f"if os.getpid() == 1:\n    exec({EXEC_PROBE!r})\nif __name__"
        )
    )
    done = tree.run(before=namespace())
    assert done.returncode == 128 + signal.SIGTERM
    assert "training" not in done.stdout


class TestInProcess:
    """``run`` for tests and notebooks."""

    def test_without_declared_hyperparameters_they_are_text(self, tree: Tree) -> None:
        tree.configure(eta="0.3", anything="x")
        algorithm = sm.Algorithm("plain")
        seen: list[dict[str, str]] = []

        @algorithm.train
        def train(job: sm.Job[dict[str, str]]) -> None:
            seen.append(job.hyperparameters)
            assert job.channels["train"].path == tree.layout.channel("train")

        algorithm.run(tree.layout, {})
        assert seen == [{"eta": "0.3", "anything": "x"}]

    def test_errors_are_raised_as_they_are(self, tree: Tree) -> None:
        algorithm = sm.Algorithm("plain", channels=[sm.Channel("other")])

        @algorithm.train
        def train(job: sm.Job[dict[str, str]]) -> None:
            raise AssertionError("not reached")

        with pytest.raises(sm.ChannelError, match="channel other is required"):
            algorithm.run(tree.layout, {})
        with pytest.raises(sm.DeclarationError, match="a train function already"):
            algorithm.train(train)

    def test_an_algorithm_without_train(self, tree: Tree) -> None:
        with pytest.raises(sm.DeclarationError, match=r"decorate one with @algorithm.train"):
            sm.Algorithm("plain").run(tree.layout, {})
