"""Dated values of the law: what was in force on a day, by which text, and how sure that is.

A use case keeps them in its ``law.csv``, one row a value and period:

- ``cle``: what it is, in steps from the general to the particular (« dispense / travaux / collectivité »); a step that
  holds for several says so (« fournitures|services »);
- ``debut``, ``fin``: first and last day, both included; without a first one it is not known since when, without a last
  one no text is known to end it;
- ``valeur``, ``unite``: as the text writes them;
- ``texte``, ``reference``, ``source``, ``remarque``: short name of the text, full reference, where it was read, what to
  know about it;
- ``statut``: « confirmé » was read on an official site, or in two sources that do not quote each other; « à confirmer »
  in one indirect source, or worked out from the text; « à demander » is not known, and has no value.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import product
from pathlib import Path

import pandas as pd

from tikub_lab.errors import UsageError, nearest

CONFIRMED, TO_CONFIRM, TO_ASK = "confirmé", "à confirmer", "à demander"
STEP, EITHER = " / ", "|"
TEXTS = ("texte", "reference", "source", "statut", "remarque")

Day = date | str | None


@dataclass(frozen=True)
class Value:
    """A value and its period: a row of ``law.csv``, with the steps of its key; days are None where not known."""

    key: tuple[str, ...]
    valeur: str
    unite: str
    debut: date | None
    fin: date | None
    texte: str
    reference: str
    source: str
    statut: str
    remarque: str

    @property
    def number(self) -> float:
        """The value as a number; a UsageError where it is not known, or is none."""
        name = f"« {STEP.join(self.key)} »"
        if self.statut == TO_ASK or not self.valeur:
            raise UsageError(f"{name} is not known ({self.texte}): ask for it, and give it as a parameter.")
        try:
            return float(self.valeur)
        except ValueError as error:
            raise UsageError(f"{name} is {self.valeur!r} ({self.unite}), no number.") from error

    @property
    def version(self) -> str:
        """Which version it is, in French: its text, since when, and whether that is to be confirmed."""
        since = f", depuis le {self.debut:%d/%m/%Y}" if self.debut else ""
        return f"{self.texte}{since}" + ("" if self.statut == CONFIRMED else f", {self.statut}")

    def holds(self, when: date | None) -> bool:
        """Tell whether it is in force on a day; without one it is."""
        return when is None or (self.debut or date.min) <= when <= (self.fin or date.max)

    def during(self, days: pd.Series) -> pd.Series:
        """Tell on which of many days it is in force; on a missing one it is not."""
        first, last = pd.Timestamp(self.debut or date.min), pd.Timestamp(self.fin or date.max)
        return (days >= first) & (days.dt.floor("D") <= last)


class Law:
    """The dated values of one file.

    Parameters
    ----------
    path : path
        A use case's ``law.csv``; it is read when a value is first asked for.

    Examples
    --------
    >>> from tikub_lab.methods.code import ROOT
    >>> law = Law(ROOT / "energy" / "law.csv")
    >>> law.value("référence", "dernière année", day="2024-03-14").number
    2019.0
    >>> law.value("référence", "dernière année").version
    'arrêté du 20 février 2024, depuis le 15/03/2024'
    >>> law.table("réduction", names=("echeance",))[["echeance", "valeur"]].values.tolist()
    [['2030', '0.40'], ['2040', '0.50'], ['2050', '0.60']]
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.name = f"{self.path.parent.name}/{self.path.name}"

    @cached_property
    def _rows(self) -> tuple[Value, ...]:
        rows = []
        with self.path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                first, last = (date.fromisoformat(row[name]) if row[name] else None for name in ("debut", "fin"))
                texts = {name: row[name] for name in ("valeur", "unite", *TEXTS)}
                steps = [step.split(EITHER) for step in row["cle"].split(STEP)]
                rows += [Value(key, debut=first, fin=last, **texts) for key in product(*steps)]
        return tuple(rows)

    def values(self, *key: str | int, day: Day = None) -> list[Value]:
        """List the values whose key begins so, in the order of the file: all versions, or those in force on a day.

        Raises
        ------
        UsageError
            A key that the file does not know, or what is no day.
        """
        when, start = as_date(day), tuple(map(str, key))
        rows = [row for row in self._rows if row.key[: len(start)] == start]
        if not rows:
            raise UsageError(self._unknown(start))
        return [row for row in rows if row.holds(when)]

    def value(self, *key: str | int, day: Day = None) -> Value:
        """Return the value in force on a day, or without a day the last version.

        Raises
        ------
        UsageError
            A key that the file does not know, or a day before the first version or after the last one.
        """
        rows = sorted(self.values(*key), key=lambda row: row.debut or date.min)
        if len(rows[0].key) > len(key):
            raise UsageError(self._unknown((*map(str, key), "")))
        when = as_date(day)
        found = [row for row in rows if row.holds(when)]
        if not found:
            end = f"to {rows[-1].fin}" if rows[-1].fin else "on"
            raise UsageError(
                f"{self.name}: « {STEP.join(rows[0].key)} » on {when}: known from {rows[0].debut} {end}. "
                "Take another day, or add the version to the file with its text."
            )
        return found[-1]

    def table(self, *key: str | int, names: Sequence[str], day: Day = None) -> pd.DataFrame:
        """Return :meth:`values` as a table: the further steps of the keys as columns so named, then those of the file.

        ``valeur`` is text as written, empty where it is not known; days that are not known are missing.
        """
        rows = [(*row.key[len(key) :], *list(vars(row).values())[1:]) for row in self.values(*key, day=day)]
        texts = [*names, "valeur", "unite", *TEXTS]
        found = pd.DataFrame(rows, columns=[*names, "valeur", "unite", "debut", "fin", *TEXTS])
        return found.astype({**dict.fromkeys(texts, "str"), "debut": "datetime64[s]", "fin": "datetime64[s]"})

    def _unknown(self, key: tuple[str, ...]) -> str:
        """Say which step of a key is not known, and what it could be."""
        known: dict[str, None] = {}
        for depth, step in enumerate(key):
            rows = [row.key for row in self._rows if row.key[:depth] == key[:depth] and len(row.key) > depth]
            known = dict.fromkeys(row[depth] for row in rows)
            if step not in known:
                break
        where = f"« {STEP.join(key[:depth])} »: " if depth else ""
        return f"{self.name}: {where}{step!r} is none of {', '.join(known)}.{nearest(step, known)}"


def as_date(day: Day, name: str = "day") -> date | None:
    """Read a day given as a date or as text, under the name of its parameter; None stays None.

    Examples
    --------
    >>> as_date("2026-04-01")
    datetime.date(2026, 4, 1)
    """
    if day is None:
        return None
    if pd.isna(day):
        raise UsageError(f"{name} is missing; write it as 2026-05-03.")
    try:  # not what pandas takes for a day: 2026, « now », 01/02/2026 for 2 January
        when = datetime.fromisoformat(str(day)).date()
    except ValueError as error:
        raise UsageError(f"{name}={day!r} is no date; write it as 2026-05-03.") from error
    if not 1900 <= when.year < 2200:  # months are added to it, and taken away
        raise UsageError(f"{name}={when}: a day from 1900 to 2199 is allowed.")
    return when
