"""The author's code: brought into ``/opt/ml/code``, and what it requires installed.

Source: sagemaker_training/entry_point.py and files.py, whose rules these are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from sm_container.runtime.configuration import Configuration
from sm_container.runtime.environment import submit_directory
from sm_container.runtime.executable import find_executable
from sm_container.runtime.fault import Fault

CODE_CHANNEL = "code"
_ARCHIVE = "sourcedir.tar.gz"
_ELSEWHERE = "set sagemaker_submit_directory to a folder, a tar.gz or an s3:// address of one"


def fetch(configuration: Configuration, environ: Mapping[str, str]) -> str:
    """Bring the author's code into the code folder; says in a few words where it is from.

    The code is what ``sagemaker_submit_directory`` names, else the channel named code. A code
    folder that has something in it already is left as it is. Raises Fault.
    """
    code = configuration.layout.code
    source = submit_directory(configuration, environ)
    if source is None and CODE_CHANNEL in configuration.channels:
        source = str(configuration.layout.channel(CODE_CHANNEL))
    if source is None and not code.is_dir():
        return "code in the image"
    if source is None or Path(source) == code:
        return f"code in {code}"
    if code.is_dir() and any(code.iterdir()):
        return f"code in {code}, which was not empty, so {source} was not fetched"
    try:
        code.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Fault(f"the code folder {code} cannot be made: {error.strerror}") from error
    if source.startswith("s3://"):
        _download(source, code)
    elif "://" in source:
        raise Fault(
            f"the submit directory {source} is of no kind that can be fetched; {_ELSEWHERE}"
        )
    else:
        _bring(Path(source), code)
    return f"code from {source}"


def install_requirements(code: Path) -> None:
    """Install requirements.txt, where the code folder has one. Raises Fault."""
    if (code / "requirements.txt").is_file():
        _pip(["-r", "requirements.txt"], code, "requirements.txt cannot be installed")


def install_package(code: Path) -> None:
    """Install the Python package that the code folder is, with its requirements.txt."""
    arguments = ["."]
    if (code / "requirements.txt").is_file():
        arguments += ["-r", "requirements.txt"]
    _pip(arguments, code, f"the Python package in {code} cannot be installed")


def _pip(arguments: list[str], code: Path, what: str) -> None:
    import subprocess  # late: most programs install nothing

    if os.environ.get("CA_REPOSITORY_ARN"):
        raise Fault(
            f"{what}: CA_REPOSITORY_ARN is not understood here; "
            "set PIP_INDEX_URL to the repository's address with its token"
        )
    command = [*_pip_command(what), "install", *arguments]
    environ = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    status = subprocess.run(command, cwd=code, env=environ).returncode
    if status != 0:
        raise Fault(f"{what}: 'pip install {' '.join(arguments)}' ended with {status}")


def _pip_command(what: str) -> list[str]:
    """The pip of this Python; where it has none of its own, one on PATH that works for it."""
    from importlib.util import find_spec

    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    program = find_executable("pip", os.environ)
    if program is None:
        raise Fault(
            f"{what}: {sys.executable} has no pip and PATH neither; "
            "install the requirements, or pip, in the image"
        )
    return [program, "--python", sys.executable]


def _bring(source: Path, code: Path) -> None:
    """Copy a folder or unpack an archive of this machine."""
    import shutil  # late, as all that code in the image does not need

    from sm_container.runtime.archive import is_archive, unpack

    packed = source / _ARCHIVE
    if packed.is_file() and len(os.listdir(source)) == 1:
        source = packed
    try:
        if source.is_dir():
            if code.resolve().is_relative_to(source.resolve()):
                raise Fault(f"the submit directory {source} holds the code folder; {_ELSEWHERE}")
            shutil.copytree(source, code, symlinks=True, dirs_exist_ok=True)
        elif not source.is_file():
            raise Fault(f"the submit directory {source} does not exist; {_ELSEWHERE}")
        elif is_archive(source):
            unpack(source, code)
        else:
            shutil.copy2(source, code)
    except (OSError, shutil.Error) as error:
        raise Fault(f"the submit directory {source} cannot be copied: {error}") from error


def _download(uri: str, code: Path) -> None:
    """Fetch an archive from S3 and unpack it."""
    import tempfile

    from sm_container.runtime.archive import unpack
    from sm_container.storage.errors import NoCredentialsError, StorageError
    from sm_container.storage.store import open_store

    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "archive")
        try:
            store, key = open_store(uri)
            found = store.stat(key)
            if found is None:
                raise Fault(f"there is no object {uri}; {_ELSEWHERE}")
            store.download(found, archive)
        except NoCredentialsError as error:
            raise Fault(
                f"the author's code cannot be fetched: {uri}: {error.what}; have the job's "
                "role allow s3:GetObject, or on a desk give it some (run --credentials env)"
            ) from error
        except StorageError as error:
            raise Fault(f"the author's code cannot be fetched: {error}") from error
        unpack(archive, code)
