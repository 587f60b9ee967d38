"""What stands between the platform's start and the program's: find, fetch, install, set.

Every reason why it cannot be done comes out as a Fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sm_container.contract.errors import ContractError
from sm_container.contract.layout import Layout
from sm_container.runtime import configuration as configuration_files
from sm_container.runtime import environment, program, source
from sm_container.runtime.configuration import Configuration
from sm_container.runtime.fault import Fault
from sm_container.runtime.program import EntryPoint, Kind, Program


@dataclass(frozen=True)
class Start:
    """What the program is started with, why, and what the author should know of it.

    ``folder`` is None for the folder that the image sets.
    """

    command: tuple[str, ...]
    environ: Mapping[str, str]
    because: str
    folder: str | None = None
    remarks: tuple[str, ...] = ()


def prepare(arguments: Sequence[str], environ: Mapping[str, str]) -> Start:
    """Find the program that ``arguments``, the image and the request name; make it ready.

    Raises Fault.
    """
    layout = Layout.from_environment(environ)
    try:
        configuration = configuration_files.read(layout)
        named = program.named_program(arguments, layout, configuration, environ)
        if named.kind is Kind.COMMAND:
            return _prepare_command(named, configuration, environ)
        if configuration is None:
            raise Fault(
                f"there is no folder {layout.config}; outside a training container set "
                "SAGEMAKER_BASE_DIR to a folder that holds the tree of /opt/ml"
            )
        return _prepare_python(named, configuration, environ)
    except ContractError as error:
        raise Fault(str(error)) from error


def _prepare_command(
    named: Program, configuration: Configuration | None, environ: Mapping[str, str]
) -> Start:
    """A program of the image: its variables, where there is a job to speak of."""
    command = (named.name, *named.arguments)
    because = f"{named.kind.value} ({named.because})"
    if configuration is None:
        return Start(command, environ, because)
    values = environment.variables(configuration, None, environ)
    remarks = _without_too_long(values, configuration)
    return Start(command, {**environ, **values}, because, remarks=remarks)


def _prepare_python(
    named: Program, configuration: Configuration, environ: Mapping[str, str]
) -> Start:
    """Script mode and functions: the author's code, its requirements, the arguments."""
    _refuse_mpi(configuration)
    code = configuration.layout.code
    origin = source.fetch(configuration, environ)
    script, folder = None, None
    if named.kind is Kind.FUNCTION:
        source.install_requirements(code)
        command = program.function_command(named.name)
    else:
        script, folder = named.name, str(code)
        kind = program.entry_point(code, script)
        command = program.script_command(code, script, kind)
        if kind is EntryPoint.PYTHON_PACKAGE:
            source.install_package(code)
        else:
            source.install_requirements(code)
    values = environment.variables(configuration, script, environ)
    remarks = _without_too_long(values, configuration) + _on_intermediate_output(configuration)
    values["PYTHONPATH"] = environment.python_path(str(code), environ)
    arguments = environment.user_arguments(configuration)
    return Start(
        command=(*command, *arguments, *named.arguments),
        environ={**environ, **values},
        because=f"{named.kind.value} ({named.because}), {origin}",
        folder=folder,
        remarks=remarks,
    )


def _without_too_long(values: dict[str, str], configuration: Configuration) -> tuple[str, ...]:
    """Take out the variables that are too long for the kernel; a remark on each."""
    names = environment.too_long(values)
    for name in names:
        del values[name]
    instead = f"read the files in {configuration.layout.config} instead"
    return tuple(
        f"{name} is longer than a variable can be and not set; {instead}" for name in names
    )


def _refuse_mpi(configuration: Configuration) -> None:
    if configuration.settings.get("sagemaker_mpi_enabled"):
        raise Fault(
            "sagemaker_mpi_enabled is set, but sm-train starts one process on each host; "
            "leave it out, and start mpirun from a script of your own"
        )


def _on_intermediate_output(configuration: Configuration) -> tuple[str, ...]:
    if not configuration.settings.get("sagemaker_s3_output"):
        return ()
    folder = configuration.layout.intermediate
    return (
        f"sagemaker_s3_output is set, but {folder} is not copied to S3 while the job runs; "
        "use checkpoints",
    )
