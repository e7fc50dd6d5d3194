"""Baselines: against eemeter 3.2.0, against every candidate fitted one by one, and on cases worked by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.energy.hourly import daily_usage
from tests.energy.meter import fit, metered, readings_of, weather_of
from tikub_lab.energy.caltrack import fit_many
from tikub_lab.energy.periods import read_clock, read_periods, thermal
from tikub_lab.energy.quality import quality, sentence
from tikub_lab.errors import UsageError

ORACLE = (
    "il-electricity-cdd-hdd-daily", "il-electricity-cdd-hdd-billing_monthly",
    "il-electricity-cdd-hdd-billing_bimonthly", "il-gas-hdd-only-daily", "il-gas-hdd-only-billing_monthly",
)  # fmt: skip


def read(path, value, time):
    table = pd.read_csv(path)
    return pd.Series(table[value].to_numpy(), index=pd.to_datetime(table[time], utc=True))


def ended(values, days):
    """A daily Series with the last row that marks the end."""
    return pd.Series([*values, np.nan], index=pd.date_range(days[0], periods=len(days) + 1))


def climate(count=365, seed=0, mean=12.0, start="2025-01-01"):
    rng = np.random.default_rng(seed)
    days = pd.date_range(start, periods=count)
    noise = rng.normal(size=count) * 3
    values = mean - 8 * np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 20) / 365) + noise
    return pd.Series(np.round(values, 2), index=days)


@pytest.fixture(scope="module")
def folder(opendata):
    oracle = opendata.parent / "oracles" / "eemeter-3.2.0.json"
    if not oracle.is_file():
        pytest.skip(f"eemeter's results not found in {oracle}")
    return opendata / "energy" / "meters"


@pytest.mark.parametrize("name", ORACLE)
def test_equal_to_eemeter(folder, name):
    wanted = json.loads((folder.parents[2] / "oracles" / "eemeter-3.2.0.json").read_text(encoding="utf-8"))[name]
    about = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))[name]
    usage = read(folder / about["meter_data_filename"], "value", "start")
    outside = read(folder / about["temperature_filename"], "tempF", "dt")
    if about["freq"] == "daily":
        usage = usage.resample("D").sum(min_count=1)
    year = pd.Timedelta(days=365)
    end, restart = (pd.Timestamp(about[f"blackout_{one}_date"], tz="UTC") for one in ("start", "end"))
    found = fit(usage[end - year : end], outside, unit="F", cooling=about["interpretation"] != "gas")
    assert (found.status, found.model, found.n) == (wanted["status"], wanted["model_type"], wanted["n_baseline"])
    for key, value in wanted["params"].items():
        assert getattr(found, key) == pytest.approx(value, rel=1e-9, abs=0)
    assert found.r2_adj == pytest.approx(wanted["r_squared_adj"], abs=1e-9)
    saved = metered(found, usage[restart : restart + year], outside)
    assert saved.saving == pytest.approx(wanted["metered_savings"], rel=1e-6)
    assert saved.predicted == pytest.approx(wanted["counterfactual"], rel=1e-9)
    assert saved.observed == pytest.approx(wanted["observed"], rel=1e-9)


def test_a_real_meter_from_hours_to_savings(folder):
    """The UK gas meter in °C. The figures are those that eemeter 3.2.0 gave for it, run apart on pandas 2.1."""
    usage = daily_usage(read(folder / "uk-gas-hdd-only-hourly-sample-0.csv.gz", "value", "start"))
    outside = read(folder / "uk-tempC-sample-0.csv.gz", "tempC", "dt")
    change, year = pd.Timestamp("2021-04-01", tz="UTC"), pd.Timedelta(days=365)
    found = fit(usage[change - year : change], outside, cooling=False)
    assert (found.model, found.n) == ("hdd_only", 365)
    assert found.heating_balance_point == pytest.approx((54 - 32) / 1.8)
    assert found.intercept == pytest.approx(10.049306451780312, rel=1e-9)
    assert found.beta_hdd == pytest.approx(1.658031753848994 * 1.8, rel=1e-9)
    assert found.r2_adj == pytest.approx(0.7212550773999368, abs=1e-9)
    assert "insuffisant" in found.verdict  # CV(RMSE) of 35 %
    assert not found.conforme
    saved = metered(found, usage[change : change + year], outside)
    assert saved.saving == pytest.approx(900.8640259643163, rel=1e-9)


def every_candidate(usage, hdd, cdd, weights, cooling, fewest):
    """Fit the candidates one by one, as the rules say it, and return the best: balance points and adjusted R²."""
    best, top = None, -np.inf
    tried = [(None, None), *((h, None) for h in hdd)]
    if cooling:
        tried += [(None, c) for c in cdd] + [(h, c) for c in cdd for h in hdd if h <= c]
    average = np.average(usage, weights=weights)
    for h, c in tried:
        columns = [one for one in (hdd.get(h), cdd.get(c)) if one is not None]
        if any((one * weights).sum() < 20 or (one > 0).sum() < fewest for one in columns):
            continue
        matrix, root = np.stack([np.ones(len(usage)), *columns], axis=1), np.sqrt(weights)
        coefficients = np.linalg.lstsq(matrix * root[:, None], usage * root, rcond=None)[0]
        left, total = (weights * (usage - matrix @ coefficients) ** 2).sum(), (weights * (usage - average) ** 2).sum()
        r2 = 1 - (len(usage) - 1) / (len(usage) - matrix.shape[1]) * left / total if columns else 0.0
        if (coefficients >= 0).all() and r2 > top + 1e-12:
            best, top = (h, c), r2
    return best, top


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from([1, 30]), st.booleans(), st.floats(-0.5, 1.5))
def test_equal_to_every_candidate_one_by_one(seed, length, cooling, slope):
    """Days with holes, or bills of 25 to 35 days, whose degree days are means of days."""
    rng = np.random.default_rng(seed)
    lengths = np.ones(int(rng.integers(15, 80)), int) if length == 1 else rng.integers(25, 36, size=rng.integers(6, 14))
    outside = climate(int(lengths.sum()), seed, mean=float(rng.uniform(5, 20)), start="2025-02-01") * 1.8 + 32
    daily = (
        rng.uniform(-15, 20) + slope * np.maximum(60 - outside, 0) + rng.uniform(-0.3, 1) * np.maximum(outside - 62, 0)
    )
    starts = np.cumsum(lengths) - lengths
    totals = np.add.reduceat(daily.to_numpy() + 4 * rng.normal(size=len(daily)), starts)
    held = rng.random(len(totals)) < (0.1 if length == 1 else 0.0)
    index = outside.index[0] + pd.to_timedelta([*starts, lengths.sum()], unit="D")
    points = range(40, 76, 4)
    found = fit(
        pd.Series([*np.where(held, np.nan, totals), np.nan], index=index), outside, unit="F", cooling=cooling,
        balance_points=points, kind="daily" if length == 1 else "billing",
    )  # fmt: skip
    hdd, cdd = (
        {
            point: (np.add.reduceat(np.maximum(sign * (point - outside.to_numpy()), 0), starts) / lengths)[~held]
            for point in points
        }
        for sign in (1, -1)
    )
    weights = np.ones(len(totals)) if length == 1 else lengths
    best, r2 = every_candidate(
        (totals / lengths)[~held], hdd, cdd, weights[~held], cooling, 10 if length == 1 else 0
    )  # fmt: skip
    if best is None:
        assert found.status == "NO MODEL"
        return
    sides = (found.heating_balance_point, found.cooling_balance_point)
    assert tuple(None if np.isnan(side) else side for side in sides) == best
    assert found.r2_adj == pytest.approx(r2, abs=1e-9)


def test_what_was_planted_is_found():
    outside = climate()
    usage = 50 + 10 * (15 - outside).clip(lower=0) + 4 * (outside - 19).clip(lower=0)
    found = fit(ended(usage, usage.index), outside, balance_points=range(5, 26))
    assert found.model == "cdd_hdd"
    assert (found.heating_balance_point, found.cooling_balance_point) == pytest.approx((15, 19))
    assert (found.intercept, found.beta_hdd, found.beta_cdd) == pytest.approx((50, 10, 4))
    assert found.r2_adj == pytest.approx(1)


@pytest.mark.parametrize(
    ("usage", "cooling", "wanted"),
    [
        (lambda t: 0 * t + 7.3, True, "intercept_only"),  # no variance at all: nothing to explain
        (lambda t: 0 * t, True, "intercept_only"),
        (lambda t: 100 - 2 * (15 - t).clip(lower=0), False, "intercept_only"),  # less use when cold: no heating
        (lambda t: 10 + 3 * (t - 12).clip(lower=0), True, "cdd_only"),
        (lambda t: 10 + 3 * (12 - t).clip(lower=0), True, "hdd_only"),
    ],
)
def test_kinds_of_meters(usage, cooling, wanted):
    outside = climate()
    found = fit(ended(usage(outside), outside.index), outside, cooling=cooling, balance_points=range(0, 31))
    assert found.model == wanted


def test_negative_use_has_no_model():
    outside = climate()
    found = fit(ended(-5 + 0 * outside, outside.index), outside)
    assert (found.status, found.model, found.conforme) == ("NO MODEL", None, False)
    assert found.verdict.startswith("Aucun modèle")
    with pytest.raises(UsageError, match="says nothing of a saving"):
        metered(found, ended(outside, outside.index), outside)


def test_candidates_are_counted():
    """61 points: 1 + 61 candidates for gas; 61 more and 61 · 62 / 2 pairs with cooling."""
    outside = climate()
    usage = ended(50 + (15 - outside).clip(lower=0), outside.index)
    for cooling, wanted in ((False, 62), (True, 62 + 61 + 1891)):
        found = fit(usage, outside, cooling=cooling)
        assert found.qualified + found.disqualified + found.not_attempted == wanted


@pytest.mark.parametrize(
    ("cold", "depth", "model"), [(9, 10, "intercept_only"), (10, 10, "hdd_only"), (10, 1, "intercept_only")]
)
def test_too_few_degree_days_are_not_tried(cold, depth, model):
    """Days below 10 °C, then none: nothing to fit on with nine of them, or with 18 °F·day in all."""
    days = pd.date_range("2025-01-01", periods=60)
    outside = pd.Series(np.where(np.arange(60) < cold, 10.0 - depth, 20.0) + 0.001 * np.arange(60), index=days)
    usage = ended(10 + 5 * (10 - outside).clip(lower=0), days)
    found = fit(usage, outside, cooling=False, balance_points=[10])
    assert (found.model, found.not_attempted) == (model, int(model == "intercept_only"))


def test_celsius_and_fahrenheit_are_one_model():
    outside = climate(seed=4)
    rng = np.random.default_rng(1)
    usage = ended(30 + 3 * (14 - outside).clip(lower=0) + rng.normal(size=365), outside.index)
    celsius, fahrenheit = fit(usage, outside), fit(usage, outside * 1.8 + 32, unit="F")
    assert celsius.heating_balance_point == pytest.approx((fahrenheit.heating_balance_point - 32) / 1.8)
    assert celsius.beta_hdd == pytest.approx(fahrenheit.beta_hdd * 1.8)
    assert (celsius.r2_adj, celsius.cv_rmse) == pytest.approx((fahrenheit.r2_adj, fahrenheit.cv_rmse))
    parts = metered(celsius, usage, outside).table, metered(fahrenheit, usage, outside * 1.8 + 32).table
    pd.testing.assert_frame_equal(*parts)


def test_hours_and_days_are_one_model():
    outside = climate(seed=5)
    hourly = outside.reindex(pd.date_range(outside.index[0], periods=24 * 365, freq="h")).ffill()
    usage = ended(30 + 3 * (14 - outside).clip(lower=0) + np.arange(365) % 7, outside.index)
    assert fit(usage, outside).heating_balance_point == fit(usage, hourly).heating_balance_point
    assert fit(usage, outside).r2_adj == pytest.approx(fit(usage, hourly).r2_adj, abs=1e-12)


def test_days_need_more_than_half_their_hours():
    """24 hours of which some have no row: the series ends at noon, then an hour later."""
    usage = pd.Series([1.0, 2.0, np.nan], index=pd.date_range("2025-01-01", periods=3))
    for hours, kept in ((36, [1, 0]), (37, [1, 1])):
        outside = pd.Series(5.0, index=pd.date_range("2025-01-01", periods=hours, freq="h"))
        assert thermal(read_periods(readings_of(usage)), read_clock(weather_of(outside), "C")).kept.tolist() == kept


def test_bills_need_nine_tenths_of_their_hours_and_drop_poor_days():
    usage = pd.Series([300.0, np.nan], index=pd.date_range("2025-04-01", periods=2, freq="30D"))
    outside = pd.Series(np.repeat(np.arange(30.0), 24), index=pd.date_range("2025-04-01", periods=720, freq="h"))
    outside.iloc[24:37] = np.nan  # thirteen hours of the second day
    outside.iloc[60:119] = np.nan  # 72 in all are one tenth
    found = thermal(read_periods(readings_of(usage)), read_clock(weather_of(outside), "F"))
    # day 1 has 11 hours left, day 2 has 12 (noon to midnight is gone), days 3 and 4 none or one
    assert (found.valid.tolist(), found.kept.tolist()) == ([648], [26])
    assert found.mean.tolist() == [0.0, *range(5, 30)]
    outside.iloc[200] = np.nan
    assert thermal(read_periods(readings_of(usage)), read_clock(weather_of(outside), "F")).kept.tolist() == [0]


def test_a_long_bill_is_matched_with_its_first_35_days():
    usage = pd.Series([600.0, np.nan], index=pd.to_datetime(["2025-01-01", "2025-03-02"]))
    outside = pd.Series(np.arange(60.0), index=pd.date_range("2025-01-01", periods=60))
    limited = thermal(read_periods(readings_of(usage)), read_clock(weather_of(outside), "F"), 34)
    assert limited.kept.tolist() == [35]  # the day that begins exactly at the limit is in, as in eemeter
    assert thermal(read_periods(readings_of(usage)), read_clock(weather_of(outside), "F")).kept.tolist() == [60]


def test_readings_with_gaps_equal_a_series_with_holes():
    outside = climate(seed=6)
    usage = ended(30 + 3 * (14 - outside).clip(lower=0) + np.arange(365) % 5, outside.index)
    usage.iloc[40:60] = np.nan
    table = pd.DataFrame({"debut": outside.index, "fin": outside.index + pd.Timedelta(days=1), "kwh": usage[:-1]})
    one, other = fit(usage, outside), fit(table[table["kwh"].notna()].sample(frac=1, random_state=1), outside)
    assert (one.n, one.missing, other.missing) == (345, 20, 0)
    assert (one.intercept, one.beta_hdd, one.r2_adj) == pytest.approx((other.intercept, other.beta_hdd, other.r2_adj))


def test_many_meters_are_as_one_by_one():
    weather = pd.concat(
        pd.DataFrame({"station": name, "jour": (one := climate(seed=seed)).index, "tmoy": one.to_numpy()})
        for seed, name in enumerate("AB")
    )
    rng = np.random.default_rng(9)
    frames, stations, series = [], {}, {}
    for number in range(12):
        station = "AB"[number % 2]
        outside = weather.loc[weather["station"] == station].set_index("jour")["tmoy"]
        usage = 20 + number * (15 - outside).clip(lower=0) + 5 * rng.normal(size=365)
        if number % 3 == 0:
            usage.iloc[number : number + 30] = np.nan
        if number == 7:  # bills
            usage = usage.resample("MS").sum()
        ends = [*usage.index[1:], usage.index[-1] + pd.Timedelta(days=31 if number == 7 else 1)]
        meter = f"M{number}"
        frames.append(pd.DataFrame({"compteur_id": meter, "debut": usage.index, "fin": ends, "kwh": usage.to_numpy()}))
        stations[meter], series[meter] = station, (usage, outside, ends[-1])
    found = fit_many(pd.concat(frames), weather, stations)
    assert list(found) == list(stations)
    for meter, (usage, outside, end) in series.items():
        alone = fit(pd.concat([usage, pd.Series([np.nan], index=[end])]), outside)
        assert repr(found[meter]) == repr(alone) or found[meter].r2_adj == pytest.approx(alone.r2_adj, abs=1e-12)
        assert (found[meter].model, found[meter].kind, found[meter].n) == (alone.model, alone.kind, alone.n)
        assert found[meter].heating_balance_point == pytest.approx(alone.heating_balance_point, nan_ok=True)
    assert found[next(iter(stations))].missing == 30
    with pytest.raises(UsageError, match="'M3' has no station"):
        fit_many(pd.concat(frames), weather, {meter: "A" for meter in stations if meter != "M3"})
    with pytest.raises(UsageError, match="station 'C' has no weather"):
        fit_many(pd.concat(frames), weather, dict.fromkeys(stations, "C"))


def test_no_data():
    days = pd.date_range("2025-01-01", periods=10)
    cold = fit(pd.Series(1.0, index=days), pd.Series(np.nan, index=days))
    assert (cold.status, cold.missing) == ("NO DATA", 9)
    none = pd.DataFrame({"compteur_id": pd.Series(dtype="str"), "debut": days[:0], "fin": days[:0], "kwh": []})
    weather = pd.DataFrame({"station": "A", "jour": days, "tmoy": 5.0})
    assert fit_many(none, weather, {}) == {}


def test_what_a_model_says_of_other_periods_by_hand():
    outside = climate()
    usage = 50 + 10 * (15 - outside).clip(lower=0)
    found = fit(ended(usage, usage.index), outside, cooling=False, balance_points=[15])
    april = pd.Series([5.0, 25.0, np.nan, 15.0], index=pd.date_range("2026-04-01", periods=4))

    def predicted(*days, temperature=april):
        return metered(found, pd.Series(1.0, index=pd.to_datetime(days)), temperature).table["predit"].tolist()

    days = [f"2026-04-0{day}" for day in range(1, 6)]
    assert predicted(*days) == pytest.approx([150, 50, np.nan, 50], nan_ok=True)
    # one bill of the four days: three of them are less than nine tenths
    assert np.isnan(predicted(days[0], days[4])).all()
    # the temperatures end in its midst
    assert np.isnan(predicted("2026-03-31", "2026-04-08", temperature=april.head(2))).all()
    # two days: 2 · 50 + (100 + 0)
    assert predicted(days[0], days[2]) == pytest.approx([200])


def test_the_day_of_25_hours_is_one_day():
    zone = "Europe/Paris"
    outside = pd.Series(5.0, index=pd.date_range("2024-10-01", "2025-11-01", freq="h", tz=zone))
    outside += np.arange(len(outside)) % 240 / 24
    days = pd.date_range("2024-10-02", "2025-10-02", tz=zone)
    usage = pd.Series(100.0 + np.arange(len(days)) % 9, index=days)
    found = fit(usage, outside, cooling=False)
    assert found.model == "intercept_only"
    told = metered(found, pd.Series(1.0, index=pd.date_range("2025-10-25", periods=4, tz=zone)), outside).table
    assert told["jours"].tolist() == [1, 25 / 24, 1]
    assert told["predit"].tolist() == pytest.approx(found.intercept * told["jours"])


def test_daily_usage_scales_up_and_drops_half_days():
    hours = pd.date_range("2025-03-29", periods=72, freq="h", tz="Europe/Paris")
    hourly = pd.Series(2.0, index=hours)
    hourly.iloc[24:34] = np.nan  # ten of the 23 hours of 30 March
    found = daily_usage(hourly)
    assert found.iloc[0] == 48
    assert found.iloc[1] == pytest.approx(46)  # 13 hours of 2 kWh, for 23
    hourly.iloc[34:36] = np.nan  # 11 of 23 are left: less than half
    assert np.isnan(daily_usage(hourly).iloc[1])
    assert daily_usage(hourly.head(0)).empty


@pytest.mark.parametrize(
    ("usage", "temperature", "said"),
    [
        (pd.Series(1.0, index=pd.to_datetime(["2025-01-02", "2025-01-01"])), None, "2025-01-02 00:00 ends before"),
        (pd.Series(1.0, index=pd.to_datetime(["2025-01-02", None])), None, "A date is missing"),
        (None, pd.Series(1.0, index=pd.date_range("2025-01-01", periods=5, freq="3h")), "0 days 03:00:00 apart"),
        (None, pd.Series(1.0, index=pd.to_datetime(["2025-01-01", "2025-01-01"])), "each moment once"),
    ],
)  # fmt: skip
def test_wrong_input(usage, temperature, said):
    days = pd.date_range("2025-01-01", periods=4)
    usage = pd.Series(1.0, index=days) if usage is None else usage
    temperature = pd.Series(1.0, index=days) if temperature is None else temperature
    with pytest.raises(UsageError, match=said):
        fit(usage, temperature)


def test_overlapping_readings_and_unknown_units():
    days = pd.to_datetime(["2025-01-01", "2025-01-15"])
    table = pd.DataFrame({"debut": days, "fin": pd.to_datetime(["2025-01-20", "2025-02-01"]), "kwh": [1.0, 2.0]})
    outside = pd.Series(1.0, index=pd.date_range("2025-01-01", periods=40))
    with pytest.raises(UsageError, match="2025-01-15 00:00 overlaps"):
        fit(table, outside)
    with pytest.raises(UsageError, match="'C' or in 'F'"):
        fit(pd.Series(1.0, index=days), outside, unit="K")


def test_quality_by_hand():
    """Residuals 2, -2, 1, -1 and 4 of a mean of 10, two parameters: sqrt(26 / 3) / 10 and 4 / 3 / 10."""
    observed = np.array([12.0, 8, 11, 9, 10])
    cv_rmse, nmbe = quality(observed, observed - [2, -2, 1, -1, 4], 2)
    assert (cv_rmse, nmbe) == pytest.approx((np.sqrt(26 / 3) / 10, 4 / 30))
    assert np.isnan(quality(observed, observed, 5)).all()
    assert np.isnan(quality(observed * 0, observed, 1)).all()


def test_the_verdict_says_which_limit():
    assert sentence("billing", 0.10, 0.0).startswith("Modèle conforme")
    assert "CV(RMSE) de 31,0 % au-dessus de 30 % et biais de −12,0 % au-delà de 10 %" in sentence("daily", 0.31, -0.12)
    assert "trop peu de relevés" in sentence("billing", np.nan, np.nan)


def test_temperatures_in_any_order_are_those_of_their_days():
    outside = climate()
    usage = ended(50 + 8 * (15 - outside).clip(lower=0), outside.index)
    told = [fit(usage, one) for one in (outside, outside.sample(frac=1, random_state=1), outside[::-1])]
    assert [one.heating_balance_point for one in told] == [15.0] * 3
    assert [one.beta_hdd for one in told] == pytest.approx([8.0] * 3)
