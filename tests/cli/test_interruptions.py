"""``run --spot``: interruptions as a person sees them, and a harness that ends within one."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

import pytest

# Which attempt it is, as the platform's note on a host says.
NUMBER = (
    "n=$(sed -n 's/.*\"jobRunNumber\": *\\([0-9]*\\).*/\\1/p' "
    "/opt/ml/input/config/init-config.json)\n"
)
SECOND = f'{NUMBER}[ "$n" = 1 ] && exec sleep 300; echo "attempt $n"'
AT_ONCE = ("--spot", "--interrupt-after", "0", "--grace", "0")


def described(desk: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(desk.run("describe", name, "--json").stdout)
    return found


def statuses(description: dict[str, Any]) -> list[str]:
    return [each["Status"] for each in description["SecondaryStatusTransitions"]]


def test_what_is_told_of_an_interruption(desk: Any) -> None:
    program = desk.program("algorithm", SECOND)

    done = desk.run("run", program, "--name", "spot", *AT_ONCE, "--spot-discount", "62.5")

    assert done.returncode == 0, done.stderr
    assert done.stdout == "attempt 2\n"
    said = done.stderr
    assert "spot interruption 1: SIGTERM, grace 0.0 s" in said
    assert "Interrupted - The managed spot training instances were interrupted" in said
    assert "restarted: attempt 2" in said
    assert "attempts       1  Interrupted after" in said
    assert "2  Completed after" in said
    assert "assumed a discount of 62.5 %" in said
    assert "note: spot interruptions: attempt 1 after 0 s of training, by SIGTERM and 0 s" in said

    found = described(desk, "spot")
    assert statuses(found) == [
        *("Starting", "Starting", "Downloading", "Training", "Training", "Interrupted"),
        *("Starting", "Starting", "Downloading", "Training", "Training"),
        *("Uploading", "Completed"),
    ]
    own = found["SmContainer"]
    assert [each["Ending"] for each in own["Attempts"]] == ["Interrupted", "Completed"]
    assert [(each["Attempt"], each["Signal"]) for each in own["Interruptions"]] == [(1, "SIGTERM")]
    training, billable = found["TrainingTimeInSeconds"], found["BillableTimeInSeconds"]
    assert own["Saving"] == {
        "Percent": round((1 - billable / training) * 100, 1),
        "AssumedDiscountPercent": 62.5,
    }
    assert found["StoppingCondition"]["MaxWaitTimeInSeconds"] == 90000
    page = desk.run("describe", "spot").stdout
    assert "1 d, with waiting 1 d 1 h; spot instances" in page
    assert "Interrupted after" in page
    assert desk.run("logs", "spot").stdout == "attempt 2\n"
    listed = json.loads(desk.run("ps", "--all", "--json").stdout)
    assert listed[0]["SmContainer"]["Attempts"] == 2


def test_without_a_warning(desk: Any) -> None:
    program = desk.program("algorithm", f"trap 'echo never' TERM\n{SECOND}")
    done = desk.run("run", program, "--spot", "--kill-after", "0.0", "--json")
    assert done.returncode == 0, done.stderr
    assert "spot interruption 1: SIGKILL, without a warning" in done.stderr
    own = json.loads(done.stdout)["SmContainer"]
    assert own["Interruptions"][0]["Signal"] == "SIGKILL"
    assert own["Attempts"][0]["ExitCode"] == 137


def test_a_job_at_its_limit_has_exceeded_its_runtime(desk: Any) -> None:
    """Not the time with all waiting, though that began earlier."""
    program = desk.program("algorithm", "exec sleep 300")
    done = desk.run("run", program, "--spot", "--max-runtime", "1", "--grace", "0", "--json")
    assert done.returncode == 124, done.stderr
    assert json.loads(done.stdout)["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_a_detached_job_knows_what_it_was_told(desk: Any) -> None:
    program = desk.program("algorithm", SECOND)
    started = desk.run("run", program, "--name", "spot", "--detach", *AT_ONCE)
    assert started.returncode == 0, started.stderr
    assert desk.run("wait", "spot", "--timeout", "60").returncode == 0
    own = described(desk, "spot")["SmContainer"]
    assert [each["Ending"] for each in own["Attempts"]] == ["Interrupted", "Completed"]


@pytest.fixture
def waiting(desk: Any, eventually: Any) -> subprocess.Popen[str]:
    """A job whose instances were lost, and no others are to be had."""
    program = desk.program("algorithm", SECOND)
    process: subprocess.Popen[str] = desk.start(
        "run", program, "--name", "spot", *AT_ONCE, "--spot-wait", "1h"
    )
    eventually(lambda: _is_interrupted(desk), "the interruption")
    return process


def _is_interrupted(desk: Any) -> bool:
    record = desk.home / "jobs" / "spot" / "job.json"
    return record.exists() and '"INTERRUPTED"' in record.read_text()


def test_ctrl_c_while_instances_are_waited_for(desk: Any, waiting: Any) -> None:
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 130
    assert "Traceback" not in err
    assert "SIGTERM was sent" not in err  # there is nothing to send it to
    assert statuses(described(desk, "spot"))[-3:] == ["Interrupted", "Stopping", "Stopped"]


def test_stop_while_instances_are_waited_for(desk: Any, waiting: Any) -> None:
    assert "Interrupted" in desk.run("ps").stdout
    assert desk.run("stop", "spot", "--wait").returncode == 0
    assert waiting.wait(timeout=30) == 130


def test_a_harness_killed_between_attempts_is_found_by_the_next_run(
    desk: Any, waiting: Any
) -> None:
    waiting.kill()
    waiting.wait()
    assert "Interrupted, orphan" in desk.run("ps").stdout

    done = desk.run("run", desk.program("next", "true"), "--name", "next")

    assert done.returncode == 0
    assert "spot: its process had died" in done.stderr
    found = described(desk, "spot")
    assert statuses(found)[-2:] == ["Interrupted", "Failed"]
    assert found["FailureReason"].startswith("InternalServerError")
    assert [each["Ending"] for each in found["SmContainer"]["Attempts"]] == ["Interrupted"]
    assert desk.run("wait", "spot").returncode == 125


def test_a_harness_killed_between_attempts_is_found_by_rm(desk: Any, waiting: Any) -> None:
    waiting.kill()
    waiting.wait()
    assert desk.run("rm", "spot").returncode == 0
    assert desk.run("ps", "--all").stdout == ""


def test_the_plan_is_shown_before_the_start(desk: Any, invoke: Any) -> None:
    program = desk.program("algorithm", "true")
    words = ("--spot", "--interrupt-after", "90s", "--interrupt-after", "0.5", "--kill-after", "1m")
    done = invoke("run", program, *words, "--interrupt-every", "2h", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert (
        "note: spot interruptions: attempt 1 after 90 s of training, by SIGTERM and 120 s of "
        "grace; attempt 2 after 0.5 s of training, by SIGTERM and 120 s of grace; attempt 3 after "
        "60 s of training, by SIGKILL; each later attempt after 7200 s of training, by SIGTERM and "
        "120 s of grace" in done.stdout
    )


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--interrupt-after", "5"), "only spot instances are interrupted: give --spot too"),
        (("--kill-after", "5"), "only spot instances are interrupted"),
        (("--interrupt-every", "5"), "only spot instances are interrupted"),
        (("--spot", "--interrupt-every", "0"), "leaves no time to train"),
        (("--spot", "--interrupt-after", "-1"), "is no duration"),
        (("--spot", "--kill-after", "soon"), "is no duration"),
        (("--spot", "--spot-discount", "100"), "is not in the range"),
        (("--spot", "--shell", "--kill-after", "1"), "--shell and --kill-after exclude"),
        (("--max-wait", "60"), "It is only supported when EnableManagedSpotTraining"),
        (("--spot", "--max-wait", "60"), "must be present and be greater than or equal to"),
    ],
)
def test_what_makes_no_sense_is_refused(
    desk: Any, invoke: Any, words: tuple[str, ...], fault: str
) -> None:
    done = invoke("run", desk.program("algorithm", "true"), *words)
    assert done.exit_code == 2
    assert fault in done.stderr
    assert not list(desk.home.glob("jobs/[!.]*"))


def test_check_knows_spot_jobs(desk: Any, invoke: Any) -> None:
    program = desk.program("algorithm", "true")
    words = ("check", program, "--spot", "--max-runtime", "60")
    assert invoke(*words, "--max-wait", "60").exit_code == 0
    assert invoke(*words, "--max-wait", "59").exit_code == 2
