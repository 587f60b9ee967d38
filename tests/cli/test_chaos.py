"""``chaos`` as a person uses it: real programs that resume, and some that do not."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sm_container.cli.commands.chaos import FAULTS
from sm_container.harness.inputs.fastfile.mounts import mounts_below
from sm_container.testing.chaos.plan import Fault
from sm_container.testing.survival.disk import why_no_disk

PROGRAMS = Path(__file__).parents[1] / "testing" / "chaos"
METRIC = ("--metric", "final:error=final:error=([0-9.]+)")
_SECONDS = 280
pytestmark = pytest.mark.timeout(300)


def begun(desk: Any, name: str, *words: str) -> subprocess.Popen[str]:
    """Start the command for a program of the tests, in a file with a hostile name."""
    program = desk.folder / f"it's $(a) ;{name}"
    shutil.copy(PROGRAMS / name, program)
    process: subprocess.Popen[str] = desk.start(
        "chaos", str(program), "--grace", "10", "-e", "STEPS=25", *words
    )
    return process


def chaos(desk: Any, name: str, *words: str) -> tuple[int, str, str]:
    """Run the command to its end."""
    process = begun(desk, name, *words)
    out, err = process.communicate(timeout=_SECONDS)
    return process.returncode, out, err


def only_trial(out: str) -> dict[str, Any]:
    (trial,) = json.loads(out)["Trials"]
    assert isinstance(trial, dict)
    return trial


def require_nothing_left(desk: Any) -> None:
    assert list((desk.home / "jobs").glob("[!.]*")) == []
    assert list((desk.home / "chaos").glob("*")) == []
    assert list(desk.folder.glob("*/chaos-*")) == []


@pytest.mark.parametrize("fault", ["sigterm", "kill", "torn-upload", "full-disk"])
def test_a_program_that_resumes(desk: Any, fault: str) -> None:
    code, out, err = chaos(
        desk, "counting.py", "--faults", fault, "--trials", "1", "--seed", "5", "--json"
    )
    if fault == "full-disk" and why_no_disk() is not None:
        assert code == 2
        assert "by root alone" in err
        return
    assert code == 0, err
    trial = only_trial(out)
    assert trial["Fault"] == fault
    assert trial["Resumed"]
    assert trial["ModelAgrees"]
    assert any(name.endswith("state.json") for name in trial["RestoredFiles"])
    assert trial["SecondsLost"] >= 0
    assert "trial 1 of 1: " in err
    assert "resumed from " in err
    if fault == "full-disk":
        assert "No space left on device" in trial["Reason"]
    require_nothing_left(desk)


@pytest.mark.container
def test_an_image_that_resumes(desk: Any, base_image: str) -> None:
    code = desk.folder / "the code"
    code.mkdir()
    shutil.copy(PROGRAMS / "counting.py", code)
    process = desk.start(
        *("chaos", base_image, "--engine", "podman", "-c", "code=the code", "--name", "imaged"),
        *("--entrypoint", "python3 /opt/ml/input/data/code/counting.py", "-e", "STEPS=30"),
        *("--faults", "sigterm,kill", "--trials", "2", "--seed", "3", "--grace", "10", "--json"),
    )
    out, err = process.communicate(timeout=_SECONDS)
    assert process.returncode == 0, err
    trials = json.loads(out)["Trials"]
    assert [trial["Fault"] for trial in trials] == ["sigterm", "kill"]
    for trial in trials:
        assert (trial["Resumed"], trial["ModelAgrees"]) == (True, True)
        assert any(name.endswith("state.json") for name in trial["RestoredFiles"])
    listed = subprocess.run(["podman", "ps", "--all"], capture_output=True, text=True, check=True)
    assert "imaged-chaos-" not in listed.stdout
    require_nothing_left(desk)


@pytest.mark.parametrize("fault", ["sigterm", pytest.param("torn-upload", marks=pytest.mark.long)])
def test_steps_of_this_librarys_checkpoints(desk: Any, fault: str) -> None:
    brief = ("-e", "PAUSE=0.2") if fault == "sigterm" else ()  # all that is there is uploaded
    code, out, err = chaos(
        desk, "stepping.py", "--faults", fault, "--trials", "1", "--json", *brief
    )
    assert code == 0, err
    trial = only_trial(out)
    assert trial["How"] == f"resumed from step {trial['FromStep']}"
    assert trial["FromStep"] > 0
    if fault == "sigterm":
        assert trial["StepsLost"] == 0
    else:
        assert trial["StepsLost"] >= 1  # the newest was torn


@pytest.mark.parametrize(
    "name", ["counting.py", pytest.param("stepping.py", marks=pytest.mark.long)]
)
def test_a_program_that_never_resumes_is_found_out(desk: Any, name: str) -> None:
    words = ("--faults", "sigterm", "--trials", "1", "-e", "FORGETFUL=1", "--json")
    code, out, err = chaos(desk, name, *words)
    assert code == 1, err
    trial = only_trial(out)
    assert not trial["Resumed"]
    assert trial["How"].startswith("begun again")
    assert trial["RestoredFiles"]
    assert trial["ModelAgrees"]


def test_a_model_that_depends_on_interruptions_is_found_out(desk: Any) -> None:
    words = ("--faults", "sigterm", "--trials", "1", "-e", "UNSTEADY=1", *METRIC)
    code, out, err = chaos(desk, "counting.py", *words)
    assert code == 1, err
    assert "model differs: model.json" in err
    header, row = out.splitlines()
    assert header.split()[:4] == ["TRIAL", "FAULT", "AFTER", "RESUMED"]
    assert "yes" in row.split()
    assert "differs" in row.split()


@pytest.mark.long  # how models agree has tests of its own: here it is that the option is heard
def test_a_model_that_differs_may_agree_by_its_metrics(desk: Any) -> None:
    words = ("--faults", "sigterm", "--trials", "1", "-e", "UNSTEADY=1", *METRIC)
    code, out, err = chaos(desk, "counting.py", *words, "--tolerance", "0.5", "--json")
    assert code == 0, err
    assert only_trial(out)["Agreement"] == "metrics agree"


def test_a_program_without_checkpoints_begins_again_from_nothing(desk: Any) -> None:
    words = ("--faults", "kill", "--trials", "1", "-e", "BARE=1", "--json")
    code, out, err = chaos(desk, "counting.py", *words)
    assert code == 1, err
    trial = only_trial(out)
    assert (trial["How"], trial["ModelAgrees"]) == ("begun again from nothing", True)


def test_what_is_kept_lies_below_the_checkpoint_uri(desk: Any) -> None:
    words = ("--faults", "sigterm", "--trials", "1", "--keep", "--name", "mine")
    code, _, err = chaos(desk, "counting.py", *words, "--checkpoint", "it's kept/")
    assert code == 0, err
    jobs = sorted(path.name for path in (desk.home / "jobs").glob("[!.]*"))
    assert jobs == ["mine-chaos-0", "mine-chaos-1"]
    (own,) = (desk.folder / "it's kept").iterdir()
    assert own.name.startswith("chaos-")
    assert sorted(path.name for path in own.iterdir()) == ["0", "1"]

    again, _, err = chaos(desk, "counting.py", "--trials", "1", "--name", "mine")
    assert again == 2
    assert "mine-chaos-0" in err
    assert (desk.home / "jobs" / "mine-chaos-0").exists()  # it is not this one's to delete


def test_a_job_that_fails_by_itself(desk: Any) -> None:
    program = desk.program("fails", "echo broken > /opt/ml/output/failure; exit 3")
    done = desk.run("chaos", program, "--trials", "1")
    assert done.returncode == 1
    assert "did not complete: AlgorithmError: broken" in done.stderr
    require_nothing_left(desk)


def test_a_fault_that_comes_too_late_is_drawn_again(desk: Any) -> None:
    """The undisturbed run takes long, and all others are over at once."""
    program = desk.program("algorithm", "mkdir been 2> /dev/null && sleep 3; exit 0")
    words = ("--faults", "kill", "--trials", "1", "--seed", "1", "--name", "mine")
    done = desk.run("chaos", program, *words)
    assert done.returncode == 1
    assert "  the job had ended before its fault: drawn again\n" in done.stderr
    require_nothing_left(desk)


# Counts SIGTERMs in its model folder, and ends after the first if it is polite.
TOLD = "echo x >> /opt/ml/model/told"
POLITE = f"trap '{TOLD}; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
STUBBORN = f"trap '{TOLD}' TERM; echo ready; while :; do sleep 0.05; done"


def tree_of(desk: Any, job: str) -> Path:
    tree: Path = desk.home / "jobs" / job / "hosts" / "algo-1" / "ml"
    return tree


def phase_is(desk: Any, job: str, phase: str) -> bool:
    record = desk.home / "jobs" / job / "job.json"
    return record.exists() and f'"{phase}"' in record.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_and_deletes(
    desk: Any, eventually: Any, number: signal.Signals
) -> None:
    program = desk.program("polite", POLITE)
    process = desk.start("chaos", program, "--grace", "60", "--name", "mine")
    log = desk.home / "jobs" / "mine-chaos-0" / "logs" / "algo-1.log"
    eventually(lambda: log.exists() and "ready" in log.read_text(), "the start")
    process.send_signal(number)
    out, err = process.communicate(timeout=_SECONDS)
    assert (process.returncode, out) == (130, "")
    assert "stopping mine-chaos-0: SIGTERM was sent, SIGKILL follows in 1 min; " in err
    assert "a second Ctrl-C kills at once" in err
    assert err.endswith(
        "deleting what the trials have made; another Ctrl-C leaves the rest to the next chaos\n"
    )
    require_nothing_left(desk)


def test_the_second_ctrl_c_kills_and_deletes(desk: Any, eventually: Any) -> None:
    program = desk.program("stubborn", STUBBORN)
    process = desk.start("chaos", program, "--grace", "3600", "--name", "mine")
    log = desk.home / "jobs" / "mine-chaos-0" / "logs" / "algo-1.log"
    eventually(lambda: log.exists() and "ready" in log.read_text(), "the start")
    process.send_signal(signal.SIGINT)
    eventually((tree_of(desk, "mine-chaos-0") / "model" / "told").exists, "SIGTERM")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=_SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in err
    require_nothing_left(desk)


def test_ctrl_c_while_a_model_is_saved_ends_the_trials(desk: Any, eventually: Any) -> None:
    program = desk.program("large", "head -c 25000000 /dev/urandom > /opt/ml/model/weights")
    process = desk.start("chaos", program, "--name", "mine")
    eventually(lambda: phase_is(desk, "mine-chaos-0", "UPLOADING"), "the upload")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=_SECONDS)
    assert process.returncode == 130
    assert "undisturbed" not in err
    require_nothing_left(desk)


def test_ctrl_c_with_keep_keeps(desk: Any, eventually: Any) -> None:
    program = desk.program("polite", POLITE)
    process = desk.start("chaos", program, "--keep", "--name", "mine")
    log = desk.home / "jobs" / "mine-chaos-0" / "logs" / "algo-1.log"
    eventually(lambda: log.exists() and "ready" in log.read_text(), "the start")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=_SECONDS)
    assert process.returncode == 130
    [scratch] = (desk.home / "chaos").iterdir()
    assert err.endswith(f"kept: {scratch} and the jobs mine-chaos-*\n")
    assert phase_is(desk, "mine-chaos-0", "STOPPED")


def test_what_a_killed_one_left_is_ended_by_the_next(desk: Any, eventually: Any) -> None:
    words = ("--faults", "full-disk", "--trials", "1", "--name", "mine")
    words = (*words, "--checkpoint", "it's kept/")
    if why_no_disk() is not None:
        pytest.skip("only root may mount")
    killed = begun(desk, "counting.py", *words)
    eventually(lambda: mounts_below(desk.home), "the small disk")
    killed.kill()  # SIGKILL
    killed.communicate()
    [scratch] = (desk.home / "chaos").iterdir()
    [left] = (desk.folder / "it's kept").iterdir()

    gone = desk.run("rm", "mine-chaos-1")
    assert gone.returncode == 0, gone.stderr
    assert mounts_below(desk.home) == []
    assert list((desk.home / "jobs").glob(".*")) == []

    code, _, err = chaos(desk, "counting.py", *words)
    assert code == 0, err
    assert f"{scratch}: its chaos had died" in err
    assert not left.exists()
    require_nothing_left(desk)


def test_the_names_of_the_faults() -> None:
    assert tuple(Fault) == FAULTS


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--faults", "fire"), "'fire' is no fault"),
        (("--faults", ""), "'' is no fault"),
        (("--trials", "0"), "is not in the range"),
        (("--tolerance", "-1"), "is not in the range"),
        (("--agree-on", "loss"), "--agree-on needs --tolerance"),
        (("--name", "a b;c"), "TrainingJobName"),
        (("--interrupt-after", "1"), "No such option"),
        (("--detach",), "No such option"),
    ],
)
def test_what_makes_no_sense_is_refused(
    desk: Any, invoke: Any, words: tuple[str, ...], fault: str
) -> None:
    done = invoke("chaos", desk.program("algorithm", "true"), *words)
    assert done.exit_code == 2
    assert fault.lower() in done.stderr.lower()
    require_nothing_left(desk)
