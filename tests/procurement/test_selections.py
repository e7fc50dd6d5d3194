"""What a reader is told of a part of the book: the day of a past year, and selections in which nothing is left."""

import json

import pytest

from tikub_lab import procurement, tables
from tikub_lab.errors import UsageError


def test_a_last_year_is_seen_from_its_end():
    """As a book that ends there would be: its last three years, not those that the selection leaves out."""
    book, suppliers = tables.load("procurement/contracts"), tables.load("procurement/suppliers")
    here = procurement.scope(book, annee_fin=2022).contracts
    assert procurement.reference_day(book, None, 99_999) == procurement.reference_day(book)
    today = procurement.reference_day(book, None, 2022)
    ended = book[book["dateNotification"].dt.year <= 2022]
    assert str(today.date()) == "2022-12-31"
    for found, alone in (
        (procurement.weak_competition(here, suppliers, today), procurement.weak_competition(ended, suppliers, today)),
        (procurement.bought_apart(here, today), procurement.bought_apart(ended, today)),
    ):
        assert len(found)
        assert found.equals(alone)


def test_wrong_columns_are_refused_at_the_door():
    book = tables.load("procurement/contracts").rename(columns={"dateNotification": "date_notification"})
    with pytest.raises(UsageError, match=r"procurement/contracts: no column dateNotification; .* Found: uid, id"):
        procurement.scope(book)


NOTEBOOKS = (
    "procurement", "procurement_competition", "procurement_quality", "procurement_responsible", "procurement_suppliers",
    "procurement_watch",
)  # fmt: skip
EMPTY = [
    {"annee_debut": 2100}, {"annee_fin": 1990}, {"annee_debut": 2024, "annee_fin": 2023}, {"acheteur": "0" * 14},
    {"famille": "99"}, {"region": "99"},
]  # fmt: skip


# the page of quality is about all that was published: it has neither family nor region
CASES = [
    (name, given)
    for name in NOTEBOOKS
    for given in EMPTY
    if "quality" not in name or not {"famille", "region"} & set(given)
]


@pytest.mark.parametrize(("name", "given"), CASES, ids=str)
def test_a_selection_without_contracts_is_refused_in_one_line(root, name, given):
    notebook = json.loads((root / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    space: dict[str, object] = {}
    exec(cells[0], space)
    assert given.keys() <= space.keys()
    space |= given
    last = next(place for place, cell in enumerate(cells) if "scope(" in cell)
    code = "\n".join(cells[1 : last + 1])
    with pytest.raises(UsageError) as error:
        exec(code, space)
    assert "\n" not in str(error.value)
    assert any(f"{key}={value!r}" in str(error.value) for key, value in given.items())
