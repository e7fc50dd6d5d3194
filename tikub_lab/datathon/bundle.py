"""One Datathon: its rules, who applied, who reads and judges, and what follows from these together."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from tikub_lab import tables
from tikub_lab.datathon.applications import ADMITTED, TABLES, aside, checked, decided
from tikub_lab.datathon.edition import Edition, edition
from tikub_lab.datathon.jury import marks
from tikub_lab.errors import UsageError
from tikub_lab.methods.scope import one_of


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
        """Load and check « readings » or « scores »; no row where there are none yet.

        A UsageError where a mark is of somebody unknown, of who stands aside, or of the jury on a team not admitted.
        """
        step = "sélection" if table == "readings" else "jury"
        found = marks(tables.load(f"datathon/{table}", optional=True), note_max, self.rules.criteria(step))
        teams = self.applications["equipe_id"] if table == "readings" else self.admitted
        for code in found["equipe_id"].unique():
            one_of(f"datathon/{table}: equipe_id", code, teams, "no application that is admitted has this code")
        for code in found["juge_id"].unique():
            one_of(
                f"datathon/{table}: juge_id", code, self.jurors["juge_id"], "nobody in datathon/jurors has this code"
            )
        barred = found.merge(self.aside, on=["juge_id", "equipe_id"])
        for row in barred.head(1).to_dict("records"):
            raise UsageError(
                f"datathon/{table}: {row['juge_id']} marked {row['equipe_id']}, but stands aside for that team "
                f"({row['motif']}). Take these marks out of the file and import it again."
            )
        return found


def contest(name: str = "2019") -> Contest:
    """Load an edition's rules (its name, or a file) and the tables of who takes part.

    Examples
    --------
    >>> len(contest().admitted)
    14
    """
    loaded = {each: tables.load(f"datathon/{each}", optional=each == "ties") for each in TABLES}
    return Contest(edition(name), **loaded)
