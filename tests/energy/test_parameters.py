"""Parameters of the energy notebooks over all that the data allows; outside it, one line says what is allowed."""

from dataclasses import fields

import pandas as pd
import pytest

from tests.energy.test_pages import pages
from tikub_lab import energy
from tikub_lab.energy.bundle import Bundle
from tikub_lab.errors import UsageError

FIRST, LAST = 2010, 2025
YEARS = (FIRST, 2017, 2018, 2019, LAST)
"""Totals of years alone, their last one, the first bills and school holidays, a past of one year, daily readings."""


@pytest.fixture(scope="module")
def data(energy_tables):
    """Forty lycées, so that groups are large enough."""
    tables = {field.name: energy_tables[f"energy/{field.name}"] for field in fields(Bundle)}
    sites = tables["sites"].head(40)
    meters = tables["meters"][tables["meters"]["code_uai"].isin(sites["code_uai"])]
    readings = tables["readings"][tables["readings"]["compteur_id"].isin(meters["compteur_id"])]
    return Bundle(**tables | {"sites": sites, "meters": meters, "readings": readings})


@pytest.fixture(scope="module")
def used(data):
    return energy.adjusted(data)


@pytest.mark.parametrize("year", [FIRST, LAST, *(pytest.param(year, marks=pytest.mark.ci) for year in YEARS[1:-1])])
def test_each_year_has_its_methods(year, data, used):
    assert energy.year_of(used, year) == year
    with pytest.raises(UsageError, match=r"^No meter has readings of all of a calendar year"):
        energy.year_of(used.head(0))
    measured, counters = energy.gestures.measures(data, year)
    assert measured.empty == (year < 2019)  # bills of two years
    table = energy.gestures.gestures(measured, counters, data.sites, data.prices, data.factors, year)
    assert len(table) == 40 * 9
    signatures = energy.performance.signatures(data, year)
    assert signatures["comparable"].any() == (year >= 2019)
    standing = energy.performance.standing(signatures, used, data.sites, data.weather, year)
    assert set(energy.performance.outstanding(standing)["code_uai"]) == set(signatures["code_uai"])
    years = energy.law.final_energy(used)
    references = energy.law.references(years, data.sites)
    assert energy.law.standing(references, years, year)["kwh_ajuste"].notna().any()


@pytest.mark.parametrize(
    ("period", "scored"),
    [("2010", 0), ("2019", 30), ("2025-2026", 0)]
    + [pytest.param(*other, marks=pytest.mark.ci) for other in (("2018-2019", 0), ("2019-2020", 30), ("2025", 30))],
)
def test_each_challenge_has_its_scores_or_says_why_there_is_none(period, scored, data):
    """Bills begin in 2018, and so does the calendar; what is scored needs a year of them before it."""
    table = energy.challenge.challenge(data, *energy.challenge.period(period)).table
    assert (table["classe"].sum() >= scored) if scored else not table["classe"].any()
    assert (table.loc[~table["classe"], "raison"] != "").all()


def test_the_days_of_the_past_begin_with_the_calendar(data):
    """A past that begins before the calendar has the days that it tells of: the score is that of two years."""
    short = energy.challenge.challenge(data, *energy.challenge.period("2020"), years=2).table
    cut = data.calendar[data.calendar["debut"] >= "2018-01-01"]
    long = energy.challenge.challenge(
        Bundle(**vars(data) | {"calendar": cut}), *energy.challenge.period("2020"), years=3
    ).table
    both = short["part"].notna() & long["part"].notna()
    assert both.sum() > 20
    assert long.loc[both, "part"].to_numpy() == pytest.approx(short.loc[both, "part"].to_numpy(), abs=0.02)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda data, used: energy.year_of(used, 2009), "annee=2009.*Known: 2010, 2011"),
        (lambda data, used: energy.challenge.challenge(data, *energy.challenge.period("2026")),
         "2026-01-01 to 2027-01-01: no meter has a reading of it; readings are of 2010-01-01 to 2025-12-31"),
        (lambda data, used: energy.gestures.measures(data, 2030), "year=2030: no meter has a reading of it"),
        (lambda data, used: energy.performance.signatures(data, 2009), "year=2009: no meter has a reading of it"),
        (lambda data, used: energy.law.final_energy(used, "2022-01-01"), "on 2022-01-01: known from 20"),
        (lambda data, used: energy.law.followed(used, data.factors, 2025, 2009), "take one of 2010 to 2025"),
    ],
)  # fmt: skip
def test_outside_its_range_one_line_says_what_is_allowed(call, said, data, used):
    with pytest.raises(UsageError, match=said) as error:
        call(data, used)
    assert "\n" not in str(error.value)


def test_the_first_day_of_the_law_that_is_known(used, data):
    years = energy.law.final_energy(used, "2024-02-01")
    assert energy.law.references(years, data.sites, "2024-02-01")["annee_reference"].max() <= 2019


@pytest.mark.proof
@pytest.mark.parametrize(
    ("notebook", "given"),
    [
        *((name, {"annee": year}) for name in ("energy", "energy_lycee", "energy_law", "energy_performance")
          for year in YEARS),
        *(("energy_challenge", {"periode": period}) for period in ("2010", "2018-2019", "2019", "2025-2026")),
        *(("energy_law", {"jour": pd.Timestamp(day).date()}) for day in ("2024-02-01", "2026-06-01")),
        *(("energy_law", {"echeance": year}) for year in (2040, 2050)),
        *(("energy_law", {"reference_plan": year}) for year in (FIRST, LAST)),
        *(("energy_works", {"temps": 5.0} | given) for given in (
            {"annees": 1}, {"budget": 0.0}, {"budget": 1e9}, {"horizon": 2032}, {"annee_debut": 2011},
            {"realisation": 0.0}, {"realisation": 2.0}, {"objectif": "euros", "actualisation": 0.0},
        )),
    ],
)  # fmt: skip
def test_pages_at_the_ends_of_their_parameters(notebook, given, tmp_path):
    pages(tmp_path, notebook, **given)


def test_what_a_method_does_not_take_beside_the_bundle_is_told(data):
    with pytest.raises(UsageError, match=r"^signatures: 9 values after the bundle; it takes \d: \['year'"):
        energy.performance.signatures(data, 2024, *range(8))
