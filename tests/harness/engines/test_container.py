"""What only real containers have: images, limits, networks, an engine between us and the end."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from engine_fixtures import Runner, finish

from sm_container.harness.engines.attached import exit_of_start_error, remove
from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.engine import (
    Container,
    EngineError,
    Exit,
    ImageTarget,
    Mount,
    Network,
)
from sm_container.harness.engines.leftovers import eventually

pytestmark = pytest.mark.container

SHOW = "import os, json, sys; print(json.dumps([os.getpid(), sys.argv[1:]]))"


def write_config(tree: Path, **hyperparameters: str) -> None:
    config = tree / "input" / "config"
    config.mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    (config / "inputdataconfig.json").write_text("{}")
    (config / "resourceconfig.json").write_text(
        '{"current_host":"algo-1","hosts":["algo-1"],"network_interface_name":"eth0"}'
    )
    (tree / "output" / "data").mkdir(parents=True)


def test_algorithm_image_trains(container_runner: Runner, algorithm_image: str) -> None:
    write_config(container_runner.tree, exit_code="7")
    done = container_runner.run(target=ImageTarget(algorithm_image), environment={"COLOUR": "blue"})
    assert done.exit == Exit(7), done.err
    seen = json.loads((container_runner.tree / "model" / "seen.json").read_text())
    assert seen["hyperparameters"] == {"exit_code": "7"}
    assert seen["environment"]["COLOUR"] == "blue"
    assert seen["uid"] == 0


def test_algorithm_image_stops(container_runner: Runner, algorithm_image: str) -> None:
    write_config(container_runner.tree, seconds="60")

    def stop(container: Container) -> None:
        assert eventually((container_runner.tree / "model" / "seen.json").exists, 30)
        container.stop(30)

    container_runner.run(target=ImageTarget(algorithm_image), during=stop)
    assert (container_runner.tree / "model" / "stopped").exists()


def test_arguments_take_the_place_of_train(container_runner: Runner, library_image: str) -> None:
    done = container_runner.run(
        target=ImageTarget(library_image), arguments=("python3", "-c", SHOW, "a b")
    )
    assert json.loads(done.out)[1] == ["a b"]


def test_entry_point_takes_the_place_of_the_images(
    container_runner: Runner, library_image: str
) -> None:
    done = container_runner.run("python3", "-c", SHOW, target=ImageTarget(library_image))
    assert json.loads(done.out) == [1, []]


def test_image_without_an_entry_point_has_no_train(container_runner: Runner) -> None:
    done = container_runner.run().exit
    assert done == Exit(127, False, 'exec: "train": executable file not found in $PATH')


def test_no_memory_left_is_told(container_runner: Runner) -> None:
    script = "held = []\nwhile True: held.append(b'1' * (1 << 20))"
    done = container_runner.run("python3", "-c", script, memory_bytes=64 << 20).exit
    assert (done.code, done.out_of_memory) == (137, True)


def test_kill_under_a_memory_limit_is_not_want_of_memory(container_runner: Runner) -> None:
    done = container_runner.run(
        "sleep", "60", memory_bytes=64 << 20, during=lambda c: c.signal(signal.SIGKILL)
    ).exit
    assert (done.code, done.out_of_memory) == (137, False)


@pytest.mark.parametrize("mebibytes", [1, 3])
def test_a_limit_too_small_for_the_start_is_told(container_runner: Runner, mebibytes: int) -> None:
    done = container_runner.run("true", memory_bytes=mebibytes << 20).exit
    assert (done.code, done.out_of_memory) == (137, True)
    assert done.engine_error is not None


def test_limits_hold_inside(container_runner: Runner) -> None:
    script = (
        "import os, glob, shutil\n"
        "v1, v2 = '/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max'\n"
        "print(open(v1 if os.path.exists(v1) else v2).read().strip())\n"
        "print(shutil.disk_usage('/dev/shm').total)\n"
    )
    done = container_runner.run(
        "python3", "-c", script, memory_bytes=256 << 20, shm_bytes=32 << 20, cpus=0.5
    )
    assert done.out.decode().split() == [str(256 << 20), str(32 << 20)]


def test_stats_know_the_limit(container_runner: Runner) -> None:
    container = container_runner.create("sleep", "60", memory_bytes=128 << 20)
    ends = container.start()
    assert eventually(lambda: container.stats() is not None, 30)
    stats = container.stats()
    assert stats is not None
    assert stats.memory_limit_bytes == 128 << 20
    assert stats.cpu_seconds is not None
    container.signal(signal.SIGKILL)
    finish(container, *ends)


def test_work_folder_and_user(container_runner: Runner) -> None:
    done = container_runner.run("sh", "-c", "pwd; id -u", workdir="/usr", user="1234")
    assert done.out == b"/usr\n1234\n"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"user": "no-such-user"},
            "unable to find user no-such-user: no matching entries in passwd file",
        ),
        ({"workdir": "/etc/passwd"}, "not a directory"),
    ],
)
def test_work_folder_and_user_that_cannot_be(
    container_runner: Runner, fields: dict[str, str], said: str
) -> None:
    done = container_runner.run("true", **fields).exit
    assert done.code == 126
    assert done.engine_error is not None
    assert done.engine_error.endswith(said)


def test_missing_image_is_pulled_or_refused(container_runner: Runner, notes: list[str]) -> None:
    with pytest.raises(EngineError, match=r"localhost/no-such:1 is not on this machine") as fault:
        container_runner.create("true", target=ImageTarget("localhost/no-such:1"))
    assert "\n" not in str(fault.value)
    assert notes[0] == "pulling localhost/no-such:1"
    assert not any(line.startswith("time=") for line in notes)


def test_pull_that_somebody_leaves_is_ended(container_runner: Runner) -> None:
    class Left(Exception):
        pass

    connections = []
    with socket.create_server(("127.0.0.1", 0)) as registry:  # which says nothing
        registry.setblocking(False)

        def leave() -> None:
            with suppress(BlockingIOError):
                connections.append(registry.accept())
                raise Left

        target = ImageTarget(f"127.0.0.1:{registry.getsockname()[1]}/no-such:1")
        with pytest.raises(Left):
            container_runner.engine.create(container_runner.spec("true", target=target), leave)
        for connection, _ in connections:
            connection.close()


def test_image_of_another_platform_is_not_taken(container_runner: Runner) -> None:
    with pytest.raises(EngineError, match=r"for linux/s390x is not on this machine"):
        container_runner.create("true", platform="linux/s390x")


def test_what_the_engine_says_of_a_network_is_not_in_the_log(
    container_runner: Runner, container_engine: ContainerEngine
) -> None:
    client = container_engine.client
    network = f"sm-test-{container_runner.home.identity}"
    client.run("network", "create", network)
    try:
        done = container_runner.run(
            "sh", "-c", "echo out; echo err >&2; exit 3", network=Network.named(network)
        )
        missing = container_runner.run("no-such-program", network=Network.named(network))
        for container in container_runner.made:
            container.remove()
    finally:
        client.run("network", "rm", network)
    assert (done.out, done.err, done.exit) == (b"out\n", b"err\n", Exit(3))
    assert missing.exit.code == 127


def test_hosts_of_one_network_find_each_other(
    container_runner: Runner, container_engine: ContainerEngine
) -> None:
    client = container_engine.client
    network = f"sm-test-{container_runner.home.identity}"
    client.run("network", "create", "--internal", network)
    try:
        named = Network.named(network)
        serve = (
            "import socket\n"
            "server = socket.create_server(('', 5000))\n"
            "server.accept()[0].sendall(b'hello')\n"
        )
        ask = (
            "import socket, time\n"
            "for _ in range(100):\n"
            "    try:\n"
            "        s = socket.create_connection(('algo-2', 5000), 2)\n"
            "        break\n"
            "    except OSError:\n"
            "        time.sleep(0.1)\n"
            "print(s.recv(9).decode())\n"
        )
        second = container_runner.create("python3", "-c", serve, network=named, host_alias="algo-2")
        ends = second.start()
        first = container_runner.run("python3", "-c", ask, network=named)
        assert first.out == b"hello\n", first.err
        assert finish(second, *ends).exit.code == 0
        for container in container_runner.made:
            container.remove()
    finally:
        client.run("network", "rm", network)


def test_end_is_known_though_the_attached_command_is_killed(container_runner: Runner) -> None:
    def kill(container: Container) -> None:
        assert eventually(lambda: container.stats() is not None, 30)
        attached = container._attached  # type: ignore[attr-defined]
        os.kill(attached.pid, signal.SIGKILL)

    done = container_runner.run("sh", "-c", "sleep 1; exit 9", during=kill)
    assert done.exit == Exit(9)


def test_container_removed_by_someone_else(
    container_runner: Runner, container_engine: ContainerEngine
) -> None:
    container = container_runner.create("sleep", "60")
    ends = container.start()
    assert eventually(lambda: container.stats() is not None, 30)
    remove(container_engine.client, container.name)
    assert finish(container, *ends).exit.code in (125, 137, 143)


def test_started_only_once(container_runner: Runner) -> None:
    container = container_runner.create("true")
    with pytest.raises(EngineError, match="has not been started"):
        container.wait()
    ends = container.start()
    with pytest.raises(EngineError, match="was started before"):
        container.start()
    finish(container, *ends)


def test_no_volume_of_the_image_hides_the_tree(
    container_runner: Runner, base_image: str, tmp_path: Path
) -> None:
    """Not one below another mount either."""
    places = (
        "/opt/ml/model",
        "/opt/ml/output/data/",
        "/opt/ml/input/data/train/deep",
        "/elsewhere",
    )
    name = f"localhost/sm-test-volumes-{container_runner.home.identity}:1"
    lines = f"FROM {base_image}\nVOLUME {json.dumps(places)}\n"
    subprocess.run(
        ["podman", "build", "--quiet", "--tag", name, "-"], input=lines.encode(), check=True
    )
    (container_runner.tree / "output" / "data").mkdir(parents=True)
    train = tmp_path / "train"
    (train / "deep").mkdir(parents=True)
    (train / "deep" / "x").write_text("of the channel")
    try:
        done = container_runner.run(
            *("sh", "-c"),
            "for at in model output/data; do echo 1 > /opt/ml/$at/it; done; echo 1 > /elsewhere/it;"
            "cat /opt/ml/input/data/train/deep/x; touch /opt/ml/input/data/train/deep/no",
            target=ImageTarget(name),
            mounts=(Mount(train, "/opt/ml/input/data/train", read_only=True),),
        )
        for container in container_runner.made:
            container.remove()
    finally:
        subprocess.run(["podman", "rmi", "--force", name], check=True, capture_output=True)
    assert (container_runner.tree / "model" / "it").read_text() == "1\n"
    assert (container_runner.tree / "output" / "data" / "it").read_text() == "1\n"
    assert (done.out, done.exit) == (b"of the channel", Exit(1)), done.err
    assert b"Read-only file system" in done.err


def test_fifo_carries_through_the_mount(container_runner: Runner) -> None:
    fifo = container_runner.tree / "input" / "data" / "train_0"
    os.mkfifo(fifo)
    container = container_runner.create("sh", "-c", "cat /opt/ml/input/data/train_0 | wc -c")
    ends = container.start()
    with open(fifo, "wb") as pipe:  # waits for the reader inside
        pipe.write(b"x" * 3_000_000)
    assert finish(container, *ends).out == b"3000000\n"


def test_no_file_is_left_where_the_test_runs(
    container_runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    script = "held = []\nwhile True: held.append(b'1' * (1 << 20))"
    container_runner.run("python3", "-c", script, memory_bytes=32 << 20)
    container_runner.made[0].remove()  # with whatever has watched it
    assert os.listdir(here) == []


SHELL = """
import sys
from pathlib import Path
from sm_container.harness.engines.client import Client, Dialect
from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.engine import *
from sm_container.harness.store.home import Home
dialect, program, image, home, tree = sys.argv[1:]
home = Home(Path(home))
engine = ContainerEngine(Client(Dialect(dialect), program), home, print)
container = engine.create(ContainerSpec(
    "sm-test-" + home.identity, ImageTarget(image), Path(tree), entrypoint=("sh",),
    labels={JOB_LABEL: "j", HOME_LABEL: home.identity}, network=Network.none(), interactive=True))
container.start()
end = container.wait(60)
container.remove()
sys.exit(end.code)
"""


def test_shell_has_the_terminal(container_runner: Runner) -> None:
    engine = container_runner.engine
    assert isinstance(engine, ContainerEngine)
    assert isinstance(container_runner.target, ImageTarget)
    ours, theirs = pty.openpty()
    client = engine.client
    given = [client.dialect.value, client.program, container_runner.target.reference]
    with subprocess.Popen(
        [sys.executable, "-c", SHELL, *given, container_runner.home.path, container_runner.tree],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=client.environment(),
        start_new_session=True,
    ) as harness:
        os.close(theirs)
        os.write(ours, b"tty; echo $((6 * 7)); exit 3\n")
        said = b""
        while b"42\r\n" not in said:
            said += os.read(ours, 4096)
        assert harness.wait(60) == 3
    os.close(ours)
    assert b"/dev/pts/" in said


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            'start: runc: exec: "train": executable file not found in $PATH: OCI not found',
            Exit(127, engine_error='exec: "train": executable file not found in $PATH'),
        ),
        (
            'start: failed: exec: "/x/y": stat /x/y: no such file or directory: unknown',
            Exit(127, engine_error='exec: "/x/y": stat /x/y: no such file or directory'),
        ),
        (
            'start: exec: "/etc/passwd": permission denied: unknown',
            Exit(126, engine_error='exec: "/etc/passwd": permission denied'),
        ),
        (
            'start of "1f": unable to find user no: no matching entries in passwd file',
            Exit(126, engine_error="unable to find user no: no matching entries in passwd file"),
        ),
        (
            'start: chdir to cwd ("/x") set in config.json failed: permission denied: unknown',
            Exit(
                126,
                engine_error='chdir to cwd ("/x") set in config.json failed: permission denied',
            ),
        ),
        ("start: no space left", Exit(125, engine_error="start: no space left")),
        ("mount /x: no such file", Exit(125, engine_error="mount /x: no such file")),
    ],
)
def test_words_of_an_engine_become_the_services_code(said: str, expected: Exit) -> None:
    assert exit_of_start_error(said) == expected
