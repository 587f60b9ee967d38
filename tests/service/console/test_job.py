"""A job's page: all of it, its logs, what it left, and what can be done to it."""

from __future__ import annotations

import io
import tarfile
from urllib.parse import quote

import httpx

from tests.service.conftest import Service, ended
from tests.service.console.conftest import OWN

HOSTILE = (
    "</pre></script><script>document.title='taken'</script><img src=x onerror=1>\"'&amp;{{7*7}}"
)


def test_a_job_that_has_ended(service: Service, browser: httpx.Client) -> None:
    client = service.client("sagemaker")
    tags = [{"Key": "team", "Value": "flights"}]
    client.create_training_job(
        **service.request("done", HyperParameters={"epochs": "4"}, Tags=tags)
    )
    ended(client, "done")

    page = browser.get("/jobs/done").text

    assert '<span class="badge b-completed">Completed</span>' in page
    assert page.count('<svg class="timeline"') == 1
    assert "<h3>train:rmse</h3>" in page
    assert "<dt>epochs</dt><dd>4</dd>" in page
    assert "<dt>team</dt><dd>flights</dd>" in page
    assert "s3://bucket/train/" in page
    assert "RoleArn: no role is assumed" in page
    assert "epoch 3: train:rmse=0.25" in page
    assert 'id="delete"' in page
    assert 'id="stop"' not in page
    assert "hx-trigger" not in page  # nothing changes any more


def test_what_a_job_says_is_text_and_its_secrets_are_not_shown(
    service: Service, browser: httpx.Client
) -> None:
    client = service.client("sagemaker")
    given = {HOSTILE: HOSTILE, "failure": HOSTILE, "code": "3", "db_password": "not-to-be-seen"}
    environment = {"API_TOKEN": "not-to-be-seen", "SAID": HOSTILE}
    tags = [{"Key": "said", "Value": "a-tag"}]
    request = service.request("hostile", HyperParameters=given, Environment=environment, Tags=tags)
    client.create_training_job(**request)
    ended(client, "hostile")

    for path in ("/jobs/hostile", "/jobs/hostile/now", "/jobs/hostile/logs"):
        page = browser.get(path).text
        assert "<script>document" not in page
        assert "<img" not in page
        assert "not-to-be-seen" not in page
    page = browser.get("/jobs/hostile").text
    assert "&lt;script&gt;document.title=" in page
    assert "{{7*7}}" in page
    assert "What to do" in page
    assert "<dt>db_password</dt><dd>******</dd>" in page
    assert "<dt>API_TOKEN</dt><dd>******</dd>" in page


def test_a_log_grows_piece_by_piece(service: Service, browser: httpx.Client) -> None:
    client = service.client("sagemaker")
    client.create_training_job(**service.request("done", HyperParameters={"epochs": "2"}))
    ended(client, "done")
    log = browser.get("/jobs/done/logs/algo-1")
    assert log.headers["content-type"] == "text/plain; charset=utf-8"
    assert log.headers["x-content-type-options"] == "nosniff"
    assert log.text.endswith("epoch 1: train:rmse=0.5\n")

    before = log.text.index("epoch 1")
    more = browser.get(f"/jobs/done/logs/algo-1/more?from={before}&shown=10").text
    assert more.startswith("<span>epoch 1: train:rmse=0.5\n</span>")
    assert 'id="more-algo-1" hx-swap-oob="true"></div>' in more  # it has ended: no further asking

    anew = browser.get(f"/jobs/done/logs/algo-1/more?from={before}&shown=2000000")
    assert anew.headers["hx-reswap"] == "innerHTML"
    for host in ("algo-2", "..%2F..%2Fjob", "%2e%2e"):
        assert browser.get(f"/jobs/done/logs/{host}").status_code == 404


def test_artifacts_and_nothing_beside_them(service: Service, browser: httpx.Client) -> None:
    client = service.client("sagemaker")
    client.create_training_job(**service.request("done"))
    ended(client, "done")
    (service.s3 / "bucket/output/done/output/other.txt").write_text("of somebody else")

    got = browser.get("/jobs/done/artifacts/model.tar.gz")

    assert got.headers["content-disposition"] == ("attachment; filename*=UTF-8''done-model.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(got.content)) as archive:
        assert archive.getnames() == ["model.txt"]
    assert 'href="/jobs/done/artifacts/model.tar.gz" download' in browser.get("/jobs/done").text
    for name in ("other.txt", "output.tar.gz", "../../../train/part-1.csv", "model.tar.gz/", ""):
        assert browser.get(f"/jobs/done/artifacts/{quote(name, safe='')}").status_code == 404


def test_artifacts_that_are_files(service: Service, browser: httpx.Client) -> None:
    client = service.client("sagemaker")
    output = {"S3OutputPath": "s3://bucket/output", "CompressionType": "NONE"}
    client.create_training_job(**service.request("files", OutputDataConfig=output))
    ended(client, "files")

    assert (
        'href="/jobs/files/artifacts/model/model.txt" download' in browser.get("/jobs/files").text
    )
    assert browser.get("/jobs/files/artifacts/model/model.txt").text == "trained for 3"
    for name in ("model/../../files/output/model/model.txt", "model/", "model/none", "model"):
        assert browser.get(f"/jobs/files/artifacts/{quote(name, safe='')}").status_code == 404


def test_a_job_is_stopped_and_deleted(service: Service, browser: httpx.Client) -> None:
    client = service.client("sagemaker")
    request = service.request("long", HyperParameters={"epochs": "1000", "pause": "0.2"})
    client.create_training_job(**request)
    assert 'id="stop"' in browser.get("/jobs/long").text
    refused = browser.post("/jobs/long/delete", headers=OWN, data={})
    assert refused.status_code == 400
    assert "is in status InProgress" in refused.text

    assert browser.post("/jobs/long/stop", headers=OWN, data={}).url.path == "/jobs/long"
    assert ended(client, "long")["TrainingJobStatus"] == "Stopped"
    assert browser.post("/jobs/long/stop", headers=OWN, data={}).status_code == 200  # as it is

    assert browser.post("/jobs/long/delete", headers=OWN, data={}).url.path == "/"
    assert browser.get("/jobs/long").status_code == 404
    gone = browser.get("/jobs/long/now")  # what a page of it asks, which is open still
    assert gone.status_code == 200
    assert "hx-trigger" not in gone.text
    assert "may have been deleted" in gone.text


def test_names_that_are_no_jobs(service: Service, browser: httpx.Client) -> None:
    (service.home / "secret.json").write_text("{}")
    for name in ("none", "..", "%2e%2e", "..%2Fsecret.json", "a%00b", "%3Cscript%3E", ".lock"):
        for below in ("", "/now", "/logs/algo-1", "/artifacts/model.tar.gz"):
            page = browser.get(f"/jobs/{name}{below}")
            assert page.status_code in (200, 404), (name, below)
            assert "<script>" not in page.text.replace('<script src="/static/htmx.js" defer>', "")
            assert "secret" not in page.text


def test_a_job_whose_record_cannot_be_read(service: Service, browser: httpx.Client) -> None:
    (service.home / "jobs" / "broken").mkdir()
    assert "Damaged" in browser.get("/").text
    page = browser.get("/jobs/broken")
    assert page.status_code == 404
    assert "sm-container rm broken" in page.text
