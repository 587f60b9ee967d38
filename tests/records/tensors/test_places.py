"""Every part of a record has one column, and every column one part of a record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.records.errors import FormatError
from sm_container.records.tensors.places import (
    TEXTS,
    Place,
    Section,
    column_of,
    place_of,
    places_of,
)

NAMES = st.one_of(
    st.text(max_size=5),
    st.sampled_from(["values", "features", "label", "uid", "features:x", "label:", "metadata"]),
)


@given(st.sampled_from(Section), NAMES)
def test_a_place_is_found_again_by_its_column(section: Section, name: str) -> None:
    place = Place(section) if section in TEXTS else Place(section, name)
    assert place_of(column_of(place)) == place


@pytest.mark.parametrize(
    ("column", "place"),
    [
        ("features", Place(Section.FEATURES, "values")),
        ("label", Place(Section.LABEL, "values")),
        ("uid", Place(Section.UID)),
        ("age", Place(Section.FEATURES, "age")),
        ("features:uid", Place(Section.FEATURES, "uid")),
        ("label:second", Place(Section.LABEL, "second")),
    ],
)
def test_columns_stand_where_their_names_say(column: str, place: Place) -> None:
    assert place_of(column) == place
    assert column_of(place) == column


def test_places_are_in_the_order_of_a_record() -> None:
    assert list(places_of(["uid", "label", "age", "features"]).values()) == [
        "age",
        "features",
        "label",
        "uid",
    ]


def test_two_columns_for_one_place_are_refused() -> None:
    with pytest.raises(FormatError, match="'label' and 'label:values'"):
        places_of(["label", "label:values"])
