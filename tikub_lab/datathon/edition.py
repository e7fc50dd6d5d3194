"""An edition's rules: one dated file each, in which what was never published is « à demander », and has no value."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.law import STEP, TO_ASK, Law
from tikub_lab.methods.scope import one_of

EDITIONS = Path(__file__).with_name("editions")
PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True)
class Edition:
    """The rules of one Datathon: ``law`` has its rows as :mod:`tikub_lab.methods.law` describes them."""

    name: str
    law: Law

    def said(self, *key: str) -> str | None:
        """Return what a rule says; None where that is to be asked."""
        row = self.law.value(*key)
        return None if row.statut == TO_ASK or not row.valeur else row.valeur

    def number(self, *key: str) -> float:
        """Return a rule's number; a UsageError where it is to be asked, or is none."""
        return self.law.value(*key).number

    def criteria(self, step: str) -> dict[str, str]:
        """Return the published criteria of a step, « sélection » or « jury »: codes and names."""
        return {row.key[-1]: row.valeur for row in self.law.values(step, "critère")}

    @property
    def closing(self) -> pd.Timestamp:
        """The first instant at which it is too late, in Europe/Paris."""
        text = self.said("candidature", "clôture")
        try:
            return pd.Timestamp(datetime.fromisoformat(text or "").replace(tzinfo=PARIS))
        except ValueError:
            name = f"{self.law.name}: « candidature / clôture »"
            raise UsageError(f"{name} is {text!r}; write it as 2019-05-15T00:00:00, in local time.") from None

    @property
    def last_day(self) -> date:
        """The last day on which it may take place."""
        return date.fromisoformat(self.said("événement", "dernier jour") or self.closing.date().isoformat())

    def purge(self, months: int) -> date:
        """Return from when on personal data has to be deleted: so many months after the last day."""
        if not 0 <= months <= 120:
            raise UsageError(f"conserver={months}: give a number of months from 0 to 120.")
        return (pd.Timestamp(self.last_day) + pd.DateOffset(months=months)).date()

    @property
    def to_ask(self) -> pd.DataFrame:
        """What the rules do not say: regle, remarque."""
        rows = [(STEP.join(row.key), row.remarque) for row in self.law.values() if row.statut == TO_ASK]
        return pd.DataFrame(rows, columns=["regle", "remarque"], dtype="str")


def edition(name: str = "2019") -> Edition:
    """Open the rules of an edition: one that ships, or a file (CSV) of the same columns."""
    if (path := Path(name)).suffix == ".csv":
        if not path.is_file():
            raise UsageError(
                f"{name}: no such file. Copy {EDITIONS / '2019.csv'}, and write your edition's rules into it."
            )
        return Edition(path.stem, Law(path))
    one_of("edition", name, sorted(path.stem for path in EDITIONS.glob("*.csv")), "no rules of this edition are here")
    return Edition(name, Law(EDITIONS / f"{name}.csv"))
