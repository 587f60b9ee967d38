"""The pages of algorithms: all of them, and what each supports."""

from __future__ import annotations

from starlette.responses import Response

from sm_container.service.account import Account
from sm_container.service.console.answering import not_found
from sm_container.service.console.asked import Asked
from sm_container.service.console.rendering import rendered
from sm_container.service.console.training.declared import kind_of, specification_of
from sm_container.service.errors import ServiceError
from sm_container.service.sagemaker import algorithm_store
from sm_container.service.sagemaker.algorithm_rules import not_simulated
from sm_container.service.sagemaker.names import algorithm_arn


def algorithms(account: Account, _: Asked) -> Response:
    """All that the account has, the newest first."""
    found = sorted(algorithm_store.every(account), key=lambda each: -each.created)
    return rendered(account, "algorithms.html", algorithms=found)


def algorithm(account: Account, asked: Asked) -> Response:
    """One algorithm's specification, readable."""
    try:
        found = algorithm_store.find(account, asked.path["name"])
    except ServiceError as fault:
        raise not_found(fault.message) from None
    training = found.document["TrainingSpecification"]
    objectives = training.get("SupportedTuningJobObjectiveMetrics") or []
    return rendered(
        account,
        "algorithm.html",
        algorithm=found,
        arn=algorithm_arn(account, found.name),
        specification=specification_of(found),
        training=training,
        objectives={each["MetricName"]: each["Type"] for each in objectives},
        kind_of=kind_of,
        not_simulated=list(not_simulated(found.document)),
    )
