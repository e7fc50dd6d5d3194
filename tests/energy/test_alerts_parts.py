"""What alerts reckon with, by a second way: regressions by dense matrices, odds by scipy, runs and bills by hand."""

from dataclasses import replace
from itertools import combinations, pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tikub_lab.energy.alerts.faults import likelier, repeated, said, zeros
from tikub_lab.energy.alerts.grid import DRIFT, Grid, drifts, grid_of, heated, usual
from tikub_lab.energy.alerts.meter import Finding, Told, balanced, watch
from tikub_lab.energy.alerts.model import Family, chance, explain
from tikub_lab.energy.alerts.report import inflation
from tikub_lab.energy.alerts.series import Series, days_of, series_of
from tikub_lab.energy.alerts.table import _gravity, clock, round_off, span
from tikub_lab.energy.alerts.watch import merged, never_mended
from tikub_lab.energy.days import Days, stretches

# The regression


def rows(daily):
    """Rows that are days."""
    return daily


@pytest.fixture(scope="module")
def told():
    """Days with gaps, a season, and errors of a tenth of the use that remember half of the day before; a rise by 30."""
    rng = np.random.default_rng(7)
    day = np.flatnonzero(rng.random(500) > 0.15)
    season = 1 + np.cos(day / 58)
    noise = rng.normal(size=500)
    for place in range(1, 500):
        noise[place] = 0.5 * noise[place - 1] + 0.75**0.5 * noise[place]
    plain = 50 + 40 * season + 30.0 * (day >= 250)
    use = plain * (1 + 0.1 * noise[day])
    use[40] += 900  # one reading that is far off
    matrix = np.column_stack([np.ones(len(day)), season])
    columns = np.column_stack(
        [(day >= one).astype(float) for one in (100, 200, 250, 300)] + [np.clip((day - 230) / 60, 0, 1)]
    )
    labels = ((100, 0), (200, 0), (250, 0), (300, 0), (230, 60))
    family = Family("rise", columns, labels)
    return explain(use, matrix, [family], rows, day), use, np.column_stack([matrix, columns[:, 2]]), day, plain


def test_what_is_explained_is_the_rise_alone(told):
    found, use, _, day, plain = told
    (one,) = found.departures
    assert (one.label, one.size) == ((250, 0), pytest.approx(30, rel=0.2))
    assert found.fit.coefficients[:2] == pytest.approx([50, 40], rel=0.15)
    assert found.fit.memory == pytest.approx(0.5, abs=0.12)
    scatter = found.fit.scatter(found.fit.fitted)
    assert np.median(scatter / (0.1 * plain)) == pytest.approx(1, rel=0.1)
    assert np.corrcoef(scatter, plain)[0, 1] > 0.9
    assert found.added([0]) == pytest.approx(one.size * (day >= 250))
    assert found.expected == pytest.approx(found.usual + found.added([0]))
    assert (found.usual - (plain - 30 * (day >= 250))) @ np.ones(len(day)) == pytest.approx(0, abs=0.04 * use.sum())


def test_a_regression_by_dense_matrices(told):
    """V = D R D, D being the scatter and R the memory to the power of the days between; readings are held to 5 of D."""
    found, use, matrix, day, _ = told
    (one,) = found.departures
    fitted = matrix @ found.fit.coefficients
    # a share of the use and a quarter of its median; half of the errors are within that of a normal scatter
    scatter = found.fit.share * np.sqrt(fitted**2 + (np.median(use) / 4) ** 2)
    assert np.median(np.abs(use - fitted) / scatter) == pytest.approx(np.sqrt(1 - 3 / len(use)) / 1.4826)
    clipped = fitted + np.clip(use - fitted, -5 * scatter, 5 * scatter)
    assert clipped[40] < use[40]
    dense = np.outer(scatter, scatter) * found.fit.memory ** np.abs(np.subtract.outer(day, day))
    root = np.linalg.inv(np.linalg.cholesky(dense))
    left, rest = root @ matrix, root @ (clipped - fitted)
    freedom = len(use) - 3
    covariance = np.linalg.inv(left.T @ left) * (rest @ rest) / freedom
    assert found.covariance == pytest.approx(covariance, rel=1e-6)
    assert (one.error, one.freedom) == (pytest.approx(np.sqrt(covariance[2, 2])), freedom)
    best = np.linalg.lstsq(left, root @ clipped, rcond=None)[0]
    assert found.fit.coefficients == pytest.approx(best, rel=0.01)
    t = one.size / one.error
    assert one.chance() == pytest.approx(min(1, 5 * stats.t.sf(t, freedom)))  # five candidates
    assert one.chance(3.0) == pytest.approx(5 * stats.t.sf(t / 3, freedom))


def test_the_chance_of_the_highest_by_hand():
    """So many tails of Student's t."""
    assert chance(2.5, 2, 12) == pytest.approx(2 * stats.t.sf(2.5, 12))
    assert chance(60.0, 1, 1e9) < 1e-290
    assert chance(0.5, 9, 5) == 1.0


def test_candidates_that_go_together_only_where_none_stands_alone():
    """Of five holidays three are heated: a set of them is taken up, and then each of its members."""
    rng = np.random.default_rng(4)
    size = 200
    columns = np.column_stack([(np.arange(size) // 20 == place).astype(float) for place in range(5)])
    sets = ((0, 1), (0, 1, 2), (3, 4))
    use = 100 + rng.normal(size=size) + columns[:, :3].sum(axis=1) * 4
    family = Family("heated", columns, tuple("abcde"), together=sets)
    matrix = np.ones((size, 1))
    found = explain(use, matrix, [family], rows, None)
    assert sorted(one.label for one in found.departures) == ["a", "b", "c"]
    assert [one.size for one in found.departures] == pytest.approx([4] * 3, abs=0.8)
    assert explain(100 + rng.normal(size=size), matrix, [family], rows, None).departures == ()
    low = 100 + rng.normal(size=size) - 4 * columns[:, 0]
    one = Family("heated", columns[:, :1], ("a",))
    assert explain(low, matrix, [one], rows, None).departures == ()  # less is no fault
    assert len(explain(low + 8 * columns[:, 0], matrix, [one], rows, None).departures) == 1
    assert explain(use[:5], matrix[:5], [], rows, None) is None
    assert explain(use[:6], matrix[:6], [], rows, None) is not None
    assert explain(0 * use, matrix, [], rows, None) is None


def test_no_more_than_eight_departures():
    rng = np.random.default_rng(3)
    columns = np.column_stack([(np.arange(400) // 20 == place).astype(float) for place in range(10)])
    family = Family("heated", columns, tuple(range(10)))
    use = 100 + rng.normal(size=400) + columns @ np.arange(31.0, 41.0)
    found = explain(use, np.ones((400, 1)), [family], rows, None)
    assert sorted(one.label for one in found.departures) == list(range(2, 10))  # the largest


# Faults of measuring


def test_two_stories_by_students_t():
    """How much likelier 120 is under t with four degrees around one expectation than around the other."""
    found = likelier(120.0, (119.0, 5.0), (95.0, 3.0))
    first, mean = (stats.t.logpdf(120, 4, place, spread) for place, spread in ((119, 5), (95, 3)))
    assert found == pytest.approx(first - mean)


def test_an_estimate_that_nothing_mends():
    """50 too many of 100 ± 5; both together are 50 off, or right, of 200 ± 7: the next one alone is known to 4."""
    for both, sign in ((250.0, 1), (200.0, -1)):
        left = both - 200
        wanted = stats.t.logpdf(left, 4, 50, 4) - stats.t.logpdf(left, 4, 0, 7)
        assert never_mended(150, 100, 5, both, 200, 7, 4) == pytest.approx(wanted)
        assert wanted * sign > 0
    assert never_mended(121.0, 100, 5, 221, 200, 7, 4) == 0  # three times 7 are asked for
    assert never_mended(121.1, 100, 5, 221, 200, 7, 4) != 0
    assert never_mended(78.9, 100, 5, 178, 200, 7, 4) != 0


def test_runs_by_hand():
    assert stretches(np.array([False, True, True, False, True])) == [(1, 3), (4, 5)]
    assert stretches(np.zeros(3, dtype=bool)) == []
    # thirteen readings, one run of five pairs that are the same: of the seven other pairs none is, so (1 / 9)^5 × 12
    values = np.array([3.0, 9, 4, 7, 7, 7, 7, 7, 7, 5, 8, 2, 6])
    (run,) = repeated(values, 1, 0.05)
    assert (run.how, run.first, run.last, len(run)) == ("constant", 3, 9, 6)
    assert run.chance == pytest.approx(12 * (1 / 9) ** 5)
    assert repeated(values, 1, 12 * (1 / 9) ** 5 * 0.99) == []
    # two runs of three pairs, of 14: two of 14 - 3 + 2 others
    (one, other) = repeated(np.array([1.0, 2, 2, 2, 2, 3, 4, 5, 5, 5, 5, 6, 7, 8, 9]), 1, 0.06)
    assert one.chance == other.chance == pytest.approx(14 * (2 / 13) ** 3)
    # a week later the same four values, of 13 pairs; a value that is missing is no pair, zeros are no copies
    week = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 2, 3, 4, 5, 9, 0, np.nan, 8, 11, 12, 13, 0])
    (copy,) = repeated(week, 7, 0.05)
    assert (copy.how, copy.first, copy.last) == ("copy", 8, 12)
    assert copy.chance == pytest.approx(12 * (1 / (12 - 4 + 2)) ** 4)
    assert repeated(np.zeros(9), 1, 1.0) == []
    assert repeated(np.ones(3), 3, 1.0) == []
    # one in 25 is estimated: three in a row, 0.04³ × 12 times a year
    many = np.array([False, True, True, True, False, True, True])
    assert [(run.first, run.last, run.how) for run in said(many, 0.04, 12, 0.1, 2)] == [
        (1, 4, "flagged"),
        (5, 7, "flagged"),
    ]
    assert said(many, 0.04, 12, 0.1, 2)[0].chance == pytest.approx(12 * 0.04**3)
    assert [len(run) for run in said(many, 0.04, 12, 0.001, 2)] == [3]
    assert [len(run) for run in said(many, 0.04, 12, 0.1, 3)] == [3]


def test_zeros_by_hand():
    """Twelve days of one kind at 10 °C, zeros on three of them: of the nine others none, so 12 × (1 / 11)³."""
    kwh = np.array([5.0, 6, 7, 8, 0, 0, 0, 9, 5, 6, 7, 8])
    kinds, cold = np.zeros(12, dtype=int), np.full(12, 10.0)
    (run,) = zeros(kwh, kinds, cold, 0.05)
    assert (run.how, run.first, run.last) == ("zero", 4, 7)
    assert run.chance == pytest.approx(12 * (1 / 11) ** 3)
    assert zeros(kwh, kinds, cold, 0.001) == []
    assert len(zeros(kwh, kinds, np.where(kwh == 0, 13.9, 13.0), 0.05, heats=True)) == 1
    assert zeros(kwh, kinds, np.where(kwh == 0, 14.0, 13.0), 0.05, heats=True) == []  # a boiler may rest
    assert len(zeros(kwh, kinds, np.where(kwh == 0, 14.0, 13.0), 0.05)) == 1
    assert zeros(kwh, kinds, np.where(kwh == 0, 12.1, 10.0), 0.05) == []  # no day is within 2 °C
    assert len(zeros(kwh, kinds, np.where(kwh == 0, 12.0, 10.0), 0.05)) == 1
    assert len(zeros(kwh, kinds, np.full(12, np.nan), 0.05)) == 1
    assert zeros(kwh, np.where(kwh == 0, 1, 0), cold, 0.05) == []  # no day is of their kind
    few = np.where(np.isin(np.arange(12), [0, 1, 7]), kwh, np.where(kwh == 0, 0, np.nan))
    assert len(zeros(few, kinds, cold, 1.0)) == 1  # three alike are enough, two are not
    few[0] = np.nan
    assert zeros(few, kinds, cold, 1.0) == []
    assert zeros(np.array([5.0, 0, 0, 6, 7, 8]), kinds[:6], cold[:6], 1.0) == []  # three zeros are asked for
    assert len(zeros(np.array([5.0, 0, 0, 6, 7, 8]), kinds[:6], cold[:6], 1.0, least=2)) == 1


# Bills


def series(kwh, start, end, origin="facture", flagged=None, usage="chauffage"):
    flags = np.zeros(len(kwh), dtype=bool) if flagged is None else np.array(flagged)
    return Series(
        "G1", "A", "S", "gaz", usage, origin, np.array(start), np.array(end), np.array(kwh, dtype=float), flags
    )


def test_estimates_stand_with_the_bill_that_mends_them():
    """Seven bills: 1 and 2 are estimated, 4 is and a gap follows, 6 is and is the last."""
    start, end = [0, 30, 60, 90, 120, 160, 190], [30, 60, 90, 120, 150, 190, 220]
    estimated = np.array([False, True, True, False, True, False, True])
    whole, first, last = merged(series([1, 2, 3, 4, 5, 6, 7], start, end), estimated)
    assert (first.tolist(), last.tolist()) == ([0, 1, 4, 5, 6], [1, 4, 5, 6, 7])
    assert (whole.start.tolist(), whole.end.tolist()) == ([0, 30, 120, 160, 190], [30, 120, 150, 190, 220])
    assert whole.kwh.tolist() == pytest.approx([1, 9, np.nan, 6, np.nan], nan_ok=True)
    assert not whole.flagged.any()
    holes, *_ = merged(series([1, 2, np.nan, 4], start[:4], end[:4]), estimated[:4])
    assert holes.kwh.tolist() == pytest.approx([1, np.nan], nan_ok=True)
    lost, *_ = merged(series([1, 2, 3, 4, 5, 6, 7], start, end), estimated, [2, 5])
    assert lost.kwh.tolist() == pytest.approx([1, np.nan, np.nan, np.nan, np.nan], nan_ok=True)


def at(grid, point):
    """Lay out the days of a meter with this balance point."""
    return replace(grid, degrees=np.maximum(point - grid.cold, 0))


@pytest.fixture(scope="module")
def days():
    size = 1096
    day = np.arange(size)
    kinds = np.where(day % 7 >= 5, 1, 0)
    period, term = np.full(size, -1), np.full(size, -1)
    for number, first in enumerate(range(40, size, 90)):
        kinds[first : first + 14], period[first : first + 14] = 2, number
    term[kinds == 1] = np.searchsorted(np.arange(54, size, 90), day[kinds == 1], side="right")
    cold = 10 - 8 * np.cos(day / 58) + 3 * np.sin(day * 1.7)
    names = tuple(f"V{number}" for number in range(period.max() + 1))
    return Days(20_000, kinds, {"S": cold}, np.ones(size, dtype=bool), period, term, names)


def test_the_balance_point_of_bills_is_the_planted_one(days):
    """And there is none where use does not follow the cold."""
    edges = np.arange(0, 1096, 31)
    base, slope = np.array([90.0, 60.0, 40.0])[days.kinds], np.array([10.0, 10.0, 4.0])[days.kinds]
    for point, heats in ((13.5, 1), (16.0, 1), (16.0, 0)):
        degrees = np.maximum(point - days.cold["S"], 0)
        kwh = [(base + heats * slope * degrees)[left:right].sum() for left, right in pairwise(edges)]
        kwh = np.array(kwh) * (1 + 0.001 * np.random.default_rng(1).normal(size=len(kwh)))
        grid = grid_of(series(kwh, 20_000 + edges[:-1], 20_000 + edges[1:]), days, True)
        found = balanced(grid, np.ones(len(kwh), dtype=bool), kwh)
        assert found.degrees == pytest.approx(heats * degrees[: edges[-1]])


def test_without_temperatures_there_is_no_slope(days):
    """Twelve bills that have them are too few for a model; with fewer, or of an unknown station, cold is no matter."""
    edges = 20_000 + np.arange(0, 1096, 31)
    bills = series(1000 + 100 * days.cold["S"][edges[:-1] - 20_000], edges[:-1], edges[1:])

    def told(known, station="S"):
        cold = np.where(np.arange(1096) < 31 * known, days.cold["S"], np.nan)
        return watch(bills, (), replace(days, cold={station: cold}), (), 0, 0.05).told

    assert "pente" in told(35).names
    assert told(12) is None
    assert "pente" not in told(11).names
    assert "pente" not in told(35, "T").names


# Days, and what readings add up of them


def test_days_by_hand():
    """From 31 days before the first reading to the end of the last: the holidays, the terms between, the weather."""
    readings = pd.DataFrame(
        {"debut": pd.to_datetime(["2025-03-10", "2025-05-01"]), "fin": pd.to_datetime(["2025-03-11", "2025-05-20"])}
    )
    rows = [
        ("2025-02-08", "2025-02-24", "vacances", "Hiver", "B"),
        ("2025-04-05", "2025-04-22", "vacances", "Printemps", "B"),
        ("2025-05-01", "2025-05-02", "jour férié", "Travail", "toutes"),
        ("2025-05-12", "2025-05-15", "vacances", "Pont", "B"),
        ("2025-03-01", "2025-03-20", "vacances", "Zone A", "A"),
        ("2025-05-15", "2025-05-16", "jour férié", "Autre", "A"),
        ("2025-04-18", "2025-04-19", "jour férié", "Saint", "toutes"),
    ]  # fmt: skip
    calendar = pd.DataFrame(rows, columns=["debut", "fin", "nature", "libelle", "zone"])
    calendar = calendar.assign(debut=pd.to_datetime(calendar["debut"]), fin=pd.to_datetime(calendar["fin"]))
    weather = pd.DataFrame(
        {"station": "S", "jour": pd.date_range("2025-02-01", "2025-05-31"), "tmoy": 1.0 * np.arange(120)}
    )
    weather.loc[weather["jour"].isin(pd.to_datetime(["2025-03-02", "2025-03-03", "2025-03-04"])), "tmoy"] = np.nan
    weather.loc[weather["jour"].between("2025-04-01", "2025-04-04"), "tmoy"] = np.nan
    found = days_of(readings, weather, calendar)
    first = pd.Timestamp("2025-02-07")
    assert pd.Timestamp(found.first, unit="D") == first
    table = pd.DataFrame({"kind": found.kinds, "period": found.period, "term": found.term, "cold": found.cold["S"]},
                         index=pd.date_range(first, "2025-05-19"))  # fmt: skip
    assert found.names == ("Hiver", "Printemps")
    assert table.loc["2025-02-07":"2025-02-10", "kind"].tolist() == [0, 2, 2, 2]
    assert (table["kind"] == 2).sum() == 16 + 17 + 3
    assert table.index[table["period"] == 0].tolist() == list(pd.date_range("2025-02-08", "2025-02-23"))
    assert table.index[table["period"] == 1].tolist() == list(pd.date_range("2025-04-05", "2025-04-21"))
    assert table.loc["2025-05-01", "kind"] == 1  # Labour Day is a Thursday
    assert table.loc["2025-05-15", "kind"] == 0  # not a holiday in this zone
    assert table.loc["2025-04-18", "kind"] == 2
    weekend = table[table["kind"] == 1]
    assert (table["term"] >= 0).sum() == len(weekend)
    assert weekend.loc["2025-02-25":"2025-04-04", "term"].nunique() == 1
    assert weekend.loc["2025-04-22":, "term"].nunique() == 1
    assert weekend["term"].nunique() == 2
    assert table.index[found.covered][[0, -1]].tolist() == [first, pd.Timestamp("2025-05-14")]
    assert table.loc["2025-03-01":"2025-03-05", "cold"].tolist() == [28, 29, 30, 31, 32]  # three days on a line
    assert table.loc["2025-04-01":"2025-04-04", "cold"].isna().sum() == 1  # of four, the last is left
    later = readings.assign(debut=readings["debut"] - pd.Timedelta(days=60))
    early = days_of(later, weather, calendar[1:2])  # 62 days before a calendar that begins with holidays are known
    span = pd.date_range(pd.Timestamp(early.first, unit="D"), periods=len(early.kinds))
    assert span[early.covered][[0, -1]].tolist() == [pd.Timestamp("2025-02-02"), pd.Timestamp("2025-04-21")]
    short = days_of(readings, weather, calendar[1:2])  # this calendar begins on 5 April, and ends on the 21st
    assert pd.DatetimeIndex(table.index[short.covered])[[0, -1]].tolist() == [first, pd.Timestamp("2025-04-21")]


def test_readings_of_a_meter_in_order():
    rows = pd.DataFrame(
        [("M", "2025-01-02", "2025-01-03", 2.0, True, "relevé"), ("M", "2025-01-01", "2025-01-02", 1.0, None, "relevé"),
         ("M", "2025-01-03", "2025-01-05", 9.0, False, "relevé"),
         ("M", "2025-01-01", "2025-02-01", 31.0, False, "facture"),
         ("A", "2025-01-01", "2025-01-02", None, False, "relevé")],
        columns=["compteur_id", "debut", "fin", "kwh", "estime", "origine"],
    )  # fmt: skip
    rows = rows.assign(debut=pd.to_datetime(rows["debut"]), fin=pd.to_datetime(rows["fin"]))
    meters = pd.DataFrame(
        {"compteur_id": ["A", "M"], "code_uai": ["S1", None], "energie": "gaz", "usage": ["autres", None]}
    )
    sites = pd.DataFrame({"code_uai": ["S1"], "station": ["W"]})
    found = list(series_of(rows, meters, sites, "relevé"))
    assert [(one.meter, one.site, one.station, one.usage, one.heats) for one in found] == [
        ("A", "S1", "W", "autres", False), ("M", None, None, "", True),
    ]  # fmt: skip
    assert np.isnan(found[0].kwh).tolist() == [True]
    assert (found[1].kwh.tolist(), found[1].flagged.tolist()) == ([1.0, 2.0], [False, True])  # two days are no day
    (bill,) = series_of(rows, meters, sites, "facture")
    assert (bill.end - bill.start).tolist() == [31]


def test_what_readings_add_up_of_days(days):
    bills = series([1.0, 2.0], [20_010, 20_040], [20_040, 20_100])
    grid = at(grid_of(bills, days, True), 12.0)
    assert (grid.first, len(grid.kinds), grid.daily, grid.calendar) == (20_010, 90, False, True)
    assert grid.degrees == pytest.approx(np.maximum(12 - days.cold["S"][10:100], 0))
    columns = np.column_stack([np.arange(90.0), np.ones(90)])
    assert grid.sums(columns).tolist() == [[435.0, 30.0], [3570.0, 60.0]]
    edges = np.arange(20_010, 20_101, 5)
    short = at(grid_of(series(np.ones(18), edges[:-1], edges[1:]), days, True), 12.0)
    every = np.ones(18, dtype=bool)
    matrix, names = usual(short, every, [40])
    usually = ("base", "pente", "base/week-end", "base/vacances", "pente/vacances")
    assert names == (*usually, "base/travaux 40", "pente/travaux 40")
    after = np.arange(90) >= 40
    holiday = days.kinds[10:100] == 2
    assert matrix[:, 4] == pytest.approx(holiday * grid.degrees)
    assert matrix[:, 5:] == pytest.approx(np.column_stack([after, after * grid.degrees]))
    assert usual(short, every, [20])[1] == usual(short, every, [70])[1] == usually  # too near an end
    assert len(usual(short, every, [21])[1]) == len(usual(short, every, [69])[1]) == 7
    each = series(np.ones(90), 20_010 + np.arange(90), 20_011 + np.arange(90), "relevé")
    none = grid_of(each, days, True)
    daily = at(none, 12.0)
    every = np.ones(90, dtype=bool)
    assert usual(daily, every)[1] == (*usually[:3], "pente/week-end", *usually[3:])
    assert daily.sums(columns)[5].tolist() == [5.0, 1.0]
    assert usual(none, every)[1] == ("base", "base/week-end", "base/vacances")
    few = np.arange(90) < 37  # nine days of holidays: too few for a load of their own
    inside = np.flatnonzero(holiday)[:9]
    few[inside] = True
    few[np.flatnonzero(holiday)[9:]] = False
    assert "base/vacances" not in usual(daily, few)[1]
    few[np.flatnonzero(holiday)[9]] = True
    assert "base/vacances" in usual(daily, few)[1]
    dark = grid_of(each, replace(days, covered=days.covered & (np.arange(1096) < 50)), True)
    assert (dark.calendar, dark.period.max()) == (False, -1)


def test_candidates_of_a_rise(days):
    """Days from 28 on, one in seven, at four paces; a slow one ends half its way before the last day by four weeks."""
    each = series(np.ones(365), 20_000 + np.arange(365), 20_001 + np.arange(365), "relevé")
    grid = at(grid_of(each, days, True), 12.0)
    rise, fall = drifts(grid)
    assert rise.labels == tuple(
        (day, ramp) for ramp in (0, 30, 60, 120) for day in range(28, 338, 7) if day + ramp // 2 <= 337
    )
    place = rise.labels.index((154, 30))
    assert rise.columns[:, place] == pytest.approx(np.clip((np.arange(365) - 154) / 30, 0, 1))
    assert (rise.fault, fall.fault) == (True, False)
    assert fall.labels == tuple((day, 0) for day in range(28, 337, 14)) * 2
    assert fall.columns[:, 0] == pytest.approx(-1.0 * (np.arange(365) >= 28))
    assert fall.columns[:, -1] == pytest.approx(-grid.degrees * (np.arange(365) >= 28 + 14 * 22))
    late, _ = drifts(grid, 200)
    assert min(day for day, _ in late.labels) == 200
    assert len(late.labels[0]) == 2
    short = grid_of(series(np.ones(50), 20_000 + np.arange(50), 20_001 + np.arange(50), "relevé"), days, True)
    assert drifts(short)[0].labels == ()
    edges = np.arange(0, 1086, 31)
    bills = grid_of(series(np.ones(35), 20_000 + edges[:-1], 20_000 + edges[1:]), days, True)
    slow, _ = drifts(bills)
    assert (slow.labels[0], slow.labels[1]) == ((61, 0), (61 + (1085 - 122) // 52, 0))


def test_candidates_of_heating(days):
    """Four holidays and the weekends between them; those with hardly any cold are not judged."""
    each = series(np.ones(365), 20_000 + np.arange(365), 20_001 + np.arange(365), "relevé")
    grid = at(grid_of(each, days, True), 12.0)
    holidays, weekends = heated(grid)
    degrees = {number: grid.degrees[grid.period == number].sum() for number in range(4)}
    judged = [number for number in range(4) if degrees[number] >= 0.02 * grid.degrees.sum()]
    spans = [(f"V{number}", 40 + 90 * number, 54 + 90 * number) for number in judged]
    assert holidays.labels == tuple(spans)
    assert 1 < len(judged) < 4
    assert holidays.columns[:, 0] == pytest.approx(grid.degrees * (grid.period == judged[0]))
    assert (holidays.name, weekends.name) == ("chauffage en vacances", "chauffage le week-end")
    name, first, last = weekends.labels[0]
    term = grid.term[first]
    assert name == ""
    assert np.flatnonzero(grid.term == term)[[0, -1]].tolist() == [first, last - 1]
    assert weekends.columns[:, 0] == pytest.approx(grid.degrees * ((grid.kinds == 1) & (grid.term == term)))
    assert heated(grid, 200)[0].labels == tuple(span for span in spans if span[2] > 200)
    assert heated(at(grid, -20.0)) == []


def test_sets_of_candidates():
    """Of three, all pairs; of two there is no set, of more than six none is tried."""
    flat = np.ones(400)
    six = tuple(one for size in (2, 3, 4, 5) for one in combinations(range(6), size))
    for count, wanted in ((2, ()), (3, ((0, 1), (0, 2), (1, 2))), (6, six), (7, ())):
        period = np.full(400, -1)
        for number in range(count):
            period[50 * number : 50 * number + 20] = number
        kinds = np.where(period >= 0, 2, 0)
        every = np.arange(400)
        grid = Grid(
            0,
            flat,
            flat,
            kinds,
            period,
            np.full(400, -1),
            tuple("abcdefg"),
            flat.astype(bool),
            True,
            every,
            every + 1,
            True,
        )
        assert heated(grid)[0].together == wanted


@pytest.mark.parametrize("seed", range(40))
def test_the_days_that_were_heated_by_all_stretches_of_them(seed):
    """Of all stretches the one that readings make likeliest, and the share of the heating that fits it best."""
    rng = np.random.default_rng(seed)
    more, spread, heated = rng.uniform(1, 9, 30), rng.uniform(0.5, 6, 30), rng.random(30) < 0.6
    expected = rng.uniform(20, 40, 30)
    kwh = expected - more + heated * more + spread * rng.normal(size=30)
    every = SimpleNamespace(start=np.arange(30))
    model = SimpleNamespace(expected=expected, fit=SimpleNamespace(scatter=lambda _: spread))
    told = Told(SimpleNamespace(kwh=kwh), every, np.ones(30, dtype=bool), (), model)
    over = kwh - expected + more

    def likelier(first, last):
        days = slice(first, last)
        return ((over[days] / spread[days]) ** 2 - ((over - more)[days] / spread[days]) ** 2).sum()

    first, last = max(combinations(range(8, 25), 2), key=lambda one: likelier(*one))
    if likelier(first, last) <= 0:
        assert told._narrowed(more, 8, 24) == (1.0, 8, 24)
        return
    days = slice(first, last)
    share = np.linalg.lstsq((more / spread)[days, None], (over / spread)[days], rcond=None)[0][0]
    assert told._narrowed(more, 8, 24) == (pytest.approx(share), first, last)


@pytest.mark.parametrize(("after", "told"), [(45, False), (46, True), (-45, False), (-46, True)])
def test_a_drift_near_works_is_theirs(after, told):
    drift = SimpleNamespace(start=1000 + after)
    model = SimpleNamespace(departures=[SimpleNamespace(family=SimpleNamespace(name=DRIFT))])
    one = Told(None, None, None, (), model)
    object.__setattr__(one, "drift", lambda _: drift)
    assert one.findings([200, 1000]) == [drift] * told
    assert one.findings([]) == [drift]


# Rates and words


def test_how_much_an_alert_weighs():
    """A twentieth and a hundredth of the 36,500 kWh of a year."""
    year = series(np.full(365, 100.0), np.arange(365), np.arange(1, 366), "relevé")
    found = [_gravity(Finding(year, DRIFT, 0, 1, np.array([kwh]), 1.0, 0.5)) for kwh in (364, 365, 1824, 1825, np.nan)]
    assert found == ["faible", "moyenne", "moyenne", "forte", None]


def test_inflation_by_hand():
    """The median over meters of the median size of their t, over 0.6745; at least 1, and of twenty meters or more."""
    scores = [np.array([place, -place, 10.0]) for place in np.arange(1.0, 21.0)]
    assert inflation(scores) == pytest.approx(10.5 / 0.6745)  # their medians are 1, 2 … 20
    assert inflation([*scores[:19], np.empty(0)]) == 1.0
    assert inflation([np.full(3, 0.6)] * 20) == 1.0


def test_spans_and_figures_in_words():
    day = (pd.Timestamp("2025-02-09") - pd.Timestamp(0)).days
    assert span(day, day + 1) == "le 9 février 2025"
    assert span(day, day + 14) == "du 9 au 22 février 2025"
    assert span(day, day + 20) == "du 9 au 28 février 2025"
    assert span(day, day + 21) == "du 9 février au 1er mars 2025"
    assert span(day - 60, day) == "du 11 décembre 2024 au 8 février 2025"
    figures = (0.4, 7.4, 9.6, 14.4, 144, 999, 1_234, 48_568, -1_234)
    assert [round_off(one) for one in figures] == [0, 7, 10, 14, 140, 1000, 1230, 48_600, -1230]
    assert [clock(hour).replace("\xa0", " ") for hour in (6.42, 21.99, 0.45)] == ["6 h 30", "22 h", "30 min"]
