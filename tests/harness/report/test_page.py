"""The page of a job with everything, of one with nothing, of one that runs; all that is hostile in
it, escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import sm_container.harness.report.page as report
from sm_container.harness.report.cost import Prices
from sm_container.harness.report.page import page
from sm_container.harness.store.ownership import Ownership
from tests.harness.report.jobs import BEGAN, HOSTILE, LONG, bare, full, running

VOID = {"meta"}


class Parsed(HTMLParser):
    """Elements with their attributes, the text between them, and whether all were closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.stack: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def classes(self, name: str) -> int:
        return sum(name in (attrs.get("class") or "").split() for _, attrs in self.elements)


@pytest.fixture
def everything(hostile_tmp_path: Path) -> Parsed:
    return Parsed(page(*full(hostile_tmp_path), now=BEGAN + 60, prices=Prices({}, 0.5)))


def test_everything_is_there(everything: Parsed) -> None:
    text = " ".join(everything.text.split())

    for said in (
        *("full Failed", "2 × ml.m5.xlarge, spot", "podman", "Cause: the network was gone"),
        *("Saved by spot", "Attempts 2 1 interruption", "Cost, estimated"),
        *("attempt 1: Interrupted after 4.0 s (SIGTERM)", "4 values are left out", "10.0 MB"),
        *("2.5 MB/s", "1 of 2", "1.0 s of 4.0 s; it was busy for 0.5 s", "bound as it is"),
        *("100 % is one CPU; ml.m5.xlarge has 4", "s3://bucket/checkpoints", "3.0 MB"),
        *("which is /srv/s3/bucket/checkpoints", "none: nothing was left in /opt/ml/model"),
        *("RoleArn: no role is assumed", "the whole log", "at 0.5 USD an hour"),
    ):
        assert said in text, said
    assert everything.stack == []
    assert everything.classes("chart") == 5  # two metrics, CPU, memory, a channel
    assert everything.classes("line") == 10  # two hosts each
    assert "No value that can be drawn." in text
    assert everything.classes("timeline") == 1


def test_what_is_hostile_is_text(everything: Parsed) -> None:
    assert everything.text.count(HOSTILE) >= 7
    assert "script" not in {tag for tag, _ in everything.elements}
    assert "img" not in {tag for tag, _ in everything.elements}
    assert LONG in everything.text
    assert "\\x1b[31m" in everything.text  # made visible
    assert "bold </script> " in everything.text  # a log's are left out
    assert "\x1b" not in everything.text
    assert "not-shown" not in everything.text


def test_nothing_comes_from_outside(everything: Parsed) -> None:
    policies = [attrs for _, attrs in everything.elements if "http-equiv" in attrs]
    assert [each["content"] for each in policies] == [
        "default-src 'none'; style-src 'unsafe-inline'"
    ]
    for _, attrs in everything.elements:
        assert not attrs.keys() & {"src", "href", "xlink:href", "style", "action"}
        assert not [name for name in attrs if name.startswith("on")]
    assert "url(" not in everything.text
    assert "@import" not in everything.text


def test_every_drawing_and_section_has_a_name(everything: Parsed) -> None:
    ids = [attrs["id"] for _, attrs in everything.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in everything.elements:
        if tag == "svg":
            assert attrs["role"] == "img"
            assert attrs["aria-label"]
        if tag == "section":
            assert attrs["aria-labelledby"] in ids


def test_a_job_with_nothing(hostile_tmp_path: Path) -> None:
    parsed = Parsed(page(*bare(hostile_tmp_path), now=BEGAN + 60))
    text = " ".join(parsed.text.split())

    assert "bare Stopped" in text
    assert "not chosen yet" in text
    assert parsed.classes("chart") == 0
    for said in (
        *("No values were found in the log.", "Nothing was sampled", "Nothing was written."),
        *("No channel has moved anything.", "No prices come with this tool"),
    ):
        assert said in text
    assert "It runs" not in text
    assert parsed.stack == []


def test_a_job_that_runs_is_as_of_now(hostile_tmp_path: Path) -> None:
    record, folder = running(hostile_tmp_path)

    with Ownership.take(folder):
        text = " ".join(Parsed(page(record, folder, BEGAN + 65, Prices({}, 3600.0))).text.split())

    assert "It runs: this page is as of" in text
    assert "Duration 1 min 5 s as far as is known" in text
    assert "61.00 USD so far" in text
    assert "No values were found in the log yet." in text
    assert "its process is gone" not in text.lower()


def test_a_job_whose_process_is_gone(hostile_tmp_path: Path) -> None:
    record, folder = running(hostile_tmp_path)

    text = " ".join(Parsed(page(record, folder, now=BEGAN + 1e6)).text.split())

    assert "Its process is gone:" in text
    assert "It runs" not in text
    assert "Duration 8.0 s as far as is known" in text


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast() -> None:
    """Source: WCAG 2.1, 1.4.3 for text and 1.4.11 for what is drawn."""
    style = (Path(report.__file__).parent / "templates" / "style.css").read_text()
    light, dark = (
        dict(re.findall(r"--([\w]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{([^}]*--page[^}]*--starting[^}]*)\}", style)
    )
    assert light.keys() == dark.keys()
    for colours in (light, dark):
        for behind in ("page", "card", "code"):
            for text in ("ink", "soft", "good", "bad", "warn", "calm"):
                assert contrast(colours[text], colours[behind]) >= 4.5, (text, behind)
        for number in range(8):
            assert contrast(colours[f"c{number}"], colours["card"]) >= 3, number
