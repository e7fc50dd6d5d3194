"""What runs when a lycée is empty: the load curves of its electricity meters, by hour of legal time.

A base load is a low quantile of the hours of night; use rises and falls where it crosses the middle between the base
and a day of lessons: near-base load, rise and fall of P. Price, *Methods for Analyzing Electric Load Shape and its
Variability*, LBNL-3713E, 2010. Steps of an hour at most are added up into hours; one that is not known whole is left
out. What is found is a habit of the lycée, beside others that are like it: see :mod:`tikub_lab.energy.alerts.report`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.alerts.meter import Finding
from tikub_lab.energy.alerts.report import PEERS
from tikub_lab.energy.alerts.series import Series, days_of
from tikub_lab.energy.alerts.table import NORMAL, of_curve, span, table_of
from tikub_lab.energy.bundle import bundled
from tikub_lab.energy.days import Booleans, numbers
from tikub_lab.energy.periods import Floats, Integers
from tikub_lab.energy.published.days import LEGAL
from tikub_lab.methods.lazy import doors
from tikub_lab.methods.once import once

__all__ = ["Curves", "survey"]

NIGHTS, EARLY, WORKED, SUMMERS = (
    "base de nuit élevée", "mise en route trop tôt", "week-end comme un jour de cours", "été sans arrêt",
)  # fmt: skip
"""What load curves show."""
BASE = 0.1
"""Quantile of the hours of night that is the base load."""
NIGHT, LIT, OPEN = slice(0, 5), slice(9, 17), slice(7, 19)
"""Hours of the clock: of night; of full lessons; in which a lycée is open."""
COLD, CLOSED = (11, 12, 1, 2, 3), (7, 8)
"""Months of the heating season, and those of summer in which a lycée is closed."""
EARLIEST = 4.5
"""Hour before which use rises too early: three and a half before the first lesson."""
HIGH, AWAKE, MORE = 0.42, 0.28, 1.3
"""From which a base, and what a weekend adds to its own, are told, as shares of the power of lessons; and beside the
median of peers."""
FLAT = 0.55
"""Base, as such a share, from which night and day differ too little to tell hours."""
LEAST = 20
"""Days of lessons, known whole, under which a curve tells nothing."""


@dataclass(frozen=True)
class Curves:
    """What load curves tell.

    Attributes
    ----------
    sites : DataFrame
        One row a lycée: ``code_uai``, and ``quand`` it is known. Each with its interval of 90 % (``base_bas``,
        ``base_haut``): the base in kW at night before lessons (``base``), before other days (``base_ferme``), in July
        and August (``base_ete``), what a weekend adds to its own (``week_end``), the hours at which use rises
        (``monte``, ``monte_hiver`` in the heating season, else ``monte_reste``) and falls (``descend``). ``monte_10``
        and ``monte_90``, hundredths of days. kW of lessons (``plein``); ``nuit`` and ``fin_de_semaine``, ``base`` and
        ``week_end`` as its shares; ``ete``, ``base_ete`` over ``base``; medians of peers (``nuit_pairs``…); shares of
        energy (``nuits``, ``week_ends``, ``vacances``); ``phrase``.
    hours : DataFrame
        Mean kW by hour of the clock: ``code_uai``, ``heure``, ``cours``, ``ferme``.
    findings : DataFrame
        As alerts: see :class:`tikub_lab.energy.alerts.report.Survey`.
    """

    sites: pd.DataFrame
    hours: pd.DataFrame
    findings: pd.DataFrame


@dataclass(frozen=True)
class _Curve:
    """One lycée: kW by day and hour of the clock (the mean of one that comes twice), and what these days are."""

    series: Series
    power: Floats
    kinds: Integers
    month: Integers

    def base(self, days: Booleans) -> tuple[float, float, float]:
        """Return the base load of the nights before some days, with its interval: the hours of a night count once."""
        night = self.power[days, NIGHT]
        return quantile(night.ravel(), BASE, int((~np.isnan(night)).any(axis=1).sum()))

    def hours(self) -> pd.DataFrame:
        """Return the mean power of each hour of the clock, on days of lessons and on others."""
        power = pd.DataFrame(self.power)
        means = {"cours": power[self.kinds == 0].mean(), "ferme": power[self.kinds > 0].mean()}
        return pd.DataFrame({"code_uai": self.series.site, "heure": range(24), **means})


@bundled
@once
def survey(
    sites: pd.DataFrame, meters: pd.DataFrame, calendar: pd.DataFrame, prices: pd.DataFrame, factors: pd.DataFrame,
    loads: pd.DataFrame, zone: str = "B",
) -> Curves:  # fmt: skip
    """Tell the base load of each lycée, when its use rises and falls, and what runs when nobody is there.

    Parameters
    ----------
    sites, meters, calendar, prices, factors, loads : DataFrame
        Tables of ``energy/``; the meters of a lycée are added up.
    zone : str
        Of school holidays.

    Examples
    --------
    >>> from tikub_lab import energy, tables
    >>> len(survey(energy.load(), tables.load("energy/loads")).sites)
    10
    """
    curves = list(_curves(loads, meters, sites, calendar, zone))
    table = pd.DataFrame([_measured(one) for one in curves] or {"code_uai": pd.Series(dtype="str")})
    boards = table["code_uai"].map(sites.set_index("code_uai")["internat"].fillna(False).astype(bool))
    for name in ("nuit", "fin_de_semaine", "ete") if curves else ():
        peers = table.groupby(boards)[name]
        table[f"{name}_pairs"] = peers.transform("median").where(peers.transform("count") >= PEERS)
    rows: list[dict[Any, Any]] = table.to_dict("records")
    table["phrase"] = pd.Series([of_curve(row) for row in rows], dtype="str")
    found = [finding for one, row in zip(curves, rows, strict=True) for finding in _found(one, row)]
    hours = [c.hours() for c in curves] or [pd.DataFrame(columns=["code_uai", "heure", "cours", "ferme"], dtype=str)]
    return Curves(table, pd.concat(hours, ignore_index=True), table_of(found, prices, factors))


def quantile(values: Floats, share: float, count: int) -> tuple[float, float, float]:
    """Return a quantile and its interval of 90 %, by the order of values of which so many are independent."""
    known = values[~np.isnan(values)]
    if not len(known) or not count:
        return (float("nan"),) * 3
    half = NORMAL * np.sqrt(share * (1 - share) / count)
    low, middle, high = np.quantile(known, np.clip([share - half, share, share + half], 0, 1)).tolist()
    return middle, low, high


def crossings(power: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the hours at which each day rises above a level for two hours at least, and falls under it for good."""
    above = power >= level
    lasting = above[:, :-1] & above[:, 1:]
    rows, first, last = np.arange(len(power)), lasting.argmax(axis=1), 23 - lasting[:, ::-1].argmax(axis=1)
    before, after = np.maximum(first - 1, 0), np.minimum(last + 1, 23)
    with np.errstate(invalid="ignore", divide="ignore"):  # between the middles of two hours
        rise = first - 0.5 + (level - power[rows, before]) / (power[rows, first] - power[rows, before])
        fall = last + 0.5 + (power[rows, last] - level) / (power[rows, last] - power[rows, after])
    known = lasting.any(axis=1) & ~np.isnan(power).any(axis=1)
    rise, fall = np.where(first == 0, 0.0, rise), np.where(last == 23, 24.0, fall)
    return np.where(known, rise, np.nan), np.where(known, fall, np.nan)


def _curves(
    loads: pd.DataFrame, meters: pd.DataFrame, sites: pd.DataFrame, calendar: pd.DataFrame, zone: str
) -> Iterator[_Curve]:
    """Go through lycées: hours of which all steps of all meters are known."""
    own = meters[(meters["energie"] == "électricité") & meters["code_uai"].isin(sites["code_uai"])]
    known = loads[loads["kwh"].notna()].merge(own[["compteur_id", "code_uai"]], on="compteur_id")
    known["heure"] = pd.DatetimeIndex(known["debut"]).floor("h")
    known["meters"] = known.groupby("code_uai")["compteur_id"].transform("nunique")
    whole = known.groupby(["code_uai", "heure", "meters"])[["kwh", "minutes"]].sum().reset_index()
    whole = whole[whole["minutes"] == 60 * whole["meters"]].rename(columns={"kwh": "kw"})
    legal = pd.DatetimeIndex(whole["heure"]).tz_convert(LEGAL).tz_localize(None)
    whole = whole.assign(jour=numbers(pd.Series(legal)), heure=legal.hour)
    extent = pd.DataFrame({"debut": [legal.min()], "fin": [legal.max() + pd.Timedelta(days=1)]})
    days = days_of(extent.dropna(), pd.DataFrame(columns=["station", "jour", "tmoy"]), calendar, zone)
    for uai, hours in whole.groupby("code_uai"):
        meter = own[own["code_uai"] == uai].fillna({"usage": ""}).iloc[0]
        day = np.arange(hours["jour"].min(), hours["jour"].max() + 1)
        power = np.full((len(day), 24), np.nan)
        means = hours.groupby(["jour", "heure"])["kw"].mean()
        power[means.index.get_level_values(0) - day[0], means.index.get_level_values(1)] = means
        kinds = np.where(days.covered, days.kinds, -1)[day - days.first]
        series = Series(
            meter["compteur_id"], str(uai), None, "électricité", meter["usage"], "courbe de charge", day,
            day + 1, power.sum(axis=1), np.zeros(len(day), dtype=bool),
        )  # fmt: skip
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
        whole_days = power[(kinds == 0) & ~np.isnan(power).any(axis=1)]
        if len(whole_days) >= LEAST and np.median(whole_days[:, LIT]) > 0:
            yield _Curve(series, power, kinds, month)


def _measured(one: _Curve) -> dict[str, Any]:
    """Measure a curve: a row of :class:`Curves`, without what its peers tell."""
    lessons, weekends, holidays = (one.kinds == kind for kind in range(3))
    cold, summer = np.isin(one.month, COLD), holidays & np.isin(one.month, CLOSED)
    lit = one.power[:, LIT].mean(axis=1)
    told = {"base": one.base(lessons), "base_ferme": one.base(weekends | holidays), "base_ete": one.base(summer)}
    base, full = told["base"][0], float(np.nanmedian(lit[lessons]))
    rise, fall = crossings(one.power, (base + full) / 2) if base < FLAT * full else (np.full(len(lit), np.nan),) * 2
    added = lit[weekends] - one.base(weekends)[0]
    seasons = {"monte_hiver": rise[lessons & cold], "monte_reste": rise[lessons & ~cold]}
    for name, values in {"monte": rise[lessons], "descend": fall[lessons], "week_end": added, **seasons}.items():
        told[name] = quantile(values, 0.5, int((~np.isnan(values)).sum()))
    when = span(int(one.series.start[0]), int(one.series.end[-1]))
    row: dict[str, Any] = {"code_uai": one.series.site, "quand": when, "plein": full}
    row |= {f"monte_{share}": quantile(rise[lessons], share / 100, 1)[0] for share in (10, 90)}
    for name, (value, low, high) in told.items():
        row |= {name: value, f"{name}_bas": low, f"{name}_haut": high}
    row |= {"nuit": base / full, "fin_de_semaine": row["week_end"] / full, "ete": row["base_ete"] / (base or np.nan)}
    used = [float(np.nansum(one.power[days])) for days in (lessons, weekends, holidays)]
    used[0] -= float(np.nansum(one.power[lessons][:, OPEN]))
    total = float(np.nansum(one.power[one.kinds >= 0]))
    return row | dict(zip(("nuits", "week_ends", "vacances"), (part / total for part in used), strict=True))


def _found(one: _Curve, row: dict[str, Any]) -> Iterator[Finding]:
    """Tell what is wrong: kWh of each day, beyond what peers use where it is against them."""
    lessons, weekends, holidays = (one.kinds == kind for kind in range(3))
    full, summer = row["plein"], holidays & np.isin(one.month, CLOSED)

    def finding(nature: str, days: Booleans, kwh: Floats | float, hours: int, of: str) -> Finding:
        error = hours * float(days.sum()) * (row[f"{of}_haut"] - row[f"{of}_bas"]) / (2 * NORMAL)
        start, end = int(one.series.start[0]), int(one.series.end[-1])
        return Finding(one.series, nature, start, end, np.where(days, kwh, 0.0), error, float("nan"), curve=row)

    if row["base_bas"] >= np.maximum(HIGH, MORE * row["nuit_pairs"]) * full:
        dark = 24 - (OPEN.stop - OPEN.start)
        yield finding(NIGHTS, lessons, dark * (row["base"] - row["nuit_pairs"] * full), dark, "base")
    if row["week_end_bas"] >= np.maximum(AWAKE, MORE * row["fin_de_semaine_pairs"]) * full:
        lit = LIT.stop - LIT.start
        yield finding(WORKED, weekends, lit * (row["week_end"] - row["fin_de_semaine_pairs"] * full), lit, "week_end")
    if row["base_ete_bas"] >= row["base"] > 0:
        yield finding(SUMMERS, summer, 24 * (row["base_ete"] - row["ete_pairs"] * row["base"]), 24, "base_ete")
    early = np.zeros(len(lessons), dtype=bool)
    for name, season in (("monte_hiver", np.isin(one.month, COLD)), ("monte_reste", ~np.isin(one.month, COLD))):
        if row[f"{name}_haut"] < EARLIEST:
            early |= lessons & season
    if early.any():
        kwh = np.nansum(np.maximum(one.power[:, NIGHT] - row["base"], 0), axis=1)
        yield finding(EARLY, early, kwh, NIGHT.stop, "base")


doors(__name__)
