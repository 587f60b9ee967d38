"""The process that owns a detached job: takes it up from its folder and runs it to its end.

Started as ``python -m sm_container.harness.life.owner HOME JOB DESCRIPTOR``; the descriptor is the
job's lock, inherited, so that the job has an owner at every moment.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sm_container.harness.job.status import Phase
from sm_container.harness.life.faults import reason_of_fault
from sm_container.harness.life.launch import exit_code
from sm_container.harness.life.ledger import Ledger
from sm_container.harness.life.observer import Silent
from sm_container.harness.life.prepare import prepare
from sm_container.harness.life.stopping import catching_interrupts
from sm_container.harness.life.training import run_job
from sm_container.harness.request.parse import parse_request
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.ownership import Ownership


def own(home_path: str, name: str, descriptor: int) -> int:
    """Run a job of a home to its end. ``descriptor`` is its lock; the exit code is the one that
    ``wait`` will give for it."""
    home = Home(Path(home_path))
    folder = JobFolder(home.jobs / name)
    record = folder.read()
    with Ownership(descriptor), catching_interrupts() as interrupts:
        try:
            prepared = prepare(home, parse_request(dict(record.document)), record.options)
        except Exception as fault:  # what held a moment ago, when the job was made, holds no more
            Ledger(folder, Silent()).enter(
                Phase.FAILED, failure_reason=reason_of_fault(fault), fault=str(fault)
            )
            raise
        return exit_code(run_job(prepared, folder, Silent(), interrupts))


if __name__ == "__main__":
    sys.exit(own(sys.argv[1], sys.argv[2], int(sys.argv[3])))
