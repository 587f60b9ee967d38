"""Who may come in, and whose forms are taken."""

from __future__ import annotations

import hmac
from http.cookies import SimpleCookie

import httpx
import pytest

from sm_container.service.console.asked import own_path
from tests.service.conftest import Service, ended
from tests.service.console.conftest import OWN

READ = ("/", "/jobs/done", "/jobs/done/now", "/jobs/done/logs/algo-1", "/algorithms", "/train")
READ += ("/jobs/done/logs", "/jobs/done/artifacts/model.tar.gz", "/none")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "own"},
    ],
)
def test_a_form_of_another_site_is_refused(
    service: Service, browser: httpx.Client, headers: dict[str, str]
) -> None:
    client = service.client("sagemaker")
    if headers.get("Origin") == "own":
        headers = {**headers, "Origin": service.endpoint}
    request = service.request("long", HyperParameters={"epochs": "1000", "pause": "0.2"})
    client.create_training_job(**request)
    for path in ("/jobs/long/stop", "/jobs/long/delete", "/train", "/train/check"):
        assert browser.post(path, headers=headers, data={"do": "create"}).status_code == 403
    assert browser.get("/jobs/long/stop").status_code == 404
    assert client.describe_training_job(TrainingJobName="long")["TrainingJobStatus"] == "InProgress"
    client.stop_training_job(TrainingJobName="long")


def test_a_form_of_this_console_is_taken_by_its_origin(
    service: Service, browser: httpx.Client
) -> None:
    """Where a browser does not say more, as to an address that is not loopback."""
    own = {"Origin": service.endpoint}
    assert browser.post("/train/check", headers=own, data={"a": "b"}).status_code == 200


def test_what_is_told_to_browsers(browser: httpx.Client) -> None:
    for path in ("/", "/train", "/none", "/static/htmx.js", "/static/none"):
        headers = browser.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


def test_what_never_changes_is_not_sent_twice(browser: httpx.Client) -> None:
    first = browser.get("/static/htmx.js")
    assert "htmx" in first.text
    again = browser.get("/static/htmx.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert browser.get("/static/..%2Frendering.py").status_code == 404


def test_bodies_have_bounds(browser: httpx.Client) -> None:
    many = {f"f{number}": "" for number in range(3000)}
    assert browser.post("/train/check", headers=OWN, data=many).status_code == 400
    large = {"TrainingJobName": "x" * (5 << 20)}
    assert browser.post("/train/check", headers=OWN, data=large).status_code == 413
    assert browser.post("/train/check", headers=OWN, json={"a": 1}).status_code == 415


def test_with_a_token_all_pages_are_closed(service: Service) -> None:
    client = service.client("sagemaker")
    client.create_training_job(**service.request("done"))
    ended(client, "done")
    service.stop()
    service.words = ("--token", "let-me-in")
    service.start()
    with httpx.Client(base_url=service.endpoint) as browser:
        for path in READ:
            closed = browser.get(path)
            assert closed.status_code == 303, path
            assert closed.headers["location"].startswith("/sign-in?next=")
        part = browser.get("/jobs/done/now", headers={"HX-Request": "true"})
        assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in")
        for path in ("/jobs/done/delete", "/train", "/train/check"):
            assert browser.post(path, headers=OWN, data={"do": "create"}).status_code == 303
        assert "done" not in browser.get("/sign-in").text

        wrong = browser.post("/sign-in", headers=OWN, data={"token": "let-me-out"})
        assert wrong.status_code == 403
        assert "set-cookie" not in wrong.headers
        right = {"token": "let-me-in", "next": "/jobs/done"}
        assert browser.post("/sign-in", data=right).status_code == 403  # of another site
        entered = browser.post("/sign-in", headers=OWN, data=right)
        assert entered.headers["location"] == "/jobs/done"
        [(name, cookie)] = SimpleCookie(entered.headers["set-cookie"]).items()
        assert cookie["httponly"]
        assert cookie["samesite"] == "strict"
        assert "let-me-in" not in entered.headers["set-cookie"]
        assert cookie.value != hmac.new(b"let-me-in", b"console:", "sha256").hexdigest()

        for path in READ[:-1]:
            assert browser.get(path).status_code == 200, path
        assert browser.get("/none").status_code == 404
        assert browser.post("/jobs/done/stop", data={}).status_code == 403  # of another site still
        with httpx.Client(base_url=service.endpoint, cookies={name: "0" * 64}) as other:
            assert other.get("/").status_code == 303

        assert browser.post("/sign-out", headers=OWN).headers["location"] == "/sign-in"
        assert browser.get("/").status_code == 303


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        ("/jobs/a", "/jobs/a"),
        ("/?search=a", "/?search=a"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("http://elsewhere.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: b", "/"),
        ("/a\\b", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_signing_in_leads_nowhere_else(url: str | None, leads_to: str) -> None:
    assert own_path(url) == leads_to
