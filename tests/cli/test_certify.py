"""``certify`` as a person uses it. What the checks find is tested in ``tests/testing/certify``."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.cli.test_terminal import Terminal

SOUND = "echo 'loss=1;'; echo x > /opt/ml/model/x"
# Ends after the first SIGTERM, which it tells, if it is polite.
TOLD = "echo x >> /opt/ml/model/told"
POLITE = f"trap '{TOLD}; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
STUBBORN = f"trap '{TOLD}' TERM; echo ready; while :; do sleep 0.05; done"
METRIC = ("--metric", "loss=loss=([0-9.]+);")
_SECONDS = 60


def homes(desk: Any) -> list[Path]:
    return sorted((desk.home / "certify").glob("*"))


def job_of(desk: Any) -> Path:
    """The folder of the first job that a battery runs, once there is one."""
    return next((desk.home / "certify").glob("*/jobs/[!.]*"), Path("/nonexistent"))


def is_ready(desk: Any) -> bool:
    log = job_of(desk) / "logs" / "algo-1.log"
    return log.exists() and "ready" in log.read_text()


def test_a_program_is_certified(desk: Any) -> None:
    program = desk.program("sound", SOUND)
    words = ("--only", "metrics", "--only", "trains", "--junit", "a b.xml", "--html", "a b.html")

    done = desk.run("certify", program, *METRIC, *words)

    assert done.returncode == 0, done.stderr
    heading, trains, metrics, end = done.stdout.splitlines()
    assert heading == f"{desk.folder}/sound: 2 checks on process"
    assert trains.startswith("pass  trains   exit code 0 and a model; it trained for ")
    assert metrics == "pass  metrics  found in the log: loss (1)"
    assert end == "certified: 2 pass"
    assert done.stderr == f"page: {desk.folder}/a b.html\n"
    [suite] = ElementTree.parse(desk.folder / "a b.xml").getroot()
    assert [case.get("name") for case in suite] == ["trains", "metrics"]
    assert "found in the log: loss (1)" in (desk.folder / "a b.html").read_text()
    assert homes(desk) == []
    assert list((desk.home / "jobs").iterdir()) == []  # they are no jobs of the user's


def test_one_that_is_not(desk: Any) -> None:
    done = desk.run("certify", desk.program("sound", SOUND), *METRIC, "--metric", "f1=f1: (.+)")

    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("FAIL  metrics"))
    assert lines[at].endswith("no line of the log has f1")
    assert lines[at + 1].strip().startswith("why:  A definition that matches nothing")
    assert lines[at + 2].strip().startswith("mend: Print lines")
    assert lines[-1].startswith("not certified: ")
    assert homes(desk) == []


def test_the_json_document(desk: Any) -> None:
    program = desk.program("sound", SOUND)

    done = desk.run("certify", program, "--only", "trains", "--json")

    document = json.loads(done.stdout)
    assert document["IsGood"]
    assert document["Target"] == f"{desk.folder}/sound"
    assert document["Home"] is None
    [check] = document["Checks"]
    assert (check["Name"], check["Outcome"]) == ("trains", "pass")
    assert "pass  trains" in done.stderr


def test_a_job_that_does_not_complete(desk: Any) -> None:
    program = desk.program("broken", "echo no such thing; exit 3")

    done = desk.run("certify", program, "--only", "trains", "--only", "stop")

    assert done.returncode == 1
    assert (
        "FAIL  trains  it does not complete: exit code 3, and no failure file; its log ends with: "
        "no such thing"
    ) in done.stdout
    assert "n/a   stop    the job does not complete undisturbed: see trains" in done.stdout

    done = desk.run("certify", program, "--only", "stop")

    assert done.returncode == 1  # nothing that was seen speaks for it
    assert "ERR   stop  the job does not complete undisturbed: exit code 3" in done.stdout


def test_what_is_kept(desk: Any) -> None:
    program = desk.program("sound", SOUND)
    done = desk.run("certify", program, "--only", "trains", "--keep", "--json")
    [kept] = homes(desk)
    assert f"kept: SM_CONTAINER_HOME={kept} sm-container ps --all" in done.stderr
    assert json.loads(done.stdout)["Home"] == str(kept)
    [job] = json.loads(done.stdout)["Checks"][0]["Jobs"]
    listed = desk.run("ps", "--all", "--quiet", variables={"SM_CONTAINER_HOME": str(kept)})
    assert listed.stdout.split() == [job]

    desk.run("certify", program, "--only", "trains")
    assert homes(desk) == [kept]


def test_jobs_are_deleted_as_soon_as_nobody_asks_for_them(desk: Any) -> None:
    home, folder = shlex.quote(str(desk.home)), shlex.quote(str(desk.folder))
    seen = f"ls {home}/certify/*/jobs | grep -c . >> {folder}/seen"
    program = desk.program("sound", f"{seen}; {SOUND}")
    names = ("trains", "hyperparameters-unknown", "hyperparameters-tuning", "checkpoints-absent")

    done = desk.run("certify", program, *(word for name in names for word in ("--only", name)))

    assert done.returncode == 0, done.stdout
    # The sound job, and each time the one that runs.
    assert (desk.folder / "seen").read_text().split() == ["1", "2", "2", "2"]


def test_the_checks_are_listed(invoke: Any) -> None:
    basic = invoke("certify", "--list").stdout.splitlines()
    every = invoke("certify", "--list", "--profile", "marketplace").stdout.splitlines()
    named = json.loads(invoke("certify", "--list", "--json", "--only", "stop").stdout)

    assert set(basic) < set(every)
    assert any(line.startswith("network-isolation  ") for line in every)
    assert [each["Name"] for each in named] == ["stop"]
    assert named[0].keys() == {"Name", "Title", "Profile", "Why", "Mend", "Source"}


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--only", "nonsense"), "there is no check 'nonsense': certify --list names them"),
        (("--skip", "nonsense"), "there is no check 'nonsense'"),
        (("--only", "stop", "--skip", "stop"), "no check is left"),
        (("--junit", "none/a.xml"), "--junit none/a.xml: it cannot be written there"),
        (("--html", "none/a.html"), "--html none/a.html: it cannot be written there"),
        (("-c", "train=none.csv"), "none.csv"),
        (("--profile", "none"), "--profile"),
        (("--interrupt-after", "1"), "No such option"),
        (("--detach",), "No such option"),
    ],
)
def test_what_makes_no_sense_is_refused(
    desk: Any, invoke: Any, words: tuple[str, ...], fault: str
) -> None:
    done = invoke("certify", desk.program("sound", SOUND), *words)
    assert done.exit_code == 2, done.stdout
    assert fault in done.stderr
    assert "pass" not in done.stdout
    assert homes(desk) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_and_deletes(
    desk: Any, eventually: Any, number: signal.Signals
) -> None:
    program = desk.program("polite", POLITE)
    process = desk.start("certify", program, "--grace", "60", "--html", "page.html")
    eventually(lambda: is_ready(desk), "the start")

    process.send_signal(number)

    out, err = process.communicate(timeout=_SECONDS)
    assert process.returncode == 130
    assert "trains" not in out
    assert "stopping polite" in err
    assert "SIGTERM was sent, SIGKILL follows in 1 min; a second Ctrl-C kills at once" in err
    assert err.endswith(
        "deleting what the checks have made; another Ctrl-C leaves the rest to the next certify\n"
    )
    assert homes(desk) == []
    assert not (desk.folder / "page.html").exists()


def test_the_second_ctrl_c_kills_and_deletes(desk: Any, eventually: Any) -> None:
    process = desk.start("certify", desk.program("stubborn", STUBBORN), "--grace", "3600")
    eventually(lambda: is_ready(desk), "the start")
    process.send_signal(signal.SIGINT)
    told = job_of(desk) / "hosts/algo-1/ml/model/told"
    eventually(told.exists, "SIGTERM")

    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=_SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert homes(desk) == []


def test_what_a_killed_one_left_is_deleted_by_the_next(desk: Any, eventually: Any) -> None:
    killed = desk.start("certify", desk.program("polite", POLITE), "--only", "trains")
    eventually(lambda: is_ready(desk), "the start")
    killed.kill()  # SIGKILL
    killed.communicate()
    [left] = homes(desk)

    done = desk.run("certify", desk.program("sound", SOUND), "--only", "trains")

    assert done.returncode == 0, done.stderr
    assert not left.exists()
    assert homes(desk) == []


@pytest.mark.container
def test_an_image_that_cannot_be_had_is_said_once(desk: Any) -> None:
    done = desk.run("certify", "localhost:1/none:latest", "--engine", "podman")

    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr.count("is not on this machine and cannot be pulled") == 1
    assert homes(desk) == []


@pytest.mark.container
def test_the_container_that_a_killed_one_left_is_ended_by_the_next(
    desk: Any, eventually: Any, base_image: str
) -> None:
    words = ("--engine", "podman", "--entrypoint", f"sh -c {shlex.quote(POLITE)}")
    killed = desk.start("certify", base_image, *words, "--only", "trains")
    eventually(lambda: is_ready(desk), "the start")
    killed.kill()  # SIGKILL
    killed.communicate()
    [left] = homes(desk)
    identity = (left / "id").read_text().strip()
    assert identity in containers()

    done = desk.run("certify", desk.program("sound", SOUND), "--only", "trains")

    assert done.returncode == 0, done.stderr
    assert identity not in containers()
    assert homes(desk) == []


def containers() -> str:
    words = ("podman", "ps", "--all", "--format", "{{.Names}}")
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_on_a_terminal_a_row_is_wrapped_and_the_check_that_runs_is_said(desk: Any) -> None:
    program = desk.program("sound", f"sleep 0.3; {SOUND}")
    words = ("--only", "trains", "--only", "metrics", "--metric", "f1=f1: ([0-9]+)")
    terminal = Terminal(desk, "certify", program, *METRIC, *words, COLUMNS="60")

    assert terminal.close() == 1
    text = terminal.text
    assert re.search("1 of 2  trains: Started as train, it ends with", text)
    assert "\x1b[31mFAIL\x1b[0m" in terminal.seen.decode()
    lines = text[text.index("FAIL  metrics") :].splitlines()
    assert lines[0] == "FAIL  metrics  no line of the log has f1"
    assert lines[1] == "               why:  A definition that matches nothing is an"
    assert lines[2] == "                     empty graph, and a tuning job that"
    assert lines[-1] == "not certified: 1 pass, 1 fail"
    assert all(len(line) <= 60 for line in lines)


def test_on_a_narrow_terminal_the_text_stands_below(desk: Any) -> None:
    program = desk.program("sound", SOUND)
    terminal = Terminal(
        desk, "certify", program, "--only", "trains", "--only", "image-size", COLUMNS="40"
    )

    assert terminal.close() == 0
    assert "n/a   image-size\n      a program is no image\n" in terminal.text
