"""Findings as a table of alerts: kWh, euros, kgCO2e, how sure and how grave, and what to say."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tikub_lab.energy.alerts import faults, words
from tikub_lab.energy.alerts.findings import NORMAL, Finding
from tikub_lab.energy.days import date_of
from tikub_lab.energy.valuation import valued

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
UNMEASURED = (faults.BROKEN, faults.ESTIMATED, faults.MISSING)


def table_of(found: Sequence[Finding], prices: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    """Lay findings out as a table, the dearest first.

    Parameters
    ----------
    found : sequence of Finding
    prices, factors : DataFrame
        Tables ``energy/prices`` and ``energy/factors``.

    Returns
    -------
    DataFrame
        See :class:`tikub_lab.energy.alerts.report.Survey`.
    """
    if not found:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    table = pd.DataFrame([_row(one) for one in found], columns=list(COLUMNS))
    for name, values in _values(found, prices, factors).items():
        table[name] = pd.Series(values, index=table.index)
    table = table.astype(COLUMNS)
    order = ["euros", "kwh", "compteur_id", "nature", "debut", "origine"]
    return table.sort_values(order, ascending=[False, False, True, True, True, True], ignore_index=True)


def _row(one: Finding) -> dict[str, object]:
    half = NORMAL * one.error
    low, high = one.kwh - half, one.kwh + half
    series = one.series
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
        "sens": "non mesuré" if one.nature in UNMEASURED else "en trop",
        "part": one.kwh / one.usual if one.usual > 0 else float("nan"),
        "hasard": one.chance,
        "certitude": _certainty(one),
        "gravite": _gravity(one),
        "confirme": one.confirmed,
        "autre": one.doubt or None,
        "phrase": words.sentence(one, low, high),
        "geste": words.GESTURES[one.nature],
    }


def _certainty(one: Finding) -> str:
    if one.how == "missing":
        return "établie"
    if one.doubt:
        return "à confirmer"
    fact = one.how == "flagged" or one.chance != one.chance
    return "établie" if fact or one.confirmed or one.chance <= ESTABLISHED else "probable"


def _gravity(one: Finding) -> str | None:
    """Tell how much it weighs beside what the meter uses in a year, as far as that is read."""
    series = one.series
    last = series.end >= int(series.end.max()) - 365
    days = float((series.end - series.start)[last & ~np.isnan(series.kwh)].sum())
    year = float(np.nansum(series.kwh[last])) / days * 365 if days else 0.0
    if not (year > 0 and one.kwh == one.kwh):
        return None
    share = one.kwh / year
    return "forte" if share >= GRAVE else "moyenne" if share >= MIDDLING else "faible"


def _values(found: Sequence[Finding], prices: pd.DataFrame, factors: pd.DataFrame) -> dict[str, list[object]]:
    """Value each finding, year by year; one of which a year can't be valued has no value."""
    parts = []
    for place, one in enumerate(found):
        days = (one.start + np.arange(one.end - one.start)).astype("datetime64[D]")
        years = days.astype("datetime64[Y]").astype(np.int64) + 1970
        for year in np.unique(years).tolist():
            kwh = float(one.by_day[years == year].sum())
            parts.append((place, one.series.energy, one.series.usage or "tous", year, kwh))
    table = valued(pd.DataFrame(parts, columns=["place", "energie", "usage", "annee", "kwh"]), prices, factors)
    groups = table.groupby("place")
    return {
        "euros": groups["euros"].sum(skipna=False).tolist(),
        "kgco2e": groups["kgco2e"].sum(skipna=False).tolist(),
        "prix_statut": groups["prix_statut"].last().tolist(),
        "facteur_statut": groups["facteur_statut"].last().tolist(),
    }
