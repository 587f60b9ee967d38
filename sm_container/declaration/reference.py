"""The reference page of an algorithm, in Markdown: what its users need to write a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sm_container.declaration.declaration import Declaration
from sm_container.declaration.hyperparameters import Hyperparameter
from sm_container.declaration.service_types import service_type
from sm_container.declaration.text import default_text


def reference_page(declaration: Declaration) -> str:
    """The page: description, hyperparameters, channels, metrics. Ends with a newline."""
    return "\n".join(_lines(declaration)) + "\n"


def _lines(declaration: Declaration) -> Iterator[str]:
    yield f"# {declaration.name}"
    if declaration.description:
        yield from ("", _text(declaration.description))
    hosts = "one or several hosts" if declaration.supports_distributed_training else "one host"
    yield from ("", f"Trains on {hosts}.", "", "## Hyperparameters", "")
    if declaration.hyperparameters is None:
        yield "Not declared: any name is accepted, as text."
    elif not declaration.specifications:
        yield "None."
    else:
        yield from _table(
            ("Name", "Type", "Value", "Default", "Tunable", "Description"),
            map(_hyperparameter, declaration.specifications),
        )
    yield from ("", "## Channels", "")
    if declaration.channels:
        yield from _table(
            ("Name", "Required", "Input modes", "Content types", "Compression", "Description"),
            (
                (
                    _code(channel.name),
                    "yes" if channel.required else "no",
                    ", ".join(channel.modes),
                    ", ".join(map(_code, channel.content_types)) or "any",
                    ", ".join(channel.compression) or "None",
                    _text(channel.description),
                )
                for channel in declaration.channels
            ),
        )
    else:
        yield "Not declared: any channel is accepted."
    yield from ("", "## Metrics", "")
    if declaration.metrics:
        yield from _table(
            ("Name", "Goal in tuning jobs", "Pattern in the log"),
            (
                (_code(metric.name), metric.goal or "-", _code(metric.definition.regex))
                for metric in declaration.metrics
            ),
        )
    else:
        yield "None."


def _hyperparameter(hyperparameter: Hyperparameter) -> Sequence[str]:
    required, tunable = hyperparameter.required, hyperparameter.tunable
    return (
        _code(hyperparameter.name),
        service_type(hyperparameter.kind).name,
        _text(hyperparameter.kind.expected),
        "required" if required else _code(default_text(hyperparameter.default)),
        tunable.scale if tunable else "no",
        _text(hyperparameter.description),
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(row)} |"


def _text(text: str) -> str:
    """The text on one line, with what Markdown or HTML would take for markup escaped."""
    line = " ".join(text.split())
    for character in "\\`*_[]<>|#":
        line = line.replace(character, f"\\{character}")
    return line


def _code(text: str) -> str:
    """The text as code: fenced by more backticks than it holds, its bars escaped for tables."""
    line = " ".join(text.split()) or '""'
    fence = "`" * (max(map(len, _runs(line)), default=0) + 1)
    padding = " " if "`" in line else ""
    return f"{fence}{padding}{line}{padding}{fence}".replace("|", "\\|")


def _runs(line: str) -> list[str]:
    import re

    return re.findall("`+", line)
