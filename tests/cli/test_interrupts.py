"""What happens when somebody ends ``run``: Ctrl-C once and twice, SIGTERM, SIGKILL."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

# Says when it is ready, counts SIGTERMs, and ends after the first if it is polite.
POLITE = "trap 'echo stopping; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
STUBBORN = "trap 'echo no' TERM; echo ready; while :; do sleep 0.05; done"


def started(desk: Any, script: str, name: str) -> subprocess.Popen[str]:
    """A job whose program has said that it is ready."""
    process: subprocess.Popen[str] = desk.start(
        "run", desk.program(name, script), "--name", name, "--grace", "60"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def described(desk: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(desk.run("describe", name, "--json").stdout)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_stops_as_the_service_would(desk: Any, number: signal.Signals) -> None:
    process = started(desk, POLITE, "polite")

    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert out == "stopping\n"
    assert "Traceback" not in err
    found = described(desk, "polite")
    assert found["TrainingJobStatus"] == "Stopped"
    assert [each["Status"] for each in found["SecondaryStatusTransitions"]][-3:] == [
        "Stopping",
        "Uploading",
        "Stopped",
    ]


def test_the_second_one_kills(desk: Any) -> None:
    process = started(desk, STUBBORN, "stubborn")

    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == "no\n"  # it has got SIGTERM, and has a minute left
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "a second Ctrl-C kills at once" in err
    assert described(desk, "stubborn")["TrainingJobStatus"] == "Stopped"


def test_stop_from_another_terminal(desk: Any) -> None:
    process = started(desk, POLITE, "polite")

    assert desk.run("stop", "polite", "--wait").returncode == 0

    assert process.wait(timeout=30) == 130
    again = desk.run("stop", "polite")
    assert again.returncode == 2
    assert "the training job is in status Stopped" in again.stderr


def _is_alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children(process: subprocess.Popen[str]) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(process.pid).children(recursive=True)]


@pytest.fixture
def orphan(desk: Any, eventually: Any) -> list[int]:
    """A job whose owner was killed in the middle of it; the processes that it had started."""
    process = started(desk, STUBBORN, "orphan")
    below = children(process)
    assert below
    process.kill()
    process.wait()
    return below


def test_reading_commands_only_report_an_orphan(desk: Any, orphan: list[int]) -> None:
    listed = desk.run("ps")
    assert "Training, orphan" in listed.stdout
    assert "its process is gone" in listed.stderr
    assert json.loads(desk.run("ps", "--json").stdout)[0]["SmContainer"]["IsOrphan"] is True
    assert "its process is gone" in desk.run("describe", "orphan").stdout
    assert desk.run("logs", "orphan").stdout == "ready\n"
    assert described(desk, "orphan")["TrainingJobStatus"] == "InProgress"

    for words in (["wait", "orphan"], ["logs", "-f", "orphan"]):
        done = desk.run(*words)
        assert done.returncode == 125
        assert "sm-container rm orphan" in done.stderr


def test_the_next_run_ends_and_records_an_orphan(
    desk: Any, orphan: list[int], eventually: Any
) -> None:
    done = desk.run("run", desk.program("next", "true"), "--name", "next")

    assert done.returncode == 0
    assert "orphan: its process had died" in done.stderr
    found = described(desk, "orphan")
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("InternalServerError")
    eventually(lambda: not any(map(_is_alive, orphan)), "the end of what the orphan had started")
    waited = desk.run("wait", "orphan")
    assert waited.returncode == 125


def test_rm_ends_an_orphan(desk: Any, orphan: list[int], eventually: Any) -> None:
    done = desk.run("rm", "orphan")

    assert done.returncode == 0
    assert done.stdout == "orphan\n"
    assert desk.run("ps", "--all").stdout == ""
    eventually(lambda: not any(map(_is_alive, orphan)), "the end of what the orphan had started")


def test_rm_refuses_a_running_job_unless_forced(desk: Any) -> None:
    process = started(desk, POLITE, "polite")

    refused = desk.run("rm", "polite")
    assert refused.returncode == 2
    assert "is running" in refused.stderr
    assert process.poll() is None

    forced = desk.run("rm", "--force", "polite")
    assert forced.returncode == 0
    assert process.wait(timeout=30) == 130
    assert not (desk.home / "jobs" / "polite").exists()


def test_ctrl_c_ends_a_follower_and_not_the_job(desk: Any) -> None:
    process = started(desk, POLITE, "polite")
    follower = desk.start("logs", "-f", "polite")
    assert follower.stdout is not None
    assert follower.stdout.readline() == "ready\n"

    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=30)

    assert follower.returncode == 130
    assert err == ""
    assert process.poll() is None
