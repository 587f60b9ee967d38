"""Python and the packages that the harness needs."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import metadata

from sm_container.cli.diagnosis.finding import Finding

_OLDEST = (3, 10)
# By what they are needed for; all are in the extra "local".
_PACKAGES = {
    "boto3": "S3",
    "botocore": "the service's model, by which requests are checked",
    "google-re2": "metrics",
    "jinja2": "reports",
    "pyarrow": "csv and parquet",
    "pyyaml": "requests written as YAML",
    "rich": "tables and progress bars",
    "watchdog": "checkpoints",
}
_INSTALL = "pip install 'sm-container[local]'"


def findings() -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info >= _OLDEST:
        yield Finding.ok("python", f"{version}, {sys.executable}")
    else:
        yield Finding.problem("python", version, "install Python 3.10 or newer")
    yield Finding.ok("sm-container", metadata.version("sm-container"))
    for package, purpose in _PACKAGES.items():
        try:
            yield Finding.ok(package, metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Finding.problem(package, f"not installed; it is for {purpose}", _INSTALL)
