"""The SM_* variables of a job, as sagemaker-training 5.1 computes them.

Differences, each where that toolkit's value is of no use, are listed in docs/entry-point.md.
Source: sagemaker_training/environment.py, Environment.to_env_vars, and mapping.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from sm_container.runtime import accelerators
from sm_container.runtime.arguments import as_written, to_arguments, to_json
from sm_container.runtime.configuration import Configuration, is_setting
from sm_container.runtime.executable import find_executable
from sm_container.runtime.fault import Fault

# Linux refuses to start a program with a longer variable or argument. Source: execve(2).
LONGEST_VARIABLE = 131072 - 1
_DEFAULT_LOG_LEVEL = 20
_DISTRIBUTED = (
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_torch_distributed_enabled",
)
# The settings that have a place of their own in the environment; the rest are the framework's.
_KNOWN_SETTINGS = frozenset(
    {
        "sagemaker_program",
        "sagemaker_submit_directory",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_region",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "default_user_module_name",
        "_tuning_objective_metric",
        "sagemaker_s3_output",
    }
)


def variables(
    configuration: Configuration, script: str | None, environ: Mapping[str, str]
) -> dict[str, str]:
    """The SM_* variables of a program, and the few others that the toolkit sets.

    ``script`` is script mode's entry point, None for any other program. A variable too long for
    the kernel (LONGEST_VARIABLE bytes with its name) is there all the same; see ``too_long``.
    Raises Fault for a value that no variable can hold.
    """
    described = _training_env(configuration, script, environ)
    named = {
        **{name: described[name] for name in _OWN_VARIABLES},
        "hps": described["hyperparameters"],
        "framework_params": described["additional_framework_parameters"],
        "channels": sorted(configuration.channels),
        "training_env": described,
        "user_args": user_arguments(configuration),
    }
    if described["topology"]:
        named["topology"] = described["topology"]
    values = {f"SM_{name.upper()}": _text(value) for name, value in named.items()}
    values.update(_named_by_the_author("SM_CHANNEL_", described["channel_input_dirs"]))
    hyperparameters = {
        name: as_written(configuration.written[name], value) or _text(value)
        for name, value in described["hyperparameters"].items()
    }
    values.update(_named_by_the_author("SM_HP_", hyperparameters))
    values.update(_plain_variables(configuration, environ))
    _check(values)
    return values


def user_arguments(configuration: Configuration) -> list[str]:
    """The author's hyperparameters as command-line arguments."""
    written = configuration.written
    return to_arguments({name: text for name, text in written.items() if not is_setting(name)})


def python_path(code: str, environ: Mapping[str, str]) -> str:
    """PYTHONPATH with the code folder first."""
    inherited = environ.get("PYTHONPATH")
    return f"{code}{os.pathsep}{inherited}" if inherited else code


def too_long(values: Mapping[str, str]) -> list[str]:
    """The names of the variables that the kernel would refuse to start a program with."""
    return [
        name
        for name, value in values.items()
        if len(os.fsencode(name)) + 1 + len(os.fsencode(value)) > LONGEST_VARIABLE
    ]


# The members of SM_TRAINING_ENV that are also variables of their own.
_OWN_VARIABLES = (
    "hosts",
    "network_interface_name",
    "user_entry_point",
    "resource_config",
    "input_data_config",
    "output_data_dir",
    "current_host",
    "current_instance_type",
    "current_instance_group",
    "current_instance_group_hosts",
    "instance_groups",
    "instance_groups_dict",
    "distribution_instance_groups",
    "is_hetero",
    "module_name",
    "log_level",
    "framework_module",
    "input_dir",
    "input_config_dir",
    "output_dir",
    "num_cpus",
    "num_gpus",
    "num_neurons",
    "model_dir",
    "module_dir",
    "output_intermediate_dir",
)


def _training_env(
    configuration: Configuration, script: str | None, environ: Mapping[str, str]
) -> dict[str, Any]:
    """SM_TRAINING_ENV: every property of the toolkit's Environment, by its name."""
    layout, settings = configuration.layout, configuration.settings
    instance_type = configuration.resources.get("current_instance_type") or "local"
    model_parallel = environ.get("SM_HP_MP_PARAMETERS")
    return {
        **_cluster(configuration),
        "additional_framework_parameters": {
            name: value for name, value in settings.items() if name not in _KNOWN_SETTINGS
        },
        "channel_input_dirs": {name: str(layout.channel(name)) for name in configuration.channels},
        "current_instance_type": instance_type,
        "framework_module": environ.get("SAGEMAKER_TRAINING_MODULE"),
        "hyperparameters": configuration.hyperparameters,
        "input_config_dir": str(layout.config),
        "input_data_config": configuration.channels,
        "input_dir": str(layout.input),
        "is_modelparallel_enabled": model_parallel and model_parallel != "{}",
        "is_smddpmprun_installed": find_executable("smddpmprun", environ) is not None,
        "is_smddprun_installed": find_executable("smddprun", environ) is not None,
        "job_name": environ.get("TRAINING_JOB_NAME"),
        "log_level": settings.get("sagemaker_container_log_level", _DEFAULT_LOG_LEVEL),
        "model_dir": str(layout.model),
        "module_dir": submit_directory(configuration, environ) or str(layout.code),
        "module_name": script.removesuffix(".py") if script else script,
        "num_cpus": os.cpu_count(),
        "num_gpus": accelerators.gpus(environ),
        "num_neurons": accelerators.neuron_cores(instance_type, environ),
        "output_data_dir": str(layout.output_data),
        "output_dir": str(layout.output),
        "output_intermediate_dir": str(layout.intermediate),
        "resource_config": configuration.resources,
        "user_entry_point": script,
    }


def submit_directory(configuration: Configuration, environ: Mapping[str, str]) -> str | None:
    """Where the author's code is to be had: the hyperparameter, else the variable."""
    written = configuration.settings.get("sagemaker_submit_directory")
    return str(written) if written else environ.get("SAGEMAKER_SUBMIT_DIRECTORY") or None


def _cluster(configuration: Configuration) -> dict[str, Any]:
    """The members of SM_TRAINING_ENV that speak of hosts and their groups."""
    resources, groups = configuration.resources, configuration.groups
    hosts, current = resources["hosts"], configuration.current_group
    hosts_of = {group["instance_group_name"]: group["hosts"] for group in groups}
    settings = configuration.settings
    distributed = settings.get(
        "sagemaker_distribution_instance_groups",
        [current] if any(settings.get(name) for name in _DISTRIBUTED) else [],
    )
    distribution_hosts = [
        host for name, members in hosts_of.items() if name in distributed for host in members
    ]
    if not groups:
        distribution_hosts = hosts
    master = (distribution_hosts or hosts)[0]
    return {
        "current_host": resources["current_host"],
        "current_instance_group": current,
        "current_instance_group_hosts": hosts_of.get(current, []),
        "distribution_hosts": distribution_hosts,
        "distribution_instance_groups": distributed,
        "hosts": hosts,
        "instance_groups": list(hosts_of),
        "instance_groups_dict": {group["instance_group_name"]: group for group in groups},
        "is_hetero": len(groups) > 1,
        "is_master": resources["current_host"] == master,
        "master_hostname": master,
        "network_interface_name": resources.get("network_interface_name") or "eth0",
        "topology": resources.get("topology", []),
    }


def _plain_variables(configuration: Configuration, environ: Mapping[str, str]) -> dict[str, str]:
    """The toolkit's variables that have no SM_ before them."""
    settings = configuration.settings
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
    return {
        "CURRENT_HOST": configuration.resources["current_host"],
        "SAGEMAKER_JOB_NAME": str(settings.get("sagemaker_job_name") or ""),
        "SAGEMAKER_REGION": str(settings.get("sagemaker_region") or region),
    }


def _named_by_the_author(prefix: str, values: Mapping[str, str]) -> dict[str, str]:
    """Each value under the toolkit's name and under one that a shell can use.

    Where two names meet, the toolkit's wins. An ``=`` cannot stand in a variable's name: such a
    value has the shell's name alone.
    """
    exact = {f"{prefix}{name.upper()}": value for name, value in values.items()}
    usable = {re.sub(r"[^A-Z0-9_]", "_", name): value for name, value in exact.items()}
    return usable | {name: value for name, value in exact.items() if "=" not in name}


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value)


def _check(values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if "\0" in name + value:
            raise Fault(
                f"{name!r} holds a NUL character, which no variable or argument can hold; "
                "take it out of the request's HyperParameters"
            )
        try:
            os.fsencode(name + value)
        except UnicodeEncodeError:
            raise Fault(
                f"{name!r} holds half of a surrogate pair, which is not text; "
                "mend it in the request's HyperParameters"
            ) from None
