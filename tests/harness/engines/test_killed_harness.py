"""A harness that is killed with -9 leaves nothing that the next one does not find and end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from engine_fixtures import Runner

from sm_container.harness.engines import probe
from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.engine import (
    HOME_LABEL,
    JOB_LABEL,
    EngineError,
    ImageTarget,
    ProgramTarget,
)
from sm_container.harness.engines.leftovers import MARKER, eventually, marked
from sm_container.harness.engines.process import ProcessEngine
from sm_container.harness.store.home import Home

HARNESS = """
import sys, time
from pathlib import Path
from sm_container.harness.engines.engine import *
from sm_container.harness.engines.detect import choose
from sm_container.harness.engines.isolation import Plain
from sm_container.harness.engines.process import ProcessEngine
from sm_container.harness.store.home import Home

name, home, tree, target, when = sys.argv[1:]
home = Home(Path(home))
target = ProgramTarget(Path(target)) if name in ("process", "plain") else ImageTarget(target)
if name == "plain":
    engine = ProcessEngine(home, print, Plain())
else:
    engine = choose(name, target, home, print)
spec = ContainerSpec(
    "sm-test-" + home.identity, target, Path(tree), entrypoint=("sh", "-c",
    "touch $SAGEMAKER_BASE_DIR/opt/ml/model/ready $SAGEMAKER_BASE_DIR/model/ready; "
    "setsid sleep 300 & sleep 300"),
    labels={JOB_LABEL: "a-job", HOME_LABEL: home.identity})
container = engine.create(spec)
if when == "running":
    container.start()
print("made", flush=True)
time.sleep(300)
"""


def kill_a_harness(runner: Runner, name: str, when: str) -> str:
    target = runner.target
    assert target is not None
    variables = dict(os.environ)
    if isinstance(runner.engine, ContainerEngine):
        variables.update(runner.engine.client.variables)
    given = target.reference if isinstance(target, ImageTarget) else str(target.path)
    with subprocess.Popen(
        [sys.executable, "-c", HARNESS, name, runner.home.path, runner.tree, given, when],
        stdout=subprocess.PIPE,
        env=variables,
    ) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == b"made\n"
        if when == "running":
            assert eventually((runner.tree / "model" / "ready").exists, 30)
        harness.send_signal(signal.SIGKILL)
    return f"sm-test-{runner.home.identity}"


@pytest.mark.parametrize("when", ["created", "running"])
def test_orphans_are_found_and_ended(runner: Runner, when: str) -> None:
    name = kill_a_harness(runner, runner.engine.name, when)
    assert runner.engine.remove_orphans("another-job") == []
    assert runner.engine.remove_orphans("a-job") == [name]
    assert runner.engine.remove_orphans("a-job") == []
    if runner.engine.name == "process":
        assert list(marked(f"{runner.home.identity}/")) == []


@pytest.fixture
def process_runner(process_engine: ProcessEngine, home: Home, tree: Path) -> Runner:
    return Runner(process_engine, home, tree, ProgramTarget(Path("/bin/true")))


def test_program_without_namespaces_is_found_too(process_runner: Runner) -> None:
    name = kill_a_harness(process_runner, "plain", "running")
    prefix = f"{process_runner.home.identity}/a-job/"
    inherited = eventually(lambda: len(list(marked(prefix))) >= 2, 30)
    assert inherited, f"{MARKER} is not inherited"
    assert process_runner.engine.remove_orphans("a-job") == [name]
    assert list(marked(prefix)) == []


def test_namespaced_program_dies_with_its_harness(process_runner: Runner) -> None:
    kill_a_harness(process_runner, "process", "running")
    prefix = f"{process_runner.home.identity}/"
    assert eventually(lambda: not list(marked(prefix)), 10)


@pytest.mark.container
def test_container_that_is_still_being_made_is_waited_for(container_runner: Runner) -> None:
    """The engine's command outlives the harness that ran it."""
    engine, target = container_runner.engine, container_runner.target
    assert isinstance(engine, ContainerEngine)
    assert isinstance(target, ImageTarget)
    labels = {JOB_LABEL: "a-job", HOME_LABEL: container_runner.home.identity}
    words = [word for pair in labels.items() for word in ("--label", "=".join(pair))]
    name = f"sm-test-{container_runner.home.identity}"
    create = [engine.client.program, "create", *words, "--name", name, target.reference, "true"]
    with subprocess.Popen(
        ["sh", "-c", 'kill -STOP $$; exec "$@"', "sh", *create],
        stdout=subprocess.DEVNULL,
        env=engine.client.environment(),
    ) as making:
        os.waitid(os.P_PID, making.pid, os.WSTOPPED | os.WNOWAIT)
        threading.Timer(0.5, making.send_signal, (signal.SIGCONT,)).start()
        assert engine.remove_orphans("a-job") == [name]
    assert engine.remove_orphans("a-job") == []


def test_container_of_the_probe_is_an_orphan_too(
    container_runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, target = container_runner.engine, container_runner.target
    assert isinstance(target, ImageTarget)
    found: list[str] = []

    def look_while_it_stands(*_: object) -> bool:
        found.extend(engine.remove_orphans("a-job"))
        return False

    monkeypatch.setattr(probe, "_comes_back", look_while_it_stands)
    with pytest.raises(EngineError, match="do not see"):
        engine.probe(container_runner.tree, target, job="a-job")
    assert len(found) == 1
    assert found[0].startswith("sm-probe-")
