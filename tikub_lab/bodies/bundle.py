"""The portfolio: the tables of outside bodies as they were known on a day, and what follows from several of them."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from tikub_lab import tables
from tikub_lab.bodies.money import identified, year_of
from tikub_lab.bodies.seats import Day, movements, state, to_appoint
from tikub_lab.errors import UsageError
from tikub_lab.methods.law import as_date
from tikub_lab.methods.scope import one_of

DAYS = {"notices": "parution", "filings": "date", "councillors": "releve", "grants": "dateConvention"}
"""By table: the day from which on a row is known; rows without one are known always."""


@dataclass(frozen=True)
class Portfolio:
    """Tables ``bodies/…`` up to ``jour``; the grants say who got them: see :func:`~tikub_lab.bodies.identified`."""

    bodies: pd.DataFrame
    seats: pd.DataFrame
    mandates: pd.DataFrame
    grants: pd.DataFrame
    filings: pd.DataFrame
    notices: pd.DataFrame
    councillors: pd.DataFrame
    jour: pd.Timestamp

    @cached_property
    def moved(self) -> pd.DataFrame:
        """Who left the assembly between its last two snapshots; nobody where there are not two."""
        if self.councillors["releve"].nunique() < 2:
            return self.councillors.head(0).assign(mouvement="", nouveau_nom="", nouveau_prenom="")
        return movements(self.councillors, region=str(self.councillors["region"].iloc[-1]))

    def state(self, mois: int = 6) -> pd.DataFrame:
        """Say of each seat whether it is held, by whom, in which body (``organisme``, ``nature``, ``departement``)."""
        return self.placed(state(self.seats, self.mandates, self.jour.date(), mois))

    def to_appoint(self, mois: int = 0) -> pd.DataFrame:
        """List the seats to be filled, with the body of each."""
        return self.placed(to_appoint(self.seats, self.mandates, self.moved, self.jour.date(), mois))

    def placed(self, seats: pd.DataFrame) -> pd.DataFrame:
        """Add to seats the name, nature, commune and département of their body."""
        about = self.bodies[["organisme_id", "nom", "nature", "ville", "departement"]]
        return seats.merge(about.rename(columns={"nom": "organisme"}), on="organisme_id", how="left")

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Put the name of the body before rows that have its identifier."""
        names = rows["organisme_id"].map(self.bodies.set_index("organisme_id")["nom"])
        return rows.drop(columns="nom", errors="ignore").assign(organisme=names)


def portfolio(jour: Day | None = None) -> Portfolio:
    """Load the tables as they were known on a day.

    Parameters
    ----------
    jour : date or str, optional
        By default the last day of which grants, notices, filings or snapshots of councillors say anything. Only bodies
        and grants have to be there.

    Examples
    --------
    >>> f"{portfolio().jour:%Y-%m-%d}", len(portfolio("2024-12-31").notices)
    ('2026-05-15', 32)
    """
    names = ("bodies", "grants", "seats", "mandates", "filings", "notices", "councillors")
    found = {name: tables.load(f"bodies/{name}", optional=name not in names[:2]) for name in names}
    last = pd.Series([found[name][column].max() for name, column in DAYS.items()]).max()
    day = pd.Timestamp(str(as_date(jour, "jour"))) if jour is not None else last
    if pd.isna(day):
        raise UsageError("No grant, notice, filing or snapshot of councillors has a day: give jour.")
    for name, column in DAYS.items():
        found[name] = found[name][~(found[name][column] > day)]
    return Portfolio(**(found | {"grants": identified(found["grants"], found["bodies"])}), jour=day)


def body_of(data: Portfolio, organisme: str) -> pd.Series:
    """Return the row of one body; a UsageError where there is none.

    Examples
    --------
    >>> body_of(portfolio(), "210060349")["nature"]
    'association'
    """
    one_of("organisme", organisme, data.bodies["organisme_id"], "no body has this identifier")
    return data.bodies[data.bodies["organisme_id"] == organisme].iloc[0]


def yearly(data: Portfolio, organisme: str) -> pd.DataFrame:
    """Sum what a body was granted in each year of which any grant is known: exercice, montant (€, 0 for none).

    Examples
    --------
    >>> yearly(portfolio(), "210060349")["exercice"].tolist()
    [2020, 2021, 2022, 2023, 2024, 2025]
    """
    year_of(data.grants)  # or there is none
    years = sorted(map(int, data.grants["exercice"].unique()))
    given = data.grants[data.grants["beneficiaire"] == organisme].groupby("exercice")["montant"].sum()
    return given.reindex(years, fill_value=0.0).rename_axis("exercice").reset_index()


def last_closed(data: Portfolio) -> int:
    """Return the last year of which grants and yearly accounts are known; where there are no accounts, the last year.

    Examples
    --------
    >>> last_closed(portfolio())
    2024
    """
    granted = set(map(int, data.grants["exercice"]))
    closed = set(map(int, data.filings.loc[data.filings["nature"] == "comptes annuels", "exercice"]))
    return max(granted & closed or granted)
