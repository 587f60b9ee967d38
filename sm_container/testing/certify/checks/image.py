"""What the image itself is like: size, layers, and secrets that were left in it."""

from __future__ import annotations

from sm_container.harness.sizes import size
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Finding
from sm_container.testing.certify.secrets import has_secret, secret_variables

_NO_IMAGE = "a program is no image"
_GB = 10**9
_MOST_BYTES = 10 * _GB
_MOST_OF_LAYER = 52_000 * (1 << 20)
_MOST_LAYERS = 127
_SHOWN = 60


def _sizes(bench: Bench) -> Finding:
    image = bench.image
    if image is None:
        return Finding.not_applicable(_NO_IMAGE)
    layers = [layer for layer in image.layers if layer.size]
    largest = max(layers, key=lambda layer: layer.size, default=None)
    shown = f"{size(image.size)} in {image.depth} layers"
    if largest is not None:
        shown += f", the largest of {size(largest.size)}: {_cut(largest.command)}"
    if image.size > _MOST_BYTES:
        return Finding.failed(f"{shown}; more than {size(_MOST_BYTES)} in all")
    if image.depth > _MOST_LAYERS:
        return Finding.failed(f"{shown}; more than {_MOST_LAYERS} layers")
    if largest is not None and largest.size > _MOST_OF_LAYER:
        return Finding.failed(f"{shown}; more than {size(_MOST_OF_LAYER)} in one layer")
    return Finding.passed(shown)


def _secrets(bench: Bench) -> Finding:
    image = bench.image
    if image is None:
        return Finding.not_applicable(_NO_IMAGE)
    variables = secret_variables(image.environment)
    if variables:
        return Finding.failed(f"its environment has {', '.join(variables)}")
    steps = [
        number
        for number, layer in enumerate(reversed(image.layers), 1)
        if has_secret(layer.command)
    ]
    if steps:
        listed = ", ".join(map(str, steps))
        plural = "step" if len(steps) == 1 else "steps"
        return Finding.failed(f"its history has what looks like a secret, in {plural} {listed}")
    return Finding.passed(
        f"none in {len(image.environment)} variables and {len(image.layers)} steps"
    )


def _cut(command: str) -> str:
    line = " ".join(command.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


CHECKS = (
    Check(
        "image-size",
        "The image has at most 10 GB, and at most 127 layers",
        "Every start downloads it, on every host, before training begins. Amazon ECR takes layers "
        "of up to 52,000 MiB, and engines 127 of them.",
        "Leave out build tools, caches of packages, and what only development needs.",
        "Amazon ECR user guide, service quotas; the 10 GB in all are the project's own rule",
        _sizes,
        needs_sound_run=False,
    ),
    Check(
        "image-secrets",
        "No secret is left in the image's environment or history",
        "Whoever can pull the image can read both.",
        "Use build secrets (RUN --mount=type=secret), and replace the secret that was in it.",
        "the project's own rule",
        _secrets,
        needs_sound_run=False,
    ),
)
