"""Run by the SDK's own Python: the example by AlgorithmEstimator on flights that it uploads."""

import sys

import sagemaker
from sagemaker.algorithm import AlgorithmEstimator
from sagemaker.inputs import TrainingInput

flights, name, rounds = sys.argv[1:]
session = sagemaker.Session()
inputs = {
    channel: TrainingInput(
        session.upload_data(f"{flights}/{channel}", bucket="flights", key_prefix=channel),
        content_type="text/csv",
    )
    for channel in ("train", "validation")
}
estimator = AlgorithmEstimator(
    algorithm_arn="xgboost-algo",
    role="trainer",
    instance_count=1,
    instance_type="ml.m5.large",
    output_path="s3://flights/models",
    sagemaker_session=session,
)
estimator.set_hyperparameters(num_round=int(rounds))
estimator.fit(inputs, job_name=name)
