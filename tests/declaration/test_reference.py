from __future__ import annotations

from sm_container.declaration.declaration import Declaration
from sm_container.declaration.reference import reference_page
from tests.declaration.algorithms import everything


def test_the_page_holds_all_that_is_declared() -> None:
    page = reference_page(everything())
    lines = page.splitlines()
    assert lines[0] == "# everything"
    assert lines[2] == "Has one of everything."
    assert (
        "| `required` | Integer | an integer from 1 to 1000 | required | no | "
        "How many \\| of \\*them\\* there are. |"
    ) in lines
    assert "| `eta` | Continuous | a number from 0 to 1 | `0.3` | Logarithmic |  |" in lines
    assert "| `train` | yes | File, Pipe | `text/csv; header=present` | Gzip |  |" in lines
    assert "| `validation` | no | File | any | None | Held out. |" in lines
    assert "| `loss \\| own` | - | `loss = (\\S+);` |" in lines


def test_every_row_has_the_columns_of_its_table() -> None:
    columns = 0
    for line in reference_page(everything()).splitlines():
        count = line.replace("\\|", "").count("|")
        if not count:
            columns = 0
        else:
            assert count == (columns or count)
            columns = count


def test_an_algorithm_that_declares_nothing() -> None:
    page = reference_page(Declaration("bare"))
    assert "Not declared: any name is accepted, as text." in page
    assert "Not declared: any channel is accepted." in page
    assert page.endswith("None.\n")
