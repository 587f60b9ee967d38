"""Run by the SDK's own Python: data to S3, a job by an algorithm, its model, a job by an
image with nothing but what the SDK needs. Writes what came of it as JSON."""

import json
import sys
import tarfile

import sagemaker
from sagemaker.algorithm import AlgorithmEstimator
from sagemaker.estimator import Estimator
from sagemaker.s3 import S3Downloader

ROLE = "trainer"  # a name, which the SDK asks IAM for
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/algo:1"

session = sagemaker.Session()
with open("data.csv", "w") as file:
    file.write("1,2\n")
uri = session.upload_data("data.csv", key_prefix="data")

by_algorithm = AlgorithmEstimator(
    algorithm_arn="reader",
    role=ROLE,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
)
by_algorithm.set_hyperparameters(epochs=4)
by_algorithm.fit({"training": uri}, logs=False)
[model] = S3Downloader.download(by_algorithm.model_data, ".", sagemaker_session=session)
by_image = Estimator(
    image_uri=IMAGE,
    role=ROLE,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
)
by_image.fit({"training": uri}, logs=False)
attached = Estimator.attach(by_image.latest_training_job.name, sagemaker_session=session)

with tarfile.open(model) as packed:
    names = packed.getnames()
found = {
    "uri": uri,
    "model": names,
    "default": by_image.model_data,
    "attached": [attached.model_data, attached.role],
}
with open(sys.argv[1], "w") as file:
    json.dump(found, file)
