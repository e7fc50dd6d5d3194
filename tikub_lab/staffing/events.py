"""Events of the ledger: what they may say, how they are read and hashed."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import TikubError, nearest

Row = dict[str, Any]
"""An event; a **period** is one too, on days on which it holds. In the ledger days are text."""
OPEN = date.max
"""The end of what has none, in the store."""
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


def content(event: Any) -> Row:
    """Read an event, typed, text or JSON, or refuse it with a reason that repeats no value: it may be a name."""
    if isinstance(event, bytes):
        try:
            event = json.loads(event.decode("utf-8"))
        except (ValueError, RecursionError):
            raise Refused("no JSON in UTF-8") from None
    if not isinstance(event, Mapping):
        raise Refused('no JSON object, such as {"id": …}')
    if unknown := [name for name in event if name not in CONTENT]:
        raise Refused(f"unknown key {unknown[0]!r}.{nearest(unknown[0], CONTENT)} Known: {', '.join(CONTENT)}.")
    row = {name: _value(name, event.get(name)) for name in CONTENT}
    for name in HEAD:
        if row[name] is None:
            raise Refused(f"{name} is missing: every event has {', '.join(HEAD)}.")
    needed, more, _ = KINDS[row["objet"]] if row["verbe"] == "assert" else ((), (), "")
    lacking = [name for name in needed if row[name] is None]
    foreign = [name for name in CONTENT[7:] if row[name] is not None and name not in needed + more]
    if lacking or foreign:
        problem = f"{lacking[0]} is missing" if lacking else f"{foreign[0]} is not said of it"
        raise Refused(f"{row['verbe']} {row['objet']}: {problem}; it says {', '.join(needed) or 'nothing'}.")
    row["fin"] = row["fin"] or str(OPEN)
    if row["fin"] <= row["debut"]:
        raise Refused("fin is not after debut; it is the first day on which it is over.")
    return row


def _value(name: str, value: Any) -> Any:
    if value is None or value == "" or value != value or value is pd.NaT:
        return None
    try:
        if name in DAYS:
            return str(value.date() if isinstance(value, datetime) else date.fromisoformat(str(value)))
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


def as_table(rows: Iterable[Row]) -> pd.DataFrame:
    """Make a table as ``staffing/events``; days may be text, as the store has them."""
    rows = [*rows]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in (*CONTENT, "enregistre")}
    for name in DAYS:  # numpy reads text faster than dates
        days = np.array([str(day or "NaT") for day in columns[name]], dtype="datetime64[s]")
        columns[name] = np.where(days == np.datetime64(OPEN), np.datetime64("NaT"), days)
    columns["enregistre"] = pd.DatetimeIndex(np.array(columns["enregistre"], dtype="datetime64[us]"), tz="UTC")
    return pd.DataFrame(columns).astype(
        {name: "float64" if name in NUMBERS else "str" for name in CONTENT if name not in DAYS}
    )


def chained(row: Row, head: Row, recorded: datetime) -> Row:
    """Put an event behind the last one, as a row of the store."""
    salt, when = secrets.token_hex(16), recorded.isoformat(timespec="microseconds")
    new = {**row, "number": head["number"] + 1, "enregistre": when, "salt": salt, "digest": digest(row, salt)}
    return {**new, "hash": link(head["hash"], new)}


def digest(row: Mapping[str, Any], salt: str) -> str:
    """Hash what an event says with its salt, without which nobody can try what it may have said."""
    text = json.dumps([row[name] for name in CONTENT], ensure_ascii=False)
    return hashlib.sha256((text + salt).encode()).hexdigest()


def link(previous: str, row: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{previous}|{row['number']}|{row['enregistre']}|{row['digest']}".encode()).hexdigest()
