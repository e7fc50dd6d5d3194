"""Events of the ledger: what they may say, how they are read and hashed, how they lie over each other."""

import hashlib
import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from tikub_lab.errors import TikubError, nearest

Row = dict[str, Any]

OPEN = date.max
"""The end of what has none, in the store."""
NEVER = 2**31 - 1
"""The number of the event that voids one that none has voided."""

KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "poste": (("code_uai", "metier", "quotite", "statut"), ("publication",), ""),
    "affectation": (("rattachement", "agent", "quotite", "contrat"), (), "poste"),
    "absence": (("rattachement", "motif"), (), "affectation"),
    "remplacement": (("rattachement", "agent", "quotite", "contrat"), (), "absence"),
}
"""Of each kind of thing: what an assertion must say, what it may say, and the kind of thing it belongs to."""
VALUES = {
    "verbe": ("assert", "retract"),
    "objet": tuple(KINDS),
    "statut": ("ouvert", "gelé"),
    "contrat": ("titulaire", "vacance", "remplacement", "pool", "EMAT"),
    "motif": ("maladie", "longue maladie", "accident", "maternité", "paternité", "autre"),
}
HEAD = ("id", "verbe", "objet", "cle", "debut")
CONTENT = (*HEAD, "fin", "remplace", "rattachement", "agent", "code_uai", "metier", "quotite", "statut", "contrat",
           "motif", "publication")  # fmt: skip
"""What an event says: the columns of ``staffing/events`` but ``enregistre``."""
DAYS, NUMBERS = ("debut", "fin", "publication"), ("quotite",)


class Refused(TikubError):
    """An event that the ledger does not take, with the reason."""


@dataclass(frozen=True)
class Period:
    """Days on which a thing was there, and what was said of it."""

    debut: date
    fin: date
    row: Row


def content(event: Mapping[str, Any]) -> Row:
    """Read an event given as text or typed, or refuse it with the reason, which repeats no value: it may be a name."""
    if unknown := [name for name in event if name not in CONTENT]:
        raise Refused(f"unknown key {unknown[0]!r}.{nearest(unknown[0], CONTENT)} Known: {', '.join(CONTENT)}.")
    row = {name: _value(name, event.get(name)) for name in CONTENT}
    for name in HEAD:
        if row[name] is None:
            raise Refused(f"{name} is missing: every event has {', '.join(HEAD)}.")
    needed, more, _ = KINDS[row["objet"]]
    asserts = row["verbe"] == "assert"
    lacking = [name for name in needed if row[name] is None] if asserts else []
    given = [name for name in CONTENT[7:] if row[name] is not None]
    foreign = [name for name in given if not asserts or name not in needed + more]
    if lacking or foreign:
        said = f"{lacking[0]} is missing" if lacking else f"{foreign[0]} is not said of it"
        raise Refused(f"{row['verbe']} {row['objet']}: {said}; it says {', '.join(needed) if asserts else 'nothing'}.")
    row["fin"] = row["fin"] or OPEN
    if row["fin"] <= row["debut"]:
        raise Refused("fin is not after debut; it is the first day on which it is over.")
    return row


def _value(name: str, value: Any) -> Any:
    if value is None or value == "" or value != value or value is pd.NaT:
        return None
    try:
        if name in DAYS:
            return value.date() if isinstance(value, datetime) else date.fromisoformat(str(value))
        if name in NUMBERS:
            if isinstance(value, bool) or not 0 < float(value) <= 100:
                raise ValueError
            return float(value)
        if not isinstance(value, str) or not value.isprintable() or len(value) > 200:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        what = "a date such as 2026-03-01" if name in DAYS else "a share of full time, above 0 and up to 100 (%)"
        what = what if name in DAYS + NUMBERS else "text on one line, of at most 200 characters"
        raise Refused(f"{name} is not {what}.") from None
    if value not in VALUES.get(name, (value,)):
        raise Refused(f"{name} is none of {', '.join(VALUES[name])}.{nearest(value, VALUES[name])}")
    return value


def periods(rows: Iterable[Row]) -> list[Period]:
    """Lay events over each other, in their order: the days on which each thing is there, by thing.

    Examples
    --------
    >>> row = {"objet": "absence", "cle": "A1", "verbe": "assert", "debut": date(2026, 1, 5), "fin": date(2026, 2, 1)}
    >>> back = {**row, "verbe": "retract", "debut": date(2026, 1, 20), "fin": OPEN}
    >>> [(str(item.debut), str(item.fin)) for item in periods([row, back])]
    [('2026-01-05', '2026-01-20')]
    """
    found: dict[tuple[str, str], list[Period]] = defaultdict(list)
    for row in rows:
        first, last, kept = row["debut"], row["fin"], []
        for item in found[row["objet"], row["cle"]]:
            if item.debut < first:
                kept.append(Period(item.debut, min(item.fin, first), item.row))
            if item.fin > last:
                kept.append(Period(max(item.debut, last), item.fin, item.row))
        if row["verbe"] == "assert":
            kept.append(Period(first, last, row))
        found[row["objet"], row["cle"]] = sorted(kept, key=lambda item: item.debut)
    return [item for each in found.values() for item in each]


@dataclass(frozen=True)
class Spell:
    """Days in a row on which a thing was there, in parts of which different things are said."""

    parts: tuple[Period, ...]

    @property
    def debut(self) -> date:
        """The first day."""
        return self.parts[0].debut

    @property
    def fin(self) -> date:
        """The first day on which it is over."""
        return self.parts[-1].fin

    def row(self, day: date) -> Row:
        """Return what is said of a day, or of the nearest one."""
        return next((part.row for part in self.parts if day < part.fin), self.parts[-1].row)


def spells(rows: Iterable[Row]) -> list[Spell]:
    """Join the periods of each thing that follow each other without a gap."""
    found: list[list[Period]] = []
    for item in periods(rows):
        last = found[-1][-1] if found else None
        if last and (last.row["objet"], last.row["cle"], last.fin) == (item.row["objet"], item.row["cle"], item.debut):
            found[-1].append(item)
        else:
            found.append([item])
    return [Spell(tuple(parts)) for parts in found]


def as_table(rows: Iterable[Row]) -> pd.DataFrame:
    """Make a table of events, with the columns of ``staffing/events``."""
    names = [*CONTENT, "enregistre"]
    table = pd.DataFrame([[row[name] for name in names] for row in rows], columns=names)
    table["fin"] = table["fin"].where(table["fin"] != OPEN)
    kinds = dict.fromkeys(CONTENT, "str") | dict.fromkeys(DAYS, "datetime64[s]") | dict.fromkeys(NUMBERS, "float64")
    table["enregistre"] = pd.to_datetime(table["enregistre"], utc=True)
    return table.astype({**kinds, "enregistre": "datetime64[us, UTC]"})


def chained(row: Row, head: Row, recorded: datetime) -> Row:
    """Put an event behind the last one."""
    salt = secrets.token_hex(16)
    new = {**row, "number": head["number"] + 1, "enregistre": recorded, "salt": salt, "voided": NEVER}
    new["digest"] = digest(row, salt)
    return {**new, "hash": link(head["hash"], new)}


def digest(row: Mapping[str, Any], salt: str) -> str:
    """Hash what an event says with its salt, without which nobody can try what it may have said."""
    values = [str(row[name]) if name in DAYS and row[name] else row[name] for name in CONTENT]
    return hashlib.sha256((json.dumps(values, ensure_ascii=False) + salt).encode()).hexdigest()


def link(previous: str, row: Mapping[str, Any]) -> str:
    text = f"{previous}|{row['number']}|{row['enregistre'].isoformat()}|{row['digest']}"
    return hashlib.sha256(text.encode()).hexdigest()
