"""What a report is about: one lycée, those of a team, or all of them."""

from dataclasses import dataclass

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.scope import one_of, only
from tikub_lab.show import plural


@dataclass(frozen=True)
class Scope:
    """One lycée, those of a team, or all of them.

    Attributes
    ----------
    sites : DataFrame
        Their rows of ``energy/sites``.
    uai : str or None
        The code of the one; None for all.
    emat : str or None
        The team that follows them (« équipe mobile d'assistance technique »); None for all.
    """

    sites: pd.DataFrame
    uai: str | None = None
    emat: str | None = None

    @property
    def name(self) -> str:
        """How the title of a page calls it: name and town of the one, or how many there are."""
        if self.uai is None:
            return (f"{self.emat}, " if self.emat else "") + plural(len(self.sites), "lycée")
        site = self.sites.iloc[0]
        return f"{site['lib_etablissement']}, {site['ville']}"

    def keep(self, table: pd.DataFrame, meters: pd.DataFrame | None = None) -> pd.DataFrame:
        """Keep the rows of a table that are about it, by ``code_uai``, or by ``compteur_id`` where meters are given."""
        if self.uai is None and self.emat is None:
            return table
        if meters is None:
            return table[table["code_uai"].isin(self.sites["code_uai"])]
        own = meters.loc[meters["code_uai"].isin(self.sites["code_uai"]), "compteur_id"]
        return table[table["compteur_id"].isin(own)]


def year_of(used: pd.DataFrame, annee: int | None = None) -> int:
    """Return the year that a report looks at: the one asked for, or the last that is complete.

    Parameters
    ----------
    used : DataFrame
        ``annee`` and ``complet``: from :func:`tikub_lab.energy.climate.adjusted`.
    annee : int, optional

    Raises
    ------
    UsageError
        A year of which no meter is known in full.

    Examples
    --------
    >>> used = pd.DataFrame({"annee": [2024, 2025, 2026], "complet": [True, True, False]})
    >>> year_of(used), year_of(used, 2024)
    (2025, 2024)
    """
    known = sorted(used.loc[used["complet"], "annee"].unique())
    if not known:
        raise UsageError("No meter has readings of all of a calendar year: import more of them.")
    if annee is None:
        return int(known[-1])
    one_of("annee", annee, known, "no meter has readings of all of this year")
    return annee


def scope(sites: pd.DataFrame, uai: str | None = None, emat: str | None = None) -> Scope:
    """Say what a report is about.

    Parameters
    ----------
    sites : DataFrame
        Table ``energy/sites``.
    uai : str, optional
        Code UAI of a lycée; None for all.
    emat : str, optional
        A team, as in column ``emat``; None for all.

    Raises
    ------
    UsageError
        A code or a team that the table does not have.

    Examples
    --------
    >>> sites = pd.DataFrame({"code_uai": ["0000001B"], "lib_etablissement": ["Lycée X (fictif)"], "ville": ["Redon"]})
    >>> scope(sites, "0000001B").name
    'Lycée X (fictif), Redon'
    >>> scope(sites).name
    '1 lycée'
    """
    sites = only(sites, "emat", emat, "emat", "energy/sites has no such team; leave it out for all")
    problem = "energy/sites has no such lycée; leave it out for all, or make one page for each by `tikub report --each`"
    return Scope(only(sites, "uai", uai, "code_uai", problem), uai, emat)
