"""The pages with the form for a new training job, and the answers to what is written there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from sm_container.declaration.specification import Specification
from sm_container.service.account import Account
from sm_container.service.console.answering import see_other
from sm_container.service.console.asked import Asked, Fields
from sm_container.service.console.rendering import rendered
from sm_container.service.console.training.beginning import beginning, with_row
from sm_container.service.console.training.call import as_boto3, as_json
from sm_container.service.console.training.checking import Placed, faults_of, placed
from sm_container.service.console.training.declared import Declared, declared_by
from sm_container.service.console.training.request import CHANNELS, PAIRS, Filled, filled
from sm_container.service.console.training.sections import Form
from sm_container.service.errors import ServiceError
from sm_container.service.sagemaker import algorithm_store, training_jobs

_TOUCHED = "touched"
"""The field with the names of those that were changed: what is missing is said of them alone."""
_ADD = "add:"


@dataclass(frozen=True)
class _Written:
    """A form as written, its request, and what is wrong with it; ``faults`` are those to show."""

    declared: Declared | None
    fields: Fields
    filled: Filled
    all: tuple[Placed, ...]
    faults: tuple[Placed, ...]
    touched: str = ""

    def by_field(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for each in self.faults:
            found[each.field] = (*found.get(each.field, ()), each.short)
        return found


def form(account: Account, asked: Asked) -> Response:
    """A form that nobody has written into."""
    declared = _declared(account, asked)
    return _page(account, asked, _written(account, declared, beginning(declared), shows=()))


def submitted(account: Account, asked: Asked) -> Response:
    """Make the job, and lead to it; or show the form again, with its faults or a further row."""
    declared = _declared(account, asked)
    what = asked.form.get("do", "")
    section = what.removeprefix(_ADD)
    if what.startswith(_ADD) and section in (*PAIRS, CHANNELS):
        fields = with_row(dict(asked.form), section)
        touched = tuple(asked.form.get(_TOUCHED, "").split())
        return _page(account, asked, _written(account, declared, fields, touched), new=section)
    written = _written(account, declared, asked.form, shows=None)
    if written.faults:
        return _page(account, asked, written, status=400)
    try:
        training_jobs.create(account, written.filled.document)
    except ServiceError as fault:
        found = placed((fault.message,), written.filled, asked.form, _specification(declared))
        refused = _Written(declared, asked.form, written.filled, tuple(found), tuple(found))
        return _page(account, asked, refused, status=fault.status)
    return see_other(f"/jobs/{written.filled.document['TrainingJobName']}")


def checked(account: Account, asked: Asked) -> Response:
    """What is wrong with the form as far as it is written, for the page that asks while one types.

    That a field is empty is said once somebody was there.
    """
    declared = _declared(account, asked)
    touched = dict.fromkeys(asked.form.get(_TOUCHED, "").split())
    if asked.changed:
        touched[asked.changed] = None
    written = _written(account, declared, asked.form, tuple(touched))
    return rendered(account, "train_checked.html", **_values(account, written))


def _declared(account: Account, asked: Asked) -> Declared | None:
    name = asked.path.get("name")
    return None if name is None else declared_by(algorithm_store.find(account, name))


def _specification(declared: Declared | None) -> Specification | None:
    return None if declared is None else declared.specification


def _written(
    account: Account, declared: Declared | None, fields: Fields, shows: tuple[str, ...] | None
) -> _Written:
    """``shows`` are the fields of which it is said that they are missing; None for all."""
    specification = _specification(declared)
    is_declared = specification is not None and specification.hyperparameters is not None
    made = filled(fields, is_declared=is_declared)
    faults = faults_of(account, made.document, specification)
    found = tuple(placed(faults, made, fields, specification))
    shown = tuple(
        each for each in found if shows is None or each.field in shows or not each.is_missing
    )
    return _Written(declared, fields, made, found, shown, " ".join(shows or ()))


def _page(
    account: Account, asked: Asked, written: _Written, status: int = 200, new: str = ""
) -> Response:
    return rendered(
        account,
        "train.html",
        status,
        url=asked.url.partition("?")[0],
        new=new,
        is_refused=status != 200,
        **_values(account, written),
    )


def _values(account: Account, written: _Written) -> dict[str, Any]:
    made = Form(account, written.declared, written.fields, written.by_field())
    document = written.filled.document
    return {
        "algorithm": None if written.declared is None else written.declared.name,
        "sections": list(made.sections()),
        "faults": written.faults,
        "missing": len(written.all) - len(written.faults),
        "touched": written.touched,
        "json": as_json(document),
        "boto3": as_boto3(document, account.settings.endpoint, account.settings.region),
    }
