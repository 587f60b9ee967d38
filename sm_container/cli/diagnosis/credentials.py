"""AWS credentials and region: whether boto3 would find some. They are never shown."""

from __future__ import annotations

from collections.abc import Iterator

from sm_container.cli.diagnosis.finding import Finding


def findings() -> Iterator[Finding]:
    try:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ImportError:  # said where the packages are
        return
    subject = "credentials"
    advice = "aws configure, or AWS_ACCESS_KEY_ID; only s3:// and --credentials need some"
    try:
        session = Session()
        # The metadata service of a cloud machine is asked once, and shortly.
        session.set_config_variable("metadata_service_timeout", 1)
        session.set_config_variable("metadata_service_num_attempts", 1)
        found = session.get_credentials()
        region = session.get_config_variable("region")
    except BotoCoreError as fault:
        yield Finding.warning(subject, str(fault), advice)
        return
    if found is None:
        yield Finding.warning(subject, "none found", advice)
    else:
        yield Finding.ok(subject, f"found ({found.method})")
    if region is not None:
        yield Finding.ok("region", region)
