"""Selection by parameters: what is kept, and the word that is said where nothing is left."""

import pandas as pd
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.methods.scope import during, one_of, only, period

TABLE = pd.DataFrame(
    {
        "team": ["Nord", "Sud", "Nord", None],
        "code": ["45210000", "45300000", "15000000", None],
        "day": pd.to_datetime(["2023-12-31", "2024-01-01", "2025-12-31", None]),
    },
    index=[3, 1, 1, 0],
)


def test_without_a_value_all_rows_stay():
    assert only(TABLE, "team", None, "team", "no such team") is TABLE
    assert during(TABLE, "day", None, None) is TABLE


def test_rows_are_kept_by_value_or_by_beginning():
    assert only(TABLE, "team", "Nord", "team", "no such team")["code"].tolist() == ["45210000", "15000000"]
    assert only(TABLE, "famille", "453", "code", "no such family", 2)["team"].tolist() == ["Sud"]
    assert only(TABLE, "famille", "45", "code", "no such family", 2)["team"].tolist() == ["Nord", "Sud"]


def test_what_leaves_nothing_is_said_with_what_there_is():
    with pytest.raises(UsageError, match=r"team='Nrod': no such team\. Did you mean 'Nord'\? Known: Nord, Sud\."):
        only(TABLE, "team", "Nrod", "team", "no such team")
    with pytest.raises(UsageError, match=r"famille='99': no such family\. Known: 45, 15\."):
        only(TABLE, "famille", "99", "code", "no such family", 2)
    with pytest.raises(UsageError, match=r"team='Est': no such team\. Known: none\."):
        only(TABLE.head(0), "team", "Est", "team", "no such team")


def test_a_value_that_is_a_pattern_is_taken_as_it_stands():
    with pytest.raises(UsageError, match="no such family"):
        only(TABLE, "famille", "..", "code", "no such family", 2)


@pytest.mark.parametrize(
    ("first", "last", "years"),
    [(2024, None, [2024, 2025]), (None, 2024, [2023, 2024]), (2024, 2024, [2024]), (None, 2030, [2023, 2024, 2025])],
)
def test_years_are_included_and_days_not_known_are_not(first, last, years):
    assert during(TABLE, "day", first, last)["day"].dt.year.tolist() == years


def test_years_that_leave_nothing():
    with pytest.raises(UsageError, match=r"annee_debut=2030: no row .* its years are 2023 to 2025"):
        during(TABLE, "day", 2030, None)
    with pytest.raises(UsageError, match="annee_debut=2025, annee_fin=2024: the first year is after the last"):
        during(TABLE, "day", 2025, 2024)
    with pytest.raises(UsageError, match=r"^No row has a day in 'day', by which years are told\."):
        during(TABLE.tail(1), "day", None, None)
    with pytest.raises(UsageError, match=r"^The table of 'day' has no row: what was imported was rejected"):
        during(TABLE.head(0), "day", None, None)


def test_a_value_in_the_other_of_two_types_is_told_its_own():
    with pytest.raises(UsageError, match=r"^annee='2024': write annee=2024, a number\.$"):
        one_of("annee", "2024", [2023, 2024])
    with pytest.raises(UsageError, match=r"^famille=45: write famille='45', a text\.$"):
        only(TABLE, "famille", 45, "code", "no such family", 2)
    with pytest.raises(UsageError, match=r"^annee_debut='2024': a year is a number, such as 2024\.$"):
        during(TABLE, "day", "2024", None)


def test_the_year_zero_is_a_year():
    with pytest.raises(UsageError, match=r"annee_fin=0: no row .* its years are 2023 to 2025"):
        during(TABLE, "day", None, 0)


def test_a_long_list_is_cut():
    with pytest.raises(UsageError, match=r"Known: 1, 2, .*, 12 … \(40 in all\)\."):
        one_of("annee", 99, range(1, 41))
    one_of("annee", 40, range(1, 41))


def test_a_period_of_one_day():
    assert period(TABLE["day"].head(1), str) == "le 2023-12-31 00:00:00"
