"""What the container may count on around it: network, credentials, user, and where it may write."""

from __future__ import annotations

from pathlib import PurePosixPath

from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.engine import unheard
from sm_container.testing.certify.bench import Bench, Document
from sm_container.testing.certify.check import Check, Finding, Profile
from sm_container.testing.certify.ends import first_line

_USER = "10001:10001"
_SCRATCH = ("/tmp", "/var/tmp", "/run", "/dev", "/proc", "/sys", "/root/.cache", "/opt/ml")
_SHOWN = 5


def _isolated(bench: Bench) -> Finding:
    if not bench.is_image and not bench.engine.protects_inputs:
        return Finding.not_applicable("a program cannot be cut off the network here")

    def isolate(document: Document) -> None:
        document["EnableNetworkIsolation"] = True

    result = bench.run("isolated", isolate)
    if result.status == "Completed":
        return Finding.passed("completes without any network")
    return Finding.failed(f"without a network: {first_line(result.reason)}")


def _without_credentials(bench: Bench) -> Finding:
    if bench.options.credentials == "none":
        return Finding.passed("completes without any credentials")
    result = bench.run("no-credentials", credentials="none")
    if result.status == "Completed":
        return Finding.passed("completes without any credentials")
    return Finding.failed(f"without credentials: {first_line(result.reason)}")


def _ordinary_user(bench: Bench) -> Finding:
    image = bench.image
    if image is None:
        return Finding.not_applicable("a program runs as whoever certifies it")
    if image.user.partition(":")[0] not in ("", "root", "0"):
        return Finding.passed(f"the image's own user is {image.user}, and it completes as that")
    result = bench.run("user", user=_USER)
    if result.status == "Completed":
        return Finding.passed(f"completes as user {_USER}")
    return Finding.failed(f"as user {_USER}: {first_line(result.reason)}")


def _writes(bench: Bench) -> Finding:
    """What the container has changed in the image's own files."""
    if bench.image is None:
        return Finding.not_applicable("what a program writes on this machine cannot be told")
    assert isinstance(bench.engine, ContainerEngine)
    changed: list[str] = []

    def look(container: str) -> None:
        lines = client.run("diff", container).splitlines()
        changed.extend(line[2:] for line in lines if line.startswith(("A ", "C ")))

    client = bench.engine.client
    engine = ContainerEngine(client, bench.home, unheard, before_removal=look)
    bench.run_with(bench.changed("writes"), engine=engine)
    outside = [path for path in changed if not _is_scratch(path, changed)]
    if not outside:
        return Finding.passed("nothing was written outside /opt/ml and /tmp")
    shown = ", ".join(outside[:_SHOWN]) + (", ..." if len(outside) > _SHOWN else "")
    return Finding.failed(f"it has written {len(outside)} files outside /opt/ml and /tmp: {shown}")


def _is_scratch(path: str, changed: list[str]) -> bool:
    """Whether it may be written: places for it, bytecode, and folders that only hold others."""
    pure = PurePosixPath(path)
    if any(
        pure.is_relative_to(place) or PurePosixPath(place).is_relative_to(pure)
        for place in _SCRATCH
    ):
        return True
    if "__pycache__" in pure.parts:
        return True
    return any(other != path and PurePosixPath(other).is_relative_to(pure) for other in changed)


CHECKS = (
    Check(
        "network-isolation",
        "It trains without a network",
        "Algorithms of the Marketplace always run isolated, and so does whoever sets "
        "EnableNetworkIsolation.",
        "Put what is downloaded at start into the image, or give it as a channel.",
        "CreateTrainingJob, EnableNetworkIsolation",
        _isolated,
        Profile.MARKETPLACE,
    ),
    Check(
        "no-credentials",
        "It trains without AWS credentials",
        "An isolated container has none, and data comes by channels.",
        "Read from /opt/ml/input/data and not from S3.",
        "CreateTrainingJob, EnableNetworkIsolation",
        _without_credentials,
        Profile.MARKETPLACE,
    ),
    Check(
        "ordinary-user",
        "It trains as a user other than root",
        "The service runs images as root today; others that run the image may not.",
        "Write below /opt/ml and /tmp only, and make the program readable for all.",
        "the project's own rule; what the service makes of USER is not documented",
        _ordinary_user,
        Profile.MARKETPLACE,
    ),
    Check(
        "writes",
        "It writes below /opt/ml and /tmp only",
        "What is written elsewhere is lost, and fills a disk that is not the volume of the job.",
        "Write temporary files to /tmp, results to /opt/ml/output/data.",
        "the project's own rule",
        _writes,
    ),
)
