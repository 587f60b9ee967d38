"""``--channel NAME=SOURCE[,option=value...]`` into a Channel document.

A comma in SOURCE or in a value is written twice; equals signs and blanks are just themselves.
"""

from __future__ import annotations

import re
from typing import Any

from sm_container.harness.request.flags import FlagError, at_commas, expanded
from sm_container.harness.request.wording import display, likest

FORM = (
    "NAME=SOURCE[,mode=File][,content-type=T][,compression=Gzip][,wrapper=RecordIO]"
    "[,distribution=ShardedByS3Key][,type=ManifestFile][,attributes=a+b][,shuffle-seed=N]"
)

_CHANNEL_OPTIONS = {
    "mode": "InputMode",
    "content-type": "ContentType",
    "compression": "CompressionType",
    "wrapper": "RecordWrapperType",
}
_SOURCE_OPTIONS = {"distribution": "S3DataDistributionType", "type": "S3DataType"}
_OPTIONS = (*_CHANNEL_OPTIONS, *_SOURCE_OPTIONS, "attributes", "shuffle-seed")
_SEED = re.compile(r"-?[0-9]{1,19}", re.ASCII)


def channel_document(flag: str) -> dict[str, Any]:
    """The channel that one ``--channel`` asks for; its values are the check's to judge.

    Raises:
        FlagError: with everything in it that cannot be read.
    """
    name, equals, rest = flag.partition("=")
    shown = f"--channel '{display(name)}'"
    if not equals or not name:
        raise FlagError(f"{shown}: write --channel {FORM}")
    source, *given = at_commas(rest)
    if not source:
        raise FlagError(f"{shown}: it has no source; write --channel {FORM}")
    options, faults = _options(shown, given)
    seed = options.get("shuffle-seed")
    if seed is not None and not _SEED.fullmatch(seed):
        faults.append(f"{shown}: shuffle-seed '{display(seed)}' is no whole number")
    if faults:
        raise FlagError(*faults)
    return _document(name, expanded(source), options)


def _document(name: str, uri: str, options: dict[str, str]) -> dict[str, Any]:
    source: dict[str, Any] = {"S3DataType": "S3Prefix", "S3Uri": uri}
    source |= {_SOURCE_OPTIONS[each]: options[each] for each in _SOURCE_OPTIONS if each in options}
    source.setdefault("S3DataDistributionType", "FullyReplicated")
    if "attributes" in options:
        source["AttributeNames"] = options["attributes"].split("+")
    channel: dict[str, Any] = {"ChannelName": name, "DataSource": {"S3DataSource": source}}
    channel |= {
        _CHANNEL_OPTIONS[each]: options[each] for each in _CHANNEL_OPTIONS if each in options
    }
    if "shuffle-seed" in options:
        channel["ShuffleConfig"] = {"Seed": int(options["shuffle-seed"])}
    return channel


def _options(shown: str, given: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    faults: list[str] = []
    for each in given:
        option, equals, value = each.partition("=")
        if not equals or option not in _OPTIONS:
            close = likest(option, _OPTIONS, 1)
            meant = f"did you mean {close[0]}=...?" if close else f"options are {_listed()}."
            faults.append(
                f"{shown}: no option '{display(each)}': {meant} A comma in the source is written "
                "twice (,,)"
            )
        elif option in options:
            faults.append(f"{shown}: {option} is given twice")
        options[option] = value
    return options, faults


def _listed() -> str:
    return ", ".join(_OPTIONS)
