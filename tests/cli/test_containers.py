"""``run`` with images: built, run, looked into, and ended after the harness was killed."""

from __future__ import annotations

import fcntl
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_terminal import Terminal

pytestmark = pytest.mark.container

ALGORITHM = """#!/bin/sh
trap 'echo stopping; exit 0' TERM
echo "ready $1"
cat /opt/ml/input/data/train/a.csv > /opt/ml/model/model.csv
[ "$1" = wait ] && while :; do sleep 0.05; done
exit 0
"""


@pytest.fixture
def folder(desk: Any, base_image: str) -> str:
    """A folder with a Dockerfile, and data to train on."""
    image = desk.folder / "Image & all"
    image.mkdir()
    (image / "train").write_text(ALGORITHM)
    (image / "train").chmod(0o755)
    (image / "Dockerfile").write_text(
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n"
        'COPY train /usr/local/bin/train\nENTRYPOINT ["/usr/local/bin/train"]\n'
    )
    (desk.folder / "data").mkdir()
    (desk.folder / "data" / "a.csv").write_text("1,2\n")
    return "./Image & all"


@pytest.fixture
def image(desk: Any, folder: str, base_image: str) -> str:
    name = "sm-container-test/cli:latest"
    built = desk.run(
        *("run", name, "--build", folder, "--build-arg", f"BASE_IMAGE={base_image}"),
        *("--engine", "podman", "--dry-run"),
    )
    assert built.returncode == 0, built.stderr
    return name


def containers() -> str:
    return subprocess.run(
        ["podman", "ps", "--all", "--format", "{{.Names}}"], capture_output=True, text=True
    ).stdout


def networks() -> list[str]:
    return subprocess.run(
        ["podman", "network", "ls", "--format", "{{.Name}}"], capture_output=True, text=True
    ).stdout.split()


def test_built_and_run(desk: Any, folder: str, base_image: str) -> None:
    done = desk.run(
        *("run", "--build", folder, "--build-arg", f"BASE_IMAGE={base_image}"),
        *("--engine", "podman", "-c", "train=data", "--name", "built", "--json"),
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["SmContainer"]["Target"] == "sm-container/image-all:latest"
    assert "building sm-container/image-all:latest" in done.stderr
    assert "ready train\n" in done.stderr
    assert "built" not in containers()


def test_metrics_of_an_image(desk: Any, algorithm_image: str) -> None:
    done = desk.run(
        *("run", algorithm_image, "--engine", "podman", "--name", "metrics", "--json"),
        *("--metric", "loss=train-loss=(.*?);", "--metric", "ahead=(?<=loss=)([0-9.]+)"),
    )

    assert done.returncode == 0, done.stderr
    found = {
        each["MetricName"]: each["Value"] for each in json.loads(done.stdout)["FinalMetricDataList"]
    }
    assert found == {"loss": 0.25, "ahead": 0.25}
    parsed = json.loads(desk.run("metrics", "parse", "--job", "metrics", "--json").stdout)
    assert [each["SampleCount"] for each in parsed] == [1, 1]


def test_a_dockerfile_that_does_not_build(desk: Any, folder: str) -> None:
    (desk.folder / "Image & all" / "Dockerfile").write_text("FROM scratch\nRUN nothing\n")

    done = desk.run("run", "--build", folder, "--engine", "podman")

    assert done.returncode == 125
    assert "podman build ended with exit code" in done.stderr.splitlines()[-1]


def test_the_dry_runs_command_is_the_engines(desk: Any, image: str) -> None:
    done = desk.run(
        *("run", image, "--engine", "podman", "-c", "train=data", "--name", "planned"),
        *("--memory", "1g", "--dry-run", "--json"),
    )

    command = json.loads(done.stdout)["Hosts"]["algo-1"]["Command"]
    assert command[-2:] == [image, "train"]
    assert str(1 << 30) in " ".join(command)
    assert any("/jobs/planned/hosts/algo-1/ml" in word for word in command)
    assert not any(".creating-" in word for word in command)


def test_a_shell_in_the_container(desk: Any, image: str) -> None:
    terminal = Terminal(
        desk, "run", image, "--engine", "podman", "-c", "train=data", "--shell", "--name", "look"
    )

    terminal.await_text("Training in progress.")
    terminal.type("cat /opt/ml/input/data/train/a.csv; echo $TRAINING_JOB_NAME is $((40 + 2))\n")
    terminal.await_text("look is 42")
    terminal.type("exit 0\n")

    assert terminal.close() == 0
    assert "1,2" in terminal.text
    assert "ready" not in terminal.text


def test_what_a_killed_harness_left_is_ended(desk: Any, image: str) -> None:
    process = desk.start(
        *("run", image, "--engine", "podman", "-c", "train=data", "--name", "orphan"),
        *("--", "wait"),
    )
    assert process.stdout.readline() == "ready wait\n"
    process.kill()
    process.wait()
    assert "orphan-algo-1" in containers()

    done = desk.run("rm", "orphan")

    assert done.returncode == 0, done.stderr
    assert "orphan: its process had died, ended" in done.stderr
    assert "orphan-algo-1" not in containers()


def test_the_network_of_a_killed_harness_is_removed(desk: Any, image: str) -> None:
    lock = Path(tempfile.gettempdir()) / "sm-container-test-credentials.lock"
    with open(lock, "w") as alone:  # the network is one for the whole machine
        fcntl.flock(alone, fcntl.LOCK_EX)
        desk.variables.update({"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})
        process = desk.start(
            *("run", image, "--engine", "podman", "-c", "train=data", "--name", "orphan"),
            *("--credentials", "env", "--", "wait"),
        )
        assert process.stdout.readline() == "ready wait\n"
        process.kill()
        process.wait()
        assert "sm-container-credentials" in networks()

        done = desk.run("rm", "orphan")

        assert done.returncode == 0, done.stderr
        assert "sm-container-credentials" not in networks()


def test_out_of_memory_is_told_with_the_limit(desk: Any, base_image: str) -> None:
    done = desk.run(
        *("run", base_image, "--engine", "podman", "--memory", "64m", "--json"),
        *("--entrypoint", "python3 -c", "--", "bytearray(1 << 30)"),
    )
    found = json.loads(done.stdout)
    assert done.returncode == 137
    assert found["FailureReason"].startswith("ClientError: Please use an instance type with more")
    assert any("its limit allows: 64 MiB" in note for note in found["SmContainer"]["Notes"])


USES = (
    "import os; a = b'x' * (64 << 20); s = os.statvfs('/dev/shm'); "
    "print(s.f_blocks * s.f_frsize, flush=True); "
    "os.system('until [ -e /opt/ml/output/data/seen ]; do sleep 0.05; done')"
)


def test_the_use_of_a_container_and_its_limits(desk: Any, base_image: str, eventually: Any) -> None:
    process = desk.start(
        *("run", base_image, "--engine", "podman", "--memory", "256m", "--shm-size", "8m"),
        *("--name", "used", "--entrypoint", "python3 -c", "--", USES),
    )
    job = desk.home / "jobs" / "used"
    series = job / "utilization" / "algo-1.jsonl"
    # The first point may be of a container that holds nothing yet, and knows no CPU use.
    eventually(lambda: series.exists() and len(series.read_bytes().splitlines()) >= 3, "its use")
    (job / "hosts" / "algo-1" / "ml" / "output" / "data" / "seen").touch()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert str(8 << 20) in (job / "logs" / "algo-1.log").read_text()
    last = json.loads(series.read_text().splitlines()[-1])
    assert last["MemoryLimitBytes"] == 256 << 20
    assert 64 << 20 < last["MemoryBytes"] < 128 << 20
    assert 25 < last["MemoryUtilization"] < 50
    assert last["CPUUtilization"] >= 0


def test_stopped_as_the_service_would(desk: Any, image: str) -> None:
    detached = desk.run(
        *("run", image, "--engine", "podman", "-c", "train=data", "--detach", "--name", "later"),
        *("--", "wait"),
    )
    assert detached.returncode == 0, detached.stderr
    follower = desk.start("logs", "-f", "later")
    assert follower.stdout.readline() == "ready wait\n"

    assert desk.run("stop", "--wait", "later").returncode == 0

    assert follower.communicate(timeout=30)[0] == "stopping\n"
    assert desk.run("wait", "later").returncode == 130
    output = desk.home / "output" / "later" / "output" / "model.tar.gz"
    assert output.exists()


@pytest.mark.parametrize("path", ["/opt/ml/checkpoints", "/state"])
def test_a_container_goes_on_from_the_checkpoints_of_another(
    desk: Any, base_image: str, path: str
) -> None:
    code = desk.folder / "code"
    code.mkdir()
    (code / "first").write_text(
        f"cd {path} && umask 077 && mkdir step-1 && echo one > step-1/a && echo 1 > latest\n"
        "until [ -e latest.sagemaker-uploaded ]; do sleep 0.05; done\n"
        "echo two > step-1/b; exit 3\n"
    )
    (code / "second").write_text(
        f"cd {path} && cat latest step-1/a step-1/b; ls -A; rm -r step-1\n"
    )
    words = ["--engine", "podman", "--checkpoint", f"kept,local-path={path}", "--json"]
    for name in ("first", "second"):
        words_of_job = ["--name", name, "--entrypoint", f"sh /opt/ml/input/data/code/{name}"]
        done = desk.run("run", base_image, "-c", "code=code", *words, *words_of_job)
        assert done.returncode == (3 if name == "first" else 0), done.stderr
    [moved] = json.loads(done.stdout)["SmContainer"]["Checkpoints"]
    assert (moved["FilesRestored"], moved["FilesUploaded"], moved["FilesRemoved"]) == (3, 0, 2)
    assert "1\none\ntwo\nlatest\nstep-1\n" in desk.run("logs", "second").stdout
    kept = desk.folder / "kept"
    assert [str(f.relative_to(kept)) for f in kept.rglob("*") if f.is_file()] == ["latest"]


AS_ANOTHER = """
trap 'exit 0' TERM
id -u > /opt/ml/model/uid && id -g >> /opt/ml/model/uid
cat /opt/ml/input/data/train/a.csv > /opt/ml/output/data/seen
mkdir -p /opt/ml/checkpoints/below
echo x >> /opt/ml/checkpoints/state && echo x >> /opt/ml/checkpoints/below/state || exit 4
[ $(wc -l < /opt/ml/checkpoints/state) -gt 1 ] && exit 0
while :; do sleep 0.05; done
"""


def test_another_user_may_write_where_an_algorithm_may(desk: Any, base_image: str) -> None:
    (desk.folder / "data").mkdir()
    (desk.folder / "data" / "a.csv").write_text("1,2\n")
    (desk.folder / "data" / "a.csv").chmod(0o600)
    (desk.folder / "code.sh").write_text(AS_ANOTHER)

    done = desk.run(
        *("run", base_image, "--engine", "podman", "--user", "10001:10002", "--name", "another"),
        *("--entrypoint", "sh /opt/ml/input/data/code/code.sh", "-c", "code=code.sh"),
        *("-c", "train=data"),
        *("--checkpoint", "kept", "--output", "made", "--spot", "--interrupt-after", "0.3"),
    )

    assert done.returncode == 0, done.stderr
    with tarfile.open(desk.folder / "made/another/output/model.tar.gz") as archive:
        [uid] = [archive.extractfile(each) for each in archive if each.isfile()]
        assert uid is not None
        assert uid.read() == b"10001\n10002\n"
    # The second start wrote on in what had been restored, in folders too.
    assert (desk.folder / "kept/state").read_text() == "x\nx\n"
    assert (desk.folder / "kept/below/state").read_text() == "x\nx\n"
    assert (desk.folder / "data" / "a.csv").stat().st_mode & 0o777 == 0o600
