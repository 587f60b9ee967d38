"""Names and ARNs of what the account has. Source: each operation's reference, NAME and ARN."""

from __future__ import annotations

from sm_container.contract.platform import partition_of, training_job_arn
from sm_container.service.account import Account

TRAINING_JOB = "training-job"
ALGORITHM = "algorithm"


def job_arn(account: Account, name: str) -> str:
    return training_job_arn(name, account.region, account.id)


def algorithm_arn(account: Account, name: str) -> str:
    """The service writes the algorithm's name in it in lower case."""
    partition = partition_of(account.region)
    return f"arn:{partition}:sagemaker:{account.region}:{account.id}:{ALGORITHM}/{name.lower()}"


def name_of(arn_or_name: str) -> str:
    """The last part of an ARN; a name as it is."""
    return arn_or_name.rpartition("/")[2]
