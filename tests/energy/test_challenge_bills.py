"""The model of days and bills that know the school calendar: by hand, by brute force, and by planted truths."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from tests.energy.meter import interval
from tikub_lab.energy.caltrack import fit_many
from tikub_lab.energy.days import Days, numbers
from tikub_lab.energy.heating import spans
from tikub_lab.energy.occupancy.days import Designer, days_of
from tikub_lab.energy.occupancy.use import NESTED, _left_out, fit, saved
from tikub_lab.errors import UsageError

FIRST = 17_000
COUNT = 4 * 365


@pytest.fixture(scope="module")
def days():
    rng = np.random.default_rng(4)
    day = np.arange(COUNT)
    kinds = np.where(day % 7 >= 5, 1, 0)
    for begin, length in ((50, 16), (100, 16), (185, 60), (290, 16), (355, 10)):
        kinds[(day % 365 >= begin) & (day % 365 < begin + length)] = 2
    cold = 11 - 8 * np.cos(2 * np.pi * (day - 20) / 365) + 3 * rng.normal(size=COUNT)
    return Days(FIRST, kinds, {"S": cold})


def use_of(days, base=(100, 60, 40), slope=(12, 10, 5), point=15.0):
    heat = np.maximum(point - days.cold["S"], 0)
    return np.array(base)[days.kinds] + np.array(slope)[days.kinds] * heat


def bills_of(use, rng=None, length=30):
    edges = np.arange(0, COUNT + 1, length)
    kwh = np.array([use[left:right].sum() for left, right in pairwise(edges)])
    kwh = kwh if rng is None else kwh * (1 + 0.03 * rng.normal(size=len(kwh)))
    return FIRST + edges[:-1], FIRST + edges[1:], kwh


def test_designs_by_brute_force(days):
    start, end, kwh = bills_of(use_of(days))
    design = Designer(days, [12.0, 15.0]).design(start, end, kwh, "S")
    for row in (0, 7, 30):
        inside = slice(start[row] - FIRST, end[row] - FIRST)
        kinds, cold = days.kinds[inside], days.cold["S"][inside]
        for kind in range(3):
            assert design.shares[row, kind] == pytest.approx((kinds == kind).mean())
            for column, point in enumerate((12.0, 15.0)):
                depth = np.maximum(point - cold, 0) * (kinds == kind)
                assert design.degrees[kind, row, column] == pytest.approx(depth.mean())
                assert design.below[kind, row, column] == pytest.approx((depth > 0).mean())
    assert design.usage[7] == pytest.approx(kwh[7] / 30)


def test_missing_use_and_weather_leave_periods_out(days):
    start, end, kwh = bills_of(use_of(days))
    cold = days.cold["S"].copy()
    cold[60:64] = np.nan  # four days of the third bill: too many
    cold[90:93] = np.nan  # three of the fourth: just enough are left
    kwh[5] = np.nan
    design = Designer(Days(FIRST, days.kinds, {"S": cold})).design(start, end, kwh, "S")
    assert len(start) - len(design) == 2
    assert np.isin(start[[2, 5]], design.start).tolist() == [False, False]
    assert start[3] in design.start
    assert len(Designer(days).design(start, end, kwh, "elsewhere")) == 0


def test_bills_tell_what_was_planted(days):
    """Without noise, bases by kind come back; weekends share the slope of lessons, as bills can't tell it."""
    start, end, kwh = bills_of(use_of(days, slope=(12, 12, 5)))
    found = fit(Designer(days).design(start, end, kwh, "S"))
    assert found.point == 15.0
    assert [found.value("base", kind) for kind in ("cours", "week-end", "vacances")] == pytest.approx([100, 60, 40])
    assert [found.value("slope", kind) for kind in ("cours", "week-end", "vacances")] == pytest.approx([12, 12, 5])
    assert found.cv_rmse < 1e-6


def test_bills_without_a_season_have_no_season(days):
    rng = np.random.default_rng(5)
    start, end, kwh = bills_of(np.full(COUNT, 80.0), rng)
    found = [fit(Designer(days).design(start[:36], end[:36], kwh[:36] * (1 + 0.02 * rng.normal(size=36)), "S"))]
    assert found[0].terms == ()
    assert np.isnan(found[0].point)
    assert found[0].value("base", "vacances") == pytest.approx(80, rel=0.02)


def test_nothing_is_negative(days):
    """Use that falls with cold, and holidays that would be below nothing: no such model is kept."""
    rng = np.random.default_rng(6)
    use = np.where(days.kinds == 2, 0.0, 50.0) + np.maximum(days.cold["S"] - 14, 0) * 3
    for length in (1, 30):
        start, end, kwh = bills_of(use, rng, length)
        found = fit(Designer(days).design(start, end, kwh, "S"))
        for kind in ("cours", "week-end", "vacances"):
            assert found is None or (found.value("base", kind) >= -1e-6 and found.value("slope", kind) >= -1e-6)


def test_too_few_periods_have_no_model(days):
    maker = Designer(days)
    start, end, kwh = bills_of(use_of(days))
    assert fit(maker.design(start[:2], end[:2], kwh[:2], "S")) is None
    assert fit(maker.design(start[:0], end[:0], kwh[:0], "S")) is None


def test_left_out_by_leaving_out(days):
    """The residual of each bill when it is left out of the fit, by fitting without it at the same balance point."""
    rng = np.random.default_rng(7)
    start, end, kwh = bills_of(use_of(days), rng)
    found = fit(Designer(days).design(start, end, kwh, "S"))
    matrix = np.hstack([found.matrix, found.shift])
    weights = found.design.days / found.scatter**2
    free = (len(matrix) - matrix.shape[1]) / len(matrix)
    told = _left_out(found)
    for row in (0, 11, 40):
        keep = np.arange(len(matrix)) != row
        root = np.sqrt(weights[keep])
        # the step of the balance point is a coefficient like the others; its own one is nothing at the optimum found
        target = found.design.usage[keep]
        solved, *_ = np.linalg.lstsq(matrix[keep] * root[:, None], target * root, rcond=None)
        full, *_ = np.linalg.lstsq(
            matrix * np.sqrt(weights)[:, None], found.design.usage * np.sqrt(weights), rcond=None
        )
        own = found.design.usage[row] - matrix[row] @ full
        missed = found.design.usage[row] - matrix[row] @ solved
        assert told[row] == pytest.approx(found.residual[row] * missed / own * free**0.5, rel=1e-6)


def test_savings_add_up(days):
    rng = np.random.default_rng(8)
    start, end, kwh = bills_of(use_of(days), rng)
    maker = Designer(days)
    model = fit(maker.design(start[:36], end[:36], kwh[:36], "S"))
    found = saved(model, maker.design(start[36:], end[36:], 0.9 * kwh[36:], "S"))
    assert found.observed == pytest.approx(0.9 * kwh[36:].sum())
    assert found.saving == pytest.approx(found.predicted - found.observed)
    assert found.table["economie"].sum() == pytest.approx(found.saving)
    told = interval(found)
    assert told.share == pytest.approx(0.1, abs=0.03)
    assert told.share_low < 0.1 < told.share_high
    assert not found.model.daily


@pytest.mark.parametrize("length", [1, 30])
def test_errors_by_simulation(days, length, monkeypatch):
    """What the covariance says of bases and slopes is what they scatter by, where noise follows use."""
    monkeypatch.setitem(NESTED, "billing", [("weekend", "holiday", "heat", "heat holiday")])
    maker, truth = Designer(days, np.arange(13.0, 17.1, 0.25)), use_of(days, slope=(12, 12, 5))
    rng, values, errors = np.random.default_rng(9), [], []
    year = slice(0, 365) if length == 1 else slice(0, 36)
    for _ in range(120):
        noise = rng.normal(size=COUNT)
        for day in range(1, COUNT):
            noise[day] = 0.5 * noise[day - 1] + 0.75**0.5 * noise[day]
        start, end, kwh = bills_of(truth * (1 + 0.08 * noise), None, length)
        found = fit(maker.design(start[year], end[year], kwh[year], "S"))
        covariance, _ = found.covariance()
        rows = [
            found.contrast("base", "vacances"),
            found.contrast("slope", "cours"),
            found.contrast("slope", "vacances"),
        ]
        values.append([row @ found.coefficients for row in rows])
        errors.append([np.sqrt(row @ covariance[: len(row), : len(row)] @ row) for row in rows])
    told, seen = np.mean(errors, axis=0), np.std(values, axis=0)
    assert np.mean(values, axis=0) == pytest.approx([40, 12, 5], rel=0.05)
    assert ((told / seen > 0.75) & (told / seen < 1.5)).all()


def test_bills_of_the_sample_keep_to_the_guideline(energy_tables):
    """The calendar is what the models of bills lack: with it nearly all keep to Guideline 14, without it half fail."""
    meters = energy_tables["energy/meters"].merge(energy_tables["energy/sites"][["code_uai", "station"]])
    bills = energy_tables["energy/readings"].query(
        "origine == 'facture' and debut >= '2021-09-01' and fin < '2024-09-10'"
    )
    joined = spans(bills[bills["compteur_id"].isin(meters["compteur_id"][:120])])
    days = days_of(energy_tables["energy/weather"], energy_tables["energy/calendar"], "2021-06-01", "2024-12-31")
    maker, stations = Designer(days), meters.set_index("compteur_id")["station"].to_dict()
    plain = fit_many(joined, energy_tables["energy/weather"], stations, kind="billing", longest=None)
    fine = []
    for meter, rows in joined.groupby("compteur_id"):
        start, end = (rows[name].to_numpy().astype("datetime64[D]").astype(np.int64) for name in ("debut", "fin"))
        found = fit(maker.design(start, end, rows["kwh"].to_numpy(), stations[meter]))
        fine.append(found is not None and found.cv_rmse <= 0.15)
    assert np.mean(fine) > 0.95
    assert np.mean([one.conforme for one in plain.values()]) < 0.5


def test_days_by_hand():
    weather = pd.DataFrame({"station": "S", "jour": pd.date_range("2025-05-01", periods=30), "tmoy": 12.0})
    weather = weather[weather["jour"] != "2025-05-03"]
    calendar = pd.DataFrame(
        {
            "debut": ["2025-05-01", "2025-05-08", "2025-05-29", "2025-05-29", "2025-05-05"],
            "fin": ["2025-05-02", "2025-05-09", "2025-05-30", "2025-06-02", "2025-05-20"],
            "nature": ["jour férié", "jour férié", "jour férié", "pont", "vacances"],
            "zone": ["toutes", "toutes", "toutes", "B", "C"],
        }
    )
    found = days_of(weather, calendar, "2025-05-01", "2025-05-31")
    assert found.kinds[[0, 1, 2, 6, 7, 27, 28, 29, 30]].tolist() == [1, 0, 1, 0, 1, 0, 2, 2, 2]
    assert np.flatnonzero(np.isnan(found.cold["S"])).tolist() == [2, 30]


def test_wrong_use(days):
    weather = pd.DataFrame({"station": ["S"], "jour": pd.to_datetime(["2025-01-01"]), "tmoy": [5.0]})
    calendar = pd.DataFrame({"debut": ["2025-02-08"], "fin": ["2025-02-24"], "nature": ["vacances"], "zone": ["B"]})
    told = days_of(weather, calendar, "2020-01-01", "2025-12-31")  # no further than 75 days around the calendar
    assert (told.first, len(told.kinds)) == (numbers(pd.Series(["2024-11-25"]))[0], 75 + 16 + 76)
    with pytest.raises(UsageError, match="tells of no holidays"):
        days_of(weather, calendar, "2025-01-01", "2025-01-31", zone="A")
