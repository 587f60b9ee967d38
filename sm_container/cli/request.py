"""The options that make up a CreateTrainingJob request, shared by ``run`` and ``check``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sm_container.harness.request.training_request import Document, TrainingRequest
    from sm_container.harness.store.home import Home

_FILE = click.Path(dir_okay=False, path_type=Path)

REQUEST_OPTIONS = (
    click.Option(
        ["--request"],
        type=_FILE,
        metavar="FILE",
        help="A CreateTrainingJob request, JSON or YAML; the options below override it.",
    ),
    click.Option(
        ["--from-job"],
        metavar="NAME|ARN",
        help="The request of a training job of the real service, asked for with your AWS "
        "credentials; the options below override it. What it writes stays on this machine.",
    ),
    click.Option(["--name"], metavar="NAME", help="TrainingJobName. [default: made from TARGET]"),
    click.Option(
        ["-c", "--channel"],
        multiple=True,
        metavar="NAME=SOURCE[,...]",
        help="A channel from a file, a folder or s3://. May be followed by ,mode=File "
        ",content-type=T ,distribution=ShardedByS3Key ,type=ManifestFile and others.",
    ),
    click.Option(["-p", "--hp"], multiple=True, metavar="KEY=VALUE", help="A hyperparameter."),
    click.Option(
        ["-e", "--env"], multiple=True, metavar="KEY=VALUE", help="A variable of the container."
    ),
    click.Option(
        ["--input-mode"], metavar="MODE", help="TrainingInputMode: File, Pipe or FastFile."
    ),
    click.Option(
        ["--instance-type"],
        metavar="TYPE",
        help="The instance type, whose memory the container gets. [default: ml.m5.large]",
    ),
    click.Option(["--instance-count"], type=int, metavar="N", help="Hosts; this version runs 1."),
    click.Option(
        ["--output"],
        metavar="URI",
        help="Where artifacts go: a folder or s3://. [default: a folder of the home]",
    ),
    click.Option(
        ["--checkpoint"],
        metavar="URI[,...]",
        help="Where checkpoints are kept: a folder or s3://. May be followed by ,local-path=PATH "
        "[default: /opt/ml/checkpoints]",
    ),
    click.Option(
        ["--max-runtime"], metavar="DURATION", help="Time limit: 900, 15m, 2h. [default: 1d]"
    ),
    click.Option(["--spot"], is_flag=True, help="Spot instances, which can be interrupted."),
    click.Option(
        ["--max-wait"],
        metavar="DURATION",
        help="Time limit of a spot job with all waiting. [default: an hour more than it may run]",
    ),
    click.Option(
        ["--metric"], multiple=True, metavar="NAME=REGEX", help="A metric to find in the log."
    ),
    click.Option(
        ["--entrypoint"],
        metavar="COMMAND",
        help="ContainerEntrypoint, split into words as a shell would.",
    ),
    click.Option(["--network-isolation"], is_flag=True, help="No network in the container."),
    click.Option(["--role-arn"], metavar="ARN", help="RoleArn; checked and kept, not assumed."),
    click.Option(["--tag"], multiple=True, metavar="KEY=VALUE", help="A tag of the job."),
    click.Option(
        ["--algorithm"],
        type=_FILE,
        metavar="FILE",
        help="A CreateAlgorithm document, or the .py that declares the algorithm: the request is "
        "checked against it, and its metrics are found in the log.",
    ),
)


class RequestCommand(click.Command):
    """A command with the options of a request, which its help lists by themselves."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**given, "params": [*REQUEST_OPTIONS, *(given.get("params") or ())]})

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Request options": [], "Options": []}
        for param in self.get_params(ctx):
            shown = param.get_help_record(ctx)
            if shown is not None and isinstance(param, click.Option):
                sections["Request options" if param in REQUEST_OPTIONS else "Options"].append(shown)
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def read_request(
    home: Home, given: Mapping[str, Any], target: str | None, arguments: tuple[str, ...]
) -> TrainingRequest:
    """The request that the options make, checked in full.

    ``target`` is an image reference or an absolute path, None where the request names the image.
    ``given["base"]`` is a request that stands in the place of a file's.

    Raises:
        RequestError, DocumentError, ContractError: with every fault.
    """
    from sm_container.harness.request.build import Flags, build_document
    from sm_container.harness.request.document import load_document
    from sm_container.harness.request.errors import RequestError
    from sm_container.harness.request.parse import parse_request

    base = given.get("base")
    if given["request"] is not None:
        base = load_document(given["request"])
    flags = Flags(
        target=target,
        arguments=arguments,
        channels=given["channel"],
        hyperparameters=given["hp"],
        environment=given["env"],
        metrics=given["metric"],
        input_mode=given["input_mode"],
        instance_type=given["instance_type"],
        instance_count=given["instance_count"],
        output=given["output"],
        checkpoint=given["checkpoint"],
        max_runtime=given["max_runtime"],
        max_wait=given["max_wait"],
        spot=given["spot"],
        name=given["name"],
    )
    document = build_document(flags, base, default_output=str(home.path / "output"))
    _add(document, given)
    against: tuple[str, ...] = ()
    if given["algorithm"] is not None:
        from sm_container.declaration.specification import Specification
        from sm_container.harness.request.algorithm import load_algorithm
        from sm_container.harness.request.for_algorithm import add_metrics, faults_against

        path = given["algorithm"]
        specification = Specification.from_document(load_algorithm(path), path)
        add_metrics(document, specification)
        # Both checks speak before either ends the command: the user sees all at once.
        against = faults_against(specification, document, home.cache)
    try:
        request = parse_request(document)
    except RequestError as fault:
        raise RequestError((*fault.faults, *against), constraints=fault.constraints) from None
    if against:
        raise RequestError(against)
    return request


def _add(document: Document, given: Mapping[str, Any]) -> None:
    """What the document says by options that have no place in ``Flags``."""
    import shlex

    if given["entrypoint"] is not None:
        try:
            words = shlex.split(given["entrypoint"])
        except ValueError as fault:
            raise click.BadParameter(str(fault), param_hint="'--entrypoint'") from fault
        document.setdefault("AlgorithmSpecification", {})["ContainerEntrypoint"] = words
    if given["network_isolation"]:
        document["EnableNetworkIsolation"] = True
    if given["role_arn"] is not None:
        document["RoleArn"] = given["role_arn"]
    if given["tag"]:
        pairs = [_pair(each) for each in given["tag"]]
        names = {name for name, _ in pairs}
        kept = [tag for tag in document.get("Tags") or [] if tag.get("Key") not in names]
        document["Tags"] = kept + [{"Key": name, "Value": value} for name, value in pairs]


def _pair(text: str) -> tuple[str, str]:
    from sm_container.harness.request.flags import FlagError, pair

    try:
        return pair("--tag", text, "KEY=VALUE")
    except FlagError as fault:
        raise click.BadParameter(str(fault), param_hint="'--tag'") from fault
