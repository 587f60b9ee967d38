"""What the container may count on around it: network, credentials, user, and where it may write."""

from __future__ import annotations

import os

from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.changes import isolated
from sm_container.testing.certify.check import Check, Finding, Outcome, Profile
from sm_container.testing.certify.ends import shortfall

_USER = "10001:10001"
_SHOWN = 5
_MARKETPLACE = "AWS Marketplace seller guide, Packaging your code into images"


def _isolated(bench: Bench) -> Finding:
    if bench.request.network_isolation:
        return Finding.passed("completes without any network: the request asks for isolation")
    if not bench.engine.protects_inputs:
        return Finding.not_applicable(
            "a program cannot be cut off from the network here: install bubblewrap"
        )
    fault = shortfall(bench, bench.run("isolated", isolated, credentials="none"))
    if fault is not None:
        return Finding.failed(f"without any network: {fault}")
    return Finding.passed("completes without any network")


def _without_credentials(bench: Bench) -> Finding:
    if bench.options.credentials == "none":
        return Finding.passed("completes without any credentials")
    fault = shortfall(bench, bench.run("no-credentials", credentials="none"))
    if fault is not None:
        return Finding.failed(f"without credentials: {fault}")
    return Finding.passed("completes without any credentials")


def _ordinary_user(bench: Bench) -> Finding:
    image = bench.image
    if image is None:
        if os.geteuid() != 0:
            return Finding.passed(f"completes as user {os.geteuid()}, who certifies it")
        return Finding.not_applicable("a program runs as whoever certifies it, which is root")
    user = bench.options.user or image.user
    if user.partition(":")[0] not in ("", "root", "0"):
        whose = "--user" if bench.options.user else "the image's own USER"
        return Finding.passed(f"completes as {user}, {whose}")
    fault = shortfall(bench, bench.run("user", user=_USER))
    if fault is not None:
        return Finding.failed(f"as user {_USER}: {fault}")
    return Finding.passed(f"completes as user {_USER}")


def _writes(bench: Bench) -> Finding:
    """What the container of the sound run has changed in the image's own files."""
    if bench.writes is None:
        return Finding.not_applicable("what a program writes on this machine cannot be told")
    assert bench.sound.status == "Completed"
    if bench.writes.fault is not None:
        return Finding(Outcome.ERROR, bench.writes.fault)
    outside, caches = bench.writes.outside, bench.writes.caches
    if outside:
        shown = ", ".join(outside[:_SHOWN]) + (", ..." if len(outside) > _SHOWN else "")
        return Finding.failed(f"it has written {shown}")
    if caches:
        rest = f" and {len(caches) - 1} more of logs and caches" if len(caches) > 1 else ""
        return Finding.passed(f"nothing but {caches[0]}{rest}")
    return Finding.passed("nothing was written outside /opt/ml and /tmp")


CHECKS = (
    Check(
        "network-isolation",
        "It trains without a network",
        "Algorithms of the AWS Marketplace always run isolated, and so do those of whoever sets "
        "EnableNetworkIsolation.",
        "Put what is downloaded at start into the image, or take it as a channel.",
        f"CreateTrainingJob, EnableNetworkIsolation; {_MARKETPLACE}",
        _isolated,
        Profile.MARKETPLACE,
    ),
    Check(
        "no-credentials",
        "It trains without AWS credentials",
        "An isolated container has none: data comes by channels, and results go by folders.",
        "Read from /opt/ml/input/data and not from S3.",
        f"CreateTrainingJob, EnableNetworkIsolation; {_MARKETPLACE}",
        _without_credentials,
        Profile.MARKETPLACE,
    ),
    Check(
        "ordinary-user",
        "It trains as a user other than root",
        "The service is seen to run images as root today; others that run the image may not.",
        "Write below /opt/ml and /tmp only, and make the program readable for all.",
        "the project's own rule; what the service makes of an image's USER is not documented",
        _ordinary_user,
        Profile.MARKETPLACE,
    ),
    Check(
        "writes",
        "It writes below /opt/ml and /tmp only, but for logs and caches",
        "What is written elsewhere is lost, and is not on the volume that the job has asked for.",
        "Write temporary files to /tmp, results to /opt/ml/output/data.",
        "the project's own rule; that /opt/ml and /tmp are on the volume is the service's",
        _writes,
    ),
)
