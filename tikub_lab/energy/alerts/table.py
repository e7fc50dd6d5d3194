"""Findings as a table of alerts: kWh, euros, kgCO2e, how sure and how grave, and what to say.

That is one sentence in French, and what to check, from ``natures.csv``.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.alerts.grid import HOLIDAYS
from tikub_lab.energy.alerts.meter import Finding
from tikub_lab.energy.days import date_of
from tikub_lab.energy.valuation import valued
from tikub_lab.show.french import capital, day, number, percent, scaled, typeset

NORMAL = 1.6449
"""Standard deviations of a two-sided interval of 90 %."""
ESTABLISHED = 0.001
"""Chance under which an alert is « établie »."""
GRAVE, MIDDLING = 0.05, 0.01
"""Shares of a year's use from which an alert is grave or middling."""
SHARES = ("nuit", "nuit_pairs", "fin_de_semaine", "fin_de_semaine_pairs", "nuits", "week_ends", "vacances")
POWERS = ("base", "base_bas", "base_haut", "base_ferme", "base_ete", "week_end")
HOURS = ("monte", "monte_hiver", "monte_reste", "monte_10", "monte_90", "descend")
"""Columns of curves that sentences write, as shares, in kW or as hours."""

COLUMNS = {
    "code_uai": "str", "compteur_id": "str", "energie": "str", "usage": "str", "nature": "str", "origine": "str",
    "debut": "datetime64[us]", "fin": "datetime64[us]", "jours": "int64", "kwh": "float64", "bas": "float64",
    "haut": "float64", "sens": "str", "part": "float64", "euros": "float64", "kgco2e": "float64",
    "prix_statut": "str", "facteur_statut": "str", "hasard": "float64", "certitude": "str", "gravite": "str",
    "confirme": "bool", "autre": "str", "phrase": "str", "geste": "str",
}  # fmt: skip


def table_of(found: Iterable[Finding], prices: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    """Lay findings out as a table, the dearest first: see :class:`tikub_lab.energy.alerts.report.Survey`."""
    if not (found := list(found)):
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    table = pd.DataFrame(map(_row, found)).join(_values(found, prices, factors))[list(COLUMNS)].astype(COLUMNS)
    order = ["euros", "kwh", "compteur_id", "nature", "debut", "origine"]
    return table.sort_values(order, ascending=[False, False, True, True, True, True], ignore_index=True)


def _row(one: Finding) -> dict[str, object]:
    low, high = one.kwh - NORMAL * one.error, one.kwh + NORMAL * one.error
    series, nature = one.series, natures()[one.nature]
    return {
        "code_uai": series.site,
        "compteur_id": series.meter,
        "energie": series.energy,
        "usage": series.usage or None,
        "nature": one.nature,
        "origine": series.origin,
        "debut": date_of(one.start),
        "fin": date_of(one.end),
        "jours": one.end - one.start,
        "kwh": one.kwh,
        "bas": max(low, 0.0) if low == low else low,
        "haut": high,
        "sens": nature["sens"],
        "part": one.kwh / one.usual if one.usual > 0 else float("nan"),
        "hasard": one.chance,
        "certitude": _certainty(one),
        "gravite": _gravity(one),
        "confirme": one.confirmed,
        "autre": one.doubt or None,
        "phrase": sentence(one, low, high),
        "geste": nature["geste"],
    }


def _certainty(one: Finding) -> str:
    if one.doubt and one.how != "missing":
        return "à confirmer"
    fact = one.how in ("flagged", "missing") or one.chance != one.chance
    return "établie" if fact or one.confirmed or one.chance <= ESTABLISHED else "probable"


def _gravity(one: Finding) -> str | None:
    """Tell how much it weighs beside what the meter uses in a year, as far as that is read."""
    series = one.series
    last = series.take((series.end >= int(series.end.max()) - 365) & ~np.isnan(series.kwh))
    year = float(last.kwh.sum()) / max(float((last.end - last.start).sum()), 1.0) * 365
    if not (year > 0 and one.kwh == one.kwh):
        return None
    share = one.kwh / year
    return "forte" if share >= GRAVE else "moyenne" if share >= MIDDLING else "faible"


def _values(found: Sequence[Finding], prices: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    """Value each finding, year by year; one of which a year can't be valued has no value."""
    parts = []
    for place, one in enumerate(found):
        years = (one.start + np.arange(one.end - one.start)).astype("datetime64[D]").astype("datetime64[Y]")
        for year in np.unique(years):
            kwh = float(one.by_day[years == year].sum())
            parts.append((place, one.series.energy, one.series.usage or "tous", year.astype(int) + 1970, kwh))
    table = valued(pd.DataFrame(parts, columns=["place", "energie", "usage", "annee", "kwh"]), prices, factors)
    groups = table.groupby("place")
    return groups[["euros", "kgco2e"]].sum(skipna=False).join(groups[["prix_statut", "facteur_statut"]].last())


@cache
def natures() -> dict[str, dict[str, str]]:
    """Return what is said of each nature: ``sens``, ``sujet`` for readers, ``geste`` (what to check), and phrases."""
    found: dict[str, dict[str, str]] = {}
    with Path(__file__).with_name("natures.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["nature"], row)[f"phrase {row['cas']}"] = row["phrase"]
    return found


def subject(nature: str) -> str:
    """Name a nature in plain words, as a title."""
    return capital(natures()[nature]["sujet"] if nature in natures() else nature)


def sentence(finding: Finding, low: float, high: float) -> str:
    """Say what was found, and the bounds of its kWh where they are known."""
    over, known = natures()[finding.nature]["sens"] == "en trop", not np.isnan(finding.kwh)
    values = {
        "quand": span(finding.start, finding.end),
        "depuis": day(date_of(finding.start)),
        "nom": capital(finding.name or "vacances"),
        "taille": number(finding.size),
        "part": percent(finding.size),
        "kwh": _energy(finding.kwh),
        "bas": _energy(max(low, 0)),
        "haut": _energy(high),
        "surplus": percent(finding.kwh / (finding.usual or np.nan)),
    }
    figures = {"trop": known and over, "probable": known and not over, "bornes": known and not np.isnan(low),
               "surplus": known and over and finding.usual > 0, "inconnus": not (known or over)}  # fmt: skip
    values["chiffres"] = "".join(_phrase("chiffres", case) for case, said in figures.items() if said).format(**values)
    values["plus"] = _phrase("chiffres", "pairs").format(**values) if known else ""
    case = "facture" if finding.series.origin == "facture" else finding.how
    if finding.nature == HOLIDAYS and finding.size < 0.8:
        case = "faible"
    if finding.curve and not finding.curve["monte_hiver"] > finding.curve["monte_reste"]:
        case = "hiver"
    return typeset(_phrase(finding.nature, case).format(**values, **_written(finding.curve)))


def of_curve(row: Mapping[str, Any]) -> str:
    """Say what a lycée uses when it is empty, and at what hours its use rises and falls."""
    values = {"quand": row["quand"].capitalize(), **_written(row)}
    values["vide"] = percent(row["nuits"] + row["week_ends"] + row["vacances"])
    apart = abs(row["monte_hiver"] - row["monte_reste"]) >= 0.25
    values["monte_vers"] = _phrase("courbe", "saisons" if apart else "monte").format(**values)
    values["pairs"] = "" if np.isnan(row["nuit_pairs"]) else _phrase("courbe", "pairs").format(**values)
    values["fin"] = _phrase("courbe", "plat" if np.isnan(row["monte"]) else "heures").format(**values)
    return typeset(_phrase("courbe", "").format(**values))


def _phrase(nature: str, case: str) -> str:
    return natures()[nature].get(f"phrase {case}") or natures()[nature]["phrase"]


def _written(row: Mapping[str, Any]) -> dict[str, str]:
    """Write the figures of a load curve."""
    ways = dict.fromkeys(SHARES, percent) | dict.fromkeys(POWERS, _power) | dict.fromkeys(HOURS, clock)
    return {name: write(row[name]) for name, write in ways.items() if name in row}


def clock(hour: float) -> str:
    """Write an hour to ten minutes: « 6 h 30 », « 22 h », « 30 min »."""
    if np.isnan(hour):
        return ""
    hours, tens = divmod(round(6 * hour), 6)
    said = f"{tens}0 min" if not hours and tens else f"{hours} h" + (f" {tens}0" if tens else "")
    return said.replace(" ", "\u00a0")


def _power(kilowatts: float) -> str:
    return f"{number(kilowatts, 0 if kilowatts >= 10 else 1)} kW"


def span(start: int, end: int) -> str:
    """Write the days from the first to the one before the last, counted from 1970: « du 9 au 23 février 2025 »."""
    first, last = date_of(start), date_of(end - 1)
    if first == last:
        return f"le {day(first)}"
    begin = day(first)
    if first.year == last.year:
        begin = begin.removesuffix(f" {first.year}")
        if first.month == last.month:
            begin = begin.split()[0]
    return f"du {begin} au {day(last)}"


def _energy(kwh: float) -> str:
    return scaled(round_off(kwh), "kWh")


def round_off(value: float) -> float:
    """Keep two significant digits, three from a thousand on: a sentence is no more precise than what it tells."""
    return float(round(value)) if abs(value) < 10 else float(f"{value:.{2 if abs(value) >= 1000 else 1}e}")
