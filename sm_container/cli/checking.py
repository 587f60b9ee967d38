"""What ``check`` does: a request or an algorithm's document, held against the rules."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from sm_container.cli.errors import EXIT_INPUT, Complaint
from sm_container.cli.home import open_home
from sm_container.cli.replay import with_job
from sm_container.cli.request import read_request
from sm_container.cli.stream import Stream
from sm_container.cli.target import settled
from sm_container.cli.text import one_line
from sm_container.harness.request.errors import RequestError


def check(target: str | None, given: Mapping[str, Any], *, as_json: bool) -> int:
    """Check what the options name; 0 where it is sound.

    Raises:
        RequestError, DocumentError, ContractError: with what is wrong, unless ``as_json``.
        Complaint: where nothing was named.
    """
    out, err = Stream(sys.stdout), Stream(sys.stderr)
    home = open_home()
    given = with_job(home, given, err)
    if target is None and given["request"] is None and given["from_job"] is None:
        if given["algorithm"] is None:
            raise Complaint(
                ["name what to check: TARGET, --request, --from-job or --algorithm"], EXIT_INPUT
            )
        return _check_algorithm(given, out)
    try:
        named = None if target is None else settled(target)
        request = read_request(home, given, named, ())
    except RequestError as fault:
        if not as_json:
            raise
        out.line(json.dumps({"Faults": list(fault.faults), "NotSimulated": []}, indent=2))
        return EXIT_INPUT
    if as_json:
        found = {"Faults": [], "NotSimulated": list(request.not_simulated)}
        out.line(json.dumps(found, indent=2))
        return 0
    out.line(f"{request.name}: the service would take this request", fg="green")
    for text in request.not_simulated:
        err.line(f"not simulated here: {one_line(text)}", dim=True)
    return 0


def _check_algorithm(given: Mapping[str, Any], out: Stream) -> int:
    from sm_container.declaration.specification import Specification
    from sm_container.harness.request.algorithm import load_algorithm

    path = given["algorithm"]
    found = Specification.from_document(load_algorithm(path), path)
    out.line(f"{found.algorithm_name}: this is a sound CreateAlgorithm document", fg="green")
    return 0
