"""A small convolutional network for images: a whole algorithm in PyTorch, as an author writes it.

The channels hold PNG images with their labels as records, and come as a stream or as files. Each
epoch is one pass; an interruption costs at most the epoch that it comes in.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from PIL import Image
from torch import nn

import sm_container as sm


@dataclass(frozen=True)
class Hyperparameters:
    """What a job may set."""

    epochs: Annotated[int, sm.Range(1, 10_000)] = 8
    batch_size: Annotated[int, sm.Range(1, 10_000), sm.Tunable()] = 64
    learning_rate: Annotated[float, sm.Range(1e-6, 1), sm.Tunable(scale="Logarithmic")] = 3e-3
    channels: Annotated[int, sm.Range(1, 1024), sm.Tunable(), "of the first layer"] = 16
    seed: Annotated[int, sm.Range(0, 2**31 - 1)] = 0


CLASSES = 10
RECORDS = ["application/x-recordio-protobuf"]
algorithm = sm.Algorithm(
    "torch-digits",
    description="A convolutional network that tells ten kinds of small grey images apart.",
    hyperparameters=Hyperparameters,
    channels=[
        sm.Channel("train", content_types=RECORDS, modes=["Pipe", "File", "FastFile"]),
        sm.Channel("validation", content_types=RECORDS, modes=["Pipe", "File", "FastFile"]),
    ],
    metrics=[
        sm.Metric("train:loss", goal="Minimize"),
        sm.Metric("validation:accuracy", goal="Maximize"),
    ],
    checkpoints=sm.CheckpointPolicy(newest=2, best=1, metric="validation:accuracy"),
)


@algorithm.train
def train(job: sm.Job[Hyperparameters]) -> None:
    """Train epoch by epoch, from the newest checkpoint where there is one; save the model."""
    hp = job.hyperparameters
    torch.manual_seed(hp.seed)
    model = network(hp.channels)
    optimizer = torch.optim.Adam(model.parameters(), lr=hp.learning_rate)
    state = sm.TorchState(model=model, optimizer=optimizer)
    begin = 0
    latest = job.checkpoints.restore(state.restore)
    if latest is not None:
        begin = latest.step + 1
        print(f"goes on with epoch {begin}", flush=True)
    for epoch in range(begin, hp.epochs):
        loss = train_epoch(job, model, optimizer, epoch)
        accuracy = accuracy_of(job, model)
        if job.stop.requested:  # then the epoch is not whole, and is not counted
            break
        job.metrics.log({"train:loss": loss, "validation:accuracy": accuracy}, step=epoch)
        job.checkpoints.save(epoch, state.write, metrics={"validation:accuracy": accuracy})
    job.save_model(lambda folder: torch.save(model.state_dict(), folder / "model.pt"))


def network(channels: int) -> nn.Sequential:
    """For grey images of any size: two convolutions, the mean of each feature, a linear layer."""
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(channels, 2 * channels, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * channels, CLASSES),
    )


def train_epoch(
    job: sm.Job[Hyperparameters], model: nn.Module, optimizer: torch.optim.Optimizer, epoch: int
) -> float:
    """One pass over the images; the mean loss of its batches."""
    model.train()
    losses = []
    hp = job.hyperparameters
    for images, labels in batches(job, "train", shuffle=(hp.seed, epoch)):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return float(np.mean(losses)) if losses else float("nan")  # stopped before the first one


@torch.no_grad()
def accuracy_of(job: sm.Job[Hyperparameters], model: nn.Module) -> float:
    """The share of held-out images that are told right, 0 to 1."""
    model.eval()
    right = seen = 0
    for images, labels in batches(job, "validation"):
        right += int((model(images).argmax(dim=1) == labels).sum())
        seen += len(labels)
    return right / max(seen, 1)


def batches(
    job: sm.Job[Hyperparameters], channel: str, shuffle: tuple[int, int] | None = None
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Images of the shape (n, 1, height, width) from 0 to 1, and labels of the shape (n,)."""
    rows = job.hyperparameters.batch_size
    is_empty = True
    for batch in job.channels[channel].batches(rows=rows, shuffle=shuffle):
        is_empty = False
        images = np.stack([decoded(png) for png in batch["image"]])
        labels = torch.from_numpy(np.asarray(batch["label"], np.int64).reshape(-1))
        yield torch.from_numpy(images).unsqueeze(1), labels
    if is_empty and not job.stop.requested:
        raise ValueError(f"channel {channel} has no images; check its S3Uri")


def decoded(png: bytes) -> np.ndarray:
    """The pixels of an image, float32 from 0 to 1."""
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("L"), np.float32) / 255


if __name__ == "__main__":
    algorithm.main()
