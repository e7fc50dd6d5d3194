"""Ordered lists, and tables for a spreadsheet."""

import base64
import csv
import io
from decimal import Decimal

import pandas as pd
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.show.downloads import download, spreadsheet
from tikub_lab.show.tabular import MOST, ranked


def test_a_reservation_is_written_once():
    frame = pd.DataFrame({"nom": list("ABC"), "prix": [3, 2, 1], "sauf": ["", "Sauf si.", "Sauf si."]})
    shown = ranked(frame, "Ordre", "nom", "prix", caution="{sauf}")
    assert shown.html.count("Sauf si.") == 1
    assert "Mêmes réserves qu’au n°\u00a02." in shown.html
    assert shown.html.count("<li>") == 3


def test_rows_of_a_frame_fill_their_templates():
    frame = pd.DataFrame({"nom": ["A", "<B>"], "montant": [2e6, 5e5], "n": [0, 1], "sorte": ["x", "y"]})
    shown = ranked(
        frame, "Ordre", "nom", "montant", text="{n:offre} pour {montant:€}.", kind="sorte", detail="{n:lot}", form="€"
    )
    assert shown.text.replace("\u202f", " ").splitlines() == [
        "1. A : 2,0 M€. Aucune offre pour 2 M€.",
        "2. <B> : 0,5 M€. 1 offre pour 500 k€.",
    ]
    frame = frame.assign(euros=[23_000.0, 27_900.0])
    assert "23,0\u202fk€" in ranked(frame, "Ordre", "nom", "montant", detail="{euros:€}").html, "beside 27,9 k€"
    assert '<rect width="100%"' in shown.html
    assert '<rect width="25%"' in shown.html
    assert "&lt;B&gt;" in shown.html
    with pytest.raises(UsageError, match=r"show\.ranked: no column 'prix'"):
        ranked(frame, "Ordre", "nom", "prix")


def test_what_comes_from_data_is_escaped():
    frame = pd.DataFrame([["<b>A</b>", "<i>", "&", "<u>", "<s>", "<q>"]], columns=list("abcdef"))
    shown = ranked(frame, "{x}", "a", "b", text="{c}", caution="{d}", kind="e", detail="{f}", x="<l>")
    assert not any(tag in shown.html for tag in ("<b>A", "<i>", "<u>", "<s>", "<l>", "<q>"))


def test_too_many_or_none():
    frame = pd.DataFrame({"nom": ["A"], "prix": [1]})
    with pytest.raises(UsageError, match=f"{MOST} rows at most; rows={MOST + 1}"):
        ranked(frame, "Ordre", "nom", "prix", rows=MOST + 1)
    assert ranked(frame.head(0), "Ordre", "nom", "prix", empty="Rien à faire.").text == "Rien à faire."


def test_a_spreadsheet_reads_back():
    frame = pd.DataFrame(
        {
            "n": [0.0123, 0.1 + 0.2], "d": [Decimal("1.10"), None], "jour": pd.to_datetime(["2026-01-31", None]),
            "texte": ["=A1;\n«é»", None], "uid": ["0004723J", "x"], "b": [True, False],
            "c": pd.array([True, None], dtype="boolean"), "e": [1e20, 0.004], "code": [123456789012345, 2],
        }
    )  # fmt: skip
    text = spreadsheet(
        frame, {name: name for name in ("texte", *frame.columns.drop("texte"), "absente")}, ["code"], fictitious=True
    )
    assert text[0] == "\ufeff"
    rows = list(csv.reader(io.StringIO(text[1:]), delimiter=";"))
    assert rows == [
        ["texte", "n", "d", "jour", "uid", "b", "c", "e", "code", "Données fictives"],
        [
            "'=A1; «é»",
            "0,0123",
            "1,10",
            "2026-01-31",
            "0004723J",
            "oui",
            "oui",
            "100000000000000000000",
            "123456789012345",
            "oui",
        ],
        ["", "0,3", "", "", "x", "non", "", "0,004", "2", "oui"],
    ]


def test_a_download_has_headings_from_words():
    shown = download(pd.DataFrame({"dureeMois": [12], "x": [1]}), "durees.csv", "Les durées", ["dureeMois"])
    text = base64.b64decode(shown.facts["content"]).decode("utf-8-sig")
    assert text.splitlines()[0].split(";")[0] == "Durée (mois)"
    with pytest.raises(UsageError, match=r"show.download of durees.csv: no column 'y'"):
        download(pd.DataFrame({"x": [1]}), "durees.csv", "Les durées", ["y"])
