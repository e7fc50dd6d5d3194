"""Which contracts a report is about, from which day it looks, and what it is called."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.law import as_date
from tikub_lab.methods.scope import during, only, period
from tikub_lab.procurement.groups import family_labels, latest_names
from tikub_lab.show.french import day, plural
from tikub_lab.tables import require

REGIONS = pd.read_csv(Path(__file__).with_name("regions.csv"), dtype="str").set_index("code")["nom"]
"""Names by code (Code officiel géographique, INSEE)."""


@dataclass(frozen=True)
class Scope:
    """What a page is about: its contracts, one at least; the family, buyers and region; the days, in words."""

    contracts: pd.DataFrame
    name: str
    period: str


def scope(
    contracts: pd.DataFrame,
    acheteur: str | None = None,
    annee_debut: int | None = None,
    annee_fin: int | None = None,
    famille: str | None = None,
    region: str | None = None,
) -> Scope:
    """Keep the contracts that a page is about, with what they are called and their period in words.

    What the table does not know, or years without any contract, are a UsageError.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``.
    acheteur : str, optional
        SIRET of a buyer; None keeps all of them.
    annee_debut, annee_fin : int, optional
        First and last year of notification, both included.
    famille : str, optional
        Beginning of a CPV code, two to eight digits: ``"45"`` for works.
    region : str, optional
        INSEE code of the buyers' region: ``"53"`` for Brittany.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> here = scope(tables.load("procurement/contracts"), famille="45", annee_debut=2025)
    >>> here.name, here.period
    ('Travaux de construction, 27 acheteurs publics', 'du 1er janvier 2025 au 30 décembre 2025')
    """
    columns = ["acheteur_id", "acheteur_nom", "acheteur_region", "codeCPV", "dateNotification"]
    require(contracts, "procurement/contracts", columns)
    if famille is not None and not re.fullmatch(r"\d{2,8}", str(famille)):
        raise UsageError(
            f"famille={famille!r}: give the first two to eight digits of a CPV code, such as 45 for works."
        )
    kept = only(contracts, "acheteur", acheteur, "acheteur_id", "no contract has this buyer, a SIRET of 14 digits")
    kept = only(kept, "region", region, "acheteur_region", "no contract has a buyer of this region, an INSEE code")
    kept = only(
        kept, "famille", famille, "codeCPV", "no contract of this selection has this beginning of a CPV code", 2
    )
    kept = during(kept, "dateNotification", annee_debut, annee_fin)
    what = family_labels(pd.Series([famille])).iloc[0] + ", " if famille else ""
    where = f" ({REGIONS.get(region, 'région ' + region)})" if region and acheteur is None else ""
    name = f"{what}{buyer_name(kept, acheteur)}{where}"
    return Scope(kept, name, period(kept["dateNotification"], day))


def reference_day(contracts: pd.DataFrame, jour: date | None = None, annee_fin: int | None = None) -> pd.Timestamp:
    """Return the day from which one looks: the one given, else that of the last notification or publication known.

    Not today's: the same data gives the same page. Of the two the earlier one, for a notification later than all
    publications is a mistake of entry.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``, of all buyers: one that buys little is seen from the same day.
    jour, annee_fin : date and int, optional
        The day given; the last year whose contracts are kept, after whose end the day is not.

    Examples
    --------
    >>> str(reference_day(pd.DataFrame({"dateNotification": pd.to_datetime(["2025-03-01", "2024-01-01"]),
    ...     "datePublicationDonnees": pd.NaT})).date())
    '2025-03-01'
    """
    if jour is not None:
        return pd.Timestamp(str(as_date(jour, "jour")))
    days = contracts[["dateNotification", "datePublicationDonnees"]].max()
    last = pd.Timestamp(days.min())
    return last if annee_fin is None or annee_fin >= last.year else pd.Timestamp(annee_fin, 12, 31)


def buyer_name(contracts: pd.DataFrame, acheteur: str | None) -> str:
    """Name a buyer for a reader: its latest published name, else its SIRET; for None, how many buyers there are."""
    buyers = contracts["acheteur_id"].unique()
    if acheteur is None and len(buyers) > 1:
        return plural(len(buyers), "acheteur public", "acheteurs publics")
    one = acheteur or buyers[0]
    name = latest_names(contracts).get(one)
    return f"SIRET {one}" if pd.isna(name) else str(name)
