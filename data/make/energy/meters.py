"""The meters of the fictitious lycées, and how each uses energy: a base, a slope, a balance point, a week, holidays.

A meter's use on a day is ``base × pattern + slope × pattern × (balance point - mean temperature)+``, times a noise of
mean one that remembers the day before. The patterns are 1 on a day of lessons, less on weekends and in holidays. Base
and slope are set so that a lycée's use a square metre in an average year is plausible, older buildings needing more.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.make.energy.facts import HOLIDAY, SCHOOL, WEEKEND
from data.make.energy.sites import ELECTRICITY, ENERGIES, GAS, NETWORK, OIL, TYPES
from data.make.sampling import Floats, Integers, Stream, growth

HEATING, OTHER, MIXED = range(3)
USES = ("chauffage", "autres", "mixte")
_LETTERS = np.array(["E", "G", "F", "B", "R"], dtype=object)
_NEED = np.array([0.78, 1.0, 1.12, 1.15, 0.92])
"""What heating takes of each energy beside gas, efficiencies considered."""


@dataclass(frozen=True)
class Meters:
    """The meters, one a place in every array."""

    id: np.ndarray
    site: Integers  # positions of the lycée, of the energy in ENERGIES, of the use in USES
    energy: Integers
    use: Integers
    daily: np.ndarray  # whether it is read every day in 2025
    balance: Floats  # °C
    slope: Floats  # kWh/(day·°C) and kWh/day, on a day of lessons
    base: Floats
    slope_pattern: Floats  # of shape (meters, 3): shares of them on days of lessons, of weekends, of holidays
    base_pattern: Floats
    noise: Floats  # standard deviation of the daily noise as a share of the use
    memory: Floats  # its correlation from day to day
    first: Integers  # bills that the meter has, of those of the eight years: from the first until before the last
    last: Integers


def layout(sites: pd.DataFrame, bills: int, swaps: int, stream: Stream) -> pd.DataFrame:
    """Say which meters each lycée has: electricity, heating, gas for cooking in some, and oil until it was replaced.

    The columns are fields of :class:`Meters`, ordered by id. A meter has had so many bills in the eight years, in which
    so many lycées have given up oil.
    """
    count = len(sites)
    main = pd.Categorical(sites["energie_chauffage"], categories=list(ENERGIES)).codes.astype(np.int64)
    everyone = np.arange(count)
    electric = pd.DataFrame({"site": everyone, "energy": ELECTRICITY, "use": np.where(main, OTHER, MIXED)})
    heating = pd.DataFrame({"site": everyone, "energy": main, "use": HEATING})[main != ELECTRICITY]
    boards = sites["internat"].to_numpy(bool)
    cooking = pd.DataFrame({"site": everyone, "energy": GAS, "use": OTHER})[boards & stream.flag(0.45, count)]
    candidates = np.flatnonzero((main != ELECTRICITY) & (main != OIL) & (sites["annee_ouverture"] < 2000).to_numpy())
    chosen = candidates[np.argsort(stream.uniform(len(candidates)), kind="stable")[:swaps]]
    since = 24 + stream.below(bills - 60, len(chosen))
    oil = pd.DataFrame({"site": chosen, "energy": OIL, "use": HEATING, "last": since})
    table = pd.concat([electric, heating, cooking, oil], ignore_index=True)
    table["last"] = table["last"].fillna(bills).astype("int64")
    swapped = dict(zip(chosen.tolist(), since.tolist(), strict=True))
    now = (table["use"] == HEATING) & (table["last"] == bills)
    table["first"] = table["site"].map(swapped).where(now).fillna(0).astype("int64")
    table["daily"] = (table["energy"].isin([ELECTRICITY, NETWORK]) | ((table["energy"] == GAS) & now)).to_numpy()
    letter = np.where((table["use"] == OTHER) & (table["energy"] == GAS), "C", _LETTERS[table["energy"]])
    width = max(3, len(str(count)))
    table["id"] = letter + (table["site"] + 1).astype("str").str.rjust(width, "0").to_numpy(object)
    return table.sort_values("id", ignore_index=True)


def _intensities(sites: pd.DataFrame, old: Floats, stream: Stream) -> tuple[Floats, Floats]:
    """Draw what each lycée uses a square metre and average year: heat (as if by gas) and electricity, kWh/m²."""
    count = len(sites)
    boards = sites["internat"].to_numpy(np.float64)
    heat = 76 * growth(0.2 * stream.normal(count)) * (1 + 0.35 * old) * (1 + 0.1 * boards)
    shops = sites["type_etablissement"].eq(TYPES[2]).to_numpy(np.float64)
    power = 27 * growth(0.18 * stream.normal(count)) * (1 + 0.15 * shops) * (1 + 0.08 * boards)
    return np.clip(heat, 52, 165), np.clip(power, 17, 46)


def parameters(
    plan: pd.DataFrame, sites: pd.DataFrame, old: Floats, cold: Floats, kinds: Integers, stream: Stream
) -> Meters:
    """Draw how each meter of a layout uses energy: the more, the older its buildings (0 to 1) and the colder it is."""
    heat, power = _intensities(sites, old, stream)
    site, energy, use = (plan[name].to_numpy(np.int64) for name in ("site", "energy", "use"))
    count, area = len(plan), sites["surface_totale"].to_numpy()
    boards = sites["internat"].to_numpy(bool)[site]
    heats, cooks = use != OTHER, (use == OTHER) & (energy == GAS)
    # one draw a lycée, so that the oil meter of before and its successor heat the same building
    of_site = stream.normal(len(sites))[site], stream.uniform(len(sites))[site], stream.uniform(len(sites))[site]
    free: Floats = np.where(heats, 15.8 + 1.1 * of_site[0], 15.5 + 0.6 * stream.normal(count))
    balance = free.round(1)
    week, rest = _patterns(use, cooks, boards, of_site, stream)
    share = np.where(heats, 0.04 + 0.07 * of_site[1] + 0.03 * boards, 0.84 + 0.1 * stream.uniform(count))
    share = np.where(cooks, 1.0, np.where(use == MIXED, 0.30, share))
    needed = np.select([cooks, heats], [2.2, heat[site] * _NEED[energy]], power[site])
    needed = (needed + np.where(use == MIXED, power[site], 0)) * area[site]
    noise = np.where(heats, 0.06 + 0.05 * stream.uniform(count), 0.03 + 0.03 * stream.uniform(count))
    years = kinds.size / 365.25
    degrees = np.maximum(balance[:, None] - cold[site], 0)
    of_slope, of_base = np.zeros(count), np.zeros(count)
    for kind in (SCHOOL, WEEKEND, HOLIDAY):
        of_slope += week[:, kind] * degrees[:, kinds == kind].sum(axis=1) / years
        of_base += rest[:, kind] * (kinds == kind).sum() / years
    columns = {name: plan[name].to_numpy() for name in ("id", "site", "energy", "use", "daily", "first", "last")}
    return Meters(
        **columns,
        balance=balance,
        slope=np.round(needed * (1 - share) / of_slope, 2),
        base=np.round(needed * share / of_base, 1),
        slope_pattern=week,
        base_pattern=rest,
        noise=np.where(cooks, 0.08, noise),
        memory=0.35 + 0.2 * stream.uniform(count),
    )


def _patterns(
    use: Integers, cooks: np.ndarray, boards: np.ndarray, of_site: tuple[Floats, Floats, Floats], stream: Stream
) -> tuple[Floats, Floats]:
    """Draw the shares of slope and base that are left on weekends and in holidays.

    Heating is lowered; losses of boilers and loops go on; electricity and cooking follow the pupils.
    """
    count = len(use)
    one = np.ones(count)
    weekend = np.where(boards, 0.82, 0.72) + 0.14 * of_site[2]
    holiday = 0.35 + 0.25 * of_site[1]
    calm = 0.42 + 0.16 * stream.uniform(count) + 0.08 * boards
    empty = 0.30 + 0.18 * stream.uniform(count)
    follows = use != HEATING
    heats = use != OTHER
    week = np.column_stack([one, np.where(heats, weekend, calm), np.where(heats, holiday, empty)])
    rest = np.column_stack([one, np.where(follows, calm, 1.0), np.where(follows, empty, 1.0)])
    rest[cooks] = [1.0, 0.25, 0.04]
    return np.round(week, 2), np.round(rest, 2)
