"""``--from-job``: a job of the real service in the place of a request's file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from sm_container.cli.errors import EXIT_INPUT, Complaint
from sm_container.cli.stream import Stream
from sm_container.harness.request.build import job_name
from sm_container.harness.store.home import Home


def with_job(home: Home, given: Mapping[str, Any], err: Stream) -> dict[str, Any]:
    """The options with the request of the job that ``--from-job`` names, and with its region; as
    they are where it names none.

    Raises:
        RemoteError: where there is no such job, or it cannot be asked for.
    """
    if given["from_job"] is None:
        return dict(given)
    if given["request"] is not None:
        raise Complaint(["--from-job and --request exclude each other"], EXIT_INPUT)
    from sm_container.service.remote import remote_job

    job = remote_job(given["from_job"], home.cache, given.get("region"))
    name = given["name"] or job_name(job.name, datetime.now(timezone.utc))
    document, notes = job.replayed(home.path / "checkpoints" / name)
    for note in notes:
        err.line(note, dim=True)
    return {**given, "base": document, "name": name, "region": job.region}
