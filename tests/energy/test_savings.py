"""Savings: sums that add up, months, kinds of days, and what is missing."""

import numpy as np
import pandas as pd
import pytest

from tests.energy.meter import fit, metered, share
from tikub_lab.energy.days import day_kinds, keep_days
from tikub_lab.energy.savings import by_month
from tikub_lab.errors import UsageError

DAYS = pd.date_range("2024-01-01", "2026-01-01")
CHANGE = pd.Timestamp("2025-01-01")


@pytest.fixture(scope="module")
def outside():
    rng = np.random.default_rng(2)
    wave = 11 - 8 * np.cos(2 * np.pi * (DAYS.day_of_year.to_numpy() - 20) / 365.25)
    return pd.Series(np.round(wave + 3 * rng.normal(size=len(DAYS)), 1), index=DAYS)


@pytest.fixture(scope="module")
def usage(outside):
    rng = np.random.default_rng(3)
    found = 80 + 9 * (15 - outside).clip(lower=0) + 4 * rng.normal(size=len(DAYS))
    found.iloc[-1] = np.nan
    return found


def test_sums_add_up_and_missing_days_are_counted(outside, usage):
    model = fit(usage[:CHANGE], outside, balance_points=range(5, 26))
    after, cold = usage[CHANGE:] * 0.8, outside.copy()
    after.iloc[10:15] = np.nan
    cold.loc["2025-06-01":"2025-06-03"] = np.nan
    found = metered(model, after, cold)
    assert found.n == 365 - 8
    assert found.table["economie"].isna().sum() == 8
    assert found.saving == pytest.approx(found.predicted - found.observed)
    assert found.table[["observe", "predit", "economie"]].sum().tolist() == pytest.approx(
        [found.observed, found.predicted, found.saving]
    )
    known = after.drop(cold.index[cold.isna()])
    assert found.observed == pytest.approx(known.sum())
    by_hand = (model.intercept + model.beta_hdd * (model.heating_balance_point - cold).clip(lower=0))[
        known.dropna().index
    ]
    assert found.predicted == pytest.approx(by_hand.sum())
    assert share(found) == pytest.approx(0.2, abs=0.01)


def test_months_of_days(outside, usage):
    found = metered(fit(usage[:CHANGE], outside), usage[CHANGE:].where(usage[CHANGE:].index != "2025-02-10"), outside)
    months = by_month(found)
    assert months["mois"].tolist() == pd.date_range("2025-01-01", periods=12, freq="MS").tolist()
    sums = found.table.dropna().groupby(found.table["debut"].dt.month)[["observe", "predit", "economie"]].sum()
    np.testing.assert_allclose(months[sums.columns], sums)


def test_bills_are_divided_by_their_days(outside, usage):
    bills = usage.iloc[:-1].resample("30D").sum()  # 25 periods, the last cut short
    bills.iloc[-1] = np.nan
    found = metered(fit(bills[:13], outside, kind="billing"), 0.9 * bills[12:], outside)
    assert not found.model.daily
    months = by_month(found)
    assert months[["economie", "observe", "predit"]].sum().tolist() == pytest.approx(
        [found.saving, found.observed, found.predicted]
    )
    # 30 days from 26 December 2024: six of them in December
    first = found.table.iloc[0]
    assert months.loc[0, "economie"] == pytest.approx(first["economie"] * 6 / 30)
    assert share(found) == pytest.approx(0.1, abs=0.02)


def test_a_calendar_takes_its_part_out(outside):
    """Weekends use half. The next year has none: plainly a loss, but nothing changed on any kind of day."""
    kinds = day_kinds(pd.DataFrame({"debut": [], "fin": []}), DAYS[0], DAYS[-1])
    kinds[CHANGE:] = "cours"
    full = 80 + 9 * (15 - outside).clip(lower=0)
    usage = full.where(kinds == "cours", full / 2)
    model = fit(usage[:CHANGE], outside, balance_points=[15])
    plain, known = metered(model, usage[CHANGE:], outside), metered(model, usage[CHANGE:], outside, kinds)
    assert share(plain) < -0.1
    assert share(known) == pytest.approx(0, abs=1e-9)
    # the year fitted is explained in full: its residuals are nothing
    assert np.abs(known.model.residual).max() < 1e-8


def test_a_kind_with_too_few_days_has_the_load_of_all(outside, usage):
    kinds = pd.Series("cours", index=DAYS).astype(object)
    model = fit(usage[:CHANGE], outside)
    alone = metered(model, usage[CHANGE:], outside, kinds)
    kinds.iloc[:9] = "fermé"
    few = metered(model, usage[CHANGE:], outside, kinds)
    assert few.saving == pytest.approx(alone.saving)
    kinds.iloc[:12] = "fermé"
    assert metered(model, usage[CHANGE:], outside, kinds).model.matrix.shape[1] > alone.model.matrix.shape[1]


def test_holidays_of_other_zones_and_public_ones():
    """11 November is as a weekend, for clocks that know it; holidays of zone A are days of lessons in Brittany."""
    spans = [("2025-11-11", "2025-11-12", "jour férié", "toutes"), ("2025-11-17", "2025-11-20", "vacances", "A"),
             ("2025-11-20", "2025-11-21", "vacances", "B")]  # fmt: skip
    calendar = pd.DataFrame(spans, columns=["debut", "fin", "nature", "zone"])
    found = day_kinds(calendar, "2025-11-10", "2025-11-23")
    odd = found[found != "cours"]
    assert odd.index.day.tolist() == [11, 15, 16, 20, 22, 23]
    assert odd.tolist() == ["week-end"] * 3 + ["vacances"] + ["week-end"] * 2


def test_day_kinds_by_hand():
    calendar = pd.DataFrame({"debut": ["2025-05-01", "2025-05-29"], "fin": ["2025-05-02", "2025-05-31"]})
    found = day_kinds(calendar, "2025-05-01", "2025-05-31")
    assert found.value_counts().to_dict() == {"cours": 19, "week-end": 9, "vacances": 3}
    assert found["2025-05-30"] == "vacances"


def test_holidays_are_not_taken_for_heating(outside):
    """Use falls to a third in two summer months, and heating stops at 14 °C: days of lessons tell 14, all days more."""
    calendar = pd.DataFrame({"debut": ["2024-07-01", "2025-07-01"], "fin": ["2024-09-01", "2025-09-01"]})
    kinds = day_kinds(calendar, DAYS[0], DAYS[-1])
    usage = (200 + 5 * (14 - outside).clip(lower=0)).where(kinds != "vacances", 70)
    readings = pd.DataFrame({"debut": DAYS, "fin": DAYS + pd.Timedelta(days=1), "kwh": usage.to_numpy()})
    everything, lessons = (
        fit(one, outside, balance_points=range(5, 28)) for one in (readings, keep_days(readings, kinds))
    )
    assert lessons.heating_balance_point == pytest.approx(14)
    assert (lessons.intercept, lessons.beta_hdd) == pytest.approx((200, 5))
    assert everything.heating_balance_point > 17
    assert lessons.n == (kinds == "cours").sum()
    month = pd.DataFrame({"debut": DAYS[:1], "fin": DAYS[31:32], "kwh": [1.0]})
    assert keep_days(month, kinds).empty


def test_wrong_use(outside, usage):
    model = fit(usage[:CHANGE], outside)
    kinds = day_kinds(pd.DataFrame({"debut": [], "fin": []}), DAYS[0], "2025-03-01")
    with pytest.raises(UsageError, match="305 days have none, the first 2025-03-02"):
        metered(model, usage[CHANGE:], outside, kinds)
    bills = usage.iloc[:-1].resample("MS").sum()
    with pytest.raises(UsageError, match="a bill has days of all kinds"):
        metered(fit(bills[:13], outside), bills[12:], outside, kinds)
    with pytest.raises(UsageError, match="'NO DATA'"):
        metered(fit(usage[:CHANGE] * np.nan, outside), usage[CHANGE:], outside)


def test_nothing_to_report(outside, usage):
    found = metered(fit(usage[:CHANGE], outside), usage[CHANGE:].head(0), outside)
    assert (found.n, found.saving) == (0, 0)
    assert by_month(found).empty
