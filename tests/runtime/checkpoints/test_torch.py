"""PyTorch: training that was interrupted ends where training in one go does."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sm_container.runtime.checkpoints.errors import CheckpointError
from sm_container.runtime.checkpoints.torch import TorchState
from tests.runtime.checkpoints.saving import opened

# CI has PyTorch, and there its absence is a failure.
torch = __import__("torch") if os.environ.get("CI") else pytest.importorskip("torch")

torch.set_num_threads(1)  # what is computed here is tiny
pytestmark = pytest.mark.timeout(300)  # the first optimizer imports torch's compiler


class Training:
    """A network with dropout, a momentum, a learning rate that changes, shuffled rows."""

    def __init__(self) -> None:
        torch.manual_seed(7)
        random.seed(7)
        np.random.seed(7)
        layers = torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(), torch.nn.ReLU()
        self.model = torch.nn.Sequential(*layers, torch.nn.Linear(8, 1))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.01)
        self.scheduler = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, max_lr=0.1, total_steps=40
        )
        self.state = TorchState(
            model=self.model, optimizer=self.optimizer, scheduler=self.scheduler
        )

    def step(self) -> None:
        rows = torch.rand(16, 4)[torch.randperm(16)] + random.random() + float(np.random.rand())
        self.optimizer.zero_grad()
        ((self.model(rows) - rows.sum(1, keepdim=True)) ** 2).mean().backward()
        self.optimizer.step()
        self.scheduler.step()

    def weights(self) -> list[Any]:
        return [tensor.clone() for tensor in self.model.state_dict().values()]


def trained_in_one_go(steps: int) -> list[Any]:
    training = Training()
    for _ in range(steps):
        training.step()
    return training.weights()


@pytest.mark.parametrize("way", ["save", "save_async"])
def test_it_goes_on_as_if_nothing_had_been(hostile_tmp_path: Path, way: str) -> None:
    for turn in range(3):
        training, checkpoints = Training(), opened(hostile_tmp_path)
        start = checkpoints.restore(training.state.restore)
        first = 0 if start is None else start.step + 1
        assert first == (0, 6, 12)[turn]
        for step in range(first, 20 if turn == 2 else first + 8):
            training.step()
            if step % 6 == 5 and way == "save":
                checkpoints.save(step, training.state.write)
            elif step % 6 == 5:
                checkpoints.save_async(step, training.state.snapshot)
        checkpoints.wait()
    for found, expected in zip(training.weights(), trained_in_one_go(20), strict=True):
        assert torch.equal(found, expected)


def test_a_snapshot_is_of_its_moment(tmp_path: Path) -> None:
    training = Training()
    training.step()
    before = training.weights()
    write = training.state.snapshot()
    training.step()
    write(tmp_path)
    other = Training()
    other.state.restore(tmp_path)
    for found, expected in zip(other.weights(), before, strict=True):
        assert torch.equal(found, expected)


def test_tensors_that_are_one_are_copied_once(tmp_path: Path) -> None:
    model = torch.nn.Linear(100, 100, bias=False)
    model.tied = model.weight
    TorchState(model=model).snapshot()(tmp_path)
    assert (tmp_path / "model.pt").stat().st_size < 1.5 * 100 * 100 * 4


def test_a_state_that_could_not_be_read_back_is_refused(hostile_tmp_path: Path) -> None:
    class Odd:
        def state_dict(self) -> dict[str, object]:
            return {"path": Path("/tmp")}

        def load_state_dict(self, state: object) -> None: ...

    with pytest.raises(CheckpointError, match=r"odd.pt: holds more than tensors and plain values"):
        opened(hostile_tmp_path).save(1, TorchState(odd=Odd()).write)
    assert list(hostile_tmp_path.iterdir()) == []


def test_a_checkpoint_of_other_objects_is_refused(tmp_path: Path) -> None:
    TorchState(model=torch.nn.Linear(1, 1)).write(tmp_path)
    with pytest.raises(CheckpointError, match=r"network.pt: is not in the checkpoint"):
        TorchState(network=torch.nn.Linear(1, 1)).restore(tmp_path)


def test_objects_have_states_and_names() -> None:
    with pytest.raises(TypeError, match="epoch is a int, which has no state_dict"):
        TorchState(epoch=5)
    with pytest.raises(TypeError, match="not random"):
        TorchState(random=torch.nn.Linear(1, 1))
    with pytest.raises(TypeError, match="give objects by names"):
        TorchState()
