"""One Datathon: its rules, who applied, who reads and judges, and what follows from these together."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from tikub_lab import tables
from tikub_lab.datathon.applications import ADMITTED, TABLES, aside, checked, decided
from tikub_lab.datathon.edition import Edition, edition
from tikub_lab.datathon.jury import marks


@dataclass(frozen=True)
class Contest:
    """Tables ``datathon/…`` beside the rules of an edition."""

    rules: Edition
    applications: pd.DataFrame
    members: pd.DataFrame
    jurors: pd.DataFrame
    ties: pd.DataFrame

    @cached_property
    def states(self) -> pd.DataFrame:
        """The applications with ``etat``, ``regle`` and ``raison``: see :func:`~tikub_lab.datathon.decided`."""
        checks = checked(self.applications, self.members, self.jurors, self.ties, self.rules)
        return decided(self.applications, checks)

    @property
    def admitted(self) -> pd.Series:
        """Codes of the teams that may be read."""
        return self.states.loc[self.states["etat"] == ADMITTED, "equipe_id"]

    @cached_property
    def aside(self) -> pd.DataFrame:
        """Who stands aside for which team, with its name."""
        return self.named(aside(self.jurors, self.ties, self.members))

    @property
    def names(self) -> pd.Series:
        """Names of teams by code."""
        return self.applications.set_index("equipe_id")["equipe"]

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Add to rows that have ``equipe_id`` the name of the team, ``equipe``."""
        return rows.assign(equipe=[self.names.get(code, code) for code in rows["equipe_id"]])

    def marks(self, table: str, note_max: float) -> pd.DataFrame:
        """Load and check « readings » or « scores »; no row where there are none yet."""
        step = "sélection" if table == "readings" else "jury"
        return marks(tables.load(f"datathon/{table}", optional=True), note_max, self.rules.criteria(step))


def contest(name: str = "2019") -> Contest:
    """Load an edition's rules (its name, or a file) and the tables of who takes part.

    Examples
    --------
    >>> len(contest().admitted)
    14
    """
    loaded = {each: tables.load(f"datathon/{each}", optional=each == "ties") for each in TABLES}
    return Contest(edition(name), **loaded)
