"""Groups in which contracts are counted: by year, family of purchases, buyer, procedure, form of price.

A family is the beginning of the CPV code: two digits are a division, three a group, four a class, five a category
(règlement (CE) n° 213/2008, annexe I). It says what kind of thing is bought; it is not a market in the sense of
competition law, nor always the homogeneous family of a buyer's own nomenclature (article R2121-6 of the Code de la
commande publique).
"""

from functools import cache
from pathlib import Path
from typing import Literal

import pandas as pd

from tikub_lab.errors import UsageError, nearest
from tikub_lab.procurement.codes import CPV_DIVISIONS

By = Literal["ensemble", "annee", "famille", "acheteur", "procedure", "forme_prix"]
"""What contracts may be grouped by."""
KEYS: dict[str, str] = {
    "ensemble": "ensemble",
    "annee": "annee",
    "famille": "famille",
    "acheteur": "acheteur_id",
    "procedure": "procedure",
    "forme_prix": "forme_prix",
}
"""The column that holds the key of each kind of group."""
WHOLE = "Ensemble"
NO_FAMILY = "Famille non renseignée"
UNKNOWN = "Non renseignée"
NO_YEAR = 0
"""The year of what has no date: never a contract, sometimes a concession."""
DIGITS = (2, 3, 4, 5)


def families(codes: pd.Series, digits: int = 2) -> pd.Series:
    """Reduce CPV codes to families, ``""`` where the code is missing.

    Parameters
    ----------
    codes : Series of str
        Column ``codeCPV``, with or without check digit.
    digits : int
        2 (division) to 5 (category).

    Raises
    ------
    UsageError
        Another number of digits.

    Examples
    --------
    >>> families(pd.Series(["45214200-2", "45210000", None], dtype="str"), digits=3).tolist()
    ['452', '452', '']
    """
    if digits not in DIGITS:
        raise UsageError(f"digits={digits!r}: a family of the CPV has 2, 3, 4 or 5 digits; 2 is the division.")
    return codes.astype("str").str[:digits].fillna("").rename("famille")


def family_labels(keys: pd.Series, nomenclature: pd.DataFrame | None = None) -> pd.Series:
    """Name families in French.

    Parameters
    ----------
    keys : Series of str
        Families of 2 to 5 digits.
    nomenclature : DataFrame, optional
        Table ``procurement/cpv`` (``code``, ``libelle``). Without it only divisions have a name of their own; a finer
        family is named after its division, with its digits.

    Examples
    --------
    >>> family_labels(pd.Series(["45", "452", ""])).tolist()
    ['Travaux de construction', 'Travaux de construction (452…)', 'Famille non renseignée']
    """
    divisions = pd.Series({code[:2]: label for code, label in CPV_DIVISIONS.items()}, dtype="str")
    division = keys.str[:2].map(divisions).astype("str")
    labels = division.where(keys.str.len() <= 2, division + " (" + keys + "…)")
    if nomenclature is not None and len(nomenclature):
        known = pd.Series(nomenclature["libelle"].to_numpy(), index=nomenclature["code"].str[:8], dtype="str")
        known = known[~known.index.duplicated()]
        full = keys.str.pad(8, side="right", fillchar="0").map(known).astype("str")
        labels = full.where(full.notna() & (keys != ""), labels)
    unknown = ("Famille " + keys).where(keys != "", NO_FAMILY)
    return labels.where(labels.notna() & (keys != ""), unknown).rename("libelle")


@cache
def _short() -> pd.Series:
    names = pd.read_csv(Path(__file__).with_name("families.csv"), dtype="str").set_index("division")["libelle"]
    official = {code[:2]: label for code, label in CPV_DIVISIONS.items()}
    return names.rename(official)


def short_labels(labels: pd.Series) -> pd.Series:
    """Shorten the official names of divisions, for charts and lists; other names stay as they are.

    Examples
    --------
    >>> official = family_labels(pd.Series(["09", "302", ""]))
    >>> short_labels(official).tolist()
    ['Énergie et combustibles', 'Informatique et bureau (302…)', 'Famille non renseignée']
    """
    parts = labels.astype("str").str.extract(r"^(.*?)( \(\d+…\))?$")
    names = parts[0].map(_short())
    return names.where(names.notna(), parts[0]) + parts[1].fillna("")


def group_keys(contracts: pd.DataFrame, by: By, digits: int = 2) -> pd.Series:
    """Say to which group each contract belongs; what is missing is a group too.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``.
    by : str
        One of :data:`KEYS`.
    digits : int
        Digits of the CPV where ``by`` is ``famille``.

    Returns
    -------
    Series
        Named as :data:`KEYS` says, on the index of the contracts: years are integers, all else text.

    Raises
    ------
    UsageError
        An unknown ``by``.

    Examples
    --------
    >>> book = pd.DataFrame({"codeCPV": ["45210000", None]})
    >>> group_keys(book, "famille").tolist(), group_keys(book, "ensemble").tolist()
    (['45', ''], ['Ensemble', 'Ensemble'])
    """
    if by == "ensemble":
        keys = pd.Series(WHOLE, index=contracts.index, dtype="str")
    elif by == "annee":
        keys = contracts["dateNotification"].dt.year.fillna(NO_YEAR).astype("int64")
    elif by == "famille":
        keys = families(contracts["codeCPV"], digits)
    elif by == "acheteur":
        keys = contracts["acheteur_id"]
    elif by == "procedure":
        keys = contracts["procedure"].astype("str").fillna(UNKNOWN)
    elif by == "forme_prix":
        keys = contracts["formePrix"].astype("str").fillna(UNKNOWN)
    else:
        raise UsageError(f"by={by!r}: contracts are grouped by {', '.join(KEYS)}.{nearest(str(by), KEYS)}")
    return keys.rename(KEYS[by])


def share_keys(shares: pd.DataFrame, contracts: pd.DataFrame, by: By, digits: int = 2) -> pd.Series:
    """Say to which group each contract and supplier belongs: the group of its contract, found by ``uid``.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["a", "b"], "codeCPV": ["45210000", "15000000"]})
    >>> share_keys(pd.DataFrame({"uid": ["b", "b", "a"]}), book, "famille").tolist()
    ['15', '15', '45']
    """
    keys = group_keys(contracts, by, digits)
    found = keys.set_axis(pd.Index(contracts["uid"])).reindex(shares["uid"])
    return found.set_axis(shares.index).rename(KEYS[by])


def labelled(
    table: pd.DataFrame, contracts: pd.DataFrame, by: By, nomenclature: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Put a French label behind the key of each group: names of families and buyers, else the key itself.

    Parameters
    ----------
    table : DataFrame
        One row a group, its key in the column that :data:`KEYS` names.
    contracts : DataFrame
        Where the names of buyers are found: the most recent one published, else ``SIRET …``.
    by : str
        What the table is grouped by.
    nomenclature : DataFrame, optional
        Table ``procurement/cpv``.

    Examples
    --------
    >>> labelled(pd.DataFrame({"famille": ["15"], "nombre": [3]}), pd.DataFrame(), "famille").columns.tolist()
    ['famille', 'libelle', 'nombre']
    """
    keys = table[KEYS[by]]
    if by == "famille":
        labels = family_labels(keys, nomenclature)
    elif by == "acheteur":
        named = contracts[contracts["acheteur_nom"].notna()].sort_values("dateNotification", kind="stable")
        names = named.groupby("acheteur_id")["acheteur_nom"].last()
        labels = keys.map(names).astype("str").fillna("SIRET " + keys)
    elif by == "annee":
        labels = keys.astype("str").mask(keys == NO_YEAR, UNKNOWN)
    else:
        labels = keys.astype("str")
    place = table.columns.get_loc(KEYS[by])
    table.insert(int(str(place)) + 1, "libelle", labels)
    return table


def as_contracts(concessions: pd.DataFrame) -> pd.DataFrame:
    """Give concessions the columns of contracts that they have, so that they are counted by the same functions.

    Parameters
    ----------
    concessions : DataFrame
        Table ``procurement/concessions``.

    Returns
    -------
    DataFrame on the same index
        ``dateSignature`` stands for ``dateNotification``, ``valeurGlobale`` (the turnover of the holder over the whole
        contract, not a price) for ``montant``: never add up the two tables.

    Examples
    --------
    >>> table = pd.DataFrame({"autoriteConcedante_id": ["1"], "valeurGlobale": [5.0]})
    >>> as_contracts(table).columns.tolist()
    ['acheteur_id', 'montant']
    """
    names = {
        "autoriteConcedante_id": "acheteur_id",
        "autoriteConcedante_nom": "acheteur_nom",
        "dateSignature": "dateNotification",
        "valeurGlobale": "montant",
    }
    return concessions.rename(columns=names)


def ordered(table: pd.DataFrame, by: By, weight: str = "montant") -> pd.DataFrame:
    """Put years in order, and other groups by decreasing weight; equal weights by key, so that the order is sure.

    Examples
    --------
    >>> ordered(pd.DataFrame({"famille": ["45", "15"], "montant": [1.0, 2.0]}), "famille")["famille"].tolist()
    ['15', '45']
    """
    if by == "annee":
        return table.sort_values("annee", ignore_index=True)
    return table.sort_values([weight, KEYS[by]], ascending=[False, True], ignore_index=True)


def share(part: pd.Series, base: pd.Series) -> pd.Series:
    """Divide two columns, not a number where the base is nil.

    Examples
    --------
    >>> share(pd.Series([1, 0]), pd.Series([4, 0])).tolist()
    [0.25, nan]
    """
    known = base.astype("float64")
    return part.astype("float64") / known.where(known > 0)
