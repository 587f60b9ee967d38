"""Writes toolkit_vectors.json: what sagemaker-training 5.1.4 makes of some configurations.

Run by an interpreter that has that toolkit, and only to make the vectors anew:

    python -m venv build/toolkit && build/toolkit/bin/pip install sagemaker-training==5.1.4
    build/toolkit/bin/python tests/runtime/make_toolkit_vectors.py

Each case runs in a process of its own (the toolkit reads its folder when it is imported), without
GPUs or Neuron devices. ``{BASE}`` stands for the tree's folder, ``{CPUS}`` for the CPUs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).with_name("toolkit_vectors.json")
ONE_HOST = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
GROUPS = {
    "current_host": "algo-3",
    "current_instance_type": "ml.g5.xlarge",
    "current_group_name": "gpus",
    "hosts": ["algo-1", "algo-2", "algo-3"],
    "instance_groups": [
        {
            "instance_group_name": "cpus",
            "instance_type": "ml.c5.xlarge",
            "hosts": ["algo-1", "algo-2"],
        },
        {"instance_group_name": "gpus", "instance_type": "ml.g5.xlarge", "hosts": ["algo-3"]},
    ],
    "network_interface_name": "eth0",
    "topology": None,
}
CHANNEL = {
    "TrainingInputMode": "File",
    "S3DistributionType": "FullyReplicated",
    "RecordWrapperType": "None",
}

CASES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "values of every kind": {
        "hyperparameters": {
            "sagemaker_program": "train.py",
            "epochs": "10",
            "eta": "0.3",
            "tiny": "1e-05",
            "negative": "-5",
            "name": "resnet",
            "quoted": '"hello world"',
            "yes": "true",
            "no": "false",
            "python_yes": "True",
            "nothing": "null",
            "empty": "",
            "flat": '{"b": 2, "a": "x"}',
            "empty_map": "{}",
            "list": '["a", "b", 1]',
            "nested": '{"a": {"b": [1, null]}}',
            "text": "a b 'c' \"d\" $e ; é",
            "zip": "00123",
            "digits": "1.10",
            "n": "7",
        }
    },
    "names that are no variables": {
        "hyperparameters": {"learning-rate": "0.1", "a.b c": "1", "Mixed_Case": "x"},
        "channels": {"train": CHANNEL, "my-data.v2": CHANNEL},
    },
    "settings of the platform": {
        "hyperparameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": '"s3://bucket/sourcedir.tar.gz"',
            "sagemaker_container_log_level": "30",
            "sagemaker_job_name": '"job-1"',
            "sagemaker_region": '"us-west-2"',
            "sagemaker_enable_cloudwatch_metrics": "false",
            "sagemaker_estimator_class_name": '"PyTorch"',
            "sagemaker_parameter_server_enabled": "true",
            "_tuning_objective_metric": "validation:rmse",
            "default_user_module_name": "x",
            "max_depth": "6",
        },
        "environ": {"TRAINING_JOB_NAME": "job-1", "SAGEMAKER_TRAINING_MODULE": "framework:main"},
    },
    "three hosts in two groups": {
        "hyperparameters": {"sagemaker_distribution_instance_groups": '["gpus"]'},
        "resources": GROUPS,
        "channels": {"train": CHANNEL},
    },
    "the first of two hosts": {
        "resources": {
            "current_host": "algo-1",
            "current_instance_type": "ml.m5.large",
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1", "algo-2"],
            "instance_groups": [
                {
                    "instance_group_name": "homogeneousCluster",
                    "instance_type": "ml.m5.large",
                    "hosts": ["algo-1", "algo-2"],
                }
            ],
            "network_interface_name": "eth1",
        },
        "hyperparameters": {"sagemaker_torch_distributed_enabled": "true"},
    },
    "a topology": {"resources": {**ONE_HOST, "topology": [{"host": "algo-1", "unit": "u"}]}},
    "a program by its variable": {
        "hyperparameters": {"sagemaker_program": "other.py"},
        "environ": {"SAGEMAKER_PROGRAM": "train.sh"},
    },
    "model parallel": {
        "hyperparameters": {"mp_parameters": '{"ddp": true, "partitions": 2}'},
        "environ": {"SM_HP_MP_PARAMETERS": '{"ddp": true}'},
    },
}

_ASK = """
import json, os
from sagemaker_training.environment import Environment
env = Environment()
plain = {name: os.environ[name] for name in
         ("CURRENT_HOST", "SAGEMAKER_JOB_NAME", "SAGEMAKER_REGION")}
print(json.dumps({"variables": {**env.to_env_vars(), **plain}, "arguments": env.to_cmd_args()}))
"""


def answer(case: dict[str, Any], folder: str) -> dict[str, Any]:
    """What the toolkit says to one case."""
    base = Path(folder, "ml")
    config = base / "input" / "config"
    config.mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps(case.get("hyperparameters", {})))
    (config / "inputdataconfig.json").write_text(json.dumps(case.get("channels", {})))
    (config / "resourceconfig.json").write_text(json.dumps(case.get("resources", ONE_HOST)))
    environ = {"PATH": os.defpath, "SAGEMAKER_BASE_DIR": str(base), **case.get("environ", {})}
    said = subprocess.run(
        [sys.executable, "-c", _ASK], env=environ, stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    cpus = os.cpu_count()
    said = said.replace(str(base), "{BASE}").replace(
        f'"SM_NUM_CPUS": "{cpus}"', '"SM_NUM_CPUS": "{CPUS}"'
    )
    said = said.replace(f'\\"num_cpus\\":{cpus},', '\\"num_cpus\\":{CPUS},')
    result: dict[str, Any] = json.loads(said)
    return result


def main() -> None:
    """Ask for every case and write the file."""
    vectors = []
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            vectors.append({"name": name, "case": case, **answer(case, folder)})
    VECTORS.write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
