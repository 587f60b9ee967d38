"""The operations of SageMaker that are answered here."""

from __future__ import annotations

from sm_container.harness.request.model import SAGEMAKER
from sm_container.service.operations import Api, Operation
from sm_container.service.sagemaker import algorithms, tags, training_jobs

API = Api(
    name="SageMaker",
    model=SAGEMAKER,
    operations={
        "CreateTrainingJob": Operation(training_jobs.create),
        "DescribeTrainingJob": Operation(training_jobs.describe_job, "DescribeTrainingJobRequest"),
        "ListTrainingJobs": Operation(training_jobs.list_jobs, "ListTrainingJobsRequest"),
        "StopTrainingJob": Operation(training_jobs.stop, "StopTrainingJobRequest"),
        "UpdateTrainingJob": Operation(training_jobs.update, "UpdateTrainingJobRequest"),
        "DeleteTrainingJob": Operation(training_jobs.delete, "DeleteTrainingJobRequest"),
        "CreateAlgorithm": Operation(algorithms.create, "CreateAlgorithmInput"),
        "DescribeAlgorithm": Operation(algorithms.describe, "DescribeAlgorithmInput"),
        "ListAlgorithms": Operation(algorithms.list_algorithms, "ListAlgorithmsInput"),
        "DeleteAlgorithm": Operation(algorithms.delete, "DeleteAlgorithmInput"),
        "AddTags": Operation(tags.add, "AddTagsInput"),
        "ListTags": Operation(tags.list_tags, "ListTagsInput"),
        "DeleteTags": Operation(tags.delete, "DeleteTagsInput"),
    },
)
