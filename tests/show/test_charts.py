"""Charts: hand-made places and heights, order, what is not known, what is refused, nothing from data taken for HTML."""

import re

import numpy as np
import pandas as pd
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.show import charts, charts_points, charts_time, drawing, maps, words


def spaces(text):
    return text.replace("\u202f", " ")


EVIL = '<script>alert(1)</script> {x} & "Fils"'
FAMILIES = pd.DataFrame({"famille": ["Travaux", "Services", "Fournitures"], "q": [200.0, 100, 50]})
MONTHS = pd.DataFrame({"mois": pd.period_range("2025-01", periods=4, freq="M"), "q": [30.0, 60, 20, 10]})
YEARS = pd.DataFrame({"annee": [2020, 2021, 2022, 2023], "q": [100.0, 90, 80, 70]})


def test_bars_are_as_long_as_their_values_from_zero(drawn):
    found = drawn(charts.bars(FAMILIES, "{famille} d'abord", "q"))
    (first,), others = found.bars("a"), found.bars("r")
    assert first[0] == 0
    assert [round(bar[2] / first[2], 2) for bar in others] == [0.5, 0.25]
    assert [bar[1] for bar in [first, *others]] == [19, 57, 95], "in the order given"
    assert [text for text in found.texts() if text] == ["Travaux", "200", "Services", "100", "Fournitures", "50"]
    assert found.page.figcaption.text == "Travaux d’abord"


def test_negative_bars_go_to_the_left_of_zero(drawn):
    found = drawn(charts.bars(pd.Series({"a": -50.0, "b": 150}), "Titre"))
    low, high = found.bars("a")
    assert low[0] == 0
    assert low[0] + low[2] == pytest.approx(high[0], abs=0.1)
    assert high[2] == pytest.approx(3 * low[2], abs=0.2)


def test_columns_have_the_heights_of_their_values(drawn):
    found = drawn(charts_time.columns(YEARS, "Titre", "q"))
    bars = found.bars("a")
    assert len(bars) == 4, "a column chart without columns"
    base = {round(y + height, 1) for _, y, _, height in bars}
    assert base == {192.0}, "all stand on zero"
    assert [height / bars[0][3] for *_, height in bars] == pytest.approx([1, 0.9, 0.8, 0.7], abs=0.01)
    assert [round(x + width / 2, 1) for x, _, width, _ in bars] == [12.5, 37.5, 62.5, 87.5]
    assert found.texts() == ["100", "90", "80", "70", "2020", "2021", "2022", "2023"]


def test_negative_columns_hang_from_the_zero_line(drawn):
    found = drawn(charts_time.columns(pd.Series({"a": 10.0, "b": -10}, name="q"), "Titre"))
    up, down = found.bars("a")
    (zero,) = found.lines("k")
    assert up[1] + up[3] == pytest.approx(down[1], abs=0.1)
    assert zero[0][1] == pytest.approx(down[1], abs=0.1)
    assert up[3] == pytest.approx(down[3], abs=0.1)


def test_wide_values_have_an_axis_with_round_steps(drawn):
    values = pd.DataFrame({"annee": range(2000, 2026), "q": np.arange(26) * 1000.0 + 500})
    found = drawn(charts_time.columns(values, "Titre", "q", "annee"))
    assert [text for text in found.texts() if text in ("0", "10 000", "20 000", "30 000")] == [
        "0",
        "10 000",
        "20 000",
        "30 000",
    ]
    assert [text for text in found.texts() if text.startswith("20") and len(text) == 4][:1] == ["2000"]
    assert found.texts()[-1] == "2025", "the last year is written"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 100, [0, 25, 50, 75, 100]), (0, 7, [0, 2, 4, 6, 8]), (-3, 3, [-4, -2, 0, 2, 4]), (0, 0, [0, 1])],
)
def test_steps_are_round_and_hold_all_values(low, high, expected):
    found = drawing.steps(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    if high:
        assert found == expected


def test_months_are_put_in_order_and_a_gap_is_shown(drawn):
    shuffled = MONTHS.drop(1).iloc[[2, 0, 1]]
    found = drawn(charts_time.months(shuffled, "Titre", "q"))
    assert [round(height) for *_, height in found.bars("a")] == [180, 120, 60]
    assert len(found.bars("bd")) == 1, "February is a place of its own"
    assert "n. d." in found.texts()
    assert [row[0] for row in found.table()[1:]] == ["janv. 2025", "févr. 2025", "mars 2025", "avr. 2025"]


def test_what_exceeds_the_expected_is_drawn_apart(drawn):
    frame = MONTHS.assign(attendu=[30.0, 40, 25, 10])
    found = drawn(charts_time.months(frame, "Titre", "q", expected="attendu"))
    assert [round(height) for *_, height in found.bars("o")] == [60], "60 used for 40 expected, over an axis to 60"
    assert "+20" in found.texts()
    assert "Le plus fort dépassement : févr. 2025, 20" in found.alt


def test_a_month_twice_or_no_time_is_refused():
    with pytest.raises(UsageError, match="2025-01 comes twice"):
        charts_time.months(pd.concat([MONTHS, MONTHS.head(1)]), "Titre", "q")
    with pytest.raises(UsageError, match="needs dates or months in 'famille'; found 'Travaux'"):
        charts_time.months(FAMILIES, "Titre", "q", "famille")
    with pytest.raises(UsageError, match="36 months at most; these are 40"):
        charts_time.months(pd.Series(range(40), index=pd.period_range("2020-01", periods=40, freq="M")), "Titre")


def test_lines_are_put_in_order_and_break_where_nothing_is_known(drawn):
    frame = YEARS.iloc[[3, 0, 2, 1]].assign(q=[70.0, 100, np.nan, 90])
    found = drawn(charts_time.lines(frame, "Titre", "q"))
    (line,) = found.lines("la")
    assert [x for x, _ in line] == pytest.approx([0, 32.93], abs=0.01), "2020 and 2021, not 2023"
    assert line[0][1] == pytest.approx(14, abs=0.1), "100 of an axis to 100"
    assert found.dots("a")[0] == pytest.approx((98.8, 80.6), abs=0.1), "whole, within the edge"
    assert {"2020", "2023"} <= {*found.texts()}


def test_lines_over_the_hours_of_a_day_are_named_by_their_legend(drawn):
    """From 0 h to 23 h, in order; no value is written at their end, which is where the next day begins."""
    day = pd.DataFrame({"heure": [*range(12, 24), *range(12)], "q": [40.0] * 6 + [10.0] * 18, "b": 5.0})
    shown = charts_time.lines(day, "Titre", ["q", "b"], "heure", labels={"q": "cours", "b": "sans cours"})
    found = drawn(shown)
    (line,) = found.lines("la")
    assert len(line) == 24
    assert [line[11][1], line[12][1]] == pytest.approx([180.5, 14], abs=0.1), "10, then 40 of an axis to 40"
    assert not found.dots("a")
    assert {"0 h", "23 h"} <= {*found.texts()}
    assert "cours, au plus haut 40 à 12\xa0h, au plus bas 10 à 0\xa0h" in spaces(shown.facts["alt"])


@pytest.mark.parametrize("q", [[300.0, 260, 220, 120], [300.0, 300, 100, 100], [0.0, 10, 290, 300]])
def test_the_name_of_a_line_keeps_off_the_lines(drawn, q):
    """Where its end falls or rises steeply too; at both widths, by the lines as they are drawn."""
    frame = YEARS.assign(avec_plan=q, sans=[310.0, 305, 302, 301])
    found = drawn(charts_time.lines(frame, "Titre", ["avec_plan", "sans"]))
    names = [text for text in found.svg.find_all("text") if "b" in (text.get("class") or [])]
    assert len(names) == 2
    for line in found.lines("la") + found.lines("k"):
        for pixels in (drawing.NARROW, drawing.WIDE):
            xs, ys = np.array(line).T
            for name in names:
                right, foot = float(name["x"].rstrip("%")) / 100 * pixels, float(name["y"])
                under = np.linspace(right - drawing.width_of(name.text, True), right, 200)
                y = np.interp(under, xs * pixels / 100, ys)
                assert not ((y > foot - 10) & (y < foot)).any(), name.text


def test_a_year_twice_is_refused():
    with pytest.raises(UsageError, match="2020 comes twice"):
        charts_time.lines(pd.concat([YEARS, YEARS]), "Titre", "q")
    with pytest.raises(UsageError, match="no value in b"):
        charts_time.lines(YEARS.assign(b=np.nan), "Titre", ["q", "b"])


def test_targets_are_steps_from_their_years_and_the_gap_says_its_share(drawn):
    found = drawn(charts_time.lines(YEARS, "Titre", "q", targets={2030: 35, 2040: 28}))
    step = next(line for line in found.lines("k") if len(line) > 2)
    assert [y for _, y in step][:2] == [step[0][1]] * 2, "level from its year on"
    assert step[1][0] == step[2][0], "down at the next year"
    assert {"−50 % d’ici 2030", "écart : 35", "2030 : 35", "2040 : 28"} <= {*found.texts()}
    assert found.alt.endswith("Objectif : 35 en 2030, 28 en 2040.")


def test_a_strip_places_its_dots_and_its_median(drawn):
    frame = pd.DataFrame({"l": list("abcde"), "q": [0.0, 10, 20, 30, 100]})
    found = drawn(charts_points.strip(frame, "Titre", "q", "l", own="e", name="ici"))
    assert [x for x, _ in found.dots("r")] == pytest.approx([2, 11.6, 21.2, 30.8]), "the outermost are drawn whole"
    assert [x for x, _ in found.dots("a")] == [98]
    assert {"ici : 100", "médiane : 15"} <= {*found.texts()}
    assert "est au rang 5" in found.alt
    with pytest.raises(UsageError, match="accent 'z' is no 'l'"):
        charts_points.strip(frame, "Titre", "q", "l", own="z")


def test_a_pile_of_equal_values_is_low_and_counted(drawn):
    values = [0.7, 0.8, 0.9, *[1.0] * 50]
    found = drawn(charts_points.strip(pd.DataFrame({"l": range(53), "q": values}), "Titre", "q", "l", form="%"))
    pile = [y for x, y in found.dots("r") if x == 98]
    assert len(pile) == len({*pile}) == 50
    assert max(pile) - min(pile) == pytest.approx(charts_points.PILE, abs=1)
    (said,) = (text for text in found.svg.find_all("text") if spaces(text.text) == "50 à 100 %")
    assert float(said["y"]) < min(pile) - 2.5, "over the pile"


def test_dots_that_would_cover_each_other_are_piled_up():
    assert charts_points._piled(np.array([0.0, 1, 2, 20]), 5) == [0, 1, 2, 0]


def test_a_histogram_never_mixes_both_sides_of_its_threshold(drawn):
    frame = pd.DataFrame({"q": [31.0, 38, 39, 39.5, 41, 44]})
    found = drawn(charts_points.histogram(frame, "Titre", "q", cut=40))
    counts = [["30 à 32", "1"], ["32 à 34", "0"], ["34 à 36", "0"], ["36 à 38", "0"], ["38 à 40", "3"]]
    assert found.table() == [["De … à …", "Nombre"], *counts, ["40 à 42", "1"], ["42 à 44", "1"]]
    assert [round(bar[3]) for bar in found.bars("a")] == [56, 168]
    with pytest.raises(UsageError, match="cut=42 is none of the edges"):
        charts_points.histogram(pd.DataFrame({"n": [1.0, 2]}), "Titre", "n", edges=[30, 40, 50], cut=42)


def test_intervals_draw_zero_where_signs_change(drawn):
    frame = pd.DataFrame({"l": ["A", "B"], "q": [-5.0, 10], "bas": [-10.0, 5], "haut": [0.0, 15]})
    found = drawn(charts.intervals(frame, "Titre", "q", "l"))
    (zero,) = found.lines("k")
    (a, b), (c, d) = found.lines("la")
    assert b[0] == pytest.approx(zero[0][0], abs=0.1), "A's interval ends at zero"
    assert (b[0] - a[0]) == pytest.approx(d[0] - c[0], abs=0.1)
    with pytest.raises(UsageError, match="'A' is -5, outside 0 to 1"):
        charts.intervals(frame.assign(bas=0, haut=1), "Titre", "q", "l")


def test_the_name_of_an_accent_is_cut_to_the_wider_side(drawn):
    names = ["Lycée Konan-du-Rocher (fictif)", *map(str, range(12))]
    frame = pd.DataFrame({"l": names, "q": -9.0, "bas": [-12.0, *[-10.0] * 12], "haut": [-8.0, *[20.0] * 12]})
    texts = drawn(charts.intervals(frame, "Titre", "q", "l", accent=names[0])).svg.find_all("text", class_="b")
    wide, narrow = (spaces(text.text) for text in texts)
    assert wide == f"{names[0]} : −9"
    assert re.fullmatch(r"Lycée Konan.*… : −9", narrow), "its value is never cut"


def test_targets_say_which_are_reached(drawn):
    frame = pd.DataFrame({"l": ["A", "B", "C"], "q": [50.0, 80, 10], "objectif": [100, 80, np.nan]})
    found = drawn(charts.targets(frame, "Titre", "q", "l"))
    assert [bar[2] for bar in found.bars("r")] == [49.0]
    assert [bar[2] for bar in found.bars("a")] == [78.4, 9.8]
    assert [line[0][0] for line in found.lines("k")] == [98, 78.4]


def test_a_calendar_places_spans_by_their_days(drawn):
    spans = pd.DataFrame({"l": ["Gaz"], "debut": ["2025-01-01"], "fin": ["2025-07-02"], "q": [5.0]})
    found = drawn(charts_time.calendar(spans, "Titre", "l", "q"))
    (bar,) = found.bars("o")
    assert bar[0] == 0
    assert bar[2] == pytest.approx(182 / 365 * 100, abs=0.1)
    assert charts_time.calendar(spans.head(0), "Titre", "l", empty="Aucune alerte.").text == "Aucune alerte."


def test_a_scatter_has_one_path_for_its_points(drawn):
    frame = pd.DataFrame({"t": [0.0, 10], "q": [0.0, 50]})
    found = drawn(charts_points.scatter(frame, "Titre", "q", "t", curve=frame))
    assert found.paths("d") == ["M0.00 236.0h.01M100.00 56.0h.01"], "50 of an axis to 60"
    assert found.lines("la") == [[(0, 236), (100, 56)]]


@pytest.mark.parametrize(
    "make",
    [
        charts.bars, charts_time.columns, charts_points.strip, charts_points.histogram, charts.intervals,
        charts.targets, maps.tile_map,
    ],
)  # fmt: skip
def test_nothing_known_is_a_sentence(make):
    nothing = pd.DataFrame({"l": ["a", "b"], "q": [np.nan, np.nan], "bas": np.nan, "haut": np.nan, "objectif": np.nan})
    assert "aucune valeur n’est connue" in make(nothing, "Titre", "q").text
    assert make(nothing, "Titre", "q", empty="On n'en sait rien.").text == "On n’en sait rien."


def test_columns_that_are_not_there_get_one_line():
    with pytest.raises(UsageError, match=r"show.bars: no column 'montnt'. Did you mean 'montant'\? It has montant\."):
        charts.bars(pd.DataFrame({"montant": [1.0]}), "Titre", "montnt")
    with pytest.raises(UsageError, match="column 'famille' holds no numbers but 'Travaux'"):
        charts.bars(FAMILIES, "Titre", "famille")
    with pytest.raises(UsageError, match="a DataFrame or a Series; found list"):
        charts.bars([1, 2], "Titre")
    with pytest.raises(UsageError, match="needs a title"):
        charts.bars(FAMILIES, " ", "q")


def test_data_is_never_html_nor_a_template(drawn):
    found = drawn(charts.bars(pd.DataFrame({EVIL: [EVIL], "q": [1.0]}), "{nom}", "q", nom=EVIL))
    assert found.page.find("script") is None
    assert found.page.figcaption.text == EVIL
    assert EVIL in found.texts()


def test_a_chart_is_whole(drawn):
    found = drawn(charts.bars(FAMILIES, "Titre", "q", unit="kWh", labels={"q": "Énergie"}))
    assert found.page.select_one(".unit").text == "Énergie, en kWh"
    assert found.table()[0] == ["famille", "Énergie (kWh)"] or found.table()[0][1] == "Énergie"
    assert found.svg["role"] == "img"
    assert found.alt.startswith("Barres : 3 valeurs, la plus grande Travaux (200 kWh)")
    assert charts.bars(FAMILIES, "Titre", "q", alt="Trois barres.").facts == {"alt": "Trois barres."}


def test_labels_never_meet():
    sheet = drawing.Drawing(100)
    assert sheet.label(50, 20, "un texte assez long", "m")
    assert not sheet.label(52, 22, "un autre texte assez long", "m")
    assert sheet.label(50, 60, "plus bas", "m")
    assert not drawing.Drawing(100).label(99, 20, "un texte qui sort du cadre")


@pytest.mark.parametrize(("most", "steps"), [(1, "0 1"), (2, "0 1 2"), (7, "0 5 10"), (30, "0 10 20 30")])
def test_an_axis_of_counts_has_no_halves(most, steps):
    months = pd.DataFrame({"mois": pd.period_range("2026-01", periods=3, freq="M"), "nombre": [0, most, 1]})
    html = charts_time.months(months, "Des marchés", "nombre", "mois").html
    assert re.findall(r'class="e s"[^>]*>([^<]*)<', html) == steps.split()


def test_the_ends_of_an_axis_stay_inside(drawn):
    frame = pd.DataFrame({"l": ["A"], "q": [-0.1], "bas": [-0.15], "haut": [0.2]})
    texts = drawn(charts.intervals(frame, "Titre", "q", "l", form="%")).svg.find_all("text")
    classes = {spaces(text.text): text["class"] for text in texts if text.get("class")}
    assert (classes["−20 %"], classes["20 %"]) == (["s"], ["s", "e"]), "they begin and end at their places"


def test_a_reference_leaves_the_labels_free(drawn):
    frame = pd.DataFrame({"l": ["A", "B"], "q": [5.0, 10], "bas": [1.0, 5], "haut": [8.0, 15]})
    found = drawn(charts.intervals(frame, "Titre", "q", "l", reference=6))
    labels = [float(text["y"]) for text in found.svg.find_all("text") if "h" in (text.get("class") or [])]
    assert not [line for line in found.lines("k") for y in labels if line[0][1] < y and line[1][1] > y - 10]


def test_words_are_those_of_the_schemas():
    assert words.measure(pd.Series([True, None], dtype="boolean"), "x").write(True) == "oui"
    assert words.measure(pd.Series([2025]), "annee").write(2025) == "2025"
    assert words.measure(pd.Series([0.004, 1.5]), "x").write(0.004) == "0,004"


def test_the_folded_numbers_may_be_others(drawn):
    other = pd.DataFrame({"annee": [2025], "nombre_total": [3]})
    shown = charts.bars(FAMILIES, "Titre", "q", form=".1", labels={"q": "Q"}, data=other)
    assert drawn(shown).table()[1] == ["2025", "3"]
    assert drawn(charts.bars(FAMILIES, "Titre", "q", form=".1")).table()[1] == ["Travaux", "200,0"]
    assert not drawn(charts.bars(FAMILIES, "Titre", "q", data=False)).page.details


def test_headings_of_the_call_name_lines_and_a_form_holds_for_bounds(drawn):
    two = YEARS.assign(autre=[1.0, 2, 3, 4])
    found = drawn(charts_time.lines(two, "Titre", ["q", "autre"], labels={"q": "Ici", "autre": "Ailleurs"}))
    assert [item.text for item in found.page.select(".sw")] == ["Ici", "Ailleurs"]
    assert {"Ici : 70", "Ailleurs : 4"} <= {*found.texts()}
    rates = pd.DataFrame({"l": ["A"], "q": [0.123], "bas": [0.1], "haut": [0.2]})
    shown = charts.intervals(rates, "Titre", "q", form="%1")
    assert drawn(shown).table()[1] == [
        "A",
        "12,3 %",
        "10,0 %",
        "20,0 %",
    ]


def test_words_are_those_of_the_tables_that_were_loaded_then_of_others(monkeypatch, tmp_path):
    homes = {name: tmp_path / f"{name}.csv" for name in ("deux", "un")}
    for name, path in homes.items():
        path.write_text(f"name,heading,unit\nchose_dite,De {name},\nmontant,De {name},\n", encoding="utf-8")
    monkeypatch.setattr(words, "_homes", lambda: homes)
    assert words.word("chose_dite").heading == "De deux"
    monkeypatch.setattr("tikub_lab.tables.package.used", lambda: [{"table": "un/lycees"}])
    assert words.word("chose_dite").heading == "De un"
    monkeypatch.setattr("tikub_lab.tables.package.used", lambda: [{"table": "procurement/contracts"}])
    assert words.word("montant") == ("Montant", "€ HT")  # its schema's, whatever others call theirs
    assert words.word("chose_dite").heading == "De deux"
