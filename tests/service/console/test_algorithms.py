"""The pages of algorithms."""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.service.conftest import IMAGE, Service, algorithm
from tests.service.console.conftest import put_algorithm
from tests.service.sagemaker.test_validating import settled, validated


def test_there_are_none(browser: httpx.Client) -> None:
    assert "There are no algorithms yet." in browser.get("/algorithms").text


def test_a_specification_is_readable(browser: httpx.Client, forest: dict[str, Any]) -> None:
    listed = browser.get("/algorithms").text
    assert '<a href="/algorithms/forest">forest</a>' in listed
    assert "Trees &lt;b&gt;in&lt;/b&gt; numbers" in listed

    page = browser.get("/algorithms/forest").text

    assert "Integer, 1 to 500" in page
    assert "Categorical, one of a, b" in page
    assert "text/csv, application/x-parquet" in page
    assert "Minimize" in page
    assert "not supported: one instance" in page
    assert 'href="/algorithms/forest/train"' in page
    assert browser.get("/algorithms/FOREST").status_code == 404
    assert browser.get("/algorithms/none").status_code == 404


def test_what_has_no_effect_is_listed(service: Service, browser: httpx.Client) -> None:
    inference = {
        "Containers": [{"Image": IMAGE}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    put_algorithm(service, algorithm("served", InferenceSpecification=inference))
    put_algorithm(service, algorithm("plain"))
    line = "<li>InferenceSpecification: models are not deployed here</li>"
    assert line in browser.get("/algorithms/served").text
    assert "Not simulated" not in browser.get("/algorithms/plain").text


def test_one_that_failed_cannot_be_trained(service: Service, browser: httpx.Client) -> None:
    client = service.client("sagemaker")
    given = {"epochs": "2", "code": "3", "failure": "<i>no data</i>"}
    client.create_algorithm(**validated(service, "broken", HyperParameters=given))
    assert "hx-trigger" in browser.get("/algorithms/broken").text
    settled(client, "broken")

    page = browser.get("/algorithms/broken").text

    assert "AlgorithmError: &lt;i&gt;no data" in page
    assert "hx-trigger" not in page  # nothing changes any more
    assert 'href="/algorithms/broken/train"' not in page
    [job] = re.findall(r'href="(/jobs/broken-validation-[^"]+)"', page)
    assert "AlgorithmError: &lt;i&gt;no data" in browser.get(job).text
    refused = browser.get("/algorithms/broken/train")
    assert refused.status_code == 400
    assert "its status is Failed" in refused.text
