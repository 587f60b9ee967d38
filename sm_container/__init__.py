"""Write, run and test Amazon SageMaker training containers.

``import sm_container as sm`` is what an algorithm's author needs: ``sm.Algorithm``, ``sm.Job``,
``sm.Channel`` and the rest of ``__all__``. Each name is imported when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing for it would be half of what this module costs

if TYPE_CHECKING:
    from sm_container.algorithm.algorithm import Algorithm
    from sm_container.algorithm.job import Job
    from sm_container.algorithm.model import ModelError
    from sm_container.channels.channel import InputChannel
    from sm_container.channels.errors import (
        ChannelError,
        ChannelTimeoutError,
        MissingChannelError,
    )
    from sm_container.contract.errors import ContractError
    from sm_container.contract.inputs import Compression, InputMode
    from sm_container.contract.layout import Layout
    from sm_container.declaration.channels import Channel
    from sm_container.declaration.checkpoints import CheckpointPolicy, SavedBy
    from sm_container.declaration.constraints import Name, OneOf, Range, Tunable
    from sm_container.declaration.errors import DeclarationError, HyperparameterError
    from sm_container.declaration.hyperparameters import UnknownPolicy
    from sm_container.declaration.memory import Enforcement, MemoryPolicy
    from sm_container.declaration.metrics import Metric
    from sm_container.declaration.stopping import OnStop
    from sm_container.records.batch import Batch
    from sm_container.records.csr import Csr
    from sm_container.records.errors import FormatError, OnFault, RecordError
    from sm_container.runtime.checkpoints.checkpoint import Checkpoint
    from sm_container.runtime.checkpoints.checkpoints import Checkpoints, WhenBusy
    from sm_container.runtime.checkpoints.errors import CheckpointError
    from sm_container.runtime.checkpoints.torch import TorchState
    from sm_container.runtime.checkpoints.xgboost import XGBoostResume
    from sm_container.runtime.memory.budget import Memory
    from sm_container.runtime.memory.errors import MemoryBudgetError
    from sm_container.runtime.stop import Stop, StopTraining

_HOMES = {
    "Algorithm": "algorithm.algorithm",
    "Batch": "records.batch",
    "Channel": "declaration.channels",
    "ChannelError": "channels.errors",
    "ChannelTimeoutError": "channels.errors",
    "Checkpoint": "runtime.checkpoints.checkpoint",
    "CheckpointError": "runtime.checkpoints.errors",
    "CheckpointPolicy": "declaration.checkpoints",
    "Checkpoints": "runtime.checkpoints.checkpoints",
    "Compression": "contract.inputs",
    "ContractError": "contract.errors",
    "Csr": "records.csr",
    "DeclarationError": "declaration.errors",
    "Enforcement": "declaration.memory",
    "FormatError": "records.errors",
    "HyperparameterError": "declaration.errors",
    "InputChannel": "channels.channel",
    "InputMode": "contract.inputs",
    "Job": "algorithm.job",
    "Layout": "contract.layout",
    "Memory": "runtime.memory.budget",
    "MemoryBudgetError": "runtime.memory.errors",
    "MemoryPolicy": "declaration.memory",
    "Metric": "declaration.metrics",
    "MissingChannelError": "channels.errors",
    "ModelError": "algorithm.model",
    "Name": "declaration.constraints",
    "OnFault": "records.errors",
    "OnStop": "declaration.stopping",
    "OneOf": "declaration.constraints",
    "Range": "declaration.constraints",
    "RecordError": "records.errors",
    "Stop": "runtime.stop",
    "StopTraining": "runtime.stop",
    "SavedBy": "declaration.checkpoints",
    "TorchState": "runtime.checkpoints.torch",
    "Tunable": "declaration.constraints",
    "UnknownPolicy": "declaration.hyperparameters",
    "WhenBusy": "runtime.checkpoints.checkpoints",
    "XGBoostResume": "runtime.checkpoints.xgboost",
}

__all__ = [
    "Algorithm",
    "Batch",
    "Channel",
    "ChannelError",
    "ChannelTimeoutError",
    "Checkpoint",
    "CheckpointError",
    "CheckpointPolicy",
    "Checkpoints",
    "Compression",
    "ContractError",
    "Csr",
    "DeclarationError",
    "Enforcement",
    "FormatError",
    "HyperparameterError",
    "InputChannel",
    "InputMode",
    "Job",
    "Layout",
    "Memory",
    "MemoryBudgetError",
    "MemoryPolicy",
    "Metric",
    "MissingChannelError",
    "ModelError",
    "Name",
    "OnFault",
    "OnStop",
    "OneOf",
    "Range",
    "RecordError",
    "SavedBy",
    "Stop",
    "StopTraining",
    "TorchState",
    "Tunable",
    "UnknownPolicy",
    "WhenBusy",
    "XGBoostResume",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
