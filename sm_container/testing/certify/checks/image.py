"""What the image itself is like: size, layers, and secrets that were left in it."""

from __future__ import annotations

from sm_container.contract.redaction import holds_secret, is_secret
from sm_container.harness.sizes import size
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Finding, Profile

_NO_IMAGE = "a program is no image"
_MOST_BYTES = 10 * 10**9
_MOST_LAYERS = 127
_SHOWN = 60


def _sizes(bench: Bench) -> Finding:
    image = bench.image
    if image is None:
        return Finding.not_applicable(_NO_IMAGE)
    layers = [layer for layer in image.layers if layer.size]
    largest = max(layers, key=lambda layer: layer.size, default=None)
    shown = f"{size(image.size)} in {len(layers)} layers"
    if largest is not None:
        shown += f", the largest of {size(largest.size)}: {_cut(largest.command)}"
    if image.size > _MOST_BYTES or len(layers) > _MOST_LAYERS:
        return Finding.failed(shown)
    return Finding.passed(shown)


def _secrets(bench: Bench) -> Finding:
    image = bench.image
    if image is None:
        return Finding.not_applicable(_NO_IMAGE)
    variables = [
        name for name, value in image.environment.items() if is_secret(name) or holds_secret(value)
    ]
    if variables:
        return Finding.failed(f"its environment has {', '.join(variables)}")
    steps = [
        number
        for number, layer in enumerate(reversed(image.layers), 1)
        if holds_secret(layer.command)
    ]
    if steps:
        listed = ", ".join(map(str, steps))
        return Finding.failed(f"its history has what looks like a secret, in step {listed}")
    return Finding.passed(
        f"none in {len(image.environment)} variables and {len(image.layers)} steps"
    )


def _cut(command: str) -> str:
    line = " ".join(command.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


CHECKS = (
    Check(
        "image-size",
        "The image is not larger than it may be",
        "Every start downloads it, on every host, before training; ECR takes 10 GB a layer, and "
        "the engines 127 layers.",
        "Leave build tools and package caches out, and what only development needs.",
        "Amazon ECR service quotas; the limit of 10 GB in all is the project's own",
        _sizes,
        needs_sound_run=False,
    ),
    Check(
        "image-secrets",
        "No secret is left in the image's environment or history",
        "Whoever can pull the image can read both.",
        "Use build secrets (RUN --mount=type=secret), and change the secret that was in it.",
        "AWS Marketplace, security requirements of container products",
        _secrets,
        Profile.BASIC,
        needs_sound_run=False,
    ),
)
