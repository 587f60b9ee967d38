"""What S3 and botocore say when something goes wrong, said in one line with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sm_container.storage.errors import (
    BucketNotFoundError,
    NoCredentialsError,
    ObjectChangedError,
    ObjectNotFoundError,
    StorageError,
)

_SIGN_IN = "sign in again, or name other credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID)"

_CREDENTIALS = {
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
_REGION = {"301", "307", "IllegalLocationConstraintException", "PermanentRedirect"}
_DENIED = {"401", "403", "AccessDenied", "AllAccessDisabled", "Forbidden"}
_NOT_FOUND = {"404", "NoSuchKey", "NotFound"}
_CHANGED = {"412", "416", "InvalidRange", "PreconditionFailed"}


def error_of(uri: str, code: str, message: str) -> StorageError:
    """The error that an S3 error code stands for; HEAD has no other code than the HTTP status."""
    if code == "NoSuchBucket":
        return BucketNotFoundError(uri, "the bucket does not exist", "make it or correct its name")
    if code in _NOT_FOUND:
        return ObjectNotFoundError(uri, "there is no such object", "check the key")
    if code in _CHANGED:
        return ObjectChangedError(
            uri, "changed since it was listed", "run again when it is at rest"
        )
    if code in _CREDENTIALS:
        return StorageError(uri, f"the credentials are not accepted ({code})", _SIGN_IN)
    if code in _DENIED:
        return StorageError(
            uri,
            "access denied",
            "these credentials need s3:ListBucket on the bucket, s3:GetObject (s3:PutObject and "
            "s3:DeleteObject to write) on its objects, and the key's own permission for KMS",
        )
    if code in _REGION:
        return StorageError(uri, "the bucket is in another region", "set AWS_REGION to it")
    if code == "InvalidObjectState":
        return StorageError(uri, "the object is archived", "restore it from Glacier first")
    if code == "RequestTimeTooSkewed":
        return StorageError(uri, "this machine's clock is wrong", "set the clock")
    return StorageError(uri, f"the store said {code}: {message}", "see the store's own logs")


@contextmanager
def said_by_s3(uri: str) -> Iterator[None]:
    """Turn what botocore raises into a StorageError about ``uri``."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        fault = error.response.get("Error", {})
        code, message = fault.get("Code", "no code"), fault.get("Message", "")
        raise error_of(uri, code, message) from error
    except BotoCoreError as error:
        raise unreached(uri, error) from error


def unreached(uri: str, error: Exception) -> StorageError:
    """The error of a request that got no answer."""
    from botocore import exceptions as botocore

    if isinstance(error, botocore.NoCredentialsError):
        return NoCredentialsError(
            uri,
            "no AWS credentials were found",
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso "
            "login`; or have a folder stand for S3 (--s3-root DIR), or another server, which takes "
            "credentials of its own (AWS_ENDPOINT_URL)",
        )
    if isinstance(
        error,
        (
            botocore.PartialCredentialsError,
            botocore.CredentialRetrievalError,
            botocore.ProfileNotFound,
            botocore.SSOError,
            botocore.TokenRetrievalError,
        ),
    ):
        return StorageError(uri, f"no usable AWS credentials: {error}", _SIGN_IN)
    if isinstance(error, (botocore.SSLError, botocore.ProxyConnectionError)):
        return StorageError(
            uri, str(error), "check AWS_CA_BUNDLE and the proxy's settings (HTTPS_PROXY)"
        )
    if isinstance(error, (botocore.ConnectionError, botocore.HTTPClientError)):
        return StorageError(
            uri,
            f"the endpoint cannot be reached ({error})",
            "check the network and AWS_ENDPOINT_URL",
        )
    return StorageError(uri, str(error), "check the AWS configuration")
