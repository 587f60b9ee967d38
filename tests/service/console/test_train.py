"""The form for a new job: made from an algorithm or for an image, checked, sent."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx

from tests.service.conftest import IMAGE, ROLE, Service, ended
from tests.service.console.conftest import OWN


def fields_of(page: httpx.Response) -> dict[str, str]:
    """What a browser would send of the page's form, as it stands."""
    found: dict[str, str] = {}
    form = page.text.partition('<form class="train"')[2].partition("</form>")[0]
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = (re.search(f' {each}="([^"]*)"', tag) for each in ("name", "value"))
        assert name is not None
        if 'type="checkbox"' not in tag or " checked" in tag:
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select[^>]* name="([^"]+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected>', options)
        first = re.search(r'<option value="([^"]*)"', options)
        value = chosen or first
        assert value is not None
        found[name] = html.unescape(value[1])
    return found


def fault_at(page: httpx.Response, field: str) -> str:
    found = re.search(f'<div class="fault" id="fault-{field}"[^>]*>(.*?)</div>', page.text, re.S)
    assert found is not None, field
    return html.unescape(re.sub("<[^>]+>", " ", found[1])).strip()


def send(browser: httpx.Client, path: str, fields: dict[str, str], **more: str) -> httpx.Response:
    return browser.post(path, headers=OWN, data={**fields, "do": "create", **more})


def test_a_job_by_an_algorithm(
    service: Service, browser: httpx.Client, forest: dict[str, Any]
) -> None:
    page = browser.get("/algorithms/forest/train")
    fields = fields_of(page)
    assert fields["HyperParameters.1.Value"] == "0.01"
    assert fields["ResourceConfig.InstanceType"] == "ml.m5.large"
    assert '<option value="ml.c5.xlarge"' not in page.text
    assert "3 things are still missing." in page.text
    assert fault_at(page, "OutputDataConfig-S3OutputPath") == ""

    fields |= {
        "TrainingJobName": "by-form",
        "HyperParameters.0.Value": "2",
        "HyperParameters.3.Value": "a note",
        "InputDataConfig.0.S3Uri": "s3://bucket/train/",
        "OutputDataConfig.S3OutputPath": "s3://bucket/output",
        "Tags.0.Key": "team",
        "Tags.0.Value": "flights",
    }
    created = send(browser, "/algorithms/forest/train", fields)

    assert created.url.path == "/jobs/by-form"
    client = service.client("sagemaker")
    found = ended(client, "by-form")
    assert found["TrainingJobStatus"] == "Completed"
    assert found["HyperParameters"] == {
        "epochs": "2",
        "pause": "0.01",
        "objective": "b",
        "note": "a note",
    }
    assert found["AlgorithmSpecification"]["AlgorithmName"] == "forest"
    assert [each["ChannelName"] for each in found["InputDataConfig"]] == ["train"]
    tags = client.list_tags(ResourceArn=found["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "flights"}]


def test_a_job_of_an_image(service: Service, browser: httpx.Client) -> None:
    fields = fields_of(browser.get("/train"))
    fields |= {
        "TrainingJobName": "by-image",
        "RoleArn": ROLE,
        "AlgorithmSpecification.TrainingImage": IMAGE,
        "HyperParameters.0.Name": "epochs",
        "HyperParameters.0.Value": "1",
        "HyperParameters.7.Name": "empty",
        "AlgorithmSpecification.MetricDefinitions.0.Name": "train:rmse",
        "AlgorithmSpecification.MetricDefinitions.0.Regex": "train:rmse=([0-9.]+)",
        "InputDataConfig.0.S3Uri": "s3://bucket/train/",
        "InputDataConfig.0.ShuffleSeed": "7",
        "OutputDataConfig.S3OutputPath": "s3://bucket/output",
        "EnableManagedSpotTraining": "true",
        "StoppingCondition.MaxRuntimeInSeconds": "60",
        "StoppingCondition.MaxWaitTimeInSeconds": "120",
        "VpcConfig.Subnets": "subnet-1, subnet-2",
        "VpcConfig.SecurityGroupIds": "sg-1",
        "CheckpointConfig.S3Uri": "s3://bucket/checkpoints",
        "Environment.0.Name": "SAID",
        "Environment.0.Value": "something",
    }

    assert send(browser, "/train", fields).url.path == "/jobs/by-image"

    found = ended(service.client("sagemaker"), "by-image")
    assert found["TrainingJobStatus"] == "Completed"
    assert found["HyperParameters"] == {"epochs": "1", "empty": ""}
    assert found["VpcConfig"] == {
        "Subnets": ["subnet-1", "subnet-2"],
        "SecurityGroupIds": ["sg-1"],
    }
    assert found["EnableManagedSpotTraining"] is True
    assert found["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 60,
        "MaxWaitTimeInSeconds": 120,
    }
    assert found["InputDataConfig"][0]["ShuffleConfig"] == {"Seed": 7}
    assert found["Environment"] == {"SAID": "something"}
    assert found["FinalMetricDataList"][0]["MetricName"] == "train:rmse"


def test_faults_stand_at_their_fields(
    service: Service, browser: httpx.Client, forest: dict[str, Any]
) -> None:
    fields = fields_of(browser.get("/algorithms/forest/train"))
    fields |= {
        "TrainingJobName": "-no-name",
        "HyperParameters.0.Value": "501",
        "HyperParameters.1.Value": "<b>x</b>",
        "ResourceConfig.InstanceCount": "two",
        "InputDataConfig.1.S3Uri": "bucket/validation",
        "EnableManagedSpotTraining": "true",
    }

    page = send(browser, "/algorithms/forest/train", fields)

    assert page.status_code == 400
    assert "regular expression" in fault_at(page, "TrainingJobName")
    assert "Supported range: 1 to 500" in fault_at(page, "HyperParameters-0-Value")
    assert "<b>x</b> for pause is not of type Continuous" in page.text.replace("&lt;", "<").replace(
        "&gt;", ">"
    )
    assert "<b>x</b>" not in page.text
    assert "integer" in fault_at(page, "ResourceConfig-InstanceCount")
    assert fault_at(page, "InputDataConfig-0-S3Uri").startswith("Required input channel: train")
    assert "pattern" in fault_at(page, "InputDataConfig-1-S3Uri")
    assert "must be present" in fault_at(page, "StoppingCondition-MaxWaitTimeInSeconds")
    assert fault_at(page, "OutputDataConfig-S3OutputPath") == "This is required"
    assert fields_of(page) == {**fields, "touched": ""}  # nothing that was written is lost
    assert service.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []


def test_what_only_the_service_finds_stands_there_too(
    service: Service, browser: httpx.Client, forest: dict[str, Any]
) -> None:
    fields = fields_of(browser.get("/algorithms/forest/train"))
    fields |= {
        "TrainingJobName": "taken",
        "HyperParameters.0.Value": "2",
        "InputDataConfig.0.S3Uri": "s3://bucket/nothing/",
        "OutputDataConfig.S3OutputPath": "s3://bucket/output",
    }
    page = send(browser, "/algorithms/forest/train", fields)
    assert page.status_code == 400
    assert "No S3 objects found" in fault_at(page, "InputDataConfig-0-S3Uri")

    service.client("sagemaker").create_training_job(**service.request("taken"))
    fields["InputDataConfig.0.S3Uri"] = "s3://bucket/train/"
    page = send(browser, "/algorithms/forest/train", fields)
    assert "already exists" in fault_at(page, "TrainingJobName")

    fields = fields_of(browser.get("/train"))
    fields |= {
        "TrainingJobName": "no-image",
        "AlgorithmSpecification.TrainingImage": "none-here:1",
        "InputDataConfig.0.S3Uri": "s3://bucket/train/",
        "OutputDataConfig.S3OutputPath": "s3://bucket/output",
    }
    page = send(browser, "/train", fields)
    assert "Invalid training image" in fault_at(page, "AlgorithmSpecification-TrainingImage")
    fields["AlgorithmSpecification.TrainingImage"] = "/bin/sh"  # no path of this machine runs
    page = send(browser, "/train", fields)
    assert "Invalid training image" in fault_at(page, "AlgorithmSpecification-TrainingImage")


def test_it_is_checked_while_one_types(browser: httpx.Client, forest: dict[str, Any]) -> None:
    """What is missing is said of the fields where somebody was, and of the others only counted."""
    fields = fields_of(browser.get("/algorithms/forest/train"))
    fields["HyperParameters.0.Value"] = "501"

    def check(changed: str) -> httpx.Response:
        headers = {**OWN, "HX-Request": "true", "HX-Trigger-Name": changed}
        return browser.post("/algorithms/forest/train/check", headers=headers, data=fields)

    page = check("HyperParameters.0.Value")
    assert "Supported range" in fault_at(page, "HyperParameters-0-Value")
    assert fault_at(page, "OutputDataConfig-S3OutputPath") == ""
    assert "1 thing is to be corrected." in page.text

    page = check("OutputDataConfig.S3OutputPath")
    assert fault_at(page, "OutputDataConfig-S3OutputPath") == "This is required"
    [touched] = re.findall(r'id="touched" value="([^"]*)"', page.text)
    fields |= {"touched": touched, "HyperParameters.0.Value": "5"}
    page = check("HyperParameters.0.Value")
    assert fault_at(page, "HyperParameters-0-Value") == ""
    assert fault_at(page, "OutputDataConfig-S3OutputPath") == "This is required"
    assert "create_training_job(" in page.text
    assert "&#39;epochs&#39;: &#39;5&#39;" in page.text


def test_rows_are_added(browser: httpx.Client) -> None:
    fields = fields_of(browser.get("/train")) | {"TrainingJobName": "<kept>"}
    for section, field in [
        ("InputDataConfig", "InputDataConfig.1.ChannelName"),
        ("HyperParameters", "HyperParameters.1.Name"),
        (
            "AlgorithmSpecification.MetricDefinitions",
            "AlgorithmSpecification.MetricDefinitions.0.Name",
        ),
        ("Environment", "Environment.0.Value"),
        ("Tags", "Tags.0.Key"),
    ]:
        page = browser.post("/train", headers=OWN, data={**fields, "do": f"add:{section}"})
        assert page.status_code == 200
        fields = fields_of(page)
        assert field in fields
        assert page.text.count("autofocus") == 1
    assert fields["TrainingJobName"] == "<kept>"
    assert browser.post("/train", headers=OWN, data={"do": "add:RoleArn"}).status_code == 400


def test_a_form_that_nobody_has_shown(browser: httpx.Client, forest: dict[str, Any]) -> None:
    """Fields of every kind may come, or none."""
    for path in ("/train", "/algorithms/forest/train"):
        assert browser.post(path, headers=OWN, data={"do": "create"}).status_code == 400
    odd = {
        "InputDataConfig.9999.S3Uri": "s3://b/k",
        "InputDataConfig.99999.S3Uri": "x",
        "InputDataConfig.1.<script>": "x",
        "HyperParameters.3.Name": "a\x00\ud800b".encode("utf-8", "surrogatepass").decode("latin-1"),
        "HyperParameters.3.Value": "1",
        "ResourceConfig.InstanceCount": "9" * 5000,
        "ResourceConfig.InstanceType": "<script>alert(1)</script>",
    }
    page = browser.post("/train", headers=OWN, data=odd)
    assert page.status_code == 400
    assert "<script>alert" not in page.text
    assert browser.get("/algorithms/none/train").status_code == 400
