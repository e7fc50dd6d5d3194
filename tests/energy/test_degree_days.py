"""Degree days, on days worked by hand and against DuckDB."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab.energy import degree_days
from tikub_lab.errors import UsageError


@pytest.mark.parametrize(
    ("tmin", "tmax", "meteo", "pro"),
    [
        (2, 10, 12, 12),  # all below 18: both take 18 - 6
        (19, 27, 0, 0),  # all above
        (18, 24, 0, 0),  # the night just reaches the base
        (12, 18, 3, 3),  # the day just reaches it: (18 - 12) (0.08 + 0.42) = 3, the two cases meet
        (14, 22, 0, 4 * (0.08 + 0.42 * 4 / 8)),  # mean 18: nothing for one, 1.16 for the other
        (16, 26, 0, 2 * (0.08 + 0.42 * 2 / 10)),  # 0.328
        (10, 19, 3.5, 8 * (0.08 + 0.42 * 8 / 9)),  # 3.6267
        (18, 18, 0, 0),  # no range at all
        (-5, -5, 23, 23),
    ],
)
def test_heating_by_hand(tmin, tmax, meteo, pro):
    assert degree_days.daily([tmin], [tmax])[0] == pytest.approx(meteo)
    assert degree_days.daily([tmin], [tmax], method="pro")[0] == pytest.approx(pro)


@given(st.floats(-30, 45), st.floats(0, 25), st.floats(5, 25), st.sampled_from(["meteo", "pro"]))
def test_never_negative_and_colder_means_more(low, span, base, method):
    now = degree_days.daily([low], [low + span], base, method)[0]
    colder = degree_days.daily([low - 1], [low + span - 1], base, method)[0]
    assert 0 <= now <= colder + 1e-9


@given(st.floats(-30, 45), st.floats(0, 25))
def test_both_methods_agree_where_the_day_does_not_cross_the_base(low, span):
    high = low + span
    both = [degree_days.daily([low], [high], method=method)[0] for method in ("meteo", "pro")]
    if high <= 18 or low >= 18:
        assert both[0] == pytest.approx(both[1], abs=1e-9)
    else:
        # x of the range below the base: x (0.08 + 0.42 x) - max(0, x - 0.5), at most 0.145 where x is a half
        assert -1e-9 <= both[1] - both[0] <= 0.145 * span + 1e-9


def test_missing_stays_missing():
    assert np.isnan(degree_days.daily([np.nan, 3], [5, np.nan])).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"method": "costic"}, "'meteo' or 'pro'"),
        ({"tmin": [0, 9], "tmax": [5, 3]}, "Day 1: lowest temperature 9 above the highest, 3"),
    ],
)
def test_wrong_use(arguments, said):
    with pytest.raises(UsageError, match=said):
        degree_days.daily(**{"tmin": [0], "tmax": [5], **arguments})


@pytest.fixture
def weather():
    rng = np.random.default_rng(3)
    days = pd.date_range("2023-11-15", "2025-03-10")
    low = np.round(8 - 7 * np.cos((np.arange(len(days)) - 60) / 58) + rng.normal(size=len(days)), 1)
    both = [
        pd.DataFrame({"station": name, "jour": days, "tmin": low + shift, "tmax": low + shift + 7})
        for name, shift in (("A", 0), ("B", 2))
    ]
    table = pd.concat(both, ignore_index=True)
    table.loc[[5, 6, 700], "tmax"] = np.nan
    return table.drop(index=[20, 21])


def test_months_against_duckdb(weather):
    found = degree_days.by_month(weather)
    wanted = duckdb.sql(
        """
        select station, date_trunc('month', jour)::timestamp as mois, sum(greatest(0, 18 - (tmin + tmax) / 2)) as dju,
            count(*) as jours, day(last_day(jour)) - count(*) as manquants
        from weather where tmin is not null and tmax is not null and not isnan(tmax)
        group by station, date_trunc('month', jour), last_day(jour) order by 1, 2
        """
    ).df()
    assert len(found) == 34
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)


def test_twice_the_same_day_is_refused(weather):
    with pytest.raises(UsageError, match="'A' has 2023-11-15 twice"):
        degree_days.by_month(pd.concat([weather, weather.head(1)]))


def test_empty_weather(weather):
    none = weather.head(0)
    assert degree_days.by_month(none).columns.tolist() == ["station", "mois", "dju", "jours", "manquants"]


def test_the_first_day_given_twice_is_named(weather):
    with pytest.raises(UsageError, match="'A' has 2023-11-16 twice"):
        degree_days.by_month(pd.concat([weather, weather.iloc[1:4]]))
