"""Which contracts a report is about, from which day it looks, and what it is called."""

import re
from dataclasses import dataclass
from datetime import date

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.procurement.groups import family_labels
from tikub_lab.show.french import day, plural

REGIONS = {
    "01": "Guadeloupe", "02": "Martinique", "03": "Guyane", "04": "La Réunion", "06": "Mayotte", "11": "Île-de-France",
    "24": "Centre-Val de Loire", "27": "Bourgogne-Franche-Comté", "28": "Normandie", "32": "Hauts-de-France",
    "44": "Grand Est", "52": "Pays de la Loire", "53": "Bretagne", "75": "Nouvelle-Aquitaine", "76": "Occitanie",
    "84": "Auvergne-Rhône-Alpes", "93": "Provence-Alpes-Côte d'Azur", "94": "Corse",
}  # fmt: skip
"""Names by code (Code officiel géographique, INSEE)."""


def select(
    contracts: pd.DataFrame,
    acheteur: str | None = None,
    annee_debut: int | None = None,
    annee_fin: int | None = None,
    famille: str | None = None,
    region: str | None = None,
) -> pd.DataFrame:
    """Keep the contracts of one buyer, one family of purchases, one region's buyers, a range of years of notification.

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

    Raises
    ------
    UsageError
        A buyer, a region or a family that the table does not know, or years in the wrong order.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-03-01", "2025-03-01"])
    >>> book = pd.DataFrame({"acheteur_id": ["1", "2"], "dateNotification": days})
    >>> len(select(book, annee_debut=2025))
    1
    """
    if annee_debut is not None and annee_fin is not None and annee_debut > annee_fin:
        raise UsageError(
            f"annee_debut={annee_debut} is after annee_fin={annee_fin}; give the first year, then the last."
        )
    keep = pd.Series(True, index=contracts.index)
    if acheteur is not None:
        keep &= contracts["acheteur_id"] == acheteur
        if not keep.any():
            known = contracts.drop_duplicates("acheteur_id")
            examples = ", ".join(known["acheteur_id"].head(3))
            raise UsageError(
                f"acheteur={acheteur!r}: no contract has this buyer. It is a SIRET of 14 digits; "
                f"the table knows {len(known)}, such as {examples}."
            )
    if region is not None:
        keep &= (contracts["acheteur_region"] == region).fillna(False).astype(bool)
        if not keep.any():
            codes = ", ".join(sorted(contracts["acheteur_region"].dropna().unique())) or "none"
            raise UsageError(f"region={region!r}: no contract has a buyer of this region; the table knows {codes}.")
    if famille is not None:
        keep &= contracts["codeCPV"].str.startswith(famille).fillna(False).astype(bool)
        if not re.fullmatch(r"\d{2,8}", famille) or not keep.any():
            divisions = contracts["codeCPV"].str[:2].dropna().value_counts()
            raise UsageError(
                f"famille={famille!r}: no contract has this family{' and this buyer' if acheteur else ''}. It is the "
                f"beginning of a CPV code, two to eight digits; the most frequent divisions are "
                f"{', '.join(divisions.index[:5])}."
            )
    years = contracts["dateNotification"].dt.year
    if annee_debut is not None:
        keep &= years >= annee_debut
    if annee_fin is not None:
        keep &= years <= annee_fin
    return contracts[keep]


@dataclass(frozen=True)
class Scope:
    """What a page is about.

    Attributes
    ----------
    contracts : DataFrame
        What :func:`select` kept, one row at least.
    name : str
        The family, the buyer or buyers, their region.
    period : str
        From the first to the last day of notification, in words.
    """

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

    Parameters
    ----------
    contracts, acheteur, annee_debut, annee_fin, famille, region
        As for :func:`select`.

    Raises
    ------
    UsageError
        A parameter that the table does not know, or years without any contract.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> here = scope(tables.load("procurement/contracts"), famille="45", annee_debut=2025)
    >>> here.name, here.period
    ('Travaux de construction, 27 acheteurs publics', 'du 1er janvier 2025 au 30 décembre 2025')
    """
    kept = select(contracts, acheteur, annee_debut, annee_fin, famille, region)
    if kept.empty:
        years = select(contracts, acheteur, famille=famille, region=region)["dateNotification"].dt.year
        given = {"annee_debut": annee_debut, "annee_fin": annee_fin}
        said = ", ".join(f"{name}={year}" for name, year in given.items() if year is not None)
        raise UsageError(
            f"{said}: no contract of this selection was notified then; its years are {years.min():.0f} to "
            f"{years.max():.0f}."
        )
    first, last = kept["dateNotification"].min(), kept["dateNotification"].max()
    period = f"le {day(first)}" if first == last else f"du {day(first)} au {day(last)}"
    return Scope(kept, scope_name(kept, acheteur, famille, region), period)


def reference_day(contracts: pd.DataFrame, jour: date | None = None, annee_fin: int | None = None) -> pd.Timestamp:
    """Return the day from which one looks: the one given, else that of the last notification or publication known.

    Not today's: the same data gives the same page. Of the two the earlier one, for a notification later than all
    publications is a mistake of entry.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``, of all buyers: one that buys little is seen from the same day.
    jour : date, optional
        The day given.
    annee_fin : int, optional
        The last year whose contracts are kept: the day is not after its end.

    Examples
    --------
    >>> str(reference_day(pd.DataFrame({"dateNotification": pd.to_datetime(["2025-03-01", "2024-01-01"]),
    ...     "datePublicationDonnees": pd.NaT})).date())
    '2025-03-01'
    """
    if jour is not None:
        return pd.Timestamp(jour)
    days = contracts[["dateNotification", "datePublicationDonnees"]].max()
    last = pd.Timestamp(days.min())
    return last if annee_fin is None else min(last, pd.Timestamp(annee_fin, 12, 31))


def buyer_name(contracts: pd.DataFrame, acheteur: str | None) -> str:
    """Name a buyer for a reader: its latest published name, else its SIRET; for None, how many buyers there are."""
    if acheteur is None:
        buyers = contracts["acheteur_id"].nunique()
        alone = buyer_name(contracts, contracts["acheteur_id"].iloc[0]) if buyers == 1 else ""
        return alone or plural(buyers, "acheteur public", "acheteurs publics")
    named = contracts[(contracts["acheteur_id"] == acheteur) & contracts["acheteur_nom"].notna()]
    return str(named.sort_values("dateNotification")["acheteur_nom"].iloc[-1]) if len(named) else f"SIRET {acheteur}"


def scope_name(
    contracts: pd.DataFrame, acheteur: str | None = None, famille: str | None = None, region: str | None = None
) -> str:
    """Name what :func:`select` kept: the family of purchases, the buyer or buyers, their region.

    Parameters
    ----------
    contracts, acheteur, famille, region
        What it kept, by which parameters.

    Examples
    --------
    >>> book = pd.DataFrame({"acheteur_id": ["1", "2"], "acheteur_nom": None, "dateNotification": pd.NaT})
    >>> scope_name(book, famille="45", region="53")
    'Travaux de construction, 2 acheteurs publics (Bretagne)'
    """
    what = family_labels(pd.Series([famille])).iloc[0] + ", " if famille else ""
    where = f" ({REGIONS.get(region, 'région ' + region)})" if region and acheteur is None else ""
    return f"{what}{buyer_name(contracts, acheteur)}{where}"
