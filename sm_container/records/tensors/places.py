"""Where a column stands in a record, and what a part of a record is called as a column.

| in the record | the column |
|---|---|
| ``features["values"]``, ``label["values"]`` | ``features``, ``label`` |
| ``uid``, ``metadata``, ``configuration`` | the same |
| any other ``features[NAME]`` | ``NAME``; ``features:NAME`` where that already means something |
| any other ``label[NAME]`` | ``label:NAME`` |

So the columns of a table are features under their own names, and come back as they were.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from sm_container.records.batch import FEATURES, LABEL, METADATA, UID
from sm_container.records.errors import FormatError

CONFIGURATION = "configuration"
"""The column of a record's own hyperparameters, text that the algorithm's author defines."""
VALUES = "values"
"""The name of a tensor that is all features of a record, or its whole label."""


class Section(Enum):
    """The fields of a record, in their order."""

    FEATURES = FEATURES
    LABEL = LABEL
    UID = UID
    METADATA = METADATA
    CONFIGURATION = CONFIGURATION


TEXTS = (Section.UID, Section.METADATA, Section.CONFIGURATION)
"""The fields that are text."""
_OWN = frozenset(section.value for section in Section)
_PREFIXES = (f"{FEATURES}:", f"{LABEL}:")


class Place(NamedTuple):
    """A field of a record, and the name in it where it is a map."""

    section: Section
    name: str = ""


def column_of(place: Place) -> str:
    """The name of the column that holds this part of records."""
    section, name = place
    if section in TEXTS or name == VALUES:
        return section.value
    if section is Section.FEATURES and name not in _OWN and not name.startswith(_PREFIXES):
        return name
    return f"{section.value}:{name}"


def place_of(column: str) -> Place:
    """Where a column of this name stands in a record."""
    for section in Section:
        if column == section.value:
            return Place(section) if section in TEXTS else Place(section, VALUES)
    for section in (Section.FEATURES, Section.LABEL):
        if column.startswith(f"{section.value}:"):
            return Place(section, column[len(section.value) + 1 :])
    return Place(Section.FEATURES, column)


def places_of(columns: Iterable[str]) -> dict[Place, str]:
    """The columns by their places, in the order of a record.

    Raises FormatError where two columns stand in one place.
    """
    places: dict[Place, str] = {}
    for column in columns:
        place = place_of(column)
        if place in places:
            raise FormatError(
                f"the columns {places[place]!r} and {column!r} are the same part of a record; "
                "rename one"
            )
        places[place] = column
    order = list(Section)
    return dict(sorted(places.items(), key=lambda item: order.index(item[0].section)))
