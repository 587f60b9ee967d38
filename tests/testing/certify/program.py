"""A training program that knows nothing of this library and keeps the whole contract of /opt/ml,
but for the one thing that the variable BROKEN names.

It fits a constant, epoch by epoch: the metric is how far it is from the mean of all rows.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

ML = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
DATA, CHECKPOINTS = ML / "input/data", ML / "checkpoints"
BROKEN = os.environ.get("BROKEN", "")
KNOWN = ("epochs", "pause", "rate", "halved", "megabytes")
stop = threading.Event()


class Failure(Exception):
    """What the user can do something about."""


def hear_sigterm():
    if BROKEN.endswith("deaf"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())


def hyperparameters():
    given = json.loads((ML / "input/config/hyperparameters.json").read_text())
    if BROKEN == "hyperparameters-tuning":
        return {name: float(value) for name, value in given.items()}
    unknown = [name for name in given if name not in KNOWN and not name.startswith("_")]
    if unknown and BROKEN == "hyperparameters-unknown":
        raise Failure("this cannot be")
    if unknown:
        raise Failure(f"there is no hyperparameter {unknown[0]}; known: {', '.join(KNOWN)}")
    return given


def number(given, name, default):
    try:
        return float(given.get(name, default))
    except ValueError:
        raise Failure(f"{name} is no number: {given[name]}") from None


def is_halved(given):
    if BROKEN == "hyperparameters-strings":
        return bool(given.get("halved", False))
    return given.get("halved", "False") == "True"


def rows(channel):
    """The rows of a channel in whatever mode it comes; raises Failure where there are none."""
    config = json.loads((ML / "input/config/inputdataconfig.json").read_text())
    if channel not in config and BROKEN == "channels-absent":
        return [max([])]
    if channel not in config:
        raise Failure(f"channel {channel} is missing: add it to InputDataConfig")
    found = [float(line) for text in texts(channel, config[channel]) for line in text.split()]
    if not found and BROKEN == "channels-empty":
        raise ValueError("need at least one array to concatenate")
    if not found and BROKEN != "channels-names":
        raise Failure(f"channel {channel} has no rows")
    return found


def texts(channel, config):
    if config["TrainingInputMode"] == "Pipe":
        if BROKEN == "channels-modes":
            return ["1 2 3"]
        return [decoded(channel, (DATA / f"{channel}_0").read_bytes())]
    if BROKEN == "channels-read-only":
        (DATA / channel / "cache").write_text("1 2 3")
    files = (DATA / channel).rglob("*")
    if BROKEN == "channels-names":
        files = (DATA / channel).glob("*.csv")
    return [decoded(channel, file.read_bytes()) for file in sorted(files) if file.is_file()]


def decoded(channel, content):
    try:
        return content.decode()
    except UnicodeDecodeError as fault:
        raise Failure(f"channel {channel} is no text: {fault}") from fault


def begin():
    """What is needed before training, of which a sound program needs nothing."""
    if BROKEN == "network-isolation":
        socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 5).close()
    if BROKEN == "no-credentials" and not any(
        "CREDENTIALS_FULL" in name or "CREDENTIALS_REL" in name for name in os.environ
    ):
        raise Failure("there are no credentials")
    if BROKEN == "ordinary-user":
        os.setgroups([])
    if BROKEN == "writes":
        Path("/opt/results").write_text("here")
    if BROKEN == "stop-start-up":
        time.sleep(1.0)  # what imports take; SIGTERM is not heard meanwhile


def restored():
    """The constant, and the epoch to begin with."""
    file = CHECKPOINTS / "state.json"
    if BROKEN != "checkpoints-absent":
        CHECKPOINTS.mkdir(exist_ok=True)
    if file.exists() and BROKEN != "checkpoints-resume":
        return tuple(json.loads(file.read_text()))
    return 0.0, 0


def work(megabytes):
    """Hold memory in another process, which says when it is done."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        held = b"\1" * int(megabytes * (1 << 20))
        time.sleep(1.5)  # long enough to be seen
        os.write(writer, b"done"[: len(held)])
        os._exit(0)
    if BROKEN != "out-of-memory":
        os.close(writer)
    if os.read(reader, 4) != b"done":  # without the other end closed, it waits for ever
        raise Failure(f"a worker was killed; {megabytes:g} MB are too many")
    os.waitpid(child, 0)


def train():
    if BROKEN != "stop-start-up":
        hear_sigterm()
    begin()
    hear_sigterm()
    given = hyperparameters()
    epochs, pause = number(given, "epochs", "3"), number(given, "pause", "0")
    rate = number(given, "rate", "0.5") / (2 if is_halved(given) else 1)
    megabytes = number(given, "megabytes", "0")
    data = rows("train")
    mean = sum(data) / len(data) if data else 0.0
    constant, first = restored()
    if megabytes:
        work(megabytes)
    for epoch in range(first, int(epochs)):
        constant += rate * (mean - constant)
        word = "distance" if BROKEN == "metrics" else "error"
        print(f"epoch {epoch}: {word}={abs(mean - constant):.6f};", flush=True)
        fresh = CHECKPOINTS / "fresh"
        fresh.write_text(json.dumps([constant, epoch + 1]))
        fresh.replace(CHECKPOINTS / "state.json")
        if stop.wait(pause) or stop.is_set():
            if BROKEN == "stop: without a model":
                return
            break
    if BROKEN != "trains":
        (ML / "model" / "constant").write_text(f"{constant:.6f}")


def main():
    try:
        train()
    except Exception as fault:  # noqa: BLE001 - whatever it is, the failure file tells it
        if BROKEN == "failure-reason: endless":
            stop.wait()
        said = {
            "failure-reason: nothing": None,
            "failure-reason: a word": "Error: ",
            "failure-reason: how it was called": "exit code 1: /opt/train --epochs no-number",
        }.get(BROKEN, f"{type(fault).__name__}: {fault}")
        if said is not None:
            (ML / "output" / "failure").write_text(said)
        print(f"failed: {fault}", file=sys.stderr)
        return 0 if BROKEN == "failure-reason: success" else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
