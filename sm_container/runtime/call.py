"""``python -m sm_container.runtime.call module:attribute``: imports it and calls it.

The attribute is a declared algorithm, or any object with a ``main``, or a function. What it
returns is not looked at: an exception or ``sys.exit`` makes a failure.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable

from sm_container.runtime.fault import Fault


def find(reference: str) -> Callable[[], object]:
    """What ``module:attribute`` says is to be called. Raises Fault.

    An exception of the module itself, when it is imported, comes through as it is.
    """
    module_name, colon, path = reference.partition(":")
    if not (module_name and colon and path):
        raise Fault(
            f"SM_CONTAINER_PROGRAM={reference!r} is not module:attribute; "
            "write for example my_package.train:main"
        )
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there; something that it imports is not
        raise Fault(
            f"SM_CONTAINER_PROGRAM={reference}: there is no module {error.name!r} in "
            f"{os.getcwd()} or in what is installed; install it in the image or correct the name"
        ) from None
    for name in path.split("."):
        if not hasattr(found, name):
            raise Fault(
                f"SM_CONTAINER_PROGRAM={reference}: {module_name} has no {path!r}; correct the name"
            )
        found = getattr(found, name)
    called = getattr(found, "main", found)
    if not callable(called):
        raise Fault(
            f"SM_CONTAINER_PROGRAM={reference}: {path!r} is a {type(found).__name__}, which "
            "cannot be called and has no main; name a function or a declared algorithm"
        )
    return called


def main() -> int:
    """Call what the first argument names; the others are left to it in ``sys.argv``."""
    reference = sys.argv.pop(1) if sys.argv[1:] else ""
    sys.argv[0] = reference
    try:
        find(reference)()
    except Fault as fault:
        _record(str(fault))
        print(f"sm-train: error: {fault}", file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001  (the author's, of any kind)
        _show(error)
        return 1
    return 0


def _show(error: Exception) -> None:
    """Print the traceback as the interpreter would, and write the failure file. Of a fault of the
    data a sentence is enough."""
    from sm_container.contract.failure import failure_text
    from sm_container.runtime import data_faults

    frame = error.__traceback__
    while frame is not None and _is_ours(frame.tb_frame.f_code.co_filename):
        frame = frame.tb_next
    error = error.with_traceback(frame)
    shown = data_faults.said(error)
    if shown is None:
        sys.excepthook(type(error), error, frame)
    else:
        print(shown, file=sys.stderr)
    _record(failure_text(error))


def _is_ours(file: str) -> bool:
    """Whether a frame is of the way to the author's code and says nothing of it."""
    return file in (__file__, importlib.__file__) or file.startswith("<frozen importlib")


def _record(text: str) -> None:
    from sm_container.contract.layout import Layout
    from sm_container.runtime.postmortem import write

    write(Layout.from_environment(), text)


if __name__ == "__main__":
    sys.exit(main())
