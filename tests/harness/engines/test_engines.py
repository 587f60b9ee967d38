"""What holds for every engine: the table of entry points, the end, the signals, the log."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from engine_fixtures import Runner, executable, finish

from sm_container.harness.engines.engine import (
    Container,
    ContainerSpec,
    EngineError,
    ImageTarget,
    Mount,
    Network,
    ProgramTarget,
)

WAIT_FOR_TERM = (
    "python3",
    "-c",
    "import signal, sys, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
    "held = b'1' * 80_000_000\n"
    "open('/opt/ml/model/ready', 'w').close()\n"
    "while True: time.sleep(0.02)",
)
OUTLAST_TERM = (
    "python3",
    "-c",
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: open('/opt/ml/model/told', 'w').close())\n"
    "held = b'1' * 80_000_000\n"
    "open('/opt/ml/model/ready', 'w').close()\n"
    "while True: time.sleep(0.02)",
)


def until(path: Path, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not appear"
        time.sleep(0.02)


def test_program_sees_its_tree_and_leaves_files_in_it(runner: Runner) -> None:
    (runner.tree / "input" / "word").write_text("carried")
    done = runner.run("sh", "-c", "cat /opt/ml/input/word; echo model > /opt/ml/model/m")
    assert (done.out, done.exit.code) == (b"carried", 0)
    assert (runner.tree / "model" / "m").read_text() == "model\n"


def test_tree_may_have_any_name(runner: Runner, hostile_tmp_path: Path) -> None:
    tree = hostile_tmp_path / "a,b:c" if runner.engine.name != "docker" else hostile_tmp_path
    tree.mkdir(exist_ok=True)
    done = runner.run("sh", "-c", "echo here > /opt/ml/x", tree=tree)
    assert done.exit.code == 0
    assert (tree / "x").read_text() == "here\n"


def test_first_process_is_the_program_itself(runner: Runner) -> None:
    assert runner.run("sh", "-c", "echo $$").out == b"1\n"


def test_entrypoint_tail_precedes_arguments(runner: Runner) -> None:
    hostile = ("a b", "$(id)", '"', "'", "--flag", "")
    done = runner.run("sh", "-c", 'for a; do echo "<$a>"; done', "sh", "tail", arguments=hostile)
    assert done.out.decode().splitlines() == ["<tail>", *(f"<{a}>" for a in hostile)]


def test_variables_reach_the_program_and_nothing_else(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the desk")
    monkeypatch.setenv("SM_HP_LEFTOVER", "of the desk")
    given = {
        "PLAIN": "x y",
        "LINES": "a\nb",
        "QUOTES": "'\"`$HOME\\",
        "EMPTY": "",
        "HF_TOKEN": "hf secret #1 =$",
        "DB_PASSWORD": 'it\'s "quoted"\nand long',
        "LD_DEBUG": "none",
    }
    done = runner.run(
        "python3",
        "-c",
        "import json, os; print(json.dumps(dict(os.environ)))",
        environment=given,
    )
    seen = json.loads(done.out)
    assert {name: seen[name] for name in given} == given
    assert "AWS_SECRET_ACCESS_KEY" not in seen
    assert "SM_HP_LEFTOVER" not in seen


@pytest.mark.parametrize("code", [0, 1, 3, 120, 124, 125, 126, 127, 128, 137, 143, 255])
def test_exit_codes_are_the_programs_own(runner: Runner, code: int) -> None:
    done = runner.run("sh", "-c", f"exit {code}").exit
    assert (done.code, done.engine_error, done.out_of_memory) == (code, None, False)


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV])
def test_death_by_a_signal_is_told(runner: Runner, number: int) -> None:
    # A child of process 1 dies and process 1 says so, as sm-train does: the kernel keeps a
    # signal that it has no handler for from process 1 itself.
    script = f"sh -c 'kill -{int(number)} $$'; exit $?"
    assert runner.run("sh", "-c", script).exit.code == 128 + number


def test_program_that_is_not_there(runner: Runner) -> None:
    done = runner.run("no-such-program").exit
    assert done.code == 127
    assert done.engine_error == 'exec: "no-such-program": executable file not found in $PATH'


def test_program_that_cannot_be_executed(runner: Runner) -> None:
    (runner.tree / "model" / "text").write_text("words\n")
    done = runner.run("/opt/ml/model/text").exit
    assert done.code == 126
    assert done.engine_error is not None
    assert done.engine_error.startswith('exec: "/opt/ml/model/text": ')


def test_program_from_a_channel(runner: Runner) -> None:
    executable(runner.tree / "input" / "data" / "code" / "start.sh", 'echo started "$@"')
    done = runner.run("/opt/ml/input/data/code/start.sh", arguments=("now",))
    assert done.out == b"started now\n"


def test_stop_lets_the_program_end_by_itself(runner: Runner) -> None:
    def stop(container: Container) -> None:
        until(runner.tree / "model" / "ready")
        container.stop(60)

    assert runner.run(*WAIT_FOR_TERM, during=stop).exit.code == 3


def test_stop_kills_after_the_grace(runner: Runner) -> None:
    def stop(container: Container) -> None:
        until(runner.tree / "model" / "ready")
        container.stop(1)

    done = runner.run(*OUTLAST_TERM, during=stop).exit
    assert (done.code, done.out_of_memory) == (137, False)


def test_kill_cuts_a_grace_short(runner: Runner) -> None:
    def stop(container: Container) -> None:
        until(runner.tree / "model" / "ready")
        container.stop(60)
        until(runner.tree / "model" / "told")
        container.signal(signal.SIGKILL)

    assert runner.run(*OUTLAST_TERM, during=stop).exit.code == 137


def test_stop_before_the_engine_has_started_it(runner: Runner) -> None:
    done = runner.run("sleep", "60", during=lambda container: container.stop(0)).exit
    assert done.code == 137


def test_signals_reach_the_program(runner: Runner) -> None:
    script = "trap 'exit 9' USR1; touch /opt/ml/model/ready; while :; do sleep 0.05; done"

    def signal_it(container: Container) -> None:
        until(runner.tree / "model" / "ready")
        container.signal(signal.SIGUSR1)

    assert runner.run("sh", "-c", script, during=signal_it).exit.code == 9


def test_signal_after_the_end_does_nothing(runner: Runner) -> None:
    container = runner.create("true")
    out, err = container.start()
    assert finish(container, out, err).exit.code == 0
    container.signal(signal.SIGTERM)
    container.stop(0)
    assert container.wait(1) is not None


def test_wait_gives_up_in_time(runner: Runner) -> None:
    container = runner.create("sleep", "60")
    out, err = container.start()
    assert container.wait(0.1) is None
    container.signal(signal.SIGKILL)
    assert finish(container, out, err).exit.code == 137


def test_log_is_whole_in_each_stream(runner: Runner) -> None:
    script = (
        "import sys\n"
        "for i in range(100_000):\n"
        "    sys.stdout.write(f'out {i}\\n')\n"
        "    sys.stderr.write(f'err {i}\\n')\n"
    )
    done = runner.run("python3", "-c", script)
    assert done.out == "".join(f"out {i}\n" for i in range(100_000)).encode()
    assert done.err == "".join(f"err {i}\n" for i in range(100_000)).encode()


def test_log_takes_any_bytes(runner: Runner) -> None:
    line = "x" * 10_000_000
    script = (
        "import sys\n"
        "w = sys.stdout.buffer.write\n"
        f"w(b'x' * {len(line)} + b'\\n')\n"
        "w(b'\\xff\\xfe\\0 \\r 10%\\r 20%\\r\\n')\n"
        "w('é✓'.encode()[:3])\n"
        "w(b'no newline')"
    )
    done = runner.run("python3", "-c", script)
    expected = b"\xff\xfe\0 \r 10%\r 20%\r\n" + "é✓".encode()[:3] + b"no newline"
    assert done.out == line.encode() + b"\n" + expected


def test_output_ends_with_the_program_though_a_child_lives(runner: Runner) -> None:
    done = runner.run("sh", "-c", "setsid sleep 60 & echo done")
    assert (done.out, done.exit.code) == (b"done\n", 0)


def test_read_only_mounts_cannot_be_written(runner: Runner, tmp_path: Path) -> None:
    channel = runner.tree / "input" / "data" / "train"
    channel.mkdir()
    (channel / "a").write_text("kept")
    other = tmp_path / "elsewhere"
    other.mkdir()
    done = runner.run(
        "sh",
        "-c",
        "cat /opt/ml/input/data/train/a; echo no > /opt/ml/input/data/train/a; "
        "touch /opt/ml/input/data/train/b; touch /opt/ml/input/data/free/c",
        mounts=(
            Mount(channel, "/opt/ml/input/data/train", read_only=True),
            Mount(other, "/opt/ml/input/data/free"),
        ),
    )
    assert done.out == b"kept"
    assert (channel / "a").read_text() == "kept"
    assert os.listdir(channel) == ["a"]
    assert os.listdir(other) == ["c"]
    assert runner.engine.protects_inputs


def test_isolated_program_has_loopback_alone(runner: Runner) -> None:
    script = (
        "import socket\n"
        "s = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(s.getsockname(), 5).close()\n"
        "try:\n"
        "    socket.create_connection(('1.1.1.1', 53), 5)\n"
        "except OSError as fault:\n"
        "    print('unreachable')\n"
        "print(socket.gethostbyname('algo-1'))\n"
    )
    done = runner.run("python3", "-c", script, network=Network.none())
    assert done.out == b"unreachable\n127.0.0.1\n", done.err


def test_host_knows_itself_by_its_alias(runner: Runner) -> None:
    done = runner.run("getent", "hosts", "algo-2", host_alias="algo-2", network=Network.default())
    assert done.out.split()[0] == b"127.0.0.1"


def test_stats_of_a_running_container(runner: Runner) -> None:
    seen = []

    def look(container: Container) -> None:
        until(runner.tree / "model" / "ready")
        seen.append(container.stats())
        container.signal(signal.SIGTERM)

    runner.run(*WAIT_FOR_TERM, during=look)
    assert seen[0] is not None
    assert seen[0].memory_bytes > 80_000_000
    assert seen[0].memory_peak_bytes >= 80_000_000


def test_no_stats_before_and_after(runner: Runner) -> None:
    container = runner.create("true")
    assert container.stats() is None
    finish(container, *container.start())
    assert container.stats() is None


def test_removing_ends_what_runs_and_may_be_repeated(runner: Runner) -> None:
    container = runner.create("sleep", "60")
    out, err = container.start()
    container.remove()
    container.remove()
    assert finish(container, out, err).out == b""
    assert runner.engine.remove_orphans(runner.job) == []


def test_name_is_taken_only_once(runner: Runner) -> None:
    name = runner.create("true").name
    with pytest.raises(EngineError, match=r"in use|exists already"):
        runner.create("true", name=name)


def test_orphans_are_those_of_the_job(runner: Runner) -> None:
    mine = runner.create("sleep", "60")
    finished = mine.start()
    other = Runner(runner.engine, runner.home, runner.tree, runner.target, job="another")
    others = other.create("sleep", "60")
    kept = others.start()
    try:
        assert runner.engine.remove_orphans(runner.job) == [mine.name]
        # An engine that has removed a container cannot tell how it ended.
        assert finish(mine, *finished).exit.code in (125, 137)
        assert others.wait(0.2) is None
    finally:
        others.remove()
        for descriptor in kept:
            os.close(descriptor)


def test_command_shows_no_secret(runner: Runner) -> None:
    shown = runner.engine.command(
        runner.spec("sh", environment={"COLOUR": "blue", "HF_TOKEN": "hf_sesame"})
    )
    assert any("blue" in word for word in shown)
    assert any("HF_TOKEN" in word for word in shown)
    assert not any("sesame" in word for word in shown)


def test_secrets_are_not_in_any_command_line(runner: Runner) -> None:
    seen: list[bytes] = []

    def look(container: Container) -> None:
        until(runner.tree / "model" / "ready")
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it has just ended
                seen.append(entry.read_bytes())
        container.stop(10)

    runner.run(*WAIT_FOR_TERM, environment={"HF_TOKEN": "sesame-4711"}, during=look)
    assert not any(b"sesame-4711" in line for line in seen)


def test_tree_must_be_there(runner: Runner, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="is not a folder"):
        runner.create("true", tree=tmp_path / "nowhere")


def test_target_of_the_other_kind_is_refused(runner: Runner, tmp_path: Path) -> None:
    wrong = (
        ImageTarget("an-image")
        if runner.engine.name == "process"
        else ProgramTarget(tmp_path / "program")
    )
    with pytest.raises(EngineError, match=r"image|program"):
        runner.create(target=wrong)


def test_probe_costs_nothing_the_second_time(runner: Runner) -> None:
    assert runner.target is not None
    assert runner.engine.probe(runner.tree, runner.target, job=runner.job).fifos
    assert sorted(os.listdir(runner.tree)) == ["input", "model"]
    # An image that is not there shows that no container is asked again.
    again = runner.target if runner.engine.name == "process" else ImageTarget("localhost/no:1")
    assert runner.engine.probe(runner.tree, again, job=runner.job).fifos


def test_spec_is_plain_data(runner: Runner) -> None:
    spec = runner.spec("true")
    assert isinstance(spec, ContainerSpec)
    assert hash(spec.network) == hash(Network.none())
