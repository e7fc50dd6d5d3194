"""Ordered lists, and tables for a spreadsheet."""

import csv
import io

import pandas as pd
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.reports.fragments import clean
from tikub_lab.show.lists import MOST, Item, ranked
from tikub_lab.show.spreadsheet import spreadsheet


def test_a_reservation_is_written_once():
    shown = ranked(
        [Item("A", "3 €", "Un."), Item("B", "2 €", "Deux.", "Sauf si."), Item("C", "1 €", "Trois.", "Sauf si.")],
        "Ordre",
    )
    assert shown.html.count("Sauf si.") == 1
    assert "Mêmes réserves qu&#x27;au n°\u00a02." in shown.html
    assert shown.html.count("<li>") == 3
    assert clean(shown.html) == shown.html.replace("&#x27;", "'")


def test_what_comes_from_data_is_escaped():
    shown = ranked([Item("<b>A</b>", "<i>", "&", "<u>", "<s>")], "<l>")
    assert not any(tag in shown.html for tag in ("<b>A", "<i>", "<u>", "<s>", "<l>"))


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_too_few_or_too_many(count):
    with pytest.raises(UsageError, match=f"1 to {MOST} items; found {count}"):
        ranked([Item("A", "1", "x")] * count, "Ordre")


def test_a_spreadsheet_reads_back():
    day = pd.to_datetime(["2026-01-31", None])
    frame = pd.DataFrame({"n": [1234.5, None], "jour": day, "texte": ["=A1;\n«é»", None], "uid": ["0123456789", "x"]})
    headings = {"texte": "Texte", "n": "Nombre", "jour": "Jour", "uid": "Numéro", "absente": "Absente"}
    text = spreadsheet(frame, headings, ["uid"], fictitious=True)
    assert text[0] == "\ufeff"
    rows = list(csv.reader(io.StringIO(text[1:]), delimiter=";"))
    assert rows == [
        ["Texte", "Nombre", "Jour", "Numéro", "Données"],
        ["'=A1; «é»", "1234,5", "2026-01-31", "n° 0123456789", "fictives"],
        ["", "", "", "n° x", "fictives"],
    ]
