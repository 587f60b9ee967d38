"""The page of all jobs: what it shows, and of which."""

from __future__ import annotations

import re

import httpx

from tests.service.conftest import Service, ended


def names(page: httpx.Response) -> list[str]:
    """The jobs of the table, in its order."""
    return re.findall(r'<a id="job-[^"]+" href="/jobs/([^"]+)">', page.text)


def test_nothing_yet(browser: httpx.Client) -> None:
    page = browser.get("/")
    assert page.status_code == 200
    assert "There are no training jobs yet." in page.text
    assert "no-store" in page.headers["cache-control"]


def test_jobs_are_searched_filtered_and_sorted(service: Service, browser: httpx.Client) -> None:
    client = service.client("sagemaker")
    client.create_training_job(**service.request("alpha"))
    client.create_training_job(**service.request("Beta", HyperParameters={"code": "3"}))
    client.create_training_job(**service.request("gamma", HyperParameters={"pause": "30"}))
    ended(client, "alpha")
    ended(client, "Beta")

    page = browser.get("/")
    assert names(page) == ["gamma", "Beta", "alpha"]
    assert 'aria-sort="descending"><a id="sort-created"' in page.text
    assert '<span class="badge b-failed">Failed</span>' in page.text
    assert "1–3 of 3; 1 not ended" in page.text

    assert names(browser.get("/", params={"search": "ALP"})) == ["alpha"]
    assert names(browser.get("/", params={"search": "a", "status": "Failed"})) == ["Beta"]
    assert names(browser.get("/?sort=name&order=ascending")) == ["alpha", "Beta", "gamma"]
    assert names(browser.get("/?sort=status&order=ascending")) == ["alpha", "Beta", "gamma"]
    assert names(browser.get("/?sort=duration&order=descending"))[0] == "gamma"
    assert "No job suits." in browser.get("/?search=delta").text
    assert names(browser.get("/?sort=none&order=%00&page=-1&status=x")) == [
        "gamma",
        "Beta",
        "alpha",
    ]
    client.stop_training_job(TrainingJobName="gamma")


def test_a_search_is_shown_as_text(service: Service, browser: httpx.Client) -> None:
    service.client("sagemaker").create_training_job(**service.request("one"))
    page = browser.get("/", params={"search": "\"><script>alert('x')</script>"})
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text


def test_more_jobs_than_a_page_has(service: Service, browser: httpx.Client) -> None:
    """Jobs that were stopped before they began need no time."""
    client = service.client("sagemaker")
    for number in range(28):
        name = f"job-{number:02}"
        client.create_training_job(**service.request(name, HyperParameters={"epochs": "1"}))
        client.stop_training_job(TrainingJobName=name)

    first = browser.get("/?sort=name&order=ascending")
    second = browser.get("/?sort=name&order=ascending&page=2")

    assert names(first) == [f"job-{number:02}" for number in range(25)]
    assert names(second) == ["job-25", "job-26", "job-27"]
    assert 'id="next" href="/?sort=name&amp;order=ascending&amp;page=2"' in first.text
    assert 'id="previous" href="/?sort=name&amp;order=ascending"' in second.text
    assert names(browser.get("/?page=99&sort=name&order=ascending")) == names(second)
