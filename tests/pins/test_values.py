"""The pins' own tools: they see one cell, one word, one bar, and not the last bit of a float."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tests import recheck
from tests.pins import memo, pages, values


def table(**changes):
    columns = {
        "nom": ["a", "b", None],
        "euros": [1.5, math.nan, -2e9 / 3],
        "jour": pd.to_datetime(["2024-01-01", None, "2024-05-06"]),
        "oui": pd.array([True, None, False], dtype="boolean"),
        "nombre": pd.array([1, None, 3], dtype="Int64"),
    }
    return pd.DataFrame({**columns, **changes})


def stored(folder, **pins):
    values.write({name: values.plain(value) for name, value in pins.items()}, folder)
    return values.read(folder)


@pytest.mark.parametrize("repeat", [1, values.LONG])
def test_what_is_stored_is_read_back(tmp_path, repeat):
    found = pd.concat([table()] * repeat, ignore_index=True)
    pins = {"table": found, "both": {"a": [1, "x", None, True], "b": (found, "mot")}}
    before = stored(tmp_path, **pins)
    assert len(list(tmp_path.glob("*.parquet"))) == (2 if repeat > 1 else 0)
    assert not list(values.differences(before, {name: values.plain(value) for name, value in pins.items()}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nom": ["a", "c", None]}, "nom b → c"),
        ({"nom": ["a", "", None]}, "nom b → "),
        ({"nom": ["a", "b", ""]}, "nom None → "),
        ({"euros": [1.5, 0.0, -2e9 / 3]}, "euros None → 0.0"),
        ({"euros": [1.5, math.nan, 2e9 / 3]}, "euros -666666666.6"),
        ({"euros": [1.5 + 1e-2, math.nan, -2e9 / 3]}, "euros 1.5 → 1.51"),
        ({"jour": pd.to_datetime(["2024-01-02", None, "2024-05-06"])}, "2024-01-01 → 2024-01-02"),
        ({"oui": pd.array([True, False, False], dtype="boolean")}, "oui None → False"),
        ({"nombre": pd.array([1, None, 4], dtype="Int64")}, "nombre 3 → 4"),
        ({"autre": [1, 2, 3]}, "new ['autre']"),
    ],
)
def test_one_cell_is_seen(tmp_path, changes, said):
    (line,) = values.differences(stored(tmp_path, t=table())["t"], values.plain(table(**changes)))
    assert said in line


def test_rows_and_their_order_are_seen():
    before, other = values.plain(table()), table()
    assert list(values.differences(before, values.plain(other.iloc[::-1]))) == [
        ": the same rows to nine digits, in another order or with other digits"
    ]
    found = list(values.differences(before, values.plain(other.head(2))))
    assert found[0] == ": 3 rows → 2"
    assert len(found) == 2
    assert list(values.differences({"a": [1]}, {"a": [1, 2], "b": 1}))
    assert not list(values.differences(before, values.plain(other.set_axis([4, 2, 9]))))
    assert list(values.differences(before, values.plain(other.set_axis(["x", "y", "z"]))))


def test_the_last_bit_is_not():
    for number in (0.1 + 0.2, 1e9 / 7, -3e-7):
        assert values.same(number, np.nextafter(number, math.inf))
        assert not values.same(number, number * (1 + 1e-10))
    assert values.same(0.0, 1e-17, scale=1.0)
    assert not values.same(0.0, 1e-9, scale=1.0)
    assert values.same(2.0, 2.0 + 1e-8, digits=7)
    assert not values.same(2.0, 2.0 + 1e-5, digits=7)
    assert values.same(-3e-16, 2e-16, digits=7)
    assert values.same(3, 3.0)
    assert not values.same(1, True)
    assert not values.same(0, None)


def test_unknown_kinds_are_refused():
    with pytest.raises(TypeError, match="say how it is compared"):
        values.plain({"a": object()})


def test_masks_tell_each_change_and_hide_the_rows():
    names = {"nom": ["Durand SARL", "b", None]}
    before = values.masked(values.plain(table(**names)))
    assert "Durand" not in str(before)
    for changes in ({"nom": ["Durand", "b", None]}, {"euros": [1.5, -2e9 / 3, math.nan]}, {"nombre": [3, 2, 1]}):
        assert list(values.differences(before, values.masked(values.plain(table(**{**names, **changes})))))
    amounts = pd.DataFrame({"euros": np.linspace(1, 5e6, 4000)})
    before = values.masked(values.plain(amounts))
    amounts.loc[17, "euros"] += 1
    assert list(values.differences(before, values.masked(values.plain(amounts))))
    (line,) = values.hidden_lines(["12 345,6 € pour Durand, SIRET 12345678900019, 3 lots"])
    assert line.startswith("12 345,6 € 3 #")
    assert values.hidden_lines(["3 lots"]) != values.hidden_lines(["3 lits"])


PAGE = """<html><head><title>x</title></head><body><a class="skip" href="#c">Aller au contenu</a><nav>Tous</nav>
<header><h1>Les achats\u00a0: où agir</h1></header><main id="c"><p>Un <b>mot</b>,  deux.</p>
<figure><figcaption>Titre</figcaption><svg role="img" aria-label="Barres : dix."><text>12</text></svg></figure>
<table><caption>T</caption><tr><th>a</th><td>1</td></tr><tr><th>b</th><td></td></tr></table></main>
<footer>empreinte 123</footer></body></html>"""


def test_lines_of_a_page():
    said = ["Les achats : où agir", "Un mot, deux.", "Titre", "[image] Barres : dix.", "T", "a | 1", "b"]
    assert pages.lines(PAGE) == said
    other = PAGE.replace("<p>", '<section class="x"><p>').replace("</p>", "</p></section>").replace("123", "456")
    assert pages.lines(other) == said
    assert pages.lines(PAGE.replace("deux.", "trois.")) != said


def test_drawings_see_a_bar_a_line_and_a_word():
    def drawn(height=2.0, word="mot", line=True):
        figure = Figure()
        axes = figure.add_subplot()
        axes.bar([0, 1], [1.0, height])
        axes.text(0.5, 1.0, word)
        if line:
            axes.plot([0, 1], [1, 2])
        return pages.drawing(figure)

    plain = drawn()
    assert not list(values.differences(plain, drawn()))
    for other in (drawn(height=2.1), drawn(word="mots"), drawn(line=False)):
        assert list(values.differences(plain, other))


def test_a_public_function_runs_once_for_the_same_arguments(monkeypatch):
    from tikub_lab import energy, procurement

    calls = []

    def summary(contracts, suppliers, more=1):
        calls.append(more)
        return {"table": contracts.assign(x=more)}

    monkeypatch.setattr(procurement, "summary", summary)
    frame = table()
    with memo.once(procurement, energy):
        first = procurement.summary(frame, frame)
        first["table"]["x"] = 9
        assert procurement.summary(frame.copy(), suppliers=frame)["table"]["x"].tolist() == [1, 1, 1]
        procurement.summary(frame, frame, more=2)
        procurement.summary(frame.assign(nom="z"), frame)
        procurement.summary(frame.astype({"nom": "category"}), frame)
    assert calls == [1, 2, 1, 1]
    assert procurement.summary is summary


def test_only_outputs_of_check_cells_are_rewritten(root):
    path = root / "notebooks" / "energy.ipynb"
    text = path.read_text(encoding="utf-8")
    output = [{"name": "stdout", "output_type": "stream", "text": ["autre chose\n"]}]
    cells = recheck.json.loads(text)["cells"]
    (place,) = [number for number, cell in enumerate(cells) if cell.get("outputs")]
    assert recheck.rewritten(text, {place: cells[place]["outputs"]}) == text
    changed = recheck.rewritten(text, {place: output})
    lines = [line for line in recheck.difflib.ndiff(text.splitlines(), changed.splitlines()) if line[0] in "+-"]
    assert lines[-1].strip("+ ") == '"autre chose\\n"'
    assert len(lines) == len(cells[place]["outputs"][0]["text"]) + 1
    with pytest.raises(ValueError, match="save it first"):
        recheck.rewritten(text.replace("\n ", "\n  "), {})
