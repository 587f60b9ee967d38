"""Values on the command line that click has no type for: sizes, durations, credentials, jobs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_SIZE = re.compile(r"([0-9]{1,15})([kmgt]?)(i?b)?", re.ASCII | re.IGNORECASE)
_FRACTION = re.compile(r"[0-9]{1,12}\.[0-9]{1,3}", re.ASCII)
_REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]{1,2}", re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def size(text: str) -> int:
    """Bytes: ``512m`` or ``4g`` in powers of 1024, as container engines take them."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise click.BadParameter(f"{text!r} is no size: write 4g, 512m or a number of bytes.")
    power = _POWERS[found[2].lower()]
    return int(found[1]) << (10 * power)


def reserve(text: str) -> str:
    """``1g``, ``512m`` or ``5%``, as it is."""
    from sm_container.machine.reservation import Reservation

    try:
        Reservation.parse(text)
    except ValueError as fault:
        raise click.BadParameter(f"{fault}.") from None
    return text


def duration(text: str) -> int:
    """Seconds: ``900``, ``90s``, ``15m``, ``2h``, ``7d``."""
    from sm_container.harness.request.flags import FlagError, seconds

    try:
        return seconds("", text)
    except FlagError:
        raise click.BadParameter(
            f"{text!r} is no duration: write 900, 90s, 15m, 2h or 7d."
        ) from None


def span(text: str) -> float:
    """Seconds, also in parts: ``0.5``, or as :func:`duration` takes them."""
    if _FRACTION.fullmatch(text.strip()) is not None:
        return float(text)
    return float(duration(text))


def region(text: str) -> str:
    """A region's name in the form of AWS, as it is."""
    if _REGION.fullmatch(text) is None:
        raise click.BadParameter(f"{text!r} is no region: write one such as us-east-1.")
    return text


def credentials(text: str) -> str:
    """``none``, ``env`` or ``profile=NAME``, as it is."""
    from sm_container.harness.credentials.choice import CredentialsChoice, CredentialsError

    try:
        CredentialsChoice.parse(text)
    except CredentialsError as fault:
        raise click.BadParameter(f"{fault}.") from None
    return text


def complete_path(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Leave it to the shell, which knows the files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def complete_jobs(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The jobs whose names begin so, for the shell to complete."""
    from click.shell_completion import CompletionItem

    from sm_container.cli.home import open_store

    return [
        CompletionItem(summary.name, help=summary.status)
        for summary in open_store().summaries()
        if summary.name.startswith(incomplete)
    ]
