"""The verdicts as JSON, JUnit's XML and a page, whatever a program has said of itself."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sm_container.testing.certify.check import Check, Finding, Outcome, Profile, Verdict
from sm_container.testing.certify.report.junit import junit
from sm_container.testing.certify.report.page import page
from sm_container.testing.certify.report.summary import Summary

HOSTILE = "</script><b>&\"']]>\x00\x1b[31m\ud800 ünï ✓\nand more"


def verdict(name: str, outcome: Outcome, seen: str = HOSTILE) -> Verdict:
    check = Check(
        name, f"title of {name}", f"why {HOSTILE}", "mend it", "a source", lambda bench: finding
    )
    finding = Finding(outcome, seen)
    return Verdict(check, finding, 1.25, ("job-1",))


def summary(*outcomes: Outcome, kept: str | None = None) -> Summary:
    verdicts = tuple(verdict(f"check-{n}", outcome) for n, outcome in enumerate(outcomes))
    return Summary(HOSTILE, "podman", Profile.BASIC, 0.0, verdicts, "sha256:abc", kept)


def test_what_is_good() -> None:
    assert summary(Outcome.PASS, Outcome.NOT_APPLICABLE).is_good
    assert not summary(Outcome.PASS, Outcome.FAIL).is_good
    assert not summary(Outcome.PASS, Outcome.ERROR).is_good


def test_a_summary_in_words() -> None:
    outcomes = (Outcome.NOT_APPLICABLE, Outcome.FAIL, Outcome.PASS, Outcome.PASS)
    assert str(summary(*outcomes)) == "2 pass, 1 fail, 1 not applicable"
    assert [heading for heading, _ in summary(*outcomes).sections] == [
        "To be mended",
        "What holds",
        "What does not apply",
    ]
    assert [heading for heading, _ in summary(Outcome.PASS).sections] == ["What holds"]


def test_the_json_document() -> None:
    found = json.loads(json.dumps(summary(Outcome.FAIL, kept="/a/home").to_document()))

    [check] = found.pop("Checks")
    assert found == {
        "Target": HOSTILE,
        "ImageId": "sha256:abc",
        "Engine": "podman",
        "Profile": "basic",
        "Begun": 0.0,
        "Seconds": 1.25,
        "Home": "/a/home",
        "IsGood": False,
    }
    assert check["Name"] == "check-0"
    assert check["Outcome"] == "fail"
    assert check["Seen"] == HOSTILE
    assert check["Jobs"] == ["job-1"]
    assert check.keys() >= {"Title", "Why", "Mend", "Source", "Seconds"}


def test_junit() -> None:
    text = junit(summary(*Outcome))

    root = ElementTree.fromstring(text.encode())
    [suite] = root
    assert root.tag == "testsuites"
    counts = ("tests", "failures", "errors", "skipped")
    assert [suite.get(name) for name in counts] == ["4", "1", "1", "1"]
    tags = {case.get("name"): [each.tag for each in case] for case in suite}
    assert tags == {
        "check-0": ["system-out"],
        "check-1": ["failure"],
        "check-2": ["skipped"],
        "check-3": ["error"],
    }
    [failure] = suite[1]
    assert "</script><b>&\"']]>" in (failure.get("message") or "")
    assert "ünï ✓" in (failure.get("message") or "")
    assert "To mend it: mend it" in (failure.text or "")
    assert "\x1b" not in text


def test_the_page_shows_text_as_text() -> None:
    text = page(summary(*Outcome, kept="/a/home"))

    assert "<b>" not in text
    assert "&lt;/script&gt;&lt;b&gt;" in text
    assert "\\x1b[31m" in text
    assert text.count("How to mend it") == 1  # where it has failed
    assert "sha256:abc" in text
    assert "SM_CONTAINER_HOME=/a/home" in text
    assert "job-1" in text
    assert "job-1" not in page(summary(Outcome.PASS))


@pytest.mark.container  # Chromium comes with what that tier prepares
def test_the_page_in_a_browser(hostile_tmp_path: Path) -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program is not None, "no browser here: scripts/prepare-host installs Chromium"
    file = hostile_tmp_path / "page.html"
    file.write_text(page(summary(*Outcome)), encoding="utf-8")
    words = [
        *(program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--disable-dev-shm-usage", "--enable-logging=stderr"),
        *(f"--user-data-dir={hostile_tmp_path / 'profile'}", "--dump-dom", file.as_uri()),
    ]

    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=True)

    assert "CONSOLE" not in done.stderr
    assert done.stdout.count("<li ") == len(Outcome)
    assert "<b>" not in done.stdout
