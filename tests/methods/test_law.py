"""Dated values: periods, keys, errors, and what the file of each use case must say of every row."""

from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.methods.law import CONFIRMED, TO_ASK, TO_CONFIRM, Law

HEADER = "cle,debut,fin,valeur,unite,texte,reference,source,statut,remarque\n"


@pytest.fixture
def law(tmp_path):
    path = tmp_path / "fiction" / "law.csv"
    path.parent.mkdir()
    path.write_text(
        HEADER
        + "seuil / pain|sel / Nord,2020-01-01,2020-12-31,5,euros,décret A,art. 1,ici,confirmé,\n"
        + "seuil / pain / Nord,2021-01-01,,7,euros,décret B,art. 1,ici,à confirmer,une source\n"
        + "seuil / sel / Nord,2021-01-01,2021-12-31,8,euros,décret B,art. 1,ici,confirmé,\n"
        + "règle / ancienne,,2019-12-31,x,mot,usage,art. 2,ici,confirmé,\n"
        + "règle / future,,,,euros,décret C,art. 3,,à demander,\n",
        encoding="utf-8",
    )
    return Law(path)


@pytest.mark.parametrize(
    ("key", "day", "number"),
    [
        (("seuil", "pain", "Nord"), "2020-01-01", 5),
        (("seuil", "pain", "Nord"), "2020-12-31", 5),
        (("seuil", "pain", "Nord"), "2021-01-01", 7),
        (("seuil", "pain", "Nord"), date(2100, 1, 1), 7),
        (("seuil", "pain", "Nord"), None, 7),
        (("seuil", "sel", "Nord"), "2020-06-01", 5),
        (("seuil", "sel", "Nord"), None, 8),
    ],
)
def test_the_value_of_a_day(law, key, day, number):
    assert law.value(*key, day=day).number == number


def test_many_days_agree_with_one(law):
    days = pd.Series(pd.date_range("2019-12-30", "2022-01-02", freq="12h")).reset_index(drop=True)
    for row in law.values("seuil"):
        assert row.during(days).tolist() == [row.holds(day.date()) for day in days]
    assert not law.values("seuil")[0].during(pd.Series([pd.NaT], dtype="datetime64[s]")).any()
    assert law.values("règle", "ancienne")[0].during(days).sum() == 4  # of unknown beginning


def test_versions_say_their_text_their_day_and_their_doubt(law):
    assert [row.version for row in law.values("seuil", "pain")] == [
        "décret A, depuis le 01/01/2020", "décret B, depuis le 01/01/2021, à confirmer",
    ]  # fmt: skip
    assert law.value("règle", "ancienne", day="1900-01-01").version == "usage"


def test_tables(law):
    table = law.table("seuil", names=("quoi", "ou"), day="2020-05-01")
    assert table[["quoi", "ou", "valeur"]].to_numpy().tolist() == [["pain", "Nord", "5"], ["sel", "Nord", "5"]]
    assert law.table("seuil", names=("quoi", "ou"), day="2019-12-31").empty
    assert law.table("règle", names=["nom"])["debut"].isna().all()


@pytest.mark.parametrize(
    ("key", "day", "message"),
    [
        (("seul", "pain", "Nord"), None, r"^fiction/law.csv: 'seul' is none of seuil, règle. Did you mean 'seuil'\?$"),
        (("seuil", "pin", "Nord"), None, r"« seuil »: 'pin' is none of pain, sel. Did you mean 'pain'"),
        (("seuil", "pain", "Sud"), None, r"« seuil / pain »: 'Sud' is none of Nord"),
        (("seuil", "pain"), None, "« seuil / pain »: '' is none of Nord"),
        (("seuil", "pain", "Nord"), "2019-12-31", "on 2019-12-31: known from 2020-01-01 on. Take another day"),
        (("seuil", "sel", "Nord"), "2022-01-01", "on 2022-01-01: known from 2020-01-01 to 2021-12-31"),
        (("seuil", "sel", "Nord"), "demain", "day='demain' is no date; write it as"),
        (("seuil", "sel", "Nord"), pd.NaT, "day is missing"),
        *((("seuil", "sel", "Nord"), day, f"^day={day!r} is no date") for day in ("01/02/2020", "now", 2020, 1.5)),
    ],
)
def test_errors_name_what_is_known(law, key, day, message):
    with pytest.raises(UsageError, match=message):
        law.value(*key, day=day)


def test_what_is_no_number_says_so(law):
    with pytest.raises(UsageError, match=r"« règle / future » is not known \(décret C\): ask for it"):
        _ = law.value("règle", "future").number
    with pytest.raises(UsageError, match=r"« règle / ancienne » is 'x' \(mot\), no number"):
        _ = law.value("règle", "ancienne").number


@pytest.mark.parametrize("use_case", ["procurement", "energy", "staffing"])
def test_the_file_of_a_use_case(root, use_case):
    law = Law(root / "tikub_lab" / use_case / "law.csv")
    for row in law.values():
        assert row.statut in (CONFIRMED, TO_CONFIRM, TO_ASK), row
        assert (row.valeur == "") == (row.statut == TO_ASK), row
        assert row.reference, row
        assert row.texte, row
        assert row.source or row.statut == TO_ASK, row
        versions = sorted(
            (each for each in law.values(*row.key) if each.key == row.key), key=lambda each: each.debut or date.min
        )
        for before, after in pairwise(versions):
            assert after.debut == before.fin + timedelta(days=1), "a version ends the day before the next begins"
