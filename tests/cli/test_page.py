"""``describe``: a job on one page, and as a document."""

from __future__ import annotations

import json
from typing import Any

from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.traffic import CheckpointTraffic
from tests.cli.records import METRICS, job, request, stored


def test_a_page_for_a_person(desk: Any, invoke: Any) -> None:
    document = request(
        "first",
        HyperParameters={"eta": "0.3", "api_key": "sk-not-shown", "markup": "[bold]x[/red]"},
        Environment={"HF_TOKEN": "hf_not_shown"},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "ManifestFile",
                        "S3Uri": "s3://bucket/key\x1b[31m",
                    }
                },
            }
        ],
    )
    document["AlgorithmSpecification"]["ContainerEntrypoint"] = ["python", "a b.py"]
    stored(
        desk.home,
        job(
            "first",
            "Failed",
            document=document,
            options=RunOptions(target="image:1"),
            exit_code=3,
            failure_reason="AlgorithmError: x, exit code: 3",
            final_metrics=METRICS,
            notes=("a note",),
            not_simulated=("RoleArn: no role is assumed",),
            checkpoints=(CheckpointTraffic("algo-1", 2, 10, 0.1),),
        ),
    )

    done = invoke("describe", "first")

    assert done.exit_code == 0
    page = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    assert done.stdout.startswith("first Failed\n")
    assert page["target"].endswith("  image:1")
    assert page["exit code"].endswith("  3")
    assert page["entry point"].endswith("  python 'a b.py'")
    assert page["train"] == "train  s3://bucket/key\\x1b[31m  (text/csv, ManifestFile)"
    assert page["markup"].endswith("[bold]x[/red]")
    assert page["rmse"].endswith("  41")
    assert page["algo-1"] == "algo-1  2 files uploaded (10 B in 0.1 s)"
    assert "not_shown" not in done.stdout
    assert "not-shown" not in done.stdout
    assert "-  a note" in done.stdout
    assert "RoleArn: no role is assumed" in done.stdout
    assert "Training in progress." in done.stdout
    assert not any(line.endswith(" ") for line in done.stdout.splitlines())


def test_the_document_is_the_services(desk: Any, invoke: Any) -> None:
    stored(desk.home, job("first", "Stopped"))

    found = json.loads(invoke("describe", "first", "--json").stdout)

    assert found["TrainingJobName"] == "first"
    assert found["TrainingJobStatus"] == "Stopped"
    assert found["SecondaryStatusTransitions"][-1]["StatusMessage"] == "Training job stopped"


def test_a_job_that_is_not_there(invoke: Any) -> None:
    for name in ("nothing", "../jobs", "a b"):
        done = invoke("describe", name)
        assert done.exit_code == 2
        assert "there is no job" in done.stderr


def test_a_damaged_job_says_how_to_be_rid_of_it(desk: Any, invoke: Any) -> None:
    stored(desk.home, job("first", "Completed")).record.write_text("{")

    described = invoke("describe", "first")
    assert described.exit_code == 125
    assert "sm-container rm first" in described.stderr
    assert "Damaged" in invoke("ps", "--all").stdout
    assert invoke("rm", "first").exit_code == 0
    assert invoke("ps", "--all", "--quiet").stdout == ""
