"""``sm-container recordio``: files of records, looked at and converted."""

from __future__ import annotations

import os

import click

_FILE_OR_INPUT = click.Path(exists=True, dir_okay=False, allow_dash=True)
_from = click.option(
    "--from",
    "content_type",
    metavar="TYPE",
    help="What FILE holds; by default what its name and its first bytes say.",
)


@click.group(
    "recordio",
    short_help="Look at files of records, and convert them.",
    epilog="A TYPE is a content type with its parameters, as 'text/csv; label_size=0', or one of "
    "csv, libsvm, jsonlines, parquet, recordio, protobuf, msgpack.",
)
def command() -> None:
    """Look at files of records, and convert them: RecordIO and every other format of a channel."""


@command.command("head", short_help="Show the first records.")
@click.argument("file", type=_FILE_OR_INPUT)
@click.option(
    "-n",
    "count",
    metavar="N",
    type=click.IntRange(min=0),
    default=5,
    help="How many; 5 by default.",
)
@_from
@click.option("--json", "as_json", is_flag=True, help="A JSON list, every value in full.")
def head(file: str, count: int, content_type: str | None, as_json: bool) -> None:
    """Show the first records of FILE (- for the input), their labels and the first features.

    \b
    sm-container recordio head train.pbr
    sm-container recordio head -n 2 --from 'text/csv; label_size=0' part-0001
    """
    from sm_container.cli.recordio.head import print_head

    print_head(file, content_type, count, as_json=as_json)


@command.command("stat", short_help="Count records and describe them.")
@click.argument("file", type=_FILE_OR_INPUT)
@_from
@click.option("--json", "as_json", is_flag=True, help="A JSON document.")
def stat(file: str, content_type: str | None, as_json: bool) -> None:
    """Read the whole of FILE (- for the input) and say what is in it: records, lengths, columns,
    the label's range.

    A damaged record is said with its number and the byte where it begins, and ends it.

    \b
    sm-container recordio stat train.pbr
    aws s3 cp s3://bucket/train.pbr - | sm-container recordio stat -
    """
    from sm_container.cli.recordio.stat import print_stat

    print_stat(file, content_type, as_json=as_json)


@command.command("convert", short_help="Convert to another format.")
@click.argument("source", type=click.Path(exists=True, allow_dash=True))
@click.argument("target", type=click.Path(allow_dash=True))
@_from
@click.option("--to", metavar="TYPE", help="What TARGET is to hold; by default what its name says.")
@click.option(
    "--label",
    metavar="COLUMN",
    help="The named column that becomes the label; 'label' by default.",
)
@click.option("--no-label", is_flag=True, help="There is none: all columns are features.")
@click.option(
    "--columns",
    metavar="A,B,...",
    help="The columns that are wanted, in this order; all by default.",
)
@click.option(
    "--on-fault",
    type=click.Choice(["raise", "skip", "stop"]),
    default="raise",
    help="At a record that cannot be read: fail (the default), leave it out, or end before it.",
)
def convert(source: str, target: str, content_type: str | None, **given: object) -> None:
    """Write the records of SOURCE into TARGET (- for the input and the output), in another format.

    A folder becomes a folder, file by file, with --to. Each file is there whole or not at all.
    Named columns become label and features where TARGET wants those: the label by --label, the
    other columns, which must be numbers, in their order.

    \b
    sm-container recordio convert train.csv train.pbr
    sm-container recordio convert flights.parquet train.pbr --label delay
    sm-container recordio convert --from 'text/csv; header=true' a.csv a.parquet
    sm-container recordio convert data/csv/ data/protobuf/ --to protobuf
    """
    if os.path.isdir(source):
        from sm_container.cli.recordio.folder import convert_folder

        convert_folder(source, target, content_type, given)
        return
    from sm_container.cli.recordio.convert import convert_file

    convert_file(source, target, content_type, given)
