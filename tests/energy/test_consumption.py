"""Consumption by year and month: against a naive expansion day by day, and against SQL on the sample."""

import duckdb
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from tikub_lab import tables
from tikub_lab.energy.consumption import by_meter, by_site
from tikub_lab.errors import UsageError

METERS = pd.DataFrame(
    {
        "compteur_id": ["G1", "E1", "E2"],
        "code_uai": ["A", "A", "B"],
        "energie": ["gaz", "électricité", "électricité"],
        "usage": ["chauffage", "autres", "autres"],
        "mise_en_service": pd.to_datetime([None, None, "2024-07-01"]),
        "retrait": pd.to_datetime([None, "2025-01-01", None]),
    }
)


def readings(*rows: tuple[str, str, str, float, str]) -> pd.DataFrame:
    """Lay readings out: meter, first day, day after the last, kWh, origin."""
    table = pd.DataFrame(rows, columns=["compteur_id", "debut", "fin", "kwh", "origine"])
    return table.assign(debut=pd.to_datetime(table["debut"]), fin=pd.to_datetime(table["fin"]), estime=False)


@st.composite
def books(draw: st.DrawFn) -> pd.DataFrame:
    """Draw the readings of a few meters, end to end, some unknown, some estimated, of two origins."""
    rows = []
    for meter in ("G1", "E1"):
        for origin in draw(st.sets(st.sampled_from(["facture", "relevé"]), min_size=1)):
            day = pd.Timestamp("2023-11-20") + pd.Timedelta(days=draw(st.integers(0, 40)))
            for length in draw(st.lists(st.integers(1, 70), min_size=1, max_size=12)):
                end = day + pd.Timedelta(days=length)
                value = draw(st.one_of(st.none(), st.integers(-50, 900)))
                rows.append((meter, day, end, np.nan if value is None else float(value), origin, draw(st.booleans())))
                day = end + pd.Timedelta(days=draw(st.sampled_from([0, 0, 0, 3])))
    return pd.DataFrame(rows, columns=["compteur_id", "debut", "fin", "kwh", "origine", "estime"])


def naive(table: pd.DataFrame) -> dict[tuple[str, int], tuple[float, int, int]]:
    """Share out each reading day by day, then keep the origin that knows most days."""
    found: dict[tuple[str, int, str], list[float]] = {}
    for row in table.dropna(subset="kwh").itertuples():
        days = pd.date_range(row.debut, row.fin, inclusive="left")
        for day in days:
            one = found.setdefault((row.compteur_id, day.year, row.origine), [0.0, 0, 0])
            one[0] += row.kwh / len(days)
            one[1] += 1
            one[2] += int(row.estime)
    best: dict[tuple[str, int], tuple[float, int, int]] = {}
    for (meter, period, _), (kwh, known, guessed) in sorted(found.items()):  # "facture" comes before "relevé"
        if (meter, period) not in best or known > best[meter, period][1]:
            best[meter, period] = (kwh, known, guessed)
    return best


@settings(max_examples=60, deadline=None)
@given(table=books())
def test_equals_a_naive_expansion_by_days(table):
    found = by_meter(table)
    expected = naive(table)
    seen = {
        (row.compteur_id, row.debut.year): (row.kwh, row.jours_connus, row.jours_estimes) for row in found.itertuples()
    }
    assert seen.keys() == expected.keys()
    for key, values in expected.items():
        assert seen[key] == pytest.approx(values, abs=1e-6)


def test_the_sample_by_sql():
    """Bills of the sample begin and end with their years, so SQL needs no division."""
    book = tables.load("energy/readings")
    found = by_meter(book[book["origine"] == "facture"]).groupby("annee")["kwh"].sum()
    raw = duckdb.sql(
        "select year(debut) as annee, sum(kwh * days / length) as kwh from ("
        "  select kwh, unnest(generate_series(debut, fin - interval 1 day, interval 1 day)) as debut, 1 as days,"
        "         date_diff('day', debut, fin) as length"
        "  from (select kwh, debut, fin from book where origine = 'facture')) group by 1 order by 1"
    ).df()
    assert found.to_numpy() == pytest.approx(raw["kwh"].to_numpy(), rel=1e-9)


def test_bills_and_readings_of_the_same_days_are_never_added_up():
    table = readings(
        ("G1", "2025-01-01", "2025-02-01", 310, "facture"),
        ("G1", "2025-01-01", "2025-01-31", 290, "relevé"),
        ("G1", "2026-02-01", "2026-02-11", 90, "facture"),
        ("G1", "2026-02-01", "2026-02-21", 200, "relevé"),
    )
    found = by_meter(table)
    assert found[["kwh", "origine"]].to_numpy().tolist() == [[310.0, "facture"], [200.0, "relevé"]]


def test_a_credit_note_adds_its_energy_and_no_days():
    table = readings(
        ("G1", "2025-01-01", "2025-02-01", 310, "facture"), ("G1", "2025-01-15", "2025-02-01", -60, "facture")
    )
    found = by_meter(table)
    assert found[["kwh", "jours_connus"]].to_numpy().tolist() == [[250.0, 31]]


def test_a_site_is_whole_when_each_of_its_meters_is():
    table = readings(
        ("G1", "2024-01-01", "2025-01-01", 900, "bilan"),
        ("E1", "2024-01-01", "2024-12-01", 300, "facture"),
        ("E2", "2024-07-01", "2025-01-01", 100, "facture"),
        ("G1", "2025-01-01", "2026-01-01", 800, "bilan"),
    )
    found = by_site(by_meter(table), METERS).set_index(["code_uai", "annee", "energie"])
    assert found["complet"].to_dict() == {
        ("A", 2024, "gaz"): True,
        ("A", 2024, "électricité"): False,  # a month is missing
        ("A", 2025, "gaz"): True,  # E1 was taken out on 1 January 2025, so nothing is missing
        ("B", 2024, "électricité"): True,  # in service since July
        ("B", 2025, "électricité"): False,  # nothing read
    }
    assert found.loc[("A", 2024, "électricité"), "part_connue"] == pytest.approx(335 / 366)
    assert np.isnan(found.loc[("B", 2025, "électricité"), "kwh"])


def test_a_meter_without_a_site_is_left_out():
    table = readings(("G1", "2024-01-01", "2025-01-01", 900, "bilan"), ("E2", "2024-07-01", "2025-01-01", 1, "bilan"))
    found = by_site(by_meter(table), METERS.assign(code_uai=["A", None, None]))
    assert found[["code_uai", "kwh"]].to_numpy().tolist() == [["A", 900.0]]


def test_nothing_gives_nothing():
    empty = by_meter(readings())
    assert list(empty) == list(by_meter(readings(("G1", "2024-01-01", "2025-01-01", 900, "bilan"))))
    assert len(empty) == len(by_site(empty, METERS)) == 0


@pytest.mark.parametrize("end", ["2025-01-01", "2024-12-31", "2035-01-01"])
def test_impossible_dates_are_told(end):
    with pytest.raises(UsageError, match="meter G1, from 2025-01-01 to " + end):
        by_meter(readings(("G1", "2025-01-01", end, 10, "facture")))


def test_days_are_counted_once_however_readings_overlap():
    """A bill of January to March, a credit note of February within it, a bill that begins in March: 90 + 14 days."""
    table = readings(
        ("G1", "2025-01-01", "2025-04-01", 900, "facture"),
        ("G1", "2025-02-01", "2025-03-01", -50, "facture"),
        ("G1", "2025-03-15", "2025-04-15", 310, "facture"),
    )
    assert by_meter(table)[["kwh", "jours_connus"]].to_numpy().tolist() == [[1160.0, 104]]
