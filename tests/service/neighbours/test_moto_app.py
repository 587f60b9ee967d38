"""What clients ask of STS, IAM and ECR on their way."""

from __future__ import annotations

import http.client

import pytest
from botocore.exceptions import ClientError

from tests.service.conftest import Service


def test_the_account_is_that_of_the_jobs(shared: Service) -> None:
    found = shared.client("sts").get_caller_identity()
    assert found["Account"] == "000000000000"
    assert ":000000000000:" in found["Arn"]


def test_a_role_that_is_asked_for_exists_and_one_that_is_made_is_kept(shared: Service) -> None:
    iam = shared.client("iam")
    first = iam.get_role(RoleName="AnyRole")["Role"]
    assert first["Arn"] == "arn:aws:iam::000000000000:role/AnyRole"
    assert iam.get_role(RoleName="AnyRole")["Role"]["RoleId"] == first["RoleId"]
    made = iam.create_role(RoleName="mine", Path="/deep/", AssumeRolePolicyDocument="{}")["Role"]
    assert iam.get_role(RoleName="mine")["Role"]["Arn"] == made["Arn"]


def test_repositories_are_those_that_are_made(shared: Service) -> None:
    ecr = shared.client("ecr")
    assert ecr.get_authorization_token()["authorizationData"]
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_images(repositoryName="algo")
    ecr.create_repository(repositoryName="algo")
    [found] = ecr.describe_repositories(repositoryNames=["algo"])["repositories"]
    assert found["registryId"] == "000000000000"


def test_what_moto_has_not_is_an_unknown_operation(shared: Service) -> None:
    with pytest.raises(ClientError, match="UnknownOperationException"):
        shared.client("iam").get_organizations_access_report(JobId="0" * 36)
    assert "Traceback" not in shared.log.read_text()


@pytest.mark.parametrize("name", ["sts", "s3"])
def test_no_page_is_let_read_an_answer(shared: Service, name: str) -> None:
    scope = f"k/20260101/us-east-1/{name}/aws4_request"
    connection = http.client.HTTPConnection(shared.endpoint.removeprefix("http://"))
    connection.request(
        "GET",
        "/?Action=GetCallerIdentity&Version=2011-06-15" if name == "sts" else "/",
        headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={scope},"},
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers
