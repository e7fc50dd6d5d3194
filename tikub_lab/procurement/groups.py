"""Groups in which contracts are counted: by year, family of purchases, buyer, procedure, form of price.

A family is the beginning of the CPV code: two digits are a division, three a group, four a class, five a category
(règlement (CE) n° 213/2008, annexe I). It says what kind of thing is bought; it is not a market in the sense of
competition law, nor always the homogeneous family of a buyer's own nomenclature (article R2121-6 of the Code de la
commande publique).
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.scope import one_of
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
    one_of("by", by, KEYS, "contracts are not grouped so")
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
    else:
        keys = contracts["formePrix"].astype("str").fillna(UNKNOWN)
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


def grouped(
    table: pd.DataFrame,
    contracts: pd.DataFrame,
    by: By,
    nomenclature: pd.DataFrame | None = None,
    columns: Sequence[str] | None = None,
    weight: str = "montant",
) -> pd.DataFrame:
    """Name groups in French and put them in order: years by time, others by weight, equal ones by key.

    Parameters
    ----------
    table : DataFrame
        Indexed by the keys of :func:`group_keys`.
    contracts : DataFrame
        Where the names of buyers are found: see :func:`latest_names`.
    by, nomenclature
        As in :func:`group_keys` and :func:`family_labels`.
    columns : sequence of str, optional
        Which columns to keep, in their order; all by default.
    weight : str
        Column of the table, the largest first.

    Returns
    -------
    DataFrame
        The key, libelle (names of families and buyers, else the key itself), and the columns.

    Examples
    --------
    >>> found = pd.DataFrame({"montant": [1.0, 2.0]}, index=pd.Index(["45", "15"], name="famille"))
    >>> grouped(found, pd.DataFrame(), "famille")[["famille", "libelle"]].values.tolist()
    [['15', 'Produits alimentaires, boissons, tabac et produits connexes'], ['45', 'Travaux de construction']]
    """
    table = table.rename_axis(KEYS[by]).reset_index()
    keys = table[KEYS[by]]
    labels = keys.astype("str")
    if by == "famille":
        labels = family_labels(keys, nomenclature)
    elif by == "acheteur":
        labels = keys.map(latest_names(contracts)).astype("str").fillna("SIRET " + keys)
    elif by == "annee":
        labels = labels.mask(keys == NO_YEAR, UNKNOWN)
    table.insert(1, "libelle", labels)
    order = ["annee"] if by == "annee" else [weight, KEYS[by]]
    table = table.sort_values(order, ascending=[name != weight for name in order], ignore_index=True)
    return table if columns is None else table[[KEYS[by], "libelle", *columns]]


def latest_names(contracts: pd.DataFrame, keys: str | pd.Series = "acheteur_id") -> pd.Series:
    """Return the most recent name published of each buyer, or of each group of buyers; missing where there is none."""
    return contracts.sort_values("dateNotification", kind="stable").groupby(keys)["acheteur_nom"].last().astype("str")


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
