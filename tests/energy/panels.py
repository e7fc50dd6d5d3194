"""Any number of daily meters over two years, for tests and benchmarks: without change, or with a saving in the second.

Each meter has weather of its own, so that one cold winter does not decide for all; holidays come at the same dates each
year, so that nothing but the weather differs between the two.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.make.energy.facts import HOLIDAY, SCHOOL, WEEKEND
from data.make.energy.weather import STATIONS, temperatures, wander
from data.make.sampling import Floats, Integers, Stream, growth, streams
from tikub_lab.errors import UsageError

FIRST = np.datetime64("2022-01-01", "D")
CHANGE = np.datetime64("2023-01-01", "D")
LAST = np.datetime64("2024-01-01", "D")

_BREAKS = (("01-01", "01-06"), ("02-08", "02-24"), ("04-05", "04-22"), ("07-05", "09-01"), ("10-18", "11-03"))
"""Holidays of every year: from the first day to before the second; and from 20 December."""


@dataclass(frozen=True)
class Panel:
    """Daily meters with their weather and their truths.

    Attributes
    ----------
    kwh : DataFrame of shape (730, meters)
        Use of each day, kWh: an index of days, a column a meter.
    temperature : DataFrame of shape (730, meters)
        Daily mean temperature at each meter, °C; same index and columns.
    change : Timestamp
        First day of the second year, on which a saving begins.
    truths : DataFrame of shape (meters, 9)
        ``compteur_id``, ``equilibre`` (°C), ``pente`` (kWh/(day·°C)), ``base`` (kWh/day), ``week_end`` and ``vacances``
        (shares of the slope that are left), ``bruit`` (standard deviation of the daily noise, as a share), ``memoire``
        (its correlation from day to day), ``part`` (share of the use that is saved from ``change`` on).
    """

    kwh: pd.DataFrame
    temperature: pd.DataFrame
    change: pd.Timestamp
    truths: pd.DataFrame


def meters_without_change(count: int, seed: int = 1, occupancy: bool = True) -> Panel:
    """Make daily heating meters of which nothing changes in two years but the weather.

    Parameters
    ----------
    count : int
        How many, from 1.
    seed : int
        Same seed and count, same meters.
    occupancy : bool
        Whether heating is lowered on weekends and in holidays, as in lycées; if not, days differ by their weather only.

    Raises
    ------
    UsageError
        When the count is below 1 or the seed negative.

    Examples
    --------
    >>> panel = meters_without_change(3)
    >>> panel.kwh.shape, panel.temperature.columns.tolist(), panel.change.isoformat()
    ((730, 3), ['M0001', 'M0002', 'M0003'], '2023-01-01T00:00:00')
    """
    return meters_with_saving(count, 0.0, seed, occupancy)


def meters_with_saving(count: int, share: float, seed: int = 1, occupancy: bool = True) -> Panel:
    """Make daily heating meters that use less in the second of two years, by the same share each.

    Parameters
    ----------
    count, seed, occupancy
        As for :func:`meters_without_change`; the same meters as there but for the saving.
    share : float
        Share of the use that is saved, below 1; negative for one that is added.

    Examples
    --------
    >>> before, after = meters_without_change(2), meters_with_saving(2, 0.10)
    >>> (after.kwh / before.kwh).loc["2022-12-31":"2023-01-01"].round(3).to_numpy().tolist()
    [[1.0, 1.0], [0.9, 0.9]]
    """
    if count < 1 or seed < 0 or not share < 1:
        raise UsageError(
            f"count={count}, share={share}, seed={seed}: give a count from 1, a share below 1, a seed from 0."
        )
    of_meters, of_weather, of_noise = streams(seed, 3)
    days = np.arange(FIRST, LAST)
    truths, week = _truths(count, of_meters, occupancy)
    station = of_meters.below(len(STATIONS), count)
    mean, swing = (STATIONS[name].to_numpy()[station] for name in ("moyenne", "amplitude"))
    cold = temperatures(of_weather, days, mean, swing, together=False)
    balance, slope, base = (truths[name].to_numpy()[:, None] for name in ("equilibre", "pente", "base"))
    use = slope * week[:, _kinds(days)] * np.maximum(balance - cold, 0) + base
    use *= 1 + truths["bruit"].to_numpy()[:, None] * _noise(of_noise, truths["memoire"].to_numpy(), len(days))
    use[:, days >= CHANGE] *= 1 - share
    index = pd.DatetimeIndex(days.astype("datetime64[s]"), name="jour")
    names = truths["compteur_id"].tolist()
    return Panel(
        kwh=pd.DataFrame(use.T, index=index, columns=names),
        temperature=pd.DataFrame(cold.T, index=index, columns=names),
        change=pd.Timestamp(CHANGE),
        truths=truths.assign(part=share),
    )


def _truths(count: int, stream: Stream, occupancy: bool) -> tuple[pd.DataFrame, Floats]:
    """Draw the parameters of each meter, and the shares of the slope that are left on each kind of days."""
    balance = np.round(15.8 + 1.1 * stream.normal(count), 1)
    slope = np.round(320 * growth(0.4 * stream.normal(count)), 1)
    base = np.round(slope * (1.0 + 1.5 * stream.uniform(count)), 1)
    weekend = np.round(0.72 + 0.24 * stream.uniform(count), 2)
    holiday = np.round(0.35 + 0.25 * stream.uniform(count), 2)
    noise = np.round(0.06 + 0.05 * stream.uniform(count), 3)
    memory = np.round(0.35 + 0.2 * stream.uniform(count), 3)
    if not occupancy:
        weekend, holiday = np.ones(count), np.ones(count)
    width = max(4, len(str(count)))
    table = pd.DataFrame(
        {
            "compteur_id": [f"M{number + 1:0{width}d}" for number in range(count)],
            "equilibre": balance,
            "pente": slope,
            "base": base,
            "week_end": weekend,
            "vacances": holiday,
            "bruit": noise,
            "memoire": memory,
        }
    )
    week = np.ones((count, 3))
    week[:, WEEKEND], week[:, HOLIDAY] = weekend, holiday
    return table, week


def _kinds(days: np.ndarray) -> Integers:
    """Tell what each day is for a lycée, with holidays at the same dates every year."""
    kinds = np.where((days.astype(np.int64) + 3) % 7 >= 5, WEEKEND, SCHOOL)
    date = np.array([str(day)[5:] for day in days])
    for begin, end in (*_BREAKS, ("12-20", "12-32")):
        kinds[(date >= begin) & (date < end)] = HOLIDAY
    return kinds


def _noise(stream: Stream, memory: Floats, days: int) -> Floats:
    """Draw noise of variance one: a mixture of two memories that has each meter's correlation from day to day."""
    short, long = (wander(stream, len(memory), days, rho) for rho in (0.3, 0.6))
    part = ((memory - 0.3) / 0.3)[:, None]  # of the variance that remembers longer
    return np.sqrt(1 - part) * short + np.sqrt(part) * long
