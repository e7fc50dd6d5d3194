"""Findings as a table of alerts: kWh, euros, kgCO2e, how sure and how grave, and what to say."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from tikub_lab.energy.alerts import words
from tikub_lab.energy.alerts.meter import Finding
from tikub_lab.energy.days import date_of
from tikub_lab.energy.valuation import valued

NORMAL = 1.6449
"""Standard deviations of a two-sided interval of 90 %."""
ESTABLISHED = 0.001
"""Chance under which an alert is « établie »."""
GRAVE, MIDDLING = 0.05, 0.01
"""Shares of a year's use from which an alert is grave or middling."""
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
    series, nature = one.series, words.natures()[one.nature]
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
        "phrase": words.sentence(one, low, high),
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
