"""The process engine, in each of the ways that it can give a program its view."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_fixtures import Runner, executable, finish, isolation_of

from sm_container.harness.engines.engine import (
    EngineError,
    Mount,
    Network,
    ProgramTarget,
)
from sm_container.harness.engines.isolation import (
    Isolation,
    IsolationKind,
    MlPlace,
    Plain,
    find_isolation,
)
from sm_container.harness.engines.leftovers import eventually
from sm_container.harness.engines.process import ProcessEngine
from sm_container.harness.store.home import Home


@pytest.fixture(params=["bubblewrap", "unshare", "plain"])
def isolation(request: pytest.FixtureRequest) -> Isolation:
    return isolation_of(request.param)


@pytest.fixture
def is_plain(isolation: Isolation) -> bool:
    return isolation.kind is IsolationKind.PLAIN


@pytest.fixture
def run(
    isolation: Isolation, home: Home, notes: list[str], tree: Path, tmp_path: Path
) -> Iterator[Runner]:
    program = executable(tmp_path / "program" / "train", 'echo "ran $*"; exit 5')
    made = Runner(ProcessEngine(home, notes.append, isolation), home, tree, ProgramTarget(program))
    yield made
    for container in made.made:
        container.remove()


def test_program_runs_with_train(run: Runner) -> None:
    done = run.run(network=Network.default())
    assert (done.out, done.exit.code) == (b"ran train\n", 5)


def test_tree_is_where_the_contract_says(run: Runner, is_plain: bool) -> None:
    script = 'echo "$SAGEMAKER_BASE_DIR"; touch "${SAGEMAKER_BASE_DIR:-/opt/ml}/model/m"'
    done = run.run("sh", "-c", script, network=Network.default())
    assert done.out.decode() == (f"{run.tree}\n" if is_plain else "\n")
    assert (run.tree / "model" / "m").exists()


def test_hostile_names(run: Runner, hostile_tmp_path: Path) -> None:
    tree = hostile_tmp_path / "-tree\nwith a line"
    tree.mkdir()
    program = executable(hostile_tmp_path / "-p" / "train", "pwd")
    done = run.run(tree=tree, target=ProgramTarget(program), network=Network.default())
    assert done.out.decode() == f"{program.parent}\n"


def test_opt_of_the_machine_is_seen_and_left_alone(run: Runner, is_plain: bool) -> None:
    before = sorted(os.listdir("/opt"))
    done = run.run("ls", "/opt", network=Network.default())
    inside = done.out.decode().splitlines()
    assert inside == (before if is_plain else sorted({*before, "ml"}))
    assert sorted(os.listdir("/opt")) == before


def test_program_that_is_missing(run: Runner) -> None:
    done = run.run("no-such-program", network=Network.default())
    assert done.exit.code == 127


def test_program_from_the_tree(run: Runner) -> None:
    executable(run.tree / "input" / "go", "echo gone")
    assert run.run("/opt/ml/input/go", network=Network.default()).out == b"gone\n"


def test_everything_ends_with_the_program(run: Runner) -> None:
    # A daemon in a session of its own, which holds the log open and ignores SIGTERM.
    script = "setsid sh -c 'trap \"\" TERM HUP; echo $$ > model/pid; sleep 60' & sleep 0.3; pwd"
    done = run.run("sh", "-c", script, network=Network.default(), workdir=str(run.tree))
    assert done.exit.code == 0
    assert (run.tree / "model" / "pid").exists()
    assert run.engine.remove_orphans(run.job) == [run.made[0].name]  # its record, and no process


def test_terminal_interrupt_is_the_harnesss_to_act_on(run: Runner) -> None:
    script = "import os; print(os.getsid(0), os.getpgrp())"
    done = run.run(sys.executable, "-I", "-c", script, network=Network.default())
    assert done.out.decode().split() != [str(os.getsid(0)), str(os.getpgrp())]


def test_program_does_not_die_with_the_thread_that_started_it(run: Runner) -> None:
    container = run.create("sh", "-c", "sleep 0.5; echo alive", network=Network.default())
    ends: list[tuple[int, int]] = []
    thread = threading.Thread(target=lambda: ends.append(container.start()))
    thread.start()
    thread.join()
    assert finish(container, *ends[0]).out == b"alive\n"


def test_no_descriptor_of_the_harness_is_inherited(run: Runner) -> None:
    with open(os.devnull) as held:
        os.set_inheritable(held.fileno(), True)
        script = "import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))"
        done = run.run(sys.executable, "-I", "-c", script, network=Network.default())
    assert done.out == b"[0, 1, 2, 3]\n"  # 3 is the folder that is listed


def test_credentials_of_the_desk_stay_there(
    run: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIDDESK\naws_secret_access_key = s\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDDESK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    script = "import boto3; print(boto3.Session().get_credentials())"
    done = run.run(sys.executable, "-c", script, network=Network.default())
    assert done.out == b"None\n", done.err


def test_log_of_a_failing_start_says_why(run: Runner, is_plain: bool) -> None:
    if is_plain:
        with pytest.raises(EngineError, match="install bubblewrap"):
            run.create("true", mounts=(Mount(run.tree, "/nowhere"),), network=Network.default())
        return
    done = run.run("true", workdir="/no/such/folder")
    assert done.exit.code == 125
    assert done.exit.engine_error is not None


def test_stopping_an_ended_program_is_harmless(run: Runner) -> None:
    container = run.create("true", network=Network.default())
    ends = container.start()
    container.stop(0)
    finish(container, *ends)
    container.stop(0)
    container.signal(signal.SIGKILL)


class TestWithoutNamespaces:
    @pytest.fixture
    def isolation(self) -> Isolation:
        return Plain("nothing is installed")

    def test_network_isolation_is_refused(self, run: Runner) -> None:
        with pytest.raises(EngineError, match=r"needs bubblewrap or unshare.*nothing is installed"):
            run.create("true", network=Network.none())

    def test_what_is_not_enforced_is_told(self, run: Runner) -> None:
        assert run.target is not None
        probe = run.engine.probe(run.tree, run.target, job=run.job)
        assert "nothing keeps it from writing" in probe.notes[0]
        assert not run.engine.protects_inputs

    def test_mount_of_the_tree_itself_is_in_place(self, run: Runner) -> None:
        mount = Mount(run.tree / "input" / "data", "/opt/ml/input/data", read_only=True)
        assert run.run("true", mounts=(mount,), network=Network.default()).exit.code == 0

    def test_runaways_of_a_dead_harness_are_ended(self, run: Runner) -> None:
        away = "printf .; exec sleep 60"
        container = run.create(
            *("sh", "-c", f"setsid sh -c '{away}' & setsid sh -c '{away}' & wait"),
            network=Network.default(),
        )
        out, err = container.start()
        ready = b""
        while ready != b".." and (piece := os.read(out, 1)):
            ready += piece
        assert run.engine.remove_orphans(run.job) == [container.name]
        assert finish(container, out, err).exit.code == 137


@pytest.mark.parametrize("asked", [{"platform": "linux/arm64"}, {"user": "nobody"}])
def test_what_a_process_cannot_have_is_refused(
    process_engine: ProcessEngine, home: Home, tree: Path, tmp_path: Path, asked: dict[str, str]
) -> None:
    program = ProgramTarget(executable(tmp_path / "train", "exit 0"))
    with pytest.raises(EngineError, match="use an image"):
        process_engine.create(Runner(process_engine, home, tree, program).spec(**asked))


def test_network_by_name_is_refused(
    process_engine: ProcessEngine, home: Home, tree: Path, tmp_path: Path
) -> None:
    program = ProgramTarget(executable(tmp_path / "train", "exit 0"))
    spec = Runner(process_engine, home, tree, program).spec(network=Network.named("n"))
    with pytest.raises(EngineError, match="no networks of its own"):
        process_engine.create(spec)


def test_limits_that_are_not_set_are_told(
    process_engine: ProcessEngine, home: Home, tree: Path, tmp_path: Path, notes: list[str]
) -> None:
    program = ProgramTarget(executable(tmp_path / "train", "exit 0"))
    made = Runner(process_engine, home, tree, program)
    made.create(memory_bytes=1 << 30, cpus=1.0).remove()
    assert notes == [
        "the process engine does not limit memory",
        "the process engine does not limit CPUs",
    ]


@pytest.mark.parametrize("kind", ["bubblewrap", "unshare"])
def test_program_below_opt_ml_would_be_hidden(
    home: Home, tree: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    engine = ProcessEngine(home, print, isolation_of(kind))
    monkeypatch.setattr(sys, "executable", "/opt/ml/env/bin/python")
    made = Runner(engine, home, tree, ProgramTarget(Path("/bin/true")))
    with pytest.raises(EngineError, match="/opt/ml/env/bin/python lies below /opt/ml"):
        engine.create(made.spec())


def test_program_below_a_mount_would_be_hidden(run: Runner, is_plain: bool, tmp_path: Path) -> None:
    mount = Mount(run.tree, str(tmp_path / "program"))
    said = "cannot be mounted" if is_plain else "lies below .*, where the program sees a folder of"
    with pytest.raises(EngineError, match=said):
        run.create(mounts=(mount,), network=Network.default())


def test_folder_is_shown_where_this_machine_has_one(
    run: Runner, is_plain: bool, hostile_tmp_path: Path
) -> None:
    state, source = hostile_tmp_path / "state", hostile_tmp_path / "source"
    state.mkdir()
    source.mkdir()
    (state / "of this machine").touch()
    why = run.engine.why_not_at(str(state))
    if is_plain:
        assert why is not None
        assert "install bubblewrap" in why
        return
    assert why is None
    done = run.run(
        "/bin/sh",
        "-c",
        'ls "$1"; echo own > "$1/file"',
        "sh",
        str(state),
        mounts=(Mount(source, str(state)),),
    )
    assert (done.out, done.err, done.exit.code) == (b"", b"", 0)
    assert (source / "file").read_text() == "own\n"
    assert os.listdir(state) == ["of this machine"]


@pytest.mark.parametrize("isolation", ["bubblewrap", "unshare"], indirect=True)
def test_place_is_not_made_on_this_machine(run: Runner, hostile_tmp_path: Path) -> None:
    missing = hostile_tmp_path / "a/b"
    why = run.engine.why_not_at(str(missing))
    assert why is not None
    assert f"run: sudo mkdir -p '{hostile_tmp_path}"[:30] in why
    (hostile_tmp_path / "a").touch()
    assert "is no folder on this machine" in (run.engine.why_not_at(str(missing.parent)) or "")
    assert run.engine.why_not_at(str(missing)) is not None


@pytest.mark.parametrize("isolation", ["bubblewrap", "unshare"], indirect=True)
def test_folder_is_made_where_opt_is_the_programs_own(run: Runner, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    before = os.listdir("/opt")
    if "ml" in before:  # then /opt is this machine's own, and nothing is made in it
        assert run.engine.why_not_at("/opt/state/deep") is not None
        return
    assert run.engine.why_not_at("/opt/state/deep") is None
    mount = Mount(source, "/opt/state/deep")
    done = run.run("/bin/sh", "-c", "echo own > /opt/state/deep/file", mounts=(mount,))
    assert (done.err, done.exit.code) == (b"", 0)
    assert (source / "file").read_text() == "own\n"
    assert os.listdir("/opt") == before


def test_best_way_is_found() -> None:
    kind = find_isolation().kind
    if os.environ.get("CI"):
        assert kind is IsolationKind.BUBBLEWRAP
    assert kind in IsolationKind


def test_way_that_does_not_work_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    executable(tmp_path / "bwrap", "echo 'bwrap: No permissions' >&2; exit 1")
    executable(tmp_path / "unshare", "echo 'unshare: failed' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_isolation()
    assert isinstance(found, Plain)
    assert found.reason == "bwrap: bwrap: No permissions; unshare: unshare: failed"
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert find_isolation() == Plain("bwrap is not installed; unshare is not installed")


def test_place_is_found_without_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opt = tmp_path / "opt"
    (opt / "tool").mkdir(parents=True)
    (opt / "file").touch()
    (opt / "link").symlink_to("tool")
    monkeypatch.setattr("sm_container.harness.engines.isolation.ML_PATH", str(opt / "ml"))
    place = MlPlace.find()
    assert place == MlPlace(
        ml=str(opt / "ml"),
        opt=str(opt),
        bound=(str(opt / "file"), str(opt / "tool")),
        links=(("tool", str(opt / "link")),),
    )
    (opt / "ml").mkdir()
    assert MlPlace.find() == MlPlace(ml=str(opt / "ml"))
    monkeypatch.setattr("sm_container.harness.engines.isolation.ML_PATH", str(tmp_path / "no/ml"))
    with pytest.raises(EngineError, match="cannot be read"):
        MlPlace.find()


def test_interactive_program_has_this_process_s_terminal(
    process_engine: ProcessEngine, home: Home, tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = Runner(process_engine, home, tree, ProgramTarget(Path("/bin/true")))
    done = made.run("echo", "hello", interactive=True)
    assert (done.out, done.err) == (b"", b"")
    assert capfd.readouterr().out == "hello\n"
    made.made[0].remove()


def test_descriptors_are_all_given_back(
    process_engine: ProcessEngine, home: Home, tree: Path
) -> None:
    def once() -> None:
        made = Runner(process_engine, home, tree, ProgramTarget(Path("/bin/true")))
        made.run("true")
        made.made[0].remove()

    once()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        once()
    assert eventually(lambda: len(os.listdir("/proc/self/fd")) == before, 5)
