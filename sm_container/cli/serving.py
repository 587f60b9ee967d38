"""What ``api`` does, once its options are read."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from sm_container.cli.errors import EXIT_HARNESS, EXIT_INPUT, Complaint
from sm_container.cli.home import open_home
from sm_container.cli.stream import Stream
from sm_container.cli.target import settled
from sm_container.cli.text import clock, one_line
from sm_container.harness.job.options import RunOptions
from sm_container.harness.store.home import Home
from sm_container.service.environment import (
    ClientEnvironment,
    client_environment,
    default_bucket,
)
from sm_container.service.settings import LOOPBACK, Settings

if TYPE_CHECKING:
    from sm_container.service.account import Account

_LINE_LIMIT = 500
_TOKEN = re.compile(r"[!-+\-.0-~]+")
"""What a signature can name: printable, without the ``/`` and ``,`` that end its access key."""


def print_environment(given: Mapping[str, Any]) -> None:
    """What sets a shell up for the service that these options make."""
    if given["port"] == 0:
        raise Complaint(["--print-env needs the port that the service is at"], EXIT_INPUT)
    home = open_home()
    settings = _settings(given, home)
    environment = client_environment(settings, home, os.environ)
    if given["as_json"]:
        click.echo(json.dumps(_document(settings, environment), indent=2))
    else:
        click.echo(environment.as_shell())


def serve(given: Mapping[str, Any]) -> int:
    """Serve until a signal ends it; the exit code of the command."""
    try:
        from sm_container.service.application import application
        from sm_container.service.database import DatabaseVersionError
        from sm_container.service.opening import ServedElsewhereError, opened
        from sm_container.service.server import listen
        from sm_container.service.server import serve as serve_at
    except ModuleNotFoundError as fault:
        raise Complaint(
            [f"the service needs {fault.name}: pip install 'sm-container[api]'"], EXIT_HARNESS
        ) from fault
    out, err = Stream(sys.stdout), Stream(sys.stderr)
    home = open_home()
    settings = _settings(given, home)
    _prepare_s3(settings)
    try:
        listening = listen(settings.host, settings.port)
    except OSError as fault:
        raise Complaint(
            [f"cannot listen at {settings.host}:{settings.port}: {fault.strerror}; {_hint(fault)}"],
            EXIT_HARNESS,
        ) from fault
    settings = replace(settings, port=listening.getsockname()[1])
    try:
        with opened(home, settings, lambda line: _tell(err, line)) as account:
            app = application(account)
            serve_at(account, app, listening, lambda: _say_ready(account, out, err, given))
    except (ServedElsewhereError, DatabaseVersionError) as fault:
        raise Complaint([str(fault)], EXIT_HARNESS) from fault
    return 0


def _hint(fault: OSError) -> str:
    """What to do where it cannot listen."""
    if fault.errno == errno.EADDRINUSE:
        return "if that is a service of yours, use it or end it; else try --port 0"
    if fault.errno == errno.EACCES:
        return "ports below 1024 are for root; try --port 0"
    return "--host must be an address of this machine"


def _prepare_s3(settings: Settings) -> None:
    """Make the folder that stands for S3, with the bucket that the SDK uses by default; or lead the
    processes of jobs to the store of the user's own."""
    if settings.s3_root is None:
        os.environ["AWS_ENDPOINT_URL_S3"] = str(settings.s3_endpoint)
        return
    folder = settings.s3_root / default_bucket(settings.region)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise Complaint(
            [f"{folder}: {fault.strerror}; name another folder with --s3-root"], EXIT_INPUT
        ) from fault


def _settings(given: Mapping[str, Any], home: Home) -> Settings:
    _require_sound(given)
    s3_endpoint = given["s3_endpoint"]
    s3_root = None if s3_endpoint else (given["s3_root"] or home.path / "s3").absolute()
    options = RunOptions(
        target="",
        engine=given["engine"],
        s3_root=None if s3_root is None else str(s3_root),
        credentials=given["credentials"],
        region=given["region"],
        memory_bytes=given["memory"],
        memory_reserve=given["memory_reserve"],
        shm_bytes=given["shm_size"],
        grace_seconds=float(given["grace"]),
    )
    settings = Settings(
        s3_root=s3_root,
        s3_endpoint=s3_endpoint,
        host=given["host"],
        port=given["port"],
        region=given["region"],
        token=given["token"],
        images=_images(given),
        options=options,
    )
    return settings if given["jobs"] is None else replace(settings, jobs_at_once=given["jobs"])


def _require_sound(given: Mapping[str, Any]) -> None:
    if given["s3_root"] is not None and given["s3_endpoint"] is not None:
        raise Complaint(["--s3-root and --s3-endpoint exclude each other"], EXIT_INPUT)
    if given["s3_endpoint"] is not None and not _is_url(given["s3_endpoint"]):
        raise Complaint(
            [f"--s3-endpoint {given['s3_endpoint']}: write a URL such as http://127.0.0.1:9000"],
            EXIT_INPUT,
        )
    if given["token"] is not None and not _TOKEN.fullmatch(given["token"]):
        raise Complaint(
            ["the token is sent as an access key: write a word without spaces, '/' and ','"],
            EXIT_INPUT,
        )
    is_open = given["host"] not in (LOOPBACK, "localhost", "::1")
    if is_open and not given["token"]:
        raise Complaint(
            [
                f"--host {given['host']} can be reached from other machines, and whoever reaches "
                "it runs programs here: give --token, too"
            ],
            EXIT_INPUT,
        )


def _is_url(word: str) -> bool:
    try:
        url = urlsplit(word)
    except ValueError:  # an address of IPv6 that is none
        return False
    return url.scheme in ("http", "https") and bool(url.hostname)


def _images(given: Mapping[str, Any]) -> dict[str, str]:
    """Targets by names; ``--image`` overrides the file."""
    images: dict[str, str] = {}
    if given["images_file"] is not None:
        images |= _images_of(given["images_file"])
    for each in given["images"]:
        name, equals, target = each.partition("=")
        if not (name and equals and target):
            raise Complaint([f"--image {each}: write NAME=TARGET"], EXIT_INPUT)
        images[name] = target
    for name, target in images.items():
        last = re.split("[:@]", name.rpartition("/")[2])[0]
        if name != last:
            raise Complaint(
                [
                    f"the name {name} will be that of no image: its last part without the tag is "
                    f"what counts, so write {last or 'NAME'}={target}"
                ],
                EXIT_INPUT,
            )
    return {name: settled(target) for name, target in images.items()}


def _images_of(file: Path) -> dict[str, str]:
    from sm_container.harness.request.document import load_document

    document = load_document(file)
    if not isinstance(document, dict) or not all(
        isinstance(each, str) for each in document.values()
    ):
        raise Complaint([f"{file}: must map names of images to targets"], EXIT_INPUT)
    return document


def _say_ready(account: Account, out: Stream, err: Stream, given: Mapping[str, Any]) -> None:
    settings = account.settings
    environment = client_environment(settings, account.home, os.environ)
    if given["as_json"]:
        out.line(json.dumps(_document(settings, environment)))
        return
    out.line(settings.endpoint)
    command = shlex.join(["sm-container", "api", *_words(settings), "--print-env"])
    err.line(f'set a shell up{_with_token(settings)}: eval "$({command})"', dim=True)


def _with_token(settings: Settings) -> str:
    """What a shell needs besides: the token itself is not shown."""
    return "" if settings.token is None else ", with the token in SM_CONTAINER_API_TOKEN"


def _words(settings: Settings) -> Iterator[str]:
    """The options that decide where clients are led; a token is not shown."""
    usual = Settings(s3_root=None)
    if settings.host != usual.host:
        yield from ("--host", settings.host)
    if settings.port != usual.port:
        yield from ("--port", str(settings.port))
    if settings.region != usual.region:
        yield from ("--region", settings.region)
    if settings.s3_endpoint is not None:
        yield from ("--s3-endpoint", settings.s3_endpoint)


def _document(settings: Settings, environment: ClientEnvironment) -> dict[str, object]:
    return {"Endpoint": settings.endpoint, **environment.as_document()}


def _tell(err: Stream, line: str) -> None:
    """Say a line, in which there may be a failure's reason: the words of a program."""
    err.line(f"{clock(time.time())} {one_line(line, _LINE_LIMIT)}", dim=True)
