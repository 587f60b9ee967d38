"""Writing a job's report, and showing it."""

from __future__ import annotations

import sys
import time
import webbrowser
from pathlib import Path

import click

from sm_container.cli.errors import EXIT_HARNESS, EXIT_INPUT, Complaint
from sm_container.cli.stream import Stream
from sm_container.harness.report.cost import PriceError, Prices, read_prices
from sm_container.harness.store.folder import JobFolder


def write_report(
    folder: JobFolder,
    output: Path | None,
    *,
    price: float | None,
    prices: Path | None,
    opens: bool,
) -> None:
    """Write the page and print its path.

    Raises:
        Complaint: where prices are not as they should be, or no browser can be started.
    """
    from sm_container.harness.report.environment import ReportError
    from sm_container.harness.report.page import page

    if price is not None and prices is not None:
        raise click.UsageError("--price and --prices: one of the two says what an hour costs")
    path = (output or folder.report).absolute()
    try:
        given = _prices(price, prices)
        text = page(folder.read(), folder, time.time(), given)
    except PriceError as fault:
        raise Complaint([str(fault)], EXIT_INPUT) from fault
    except ReportError as fault:
        raise Complaint([str(fault)], EXIT_HARNESS) from fault
    path.write_text(text, encoding="utf-8")
    Stream(sys.stdout).line(str(path))
    if opens and not webbrowser.open(path.as_uri()):
        raise Complaint([f"no browser can be started here; open {path} yourself"], EXIT_HARNESS)


def _prices(price: float | None, path: Path | None) -> Prices | None:
    if price is not None:
        return Prices({}, price)
    return None if path is None else read_prices(path)
