"""The page in a real browser: drawn as meant, quiet, and within its window."""

from __future__ import annotations

import html
import json
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sm_container.harness.report.cost import Prices
from sm_container.harness.report.page import page
from tests.harness.report.jobs import BEGAN, HOSTILE, bare, full

pytestmark = pytest.mark.container  # Chromium comes with what that tier prepares

Browse = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """Open a file in Chromium, without a window and in a fresh profile, and do what options say."""

    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program is not None, "no browser here: scripts/prepare-host installs Chromium"

    def run(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *(program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--disable-background-networking", "--disable-component-update"),
                *("--disable-sync", "--disable-dev-shm-usage", "--enable-logging=stderr"),
                f"--user-data-dir={tmp_path / 'profile'}",
                *options,
                file.as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )

    return run


@pytest.fixture
def file(hostile_tmp_path: Path) -> Path:
    path = hostile_tmp_path / "report.html"
    text = page(*full(hostile_tmp_path / "home"), now=BEGAN + 60, prices=Prices({}, 0.5))
    path.write_text(text, encoding="utf-8")
    return path


def test_drawn_and_quiet(browse: Browse, file: Path) -> None:
    done = browse(file, "--dump-dom")

    assert "CONSOLE" not in done.stderr
    assert done.stdout.count('<svg class="chart"') == 5
    assert done.stdout.count('<svg class="timeline"') == 1
    assert "<title>full: Failed</title>" in done.stdout
    assert "<script" not in done.stdout
    assert "<img" not in done.stdout
    assert html.escape(HOSTILE, quote=False).replace("&#x27;", "'") in done.stdout
    assert "algo-2: 0.2" in done.stdout  # what a curve says when it is pointed at


def test_a_page_that_is_not_quiet_is_heard(browse: Browse, tmp_path: Path) -> None:
    loud = tmp_path / "loud.html"
    loud.write_text("<script>console.error('heard')</script>")
    assert re.search("CONSOLE.*heard", browse(loud, "--dump-dom").stderr)


def test_what_is_drawn_is_seen(browse: Browse, file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"

    browse(file, f"--screenshot={picture}", "--window-size=1280,1000", "--hide-scrollbars")

    data = picture.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (1280, 1000)
    assert len(data) > 40_000  # an empty page takes a tenth


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_reaches_out_of_the_window(
    browse: Browse, file: Path, tmp_path: Path, width: int
) -> None:
    """In a frame: a window cannot be as narrow as a phone."""
    frame = tmp_path / "frame.html"
    source = html.escape(file.read_text())
    frame.write_text(
        f'<iframe width="{width}" height="900" frameborder="0" srcdoc="{source}">'
        "</iframe><pre></pre><script>onload = () => {"
        "const page = document.querySelector('iframe').contentDocument;"
        "const shown = [...page.querySelectorAll('svg.chart')].map(e => e.clientWidth);"
        "document.querySelector('pre').textContent = JSON.stringify("
        "{width: page.documentElement.scrollWidth, charts: shown}); }</script>",
        encoding="utf-8",
    )

    done = browse(frame, "--dump-dom", "--window-size=1400,1000")

    [said] = re.findall(r"<pre>(\{.*?\})</pre>", done.stdout)
    measured = json.loads(said)
    assert measured["width"] <= width
    assert len(measured["charts"]) == 5
    assert min(measured["charts"]) > 300


def test_a_page_of_nothing_is_quiet_too(browse: Browse, hostile_tmp_path: Path) -> None:
    path = hostile_tmp_path / "bare.html"
    path.write_text(page(*bare(hostile_tmp_path / "home"), now=BEGAN), encoding="utf-8")

    done = browse(path, "--dump-dom")

    assert "CONSOLE" not in done.stderr
    assert "No values were found in the log." in done.stdout
