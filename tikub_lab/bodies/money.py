"""Who gets how much: by programme, year and place, how concentrated that is, what is new and what ended.

An amount is what was decided, not what was paid; each decision counts in the budget year (« exercice ») that it has.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.rates import share
from tikub_lab.methods.scope import one_of, only
from tikub_lab.tables import require

KEYS = ("programme", "exercice", "departement", "code_commune", "beneficiaire")
FIRST = 10
"""How many of the largest beneficiaries a share is given of."""


def identified(grants: pd.DataFrame, bodies: pd.DataFrame) -> pd.DataFrame:
    """Say of each grant who got it: the body, by its SIREN, its RNA or its exact name; else what identifies it.

    Parameters
    ----------
    grants, bodies : DataFrame
        Tables ``bodies/grants`` and ``bodies/bodies``.

    Returns
    -------
    DataFrame
        The grants, with ``beneficiaire`` (the body's identifier, else SIREN, RNA or name), ``nom`` (the body's name,
        else the published one), ``suivi`` (whether it is one of the bodies) and ``departement``.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> found = identified(tables.load("bodies/grants"), tables.load("bodies/bodies"))
    >>> bool(found["suivi"].mean() > 0.95)
    True
    """
    require(grants, "bodies/grants")
    require(bodies, "bodies/bodies")
    body = pd.Series(None, index=grants.index, dtype="str")
    for column, key in (("sirenBeneficiaire", "siren"), ("rnaBeneficiaire", "rna"), ("nomBeneficiaire", "nom")):
        known = bodies.dropna(subset=[key]).drop_duplicates(key, keep=False).set_index(key)["organisme_id"]
        body = body.fillna(grants[column].map(known))
    who = body.fillna(grants["sirenBeneficiaire"]).fillna(grants["rnaBeneficiaire"]).fillna(grants["nomBeneficiaire"])
    names = bodies.set_index("organisme_id")["nom"]
    place = grants["code_commune"].fillna(body.map(bodies.set_index("organisme_id")["code_commune"]))
    return grants.assign(
        beneficiaire=who,
        nom=body.map(names).fillna(grants["nomBeneficiaire"]),
        suivi=body.notna(),
        code_commune=place,
        departement=place.str.slice(0, 3).where(place.str.startswith("97", na=False), place.str.slice(0, 2)),
    )


@dataclass(frozen=True)
class Scope:
    """What a report is about: the grants that its parameters leave, and how a title calls them."""

    grants: pd.DataFrame
    name: str
    period: str


def scope(
    grants: pd.DataFrame, programme: str | None = None, departement: str | None = None, annee: int | None = None
) -> Scope:
    """Keep the grants of a programme, a département and a year, or all; a UsageError where none is left.

    Parameters
    ----------
    grants : DataFrame
        From :func:`identified`.
    programme, departement, annee : optional
        None for all.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> grants = identified(tables.load("bodies/grants"), tables.load("bodies/bodies"))
    >>> scope(grants, "Culture", annee=2025).period
    '2025'
    """
    require(grants, "bodies/grants", ["exercice", "programme", "departement"])
    year_of(grants)  # or there is none
    kept = only(grants, "programme", programme, "programme", "no grant of this programme")
    kept = only(kept, "departement", departement, "departement", "no grant in this département")
    kept = only(kept, "annee", None if annee is None else str(annee), "exercice", "no grant of this year")
    first, last = kept["exercice"].min(), kept["exercice"].max()
    name = ", ".join(filter(None, [programme, f"département {departement}" if departement else None]))
    return Scope(kept, name or "Toutes les subventions", f"{first}" if first == last else f"{first} à {last}")


def year_of(grants: pd.DataFrame, annee: int | None = None) -> int:
    """Return the year that is asked for, by default the last one that these grants have; a UsageError for another.

    Examples
    --------
    >>> year_of(pd.DataFrame({"exercice": [2024, 2025]}))
    2025
    """
    years = sorted(map(int, grants["exercice"].unique()))
    if not years:
        raise UsageError("No grant is known on this day. Take a later one, or import a file of grants.")
    year = years[-1] if annee is None else annee
    one_of("annee", year, years, "there are no grants of this year")
    return year


def inhabitants() -> pd.Series:
    """Return the inhabitants of the Breton départements, by code, to the nearest thousand (INSEE, 2023).

    Examples
    --------
    >>> int(inhabitants()["29"])
    933000
    """
    return _places()["habitants"]


def _places() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name("inhabitants.csv"), dtype={"departement": "str"}, index_col=0)


def by(grants: pd.DataFrame, key: str, people: pd.Series | None = None) -> pd.DataFrame:
    """Sum grants by programme, year, place or beneficiary.

    Parameters
    ----------
    grants : DataFrame
        From :func:`identified`.
    key : str
        One of :data:`KEYS`.
    people : Series, optional
        Inhabitants by place, for amounts per inhabitant and year: see :func:`inhabitants`.

    Returns
    -------
    DataFrame
        The key (and ``nom`` of a beneficiary or a département), nombre (grants), beneficiaires, montant (€), part (of
        the amount), part_premiers (of its ten largest beneficiaries), hhi (sum of squared shares in per cent),
        par_habitant (€ a year); years in order, others by decreasing amount. Grants without a key are the row
        « Non précisé ».

    Examples
    --------
    >>> grants = pd.DataFrame({"programme": ["Mer", "Mer", None], "beneficiaire": ["a", "b", "a"],
    ...                        "exercice": 2025, "montant": [75.0, 25.0, 100.0]})
    >>> by(grants, "programme")[["programme", "montant", "part", "hhi"]].values.tolist()
    [['Mer', 100.0, 0.5, 6250.0], ['Non précisé', 100.0, 0.5, 10000.0]]
    """
    one_of("key", key, KEYS)
    keys = grants[key].astype("object").fillna("Non précisé")
    each = grants.groupby([keys, grants["beneficiaire"].rename("qui")])["montant"].sum().rename("montant")
    total = each.groupby(level=0).sum()
    parts = each / total.reindex(each.index.get_level_values(0)).to_numpy()
    ranks = each.groupby(level=0).rank(ascending=False, method="first")
    table = pd.DataFrame({"nombre": grants.groupby(keys).size(), "beneficiaires": each.groupby(level=0).size()})
    table["montant"], table["part"] = total, share(total, total.sum())
    table["part_premiers"] = parts[ranks <= FIRST].groupby(level=0).sum()
    table["hhi"] = (parts**2).groupby(level=0).sum() * 10_000
    if people is not None:
        years = grants["exercice"].nunique()
        table["par_habitant"] = share(total, people.reindex(total.index).astype("float64") * years)
    if key == "beneficiaire":
        table["nom"] = grants.groupby(keys)["nom"].last()
    if key == "departement":
        table["nom"] = table.index.to_series().replace(_places()["nom"])
    table = table.rename_axis(key).reset_index()
    return table.sort_values(key if key == "exercice" else "montant", ascending=key == "exercice", ignore_index=True)


def changes(grants: pd.DataFrame, annee: int) -> pd.DataFrame:
    """Compare each beneficiary's year with the year before: new, ended, more, less, or the same.

    Parameters
    ----------
    grants : DataFrame
        From :func:`identified`, of all years.
    annee : int
        A year that the grants have, and the year before too.

    Returns
    -------
    DataFrame
        beneficiaire, nom, avant, apres (€), ecart (€), evolution: « nouveau » (nothing in any year before),
        « de retour », « terminé », « en hausse », « en baisse », « stable »; the largest change first.

    Examples
    --------
    >>> grants = pd.DataFrame({"beneficiaire": list("aab"), "nom": list("AAB"), "exercice": [2024, 2025, 2025],
    ...                        "montant": [10.0, 15.0, 7.0]})
    >>> changes(grants, 2025)[["nom", "ecart", "evolution"]].values.tolist()
    [['B', 7.0, 'nouveau'], ['A', 5.0, 'en hausse']]
    """
    years = sorted(map(int, grants["exercice"].unique()))
    one_of("annee", annee, years[1:], "there are no grants of this year and the year before")
    table = grants.pivot_table(
        index="beneficiaire", columns="exercice", values="montant", aggfunc="sum", fill_value=0.0
    )
    table = table.reindex(columns=years, fill_value=0.0)
    earlier = table.loc[:, [year for year in years if year < annee]]
    before = table[annee - 1] if annee - 1 in table else 0.0 * table[annee]
    found = pd.DataFrame({"avant": before, "apres": table[annee]})
    found["ecart"] = found["apres"] - found["avant"]
    found["evolution"] = "stable"
    first, gone = found["avant"] == 0, found["apres"] == 0
    for name, rows in {
        "en hausse": found["ecart"] > 0, "en baisse": found["ecart"] < 0, "terminé": gone, "de retour": first,
        "nouveau": earlier.sum(axis=1) == 0,
    }.items():  # fmt: skip
        found.loc[rows, "evolution"] = name
    found.insert(0, "nom", grants.groupby("beneficiaire")["nom"].last())
    found = found[~(first & gone)].reset_index()
    return found.sort_values("ecart", key=abs, ascending=False, kind="stable", ignore_index=True)
