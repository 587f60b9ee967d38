"""What `benchmarks.service` is held against: the SageMaker SDK's local mode, in a venv of its own.

``python -m benchmarks.local_mode IMAGE FOLDER`` says ``ready``, and then for each line on standard
input trains the image once: it says ``asked at TIME``, all that the SDK and the algorithm say, and
``done``. FOLDER has the channel, ``train``, and gets all that the SDK writes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

READY, DONE, ASKED = "ready", "done", "asked at"
JOB_FOLDERS = "containers"


def main(image: str, folder: Path) -> None:
    """A warm process: nothing is imported, and no session made, while the clock runs."""
    from boto3 import Session
    from sagemaker.estimator import Estimator
    from sagemaker.local import LocalSession
    from sagemaker.telemetry import telemetry_logging

    # It would be sent once a job has ended, with a question to AWS. To opt out by a configuration
    # is no way: the SDK checks that by its schema a dozen times, which doubles its time.
    telemetry_logging._send_telemetry_request = lambda *_: None
    session = LocalSession(Session())
    containers = folder / JOB_FOLDERS
    containers.mkdir()
    session.config = {"local": {"container_root": str(containers)}}
    print(READY, flush=True)
    for _ in sys.stdin:
        estimator = Estimator(
            image,
            role="arn:aws:iam::000000000000:role/trainer",
            instance_type="local",
            instance_count=1,
            output_path=f"file://{folder / 'output'}",
            sagemaker_session=session,
        )
        print(f"{ASKED} {time.time()}", flush=True)
        estimator.fit({"train": f"file://{folder / 'train'}"})
        print(DONE, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
