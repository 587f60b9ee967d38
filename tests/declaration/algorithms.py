"""A declaration with one of everything, for the tests of the documents made from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Literal

from sm_container.declaration.channels import Channel
from sm_container.declaration.constraints import Name, OneOf, Range, Tunable
from sm_container.declaration.declaration import Declaration
from sm_container.declaration.metrics import Metric


class Booster(Enum):
    TREE = "gbtree"
    LINEAR = "gblinear"


# More members than a Categorical may have.
Code = Enum("Code", {f"N{n}": n for n in range(31)})  # type: ignore[misc]


@dataclass
class Everything:
    required: Annotated[int, Range(1, 1000), "How many | of *them*\nthere are."]
    eta: Annotated[float, Range(0, 1), Tunable(scale="Logarithmic")] = 0.3
    objective: Annotated[str, OneOf("reg:squarederror", "binary:logistic"), Tunable()] = (
        "reg:squarederror"
    )
    open_ended: Annotated[float, Range(0, math.inf)] = 0.0
    open_integer: Annotated[int, Range(-math.inf, 5)] = 0
    free_integer: int = 7
    verbose: bool = False
    booster: Booster = Booster.TREE
    code: Code = Code.N3
    literal: Literal["a", 1] = 1
    seed: Annotated[int | None, Range(0, 10)] = None
    text: str = "1.10"
    quoted: str = '"quoted"'
    none_text: str | None = "None"
    multiline: str = "a\nb"
    layers: list[int] = field(default_factory=lambda: [64, 32])
    weights: dict[int, Booster] = field(default_factory=lambda: {1: Booster.LINEAR})
    pair: tuple[int, str] = (1, "x")
    lambda_: Annotated[float, Name("lambda")] = 1.0


def everything() -> Declaration:
    return Declaration(
        "everything",
        hyperparameters=Everything,
        channels=[
            Channel("train", ["text/csv; header=present"], ["File", "Pipe"], compression=["Gzip"]),
            Channel("validation", required=False, description="Held out."),
        ],
        metrics=[
            Metric("validation:rmse", goal="Minimize"),
            Metric("loss | own", regex=r"loss = (\S+);"),
            Metric("." * 255, goal="Maximize"),
        ],
        description="Has one of\n everything.",
    )
