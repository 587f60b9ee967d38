"""The console in a real browser: typed into, clicked, and left alone while jobs run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.service.conftest import Service, ended
from tests.service.console.conftest import ALGORITHM, put_algorithm
from tests.service.console.test_job import HOSTILE

pytestmark = pytest.mark.container  # Chromium comes with what that tier prepares

_MILLISECONDS = 30_000
LONG = {"epochs": "1000", "pause": "0.2"}
PAGES = ("/", "/jobs/failed", "/jobs/running", "/algorithms", "/algorithms/forest", "/train")
PAGES += ("/algorithms/forest/train", "/none")


@dataclass
class Window:
    """A page, what it complained of, and what it asked for. A page that was not found is no
    complaint of it."""

    page: Page
    service: Service
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(_MILLISECONDS)
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("pageerror", lambda fault: self._hear("error", str(fault)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.complaints.append(text)

    def open(self, path: str) -> None:
        """Open a page, marked so that another load of it is seen."""
        self.page.goto(f"{self.service.endpoint}{path}")
        self.page.evaluate("window.isTheSame = true")

    def require_quiet(self) -> None:
        assert self.complaints == []
        elsewhere = [each for each in self.requests if not each.startswith(self.service.endpoint)]
        assert elsewhere == []

    def require_not_loaded_again(self) -> None:
        assert self.page.evaluate("window.isTheSame") is True


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program is not None, "no browser here: scripts/prepare-host installs Chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Browser, service: Service) -> Iterator[Window]:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    yield Window(page, service)
    page.context.close()


def test_a_page_that_is_not_quiet_is_heard(window: Window) -> None:
    window.open("/")
    window.page.evaluate("console.error('heard')")
    window.page.evaluate("fetch('http://127.0.0.2:9/').catch(() => 0)")
    assert any("127.0.0.2" in each for each in window.complaints)  # its policy forbids it
    assert "heard" in window.complaints


def test_a_job_made_with_the_form_is_followed_to_its_end(window: Window, service: Service) -> None:
    put_algorithm(service, ALGORITHM)
    page = window.page
    window.open("/algorithms/forest/train")
    page.get_by_label("epochs").fill("9000")
    fault = page.locator("#fault-HyperParameters-0-Value")
    expect(fault).to_have_text("Invalid value: 9000 for epochs Supported range: 1 to 500")
    page.get_by_label("epochs").fill("30")
    expect(fault).to_have_text("")
    expect(page.locator("#summary")).to_have_text("2 things are still missing.")
    page.get_by_label("pause").fill("0.2")
    page.get_by_label("S3 output path").fill("s3://bucket/output")
    page.get_by_label("S3 URI").first.fill("s3://bucket/train/")
    expect(page.locator("#summary")).to_have_text("The request is valid.")
    expect(page.locator("#as-boto3")).to_contain_text("'pause': '0.2'")
    page.get_by_label("Job name").fill("by-browser")
    window.require_not_loaded_again()

    page.get_by_role("button", name="Create training job").click()

    page.wait_for_url("**/jobs/by-browser")
    page.evaluate("window.isTheSame = true")
    log = page.locator("#log-algo-1")
    expect(log).to_contain_text("epoch 3: train:rmse=0.25", timeout=_MILLISECONDS)
    expect(page.get_by_role("img", name="Curve of train:rmse")).to_be_visible()
    expect(page.locator(".state .badge")).to_have_text("Completed", timeout=_MILLISECONDS)
    expect(page.get_by_role("link", name="model.tar.gz")).to_be_visible()
    expect(log).to_contain_text("epoch 29: ")
    expect(page.locator("[hx-trigger]")).to_have_count(0)  # and so nothing is asked for any more
    expect(page).to_have_title("by-browser: Completed")
    assert log.inner_text().count("train:rmse=") == 30  # each line once
    assert log.inner_text().endswith(f"epoch 29: train:rmse={1 / 30}\n")
    expect(page.get_by_role("button", name="Delete")).to_be_visible()
    window.require_not_loaded_again()
    window.require_quiet()


def test_the_end_of_a_log_is_seen_until_one_reads_above(window: Window, service: Service) -> None:
    client = service.client("sagemaker")
    client.create_training_job(
        **service.request("long", HyperParameters={"epochs": "1000", "pause": "0.05"})
    )
    page = window.page
    window.open("/jobs/long")
    log = page.locator("#log-algo-1")
    expect(log).to_contain_text("epoch 80:", timeout=_MILLISECONDS)
    tail = page.locator(".tail")
    shows = "tail => tail.scrollHeight > tail.clientHeight + 100 && Math.abs(tail.scrollTop) < 2"
    assert tail.evaluate(shows)
    tail.evaluate("tail => tail.scrollTo(0, -tail.scrollHeight)")
    expect(log).to_contain_text("epoch 140:", timeout=_MILLISECONDS)
    assert tail.evaluate("tail => tail.scrollTop < -100")
    client.stop_training_job(TrainingJobName="long")
    window.require_quiet()


def test_a_job_is_stopped_and_deleted_by_keys_alone(window: Window, service: Service) -> None:
    client = service.client("sagemaker")
    client.create_training_job(**service.request("long", HyperParameters=LONG))
    page = window.page
    window.open("/jobs/long")
    expect(page.locator("#log-algo-1")).to_contain_text("epoch 1", timeout=_MILLISECONDS)

    def tab_to(name: str) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.innerText") == name:
                return
        raise AssertionError(f"no key leads to {name}")

    tab_to("Stop")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Let it run")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Stop the job")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".state .badge")).to_have_text("Stopped", timeout=_MILLISECONDS)
    assert ended(client, "long")["TrainingJobStatus"] == "Stopped"

    tab_to("Delete")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{service.endpoint}/")
    expect(page.get_by_text("There are no training jobs yet.")).to_be_visible()
    window.require_quiet()


def test_the_table_of_jobs_changes_by_itself(window: Window, service: Service) -> None:
    client = service.client("sagemaker")
    page = window.page
    window.open("/")
    client.create_training_job(**service.request("first", HyperParameters=LONG))
    row = page.get_by_role("row", name=re.compile("first"))
    expect(row).to_contain_text("InProgress")
    page.get_by_role("link", name="first").focus()
    client.stop_training_job(TrainingJobName="first")
    expect(row).to_contain_text("Stopped", timeout=_MILLISECONDS)
    assert page.evaluate("document.activeElement.innerText") == "first"  # the row is another one

    client.create_training_job(**service.request("second", HyperParameters=LONG))
    expect(page.get_by_role("link", name="second")).to_be_visible()
    page.get_by_label("Search by name").press_sequentially("FIR")
    expect(page.get_by_role("link", name="second")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"search=FIR"))
    page.get_by_label("Search by name").fill("")
    page.get_by_label("Status").select_option("InProgress")
    expect(page.get_by_role("link", name="first")).to_have_count(0)
    expect(page.get_by_role("link", name="second")).to_be_visible()
    window.require_not_loaded_again()
    page.get_by_role("link", name="Name").click()
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(page.get_by_label("Status")).to_have_value("InProgress")
    client.stop_training_job(TrainingJobName="second")
    window.require_quiet()


def test_what_a_job_says_does_nothing(window: Window, service: Service) -> None:
    client = service.client("sagemaker")
    given = {HOSTILE: HOSTILE, "failure": HOSTILE, "code": "3", "pause": "1"}
    client.create_training_job(**service.request("hostile", HyperParameters=given))
    window.open("/jobs/hostile")
    page = window.page
    expect(page.locator(".state .badge")).to_have_text("Failed", timeout=_MILLISECONDS)
    expect(page).to_have_title("hostile: Failed")
    expect(page.locator("img")).to_have_count(0)
    expect(page.locator("script")).to_have_count(1)
    expect(page.locator(".failure pre").first).to_contain_text("{{7*7}}")
    window.require_quiet()


@pytest.fixture
def jobs(service: Service) -> Service:
    """A service with a job that failed, one that runs, and an algorithm."""
    client = service.client("sagemaker")
    long = {"code": "3", "failure": "x" * 1000, "a-long-name-" * 20: "y" * 2000}
    client.create_training_job(**service.request("failed", HyperParameters=long))
    client.create_training_job(**service.request("running", HyperParameters=LONG))
    put_algorithm(service, ALGORITHM)
    ended(client, "failed")
    return service


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_reaches_out_of_the_window(
    chromium: Browser, jobs: Service, width: int, scheme: Any
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    window = Window(context.new_page(), jobs)
    for path in PAGES:
        window.open(path)
        expect(window.page.locator("h1")).to_be_visible()
        assert window.page.evaluate("document.documentElement.scrollWidth") <= width, path
        background = window.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(17, 19, 24)") is (scheme == "dark")
    window.require_quiet()
    context.close()
    jobs.client("sagemaker").stop_training_job(TrainingJobName="running")


def test_every_field_has_a_label_and_every_key_an_outline(window: Window, jobs: Service) -> None:
    for path in PAGES:
        window.open(path)
        unlabelled = window.page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]), select')]"
            ".filter(each => !each.labels.length).map(each => each.name)"
        )
        assert unlabelled == [], path
        twice = window.page.evaluate(
            "[...document.querySelectorAll('[id]')].map(each => each.id)"
            ".filter((each, at, all) => all.indexOf(each) !== at)"
        )
        assert twice == [], path
        headers = window.page.evaluate("document.querySelectorAll('th:not([scope])').length")
        assert headers == 0, path
    window.page.keyboard.press("Tab")
    outline = window.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    jobs.client("sagemaker").stop_training_job(TrainingJobName="running")


def test_without_scripts(chromium: Browser, service: Service) -> None:
    """Everything can be read, sent and stopped."""
    put_algorithm(service, ALGORITHM)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{service.endpoint}/algorithms/forest/train")
    page.get_by_label("epochs").fill("501")
    page.get_by_label("Job name").fill("plain")
    page.get_by_label("epochs").press("Enter")
    expect(page.get_by_text("The job was not created")).to_be_visible()
    page.get_by_label("epochs").fill("400")
    page.get_by_label("pause").fill("0.2")
    page.get_by_label("S3 URI").first.fill("s3://bucket/train/")
    page.get_by_label("S3 output path").fill("s3://bucket/output")
    page.get_by_role("button", name="Add tag").click()
    page.get_by_label("Key", exact=True).fill("team")
    page.get_by_role("button", name="Create training job").click()
    expect(page.get_by_role("heading", name="plain")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop the job").click()
    expect(page.get_by_role("heading", name="plain")).to_be_visible()
    assert ended(service.client("sagemaker"), "plain")["TrainingJobStatus"] == "Stopped"
    page.reload()
    expect(page.locator(".state .badge")).to_have_text("Stopped")
    context.close()


def test_signing_in(window: Window, service: Service) -> None:
    service.stop()
    service.words = ("--token", "let-me-in")
    service.start()
    page = window.page
    window.open("/algorithms")
    expect(page).to_have_title("Sign in")
    page.get_by_label("Token").fill("let-me-out")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the service's token")
    page.get_by_label("Token").fill("let-me-in")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Algorithms")).to_be_visible()
    [cookie] = page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    window.open("/")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in")
    window.require_quiet()
