"""The truths of the sample: what was planted, one quantity a row, for tests to hold methods against."""

from typing import Any

import numpy as np
import pandas as pd

from data.make.energy.book import Book
from data.make.energy.changes import BROKEN, DAYS, DRIFT, ESTIMATED, HABIT, HOLIDAYS, START, WORKS
from data.make.energy.facts import HOLIDAY, WEEKEND
from data.make.sampling import Integers

NAMES = {
    HOLIDAYS: "chauffage en vacances",
    DRIFT: "dérive de la base",
    BROKEN: "compteur en panne",
    ESTIMATED: "relevés estimés",
}


def truths(book: Book, works: pd.DataFrame) -> pd.DataFrame:
    """Put truths together, ordered by meter, and name the works that are their cause: ``energy/truths``."""
    table = pd.concat([*_of_models(book), *_of_changes(book), *_of_faults(book)], ignore_index=True)
    cause = works[works["meter"] >= 0].query("statut == 'réalisé'").set_index("meter")
    saved = table["nature"].isin(["économie", "part économisée"])
    after = table["nature"].isin(["point d'équilibre", "pente", "base"]) & (table["debut"] > 0)
    table["travaux_id"] = table["meter"].map(cause["travaux_id"]).where(saved | after)
    table["code_uai"] = book.sites["code_uai"].to_numpy(object)[book.meters.site[table["meter"]]]
    table["compteur_id"] = book.meters.id[table["meter"]]
    table["valeur"] = np.round(table["valeur"], 4)
    table = table.sort_values(["compteur_id", "nature", "debut"], ignore_index=True)
    for name in ("debut", "fin"):
        table[name] = START + table[name].to_numpy()
    return table


def _of_models(book: Book) -> list[pd.DataFrame]:
    """Tell the balance point, slope, base and pattern of each meter, before and after what changes it."""
    meters, changes, rows = book.meters, book.changes, np.arange(len(book.meters.id))
    since, until = book.begin[rows, meters.first], book.begin[rows, meters.last]  # bills tell its service
    day, heats = np.minimum(changes.day, until), meters.slope > 0
    parts = []
    for name, unit, shown, value, after in (
        ("point d'équilibre", "°C", heats, meters.balance, meters.balance - changes.balance),
        ("pente", "kWh/(jour·°C)", heats, meters.slope, meters.slope * changes.slope),
        ("base", "kWh/jour", heats | True, meters.base, meters.base * changes.base),
    ):
        changed = shown & (after != value) & (changes.day < DAYS)
        parts.append(_rows(rows, name, since, np.where(changed, day, until), value, unit)[shown])
        parts.append(_rows(rows, name, day, until, after, unit)[changed])
    for name, kind in (("week-end", WEEKEND), ("vacances", HOLIDAY)):
        value = np.where(heats, meters.slope_pattern[:, kind], meters.base_pattern[:, kind])
        parts.append(_rows(rows, name, since, until, value, "part"))
    return parts


def _of_changes(book: Book) -> list[pd.DataFrame]:
    """Tell what works saved in their first year (kWh, and share of what would have been used), and what habits save."""
    done, habit = (np.flatnonzero(book.changes.role == role) for role in (WORKS, HABIT))
    day, saved, used = book.changes.day[done], book.saved[done], book.used[done]
    begun, share = book.changes.day[habit], 1 - book.changes.slope[habit]
    return [
        _rows(done, "économie", day, day + 365, np.round(saved), "kWh/an"),
        _rows(done, "part économisée", day, day + 365, saved / used, "part"),
        _rows(habit, "geste", begun, DAYS, share, "part"),
    ]


def _of_faults(book: Book) -> list[pd.DataFrame]:
    """Tell the faults: for heating in holidays and drifts, the kWh too many; for the others, those used unmeasured."""
    parts = []
    for fault, added in zip(book.faults, book.extra, strict=True):
        row, first, last = fault.meter, fault.begin, fault.end
        if fault.role == ESTIMATED and fault.size:
            first, last = book.begin[row, first], book.begin[row, last]
        energy = added if fault.role in (HOLIDAYS, DRIFT) else book.true[row, first:last].sum()
        parts.append(_rows(np.array([row]), NAMES[fault.role], first, last, np.round(energy), "kWh"))
    return parts


def _rows(meter: Integers, name: str, since: Any, until: Any, value: Any, unit: str) -> pd.DataFrame:
    return pd.DataFrame({"meter": meter, "nature": name, "debut": since, "fin": until, "valeur": value, "unite": unit})
