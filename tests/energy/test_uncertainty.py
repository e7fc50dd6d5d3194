"""Confidence intervals: on meters whose truth is known, and by second ways of reckoning."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from tests.energy.meter import fit, interval, metered, share
from tests.energy.panels import meters_with_saving, meters_without_change
from tikub_lab.energy.days import KINDS, Days, day_kinds, numbers
from tikub_lab.energy.occupancy.days import Designer
from tikub_lab.energy.occupancy.use import fit as fit_days
from tikub_lab.energy.occupancy.use import saved
from tikub_lab.energy.uncertainty import of_days, portfolio
from tikub_lab.errors import UsageError

BREAKS = (("01-01", "01-06"), ("02-08", "02-24"), ("04-05", "04-22"), ("07-05", "09-01"), ("10-18", "11-03"))
"""The holidays of every year of the sample's panels, which also has 20 to 31 December."""


@pytest.fixture(scope="module")
def kinds():
    dates = [(f"{year}-{first}", f"{year}-{last}") for year in (2022, 2023) for first, last in BREAKS]
    dates += [("2022-12-20", "2023-01-01"), ("2023-12-20", "2024-01-01")]
    return day_kinds(pd.DataFrame(dates, columns=["debut", "fin"]), "2022-01-01", "2023-12-31")


def measured(panel, kinds=None):
    """The saving of each meter of a panel."""
    last = pd.Series([np.nan], index=[panel.kwh.index[-1] + pd.Timedelta(days=1)])
    found = {}
    for meter in panel.kwh.columns:
        usage, outside = pd.concat([panel.kwh[meter], last]), panel.temperature[meter]
        model = fit(usage[: panel.change], outside, cooling=False)
        found[meter] = metered(model, usage[panel.change :], outside, kinds)
    return found


@pytest.mark.proof
def test_meters_without_change(kinds):
    """Mean saving within 0.5 % of zero for each thousand; 90 % intervals that hold zero 88 to 92 times in a hundred.

    A thousand meters tell a coverage to within a point (one standard error), so three thousand are drawn, the first
    three seeds.
    """
    held, spreads = [], []
    for seed in (1, 2, 3):
        savings = measured(meters_without_change(1_000, seed=seed), kinds)
        shares = np.array([share(one) for one in savings.values()])
        assert len(shares) == 1_000
        assert abs(shares.mean()) < 0.005
        held += [(one := interval(saving)).low <= 0 <= one.high for saving in savings.values()]
        spreads.append(shares.std())
    assert 0.88 <= np.mean(held) <= 0.92
    # one meter's year is told within about two per cent; wider intervals would cover as well, and say nothing
    assert 0.01 < min(spreads) <= max(spreads) < 0.02


def test_a_saving_of_ten_per_cent_on_fifty_sites(kinds):
    savings = measured(meters_with_saving(50, 0.10, seed=2), kinds)
    found = portfolio(savings)
    assert found.share == pytest.approx(0.10, abs=0.015)
    assert np.mean([share(one) for one in savings.values()]) == pytest.approx(0.10, abs=0.015)
    assert found.share_low <= 0.10 <= found.share_high or abs(found.share - 0.10) < 0.005
    assert found.established
    assert found.share_high - found.share_low < 0.02
    assert np.mean([interval(one).established for one in savings.values()]) > 0.9


def of_challenge(panel, kinds):
    """Intervals of savings by the model of the challenge, by days, whose scatter weighs."""
    day = numbers(panel.kwh.index.to_series())
    before, codes = day < day[365], np.array([KINDS.index(kind) for kind in kinds])
    for meter, kwh in panel.kwh.items():
        maker = Designer(Days(int(day[0]), codes, {"S": panel.temperature[meter].to_numpy()}))
        designs = [maker.design(day[part], day[part] + 1, kwh.to_numpy()[part], "S") for part in (before, ~before)]
        yield interval(saved(fit_days(designs[0]), designs[1]))


def test_the_model_of_the_challenge_is_as_sure(kinds):
    """Intervals hold zero, as narrow as metered ones."""
    panel = meters_without_change(40, seed=6)
    found, plain = list(of_challenge(panel, kinds)), [interval(one) for one in measured(panel, kinds).values()]
    widths = [np.median([one.share_high - one.share_low for one in some]) for some in (found, plain)]
    assert np.mean([one.low <= 0 <= one.high for one in found]) >= 0.8
    assert widths[0] < 1.05 * widths[1]


@pytest.mark.proof
def test_its_intervals_hold_what_they_say(kinds):
    """Of 90 % intervals of 3,000 meters without change 87 to 93 in a hundred; blocks of ten days gave fewer."""
    found = (one for seed in (1, 2, 3) for one in of_challenge(meters_without_change(1_000, seed=seed), kinds))
    assert 0.87 <= np.mean([one.low <= 0 <= one.high for one in found]) <= 0.93


def test_the_calendar_makes_intervals_narrower(kinds):
    panel = meters_without_change(20, seed=3)
    plain, known = measured(panel), measured(panel, kinds)
    widths = [
        np.median([(one := interval(saving)).share_high - one.share_low for saving in found.values()])
        for found in (plain, known)
    ]
    assert widths[1] < widths[0] / 2


def test_the_variance_by_sums_of_ten_days(kinds):
    """The same sum by hand: what each day weighs in the saving, by its own scatter, and sums of ten days' residuals."""
    panel = meters_without_change(3, seed=4)
    for saving in measured(panel, kinds).values():
        model = saving.model
        matrix, reporting = (
            np.hstack(pair) for pair in ((model.matrix, model.points), (model.reporting, model.points_reporting))
        )
        weights = matrix @ np.linalg.lstsq(matrix.T @ matrix, reporting.sum(axis=0), rcond=None)[0]
        use, later = model.matrix @ model.coefficients, model.reporting @ model.coefficients
        before, after = (np.sqrt(part**2 + (0.3 * use.mean()) ** 2) for part in (use, later))
        first = pd.Timestamp("2022-01-01").value // 86_400_000_000_000
        tens = pd.Series(model.residual / before).groupby((first + np.arange(365)) // 10).sum()
        free = len(tens) - np.linalg.matrix_rank(matrix)
        day = (tens**2).sum() / 365 * len(tens) / free
        wanted = day * (((weights * before) ** 2).sum() + (after**2).sum())
        found = interval(saving)
        assert (found.error, found.freedom) == pytest.approx((np.sqrt(wanted), free), rel=1e-6)
        assert found.high - saving.saving == pytest.approx(t.ppf(0.95, free) * np.sqrt(wanted), rel=1e-6)


def test_memory_makes_the_variance_of_sums():
    """Noise of memory 0.6: sums of ten days have 3.3 times the variance of a day's each; of no memory, once."""
    rng = np.random.default_rng(5)
    for phi, wanted in ((0.0, 1.0), (0.6, 1 + 2 * sum((1 - lag / 10) * 0.6**lag for lag in range(1, 10)))):
        noise = rng.normal(size=40_000)
        for day in range(1, len(noise)):
            noise[day] = phi * noise[day - 1] + np.sqrt(1 - phi**2) * noise[day]
        assert of_days(noise, np.arange(len(noise)), 1) == (pytest.approx(wanted, rel=0.08), 3_999)


@pytest.fixture(scope="module")
def bills():
    """Two years of bills of 30 days at 10 °C: use a day is 10, 12, 8, 10, 12, 8..."""
    outside = pd.Series(10.0, index=pd.date_range("2024-01-01", periods=800))
    index = pd.date_range("2024-01-01", periods=25, freq="30D")
    usage = pd.Series(30.0 * np.resize([10.0, 12.0, 8.0], 25), index=index)
    return metered(fit(usage[:13], outside), 0.7 * usage[12:], outside)


def test_bills_by_hand(bills):
    """Twelve bills before and after, of mean 10 and weight 30: only a mean is fitted.

    Scatter a day: 30 · (8 · 4) / 11, as eight of twelve bills are 2 off. The mean's variance is that over 360, and
    counts 360 days: variance of the saving = scatter · (360² / 360 + 360) = 30 · 32 / 11 · 720.
    """
    found = interval(bills)
    assert bills.model.matrix.shape[1] == 1
    assert found.saving == pytest.approx(0.3 * 3_600)
    assert found.error == pytest.approx(np.sqrt(30 * 32 / 11 * 720))
    assert found.freedom == 11
    half = 1.7958848 * found.error  # Student's table: 11 degrees, 95 %
    assert (found.low, found.high) == pytest.approx((1_080 - half, 1_080 + half))
    assert interval(bills, 0.5).high < found.high


def test_errors_that_are_alike_add_up_and_others_do_not(bills, kinds):
    savings = list(measured(meters_without_change(12, seed=5), kinds).values())
    same = portfolio({str(copy): savings[0] for copy in range(4)})
    assert same.error == pytest.approx(4 * interval(savings[0]).error)
    apart = portfolio({str(number): one for number, one in enumerate(savings)})
    squares = np.sqrt(sum(interval(one).error ** 2 for one in savings))
    assert apart.error == pytest.approx(squares, rel=0.25)
    mixed = portfolio({"days": savings[0], "bills": bills})
    assert mixed.error == pytest.approx(np.hypot(interval(savings[0]).error, interval(bills).error))
    assert mixed.saving == pytest.approx(savings[0].saving + bills.saving)


def test_too_few_readings_say_so():
    days = pd.date_range("2025-01-01", periods=41)
    outside = pd.Series(10.0, index=days)
    usage = pd.Series(5.0 + np.arange(41) % 3, index=days)
    short = metered(fit(usage[:12], outside), usage[20:], outside)
    found = interval(short)
    assert np.isnan(found.low)
    assert not found.established
    assert np.isnan(portfolio({"a": short}).low)


def test_no_scatter_no_width():
    days = pd.date_range("2025-01-01", periods=201)
    outside = pd.Series(10.0, index=days)
    usage = pd.Series(5.0, index=days)
    found = interval(metered(fit(usage[:101], outside), 0.5 * usage[100:], outside))
    assert (found.low, found.high) == pytest.approx((250, 250))


def test_nothing_and_wrong_levels(bills):
    assert interval(bills).established
    assert portfolio({}).saving == 0
    for level in (0, 1, 90):
        with pytest.raises(UsageError, match="between 0 and 1"):
            interval(bills, level)


def test_bills_with_heating_by_finite_differences():
    """The error of a saving by the delta method: how the model moves with its base, its slope and its balance point.

    Of n bills of 30 days, the matrix J has the derivatives of each one's use a day, the balance point's by moving it;
    with s² = 30 Σ e² / (n - 3) a day, the variance is s² (w' (30 J'J)⁻¹ w + days), w being the days after times J.
    """
    rng = np.random.default_rng(6)
    days = pd.date_range("2024-01-01", periods=721)
    outside = pd.Series(10 - 8 * np.cos(np.arange(721) / 58), index=days) - 2 * (np.arange(721) >= 360)
    edges = pd.date_range("2024-01-01", periods=25, freq="30D")
    cold = outside.to_numpy()[:720].reshape(24, 30)

    def use(base, slope, point):
        return base + slope * np.maximum(point - cold, 0).mean(axis=1)

    noisy = pd.Series([*(30 * (use(50, 10, 15.0) + 6 * rng.normal(size=24))), np.nan], index=edges)
    model = fit(noisy[:13], outside, cooling=False)
    values = np.array([model.intercept, model.beta_hdd, model.heating_balance_point])
    moves = [(use(*(values + step)) - use(*(values - step))) / 2e-6 for step in 1e-6 * np.eye(3)]
    before, after = np.split(np.array(moves).T, 2)
    scatter = 30 * ((noisy[:12] / 30 - use(*values)[:12]) ** 2).sum() / (12 - 3)
    wanted = 30 * after.sum(axis=0)
    variance = scatter * (wanted @ np.linalg.solve(30 * before.T @ before, wanted) + 360)
    found = interval(metered(model, noisy[12:], outside))
    assert (found.error, found.freedom) == (pytest.approx(np.sqrt(variance), rel=1e-4), 9)


def test_one_bill_tells_nothing_of_its_own_error():
    days = pd.date_range("2025-01-01", periods=91)
    outside = pd.Series(10.0, index=days)
    bills = pd.Series([300.0, 330.0, np.nan], index=days[[0, 30, 60]])
    found = interval(metered(fit(bills[:2], outside), bills[1:], outside))
    assert np.isnan([found.low, found.high]).all()
