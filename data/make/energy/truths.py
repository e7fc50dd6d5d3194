"""The truths of the sample: what was planted, one quantity a row, for tests to hold methods against."""

import numpy as np
import pandas as pd

from data.make.energy.changes import (
    BROKEN,
    DAYS,
    DRIFT,
    ESTIMATED,
    HABIT,
    HOLIDAYS,
    START,
    WORKS,
    Changes,
    Fault,
)
from data.make.energy.facts import HOLIDAY, WEEKEND
from data.make.energy.meters import Meters
from data.make.sampling import Floats, Integers

NAMES = {
    HOLIDAYS: "chauffage en vacances",
    DRIFT: "dérive de la base",
    BROKEN: "compteur en panne",
    ESTIMATED: "relevés estimés",
}


def of_models(meters: Meters, changes: Changes, begin: Integers) -> pd.DataFrame:
    """Tell the balance point, slope, base and pattern of each meter, before and after what changes it.

    Parameters
    ----------
    meters : Meters
    changes : Changes
    begin : array of shape (meters, bills + 1)
        When bills begin: the meter's first and last tell its service.
    """
    rows = np.arange(len(meters.id))
    since, until = begin[rows, meters.first], begin[rows, meters.last]
    day = np.minimum(changes.day, until)
    parts = []
    kept = (changes.balance, changes.slope, changes.base)
    values = (meters.balance, meters.slope, meters.base)
    names = ("point d'équilibre", "pente", "base")
    units = ("°C", "kWh/(jour·°C)", "kWh/jour")
    for name, unit, value, left in zip(names, units, values, kept, strict=True):
        after = value - left if name == "point d'équilibre" else value * left
        shown = (meters.slope > 0) | (name == "base")
        changed = shown & (after != value) & (changes.day < DAYS)
        end = np.where(changed, day, until)
        parts.append(_rows(meters, rows[shown], name, since[shown], end[shown], value[shown], unit))
        parts.append(_rows(meters, rows[changed], name, day[changed], until[changed], after[changed], unit))
    for name, kind in (("week-end", WEEKEND), ("vacances", HOLIDAY)):
        value = np.where(meters.slope > 0, meters.slope_pattern[:, kind], meters.base_pattern[:, kind])
        parts.append(_rows(meters, rows, name, since, until, value, "part"))
    return pd.concat(parts, ignore_index=True)


def of_changes(meters: Meters, changes: Changes, saved: Floats, used: Floats) -> pd.DataFrame:
    """Tell what works saved in their first year (kWh, and share of what would have been used), and what habits save.

    Parameters
    ----------
    meters : Meters
    changes : Changes
    saved, used : arrays of shape (meters,)
        kWh saved in the first year, and what would have been used in it.
    """
    done, habit = (np.flatnonzero(changes.role == role) for role in (WORKS, HABIT))
    day = changes.day
    return pd.concat(
        [
            _rows(meters, done, "économie", day[done], day[done] + 365, np.round(saved[done]), "kWh/an"),
            _rows(meters, done, "part économisée", day[done], day[done] + 365, (saved / used)[done], "part"),
            _rows(meters, habit, "geste", day[habit], np.full(len(habit), DAYS), 1 - changes.slope[habit], "part"),
        ],
        ignore_index=True,
    )


def of_faults(meters: Meters, faults: list[Fault], extra: list[Floats], true: Floats, begin: Integers) -> pd.DataFrame:
    """Tell the faults: for heating in holidays and drifts, the kWh too many; for the others, those used unmeasured.

    Parameters
    ----------
    meters : Meters
    faults : list of Fault
    extra : list of arrays
        What each fault added on each of its days, kWh.
    true : array of shape (meters, days)
        What was used, kWh.
    begin : array of shape (meters, bills + 1)
    """
    parts = []
    for fault, added in zip(faults, extra, strict=True):
        row, first, last = fault.meter, fault.begin, fault.end
        if fault.role == ESTIMATED and fault.size:
            first, last = int(begin[row, first]), int(begin[row, last])
        energy = added.sum() if fault.role in (HOLIDAYS, DRIFT) else true[row, first:last].sum()
        one = (np.array([item]) for item in (row, first, last, np.round(energy)))
        rows, since, until, value = one
        parts.append(_rows(meters, rows, NAMES[fault.role], since, until, value, "kWh"))
    return pd.concat(parts, ignore_index=True)


def truths(parts: list[pd.DataFrame], sites: pd.DataFrame, works: pd.DataFrame) -> pd.DataFrame:
    """Put truths together, ordered by meter, and name the works that are their cause.

    Returns
    -------
    DataFrame
        The columns of ``energy/truths``.
    """
    table = pd.concat(parts, ignore_index=True)
    cause = works[works["meter"] >= 0].query("statut == 'réalisé'").set_index("meter")
    saved = table["nature"].isin(["économie", "part économisée"])
    after = table["nature"].isin(["point d'équilibre", "pente", "base"]) & (table["debut"] > 0)
    table["travaux_id"] = table["meter"].map(cause["travaux_id"]).where(saved | after)
    table["code_uai"] = sites["code_uai"].to_numpy(object)[table["site"]]
    table["valeur"] = np.round(table["valeur"], 4)
    table = table.sort_values(["compteur_id", "nature", "debut"], ignore_index=True)
    for name in ("debut", "fin"):
        table[name] = START + table[name].to_numpy()
    return table[["code_uai", "compteur_id", "nature", "debut", "fin", "valeur", "unite", "travaux_id"]]


def _rows(
    meters: Meters, rows: Integers, name: str, since: Integers, until: Integers, value: Floats, unit: str
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "meter": rows,
            "site": meters.site[rows],
            "compteur_id": meters.id[rows],
            "nature": name,
            "debut": since,
            "fin": until,
            "valeur": np.asarray(value, dtype=np.float64),
            "unite": unit,
        }
    )
