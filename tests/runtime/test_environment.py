"""The SM_* variables, held against what sagemaker-training 5.1.4 makes of the same files."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from sm_container.contract.errors import ContractError
from sm_container.runtime import configuration, environment
from sm_container.runtime.fault import Fault
from sm_container.runtime.program import Kind, named_program
from tests.runtime.processes import Tree

VECTORS = json.loads(Path(__file__).with_name("toolkit_vectors.json").read_text(encoding="utf-8"))

# Every difference from the toolkit, by case; docs/entry-point.md gives the reasons.
ARGUMENTS: dict[str, dict[str, str]] = {
    "values of every kind": {
        "--digits": "1.10",
        "--list": '["a","b",1]',
        "--nested": '{"a":{"b":[1,null]}}',
    },
}
NO_PROGRAM = {"SM_MODULE_NAME": ""}
VARIABLES: dict[str, dict[str, str]] = {
    "nothing": NO_PROGRAM,
    "values of every kind": {"SM_HP_DIGITS": "1.10"},
    "names that are no variables": {
        **NO_PROGRAM,
        "SM_HP_LEARNING_RATE": "0.1",
        "SM_HP_A_B_C": "1",
        "SM_CHANNEL_MY_DATA_V2": "{BASE}/input/data/my-data.v2",
    },
    "three hosts in two groups": NO_PROGRAM,
    "the first of two hosts": NO_PROGRAM,
    "a topology": NO_PROGRAM,
    "model parallel": NO_PROGRAM,
}


def made_by_us(tree: Tree, case: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    tree.configure(case.get("hyperparameters"), case.get("channels"), case.get("resources"))
    read = configuration.read(tree.layout)
    assert read is not None
    environ = {"PATH": os.defpath, **case.get("environ", {})}
    script = None
    if "SAGEMAKER_PROGRAM" in environ or "sagemaker_program" in read.written:
        program = named_program([], tree.layout, read, environ)
        assert program.kind is Kind.SCRIPT
        script = program.name
    variables = environment.variables(read, script, environ)
    return variables, environment.user_arguments(read)


def filled_in(value: Any, tree: Tree) -> Any:
    """A value of the vectors with this tree's folder in it."""
    if isinstance(value, dict):
        return {name: filled_in(item, tree) for name, item in value.items()}
    return value.replace("{BASE}", str(tree.layout.base)) if isinstance(value, str) else value


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_as_the_toolkit(tree: Tree, vector: dict[str, Any]) -> None:
    variables, arguments = made_by_us(tree, vector["case"])
    pairs = dict(zip(vector["arguments"][::2], vector["arguments"][1::2], strict=True))
    expected_pairs = {**pairs, **ARGUMENTS.get(vector["name"], {})}
    assert arguments == [word for pair in expected_pairs.items() for word in pair]

    expected = {**vector["variables"], **VARIABLES.get(vector["name"], {})}
    expected = {
        name: text.replace("{CPUS}", f"{os.cpu_count()}") for name, text in expected.items()
    }
    training_env = json.loads(expected.pop("SM_TRAINING_ENV"))
    if training_env["module_name"] == "None":  # there is no program
        training_env["module_name"] = None
    assert json.loads(variables.pop("SM_TRAINING_ENV")) == filled_in(training_env, tree)
    expected["SM_USER_ARGS"] = json.dumps(arguments, separators=(",", ":"))
    assert variables == filled_in(expected, tree)


def variables_of(tree: Tree, environ: dict[str, str] | None = None) -> dict[str, str]:
    read = configuration.read(tree.layout)
    assert read is not None
    return environment.variables(read, None, environ or {"PATH": os.defpath})


def test_the_toolkits_name_wins_where_two_meet(tree: Tree) -> None:
    tree.configure({"a_b": "exact", "a-b": "derived"})
    variables = variables_of(tree)
    assert (variables["SM_HP_A_B"], variables["SM_HP_A-B"]) == ("exact", "derived")


def test_a_name_that_no_variable_can_have(tree: Tree) -> None:
    tree.configure({"a=b": "1"})
    variables = variables_of(tree)
    assert variables["SM_HP_A_B"] == "1"
    assert not [name for name in variables if "=" in name]


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_what_no_variable_can_hold_is_a_fault(tree: Tree, text: str) -> None:
    tree.configure({"name": text})
    with pytest.raises(Fault, match="SM_HP_NAME"):
        variables_of(tree)


def test_the_region_is_the_platforms(tree: Tree) -> None:
    environ = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1", "PATH": ""}
    assert variables_of(tree, environ)["SAGEMAKER_REGION"] == "eu-west-1"


def write_tool(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(stat.S_IRWXU)


def test_devices_are_counted_by_their_tools(tree: Tree) -> None:
    tools = tree.layout.base / "tools"
    write_tool(tools, "nvidia-smi", "echo 'GPU 0: T4 (UUID: x)'; echo 'GPU 1: T4 (UUID: y)'")
    write_tool(tools, "neuron-ls", """echo '[{"nc_count": 2}, {"nc_count": 4}]'""")
    write_tool(tools, "smddprun", "exit 0")
    variables = variables_of(tree, {"PATH": f"{tools}:{os.defpath}"})
    assert (variables["SM_NUM_GPUS"], variables["SM_NUM_NEURONS"]) == ("2", "6")
    assert json.loads(variables["SM_TRAINING_ENV"])["is_smddprun_installed"] is True


def test_a_tool_that_fails_counts_nothing(tree: Tree) -> None:
    tools = tree.layout.base / "tools"
    write_tool(tools, "nvidia-smi", "echo 'GPU 0: T4'; exit 9")
    write_tool(tools, "neuron-ls", "echo not JSON")
    variables = variables_of(tree, {"PATH": f"{tools}:{os.defpath}"})
    assert (variables["SM_NUM_GPUS"], variables["SM_NUM_NEURONS"]) == ("0", "0")


def test_variables_that_are_too_long_are_left_out_and_named(tree: Tree) -> None:
    """A hundred hyperparameters at the service's limit are more than one variable can hold."""
    hyperparameters = {f"p{n}": "é" * 2500 for n in range(100)}
    tree.configure(hyperparameters)
    tree.write_code("train.sh", 'test "$#" = 200 && test -z "${SM_HPS+set}" && echo "${#SM_HP_P7}"')
    done = tree.run(variables={"SAGEMAKER_PROGRAM": "train.sh", "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == b"5000\n"
    for name in (b"SM_HPS", b"SM_TRAINING_ENV", b"SM_USER_ARGS"):
        assert b"sm-train: " + name + b" is longer than a variable can be" in done.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("hyperparameters.json", "{"),
        ("hyperparameters.json", '{"a": 5}'),
        ("hyperparameters.json", "[]"),
        ("inputdataconfig.json", "[]"),
        ("inputdataconfig.json", '{"../x": {}}'),
        ("resourceconfig.json", "{}"),
        ("resourceconfig.json", '{"current_host": "algo-2", "hosts": ["algo-1"]}'),
    ],
)
def test_a_file_that_is_not_what_the_service_writes(tree: Tree, name: str, content: str) -> None:
    (tree.layout.config / name).write_text(content)
    with pytest.raises(ContractError):
        variables_of(tree)
    done = tree.run("--", "true")  # nothing is read for a command as it stands
    assert done.returncode == 0
    done = tree.run("true")
    assert done.returncode == 1
    assert tree.failure() in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_without_a_configuration_folder_there_are_no_variables(tree: Tree) -> None:
    """As when an image of a training algorithm is run for hosting: ``sm-train serve``."""
    serve = tree.layout.base / "bin" / "serve"
    write_tool(serve.parent, "serve", "env | grep -c ^SM_HP; echo serving $1; exit 3")
    variables = {
        "SAGEMAKER_BASE_DIR": str(tree.layout.base / "none"),
        "PATH": f"{serve.parent}:{os.environ['PATH']}",
    }
    done = tree.run("serve", "8080", variables=variables)
    assert (done.returncode, done.stdout) == (3, b"0\nserving 8080\n")
