"""The log group of training jobs, the only one here: named in a request, and described.

Source: DescribeLogGroups; "Log Amazon SageMaker Events with Amazon CloudWatch", log groups.
"""

from __future__ import annotations

from sm_container.contract.platform import partition_of
from sm_container.harness.store.index import DAMAGED
from sm_container.service.account import Account
from sm_container.service.logs.errors import invalid_parameter, invalid_token, no_such_group
from sm_container.service.logs.streams import streams_of
from sm_container.service.operations import Members

GROUP = "/aws/sagemaker/TrainingJobs"

_CLASS = "STANDARD"
_BRIEF = ("logGroupName", "arn", "creationTime")


def group_arn(account: Account) -> str:
    partition = partition_of(account.region)
    return f"arn:{partition}:logs:{account.region}:{account.id}:log-group:{GROUP}"


def require_group(account: Account, members: Members) -> None:
    """See to it that a request names the group, by its name or its ARN.

    Raises:
        ServiceError: where it names none, two, or another.
    """
    named = [members[each] for each in ("logGroupName", "logGroupIdentifier") if each in members]
    if len(named) != 1:
        raise invalid_parameter("Exactly one of logGroupName and logGroupIdentifier is required")
    own = {GROUP} if "logGroupName" in members else {GROUP, group_arn(account)}
    if named[0].removesuffix(":*") not in own:
        raise no_such_group()


def describe_groups(account: Account, members: Members) -> Members:
    """The group, where it suits what is asked for. It is there before the first job is."""
    _require_sense(account, members)
    if "nextToken" in members:
        raise invalid_token()  # one group is one page, and no token was given
    if not _suits(account, members):
        return {"logGroups": []}
    group = _described(account)
    if "logGroupNamePattern" in members:
        group = {name: group[name] for name in _BRIEF}
    return {"logGroups": [group]}


def _require_sense(account: Account, members: Members) -> None:
    if "logGroupNamePrefix" in members and "logGroupNamePattern" in members:
        raise invalid_parameter(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    if "accountIdentifiers" in members and not members.get("includeLinkedAccounts"):
        raise invalid_parameter("accountIdentifiers is for requests with includeLinkedAccounts")
    others = members.keys() - {"logGroupIdentifiers", "includeLinkedAccounts", "nextToken", "limit"}
    if "logGroupIdentifiers" in members and others:
        raise invalid_parameter(
            f"logGroupIdentifiers cannot be combined with {', '.join(sorted(others))}"
        )


def _suits(account: Account, members: Members) -> bool:
    pattern = members.get("logGroupNamePattern", "")
    identifiers = members.get("logGroupIdentifiers", [GROUP])
    return (
        GROUP.startswith(members.get("logGroupNamePrefix", ""))
        and pattern in GROUP
        and members.get("logGroupClass", _CLASS) == _CLASS
        and account.id in members.get("accountIdentifiers", [account.id])
        and not {GROUP, group_arn(account)}.isdisjoint(identifiers)
    )


def _described(account: Account) -> Members:
    created = [each.created for each in account.store.summaries() if each.status != DAMAGED]
    begun = min(created, default=account.home.jobs.stat().st_mtime)
    return {
        "logGroupName": GROUP,
        "creationTime": int(begun * 1000),
        "metricFilterCount": 0,
        "arn": f"{group_arn(account)}:*",
        "storedBytes": sum(each.size for each in streams_of(account)),
        "logGroupClass": _CLASS,
        "logGroupArn": group_arn(account),
        "deletionProtectionEnabled": False,
        "bearerTokenAuthenticationEnabled": False,
    }
