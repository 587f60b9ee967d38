"""Run by the SDK's own Python: a job with its log and curve, jobs in every input mode, on spot
instances with checkpoints, one that is stopped and one that fails. Writes what came of each as
JSON."""

import json
import sys

import sagemaker
from sagemaker.analytics import TrainingJobAnalytics
from sagemaker.estimator import Estimator
from sagemaker.exceptions import UnexpectedStatusException
from sagemaker.inputs import TrainingInput

ROLE = "arn:aws:iam::000000000000:role/trainer"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/algo:1"

session = sagemaker.Session()


def estimator(mode="File", **fields):
    return Estimator(
        image_uri=IMAGE,
        role=ROLE,
        instance_count=1,
        instance_type="ml.m5.large",
        input_mode=mode,
        output_path="s3://bucket/output",
        metric_definitions=[{"Name": "train:rmse", "Regex": "train:rmse=([0-9.]+)"}],
        sagemaker_session=session,
        **fields,
    )


found = {}
logged = estimator()
logged.fit({"train": "s3://bucket/train/"}, job_name="logged", logs=True)
frame = TrainingJobAnalytics("logged", ["train:rmse"], sagemaker_session=session).dataframe()
found["curve"] = [list(frame["metric_name"]), list(frame["value"])]
modes = {mode: estimator(mode) for mode in ("File", "Pipe", "FastFile")}
for mode, each in modes.items():
    channel = TrainingInput("s3://bucket/train/", content_type="text/csv", input_mode=mode)
    each.fit({"train": channel}, job_name=f"mode-{mode}", wait=False)
spot = estimator(
    use_spot_instances=True,
    max_run=600,
    max_wait=1200,
    checkpoint_s3_uri="s3://bucket/checkpoints/spot",
)
spot.fit({"train": "s3://bucket/train/"}, job_name="spot", wait=False)
endless = estimator(hyperparameters={"epochs": "600", "pause": "0.5"})
endless.fit({"train": "s3://bucket/train/"}, job_name="endless", wait=False)
failing = estimator(hyperparameters={"epochs": "no number"})
failing.fit({"train": "s3://bucket/train/"}, job_name="failing", wait=False)

for each in (*modes.values(), spot):
    job = each.latest_training_job
    job.wait(logs=False)
    described = job.describe()
    metrics = described["FinalMetricDataList"]
    found[job.name] = [described["TrainingJobStatus"], [round(m["Value"], 2) for m in metrics]]
endless.latest_training_job.stop()
endless.latest_training_job.wait(logs=False)
found["endless"] = endless.latest_training_job.describe()["TrainingJobStatus"]
try:
    failing.latest_training_job.wait(logs=False)
except UnexpectedStatusException as fault:
    found["failing"] = str(fault)

with open(sys.argv[1], "w") as file:
    json.dump(found, file)
