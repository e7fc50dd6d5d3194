"""Sites among their peers: those of the same kind, or of a wider group where too few of these have a figure.

A kind is the type of establishment with or without boarding; then the type alone; then all. Which group was taken is
said with each comparison, and the site itself is never among its peers.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.challenge.grouping import BOARDING, unnamed
from tikub_lab.energy.periods import Integers
from tikub_lab.errors import UsageError
from tikub_lab.methods.once import once
from tikub_lab.methods.scope import one_of
from tikub_lab.show.french import NNBSP, number

FEWEST = 10
"""Peers with a figure below which a wider group is taken: q10 and q90 are then one of them at least."""
QUANTILES = {"q10": 0.1, "q25": 0.25, "mediane": 0.5, "q75": 0.75, "q90": 0.9}
EVERYONE = "tous les établissements"
WIDER = " ; groupe élargi"

ABOUT = {"groupe": "str", **dict.fromkeys(["niveau", "pairs", "manquants"], "int64")}
ABOUT |= dict.fromkeys([*QUANTILES, "rang"], "float64")


@once
def compare(values: pd.DataFrame, sites: pd.DataFrame, fewest: int = FEWEST) -> pd.DataFrame:
    """Compare a figure of each site with those of its peers.

    Parameters
    ----------
    values : DataFrame
        One row a site: ``code_uai``, ``valeur`` (missing where not known); any other columns are kept.
    sites : DataFrame
        ``code_uai``, ``type_etablissement``, ``internat``: table ``energy/sites``.
    fewest : int
        Peers with a figure that a group must have.

    Returns
    -------
    DataFrame
        The rows of ``values`` in their order, with ``groupe`` (in French), ``niveau`` (0: type and boarding, 1: type,
        2: all), ``pairs`` (others of the group with a figure), ``manquants`` (others without), ``q10``, ``q25``,
        ``mediane``, ``q75``, ``q90`` of the peers, ``rang`` (share of them below the site, ties for a half),
        ``ecart_mediane`` (share of the median by which the site is above it), ``phrase``. Where even all sites are too
        few, or the site has no figure, what can't be said is missing.

    Raises
    ------
    UsageError
        Less than two peers asked for, or a site twice.

    Examples
    --------
    >>> sites = pd.DataFrame({"code_uai": list("ABCD"), "type_etablissement": "Lycée", "internat": True})
    >>> values = pd.DataFrame({"code_uai": list("ABCD"), "valeur": [112.0, 80.0, 100.0, 130.0]})
    >>> found = compare(values, sites, fewest=3)
    >>> found.loc[0, "phrase"].replace(NNBSP, " ")
    '12 % de plus que la médiane de 3 lycées comparables (lycée, avec internat).'
    >>> found["rang"].round(2).tolist()
    [0.67, 0.0, 0.33, 1.0]
    """
    found, _ = circles(values, sites, fewest)
    value = values["valeur"].astype("float64")
    found["ecart_mediane"] = value / found["mediane"].where(found["mediane"] > 0) - 1
    told = [sentence(*pair, fewest) for pair in zip(value, found.to_dict("records"), strict=True)]
    return values.assign(**found, phrase=pd.Series(told, found.index, dtype="str"))


def circles(values: pd.DataFrame, sites: pd.DataFrame, fewest: int) -> tuple[pd.DataFrame, list[Integers]]:
    """Find the peers of each site: a row on what they have, and their places in ``values``.

    The narrowest group of which at least ``fewest`` others have a figure, else that of all: see :func:`compare`.
    """
    if fewest < 2:
        raise UsageError(f"fewest={fewest}: a comparison takes 2 peers at least, 10 unless said.")
    if (twice := values["code_uai"].duplicated()).any():
        raise UsageError(f"Site {values['code_uai'][twice].iloc[0]} comes twice; give each site one figure.")
    kinds = sites.drop_duplicates("code_uai").set_index("code_uai").reindex(values["code_uai"]).reset_index()
    kind, boarding = kinds["type_etablissement"].astype("object"), kinds["internat"].astype("object").map(BOARDING)
    levels = [kind + ", " + boarding, kind, pd.Series(EVERYONE, kinds.index)]  # a kind that is not known is in none
    members = [level.groupby(level).indices for level in levels]
    value = values["valeur"].to_numpy(dtype=np.float64, na_value=np.nan)
    known, rows, found = ~np.isnan(value), [], []
    for place, groups in enumerate(zip(*levels, strict=True)):
        for level, group in enumerate(groups):
            others = np.setdiff1d(members[level].get(group, []), [place]).astype(np.int64)
            peers = others[known[others]]
            if group == EVERYONE or len(peers) >= fewest:
                break
        rank, marks = math.nan, [math.nan] * len(QUANTILES)
        if len(peers) >= fewest:
            marks = np.quantile(value[peers], list(QUANTILES.values())).tolist()
            if known[place]:
                below, ties = (value[peers] < value[place]).sum(), (value[peers] == value[place]).sum()
                rank = float((below + 0.5 * ties) / len(peers))
        rows.append([group, level, len(peers), len(others) - len(peers), *marks, rank])
        found.append(peers)
    return pd.DataFrame(rows, columns=list(ABOUT), index=values.index).astype(ABOUT), found


def sentence(value: float, about: Mapping[Any, Any], fewest: int) -> str:
    """Say in French where a site stands, from a row of :func:`circles` and its gap to the median."""
    count, gap = about["pairs"], about["ecart_mediane"]
    if math.isnan(value):
        return "pas de comparaison, car le chiffre de cet établissement manque."
    if count < fewest:
        few = ("aucun établissement comparable n'a", "un seul établissement comparable a")
        said = few[count] if count < len(few) else f"{count} établissements comparables ont"
        return f"pas de comparaison, car {said} un chiffre et il en faut {fewest}."
    peers = f"{count} lycées comparables ({in_sentence(about['groupe'])}{WIDER * (about['niveau'] > 0)})"
    if math.isnan(gap):
        return f"pas de comparaison, car la médiane de {peers} est nulle."
    size = number(abs(gap) * 100)
    if size == "0":
        return f"autant que la médiane de {peers}."
    return f"{size}{NNBSP}% de {'plus' if gap > 0 else 'moins'} que la médiane de {peers}."


def in_sentence(group: str) -> str:
    """Write a group inside a sentence: « lycée polyvalent », but « EREA »."""
    return group if group[:2].isupper() else group[:1].lower() + group[1:]


def quantiles(compared: pd.DataFrame) -> pd.DataFrame:
    """Lay out how the figures of each group spread.

    Parameters
    ----------
    compared : DataFrame
        ``groupe`` and ``valeur``: from :func:`compare`.

    Returns
    -------
    DataFrame
        One row a group, sorted: ``groupe``, ``nombre`` (of figures), ``q25``, ``mediane``, ``q75``.

    Examples
    --------
    >>> quantiles(pd.DataFrame({"groupe": "Lycée", "valeur": [80.0, 100, 120, None]})).to_numpy().tolist()
    [['Lycée', 3, 90.0, 100.0, 110.0]]
    """
    groups = compared.dropna(subset="valeur").groupby("groupe", observed=True)["valeur"]
    found = {"nombre": groups.size(), "q25": groups.quantile(0.25), "mediane": groups.median()}
    return pd.DataFrame(found | {"q75": groups.quantile(0.75)}).reset_index()


def peers(values: pd.DataFrame, sites: pd.DataFrame, code_uai: str, fewest: int = FEWEST) -> pd.DataFrame:
    """Lay out a site among its peers, for a chart: no peer is named.

    Parameters
    ----------
    values, sites, fewest
        As for :func:`compare`.
    code_uai : str
        The site.

    Returns
    -------
    DataFrame
        One row a peer with a figure and one for the site, from the lowest to the highest: ``position`` (from 1),
        ``valeur``, ``propre`` (true for the site), ``lycee`` (« notre lycée », « lycée 2 »…), ``groupe``. A site
        without a figure is not in it, its peers are.

    Raises
    ------
    UsageError
        A site that is not in ``values``.

    Examples
    --------
    >>> sites = pd.DataFrame({"code_uai": list("ABC"), "type_etablissement": "Lycée", "internat": True})
    >>> values = pd.DataFrame({"code_uai": list("ABC"), "valeur": [112.0, 80.0, 130.0]})
    >>> peers(values, sites, "A", fewest=2)[["valeur", "propre"]].to_numpy().tolist()
    [[80.0, False], [112.0, True], [130.0, False]]
    """
    one_of("code_uai", code_uai, values["code_uai"], "this site has no figure")
    own = int((values["code_uai"] == code_uai).to_numpy().argmax())
    found, others = circles(values, sites, fewest)
    chosen = np.append(others[own], own)
    value = values["valeur"].astype("float64").iloc[chosen]
    table = pd.DataFrame({"valeur": value, "propre": chosen == own, "groupe": found["groupe"].iloc[own]})
    table = table.dropna(subset=["valeur"]).sort_values("valeur", kind="stable", ignore_index=True)
    table.insert(0, "position", np.arange(1, len(table) + 1))
    return table.assign(lycee=unnamed(table["propre"]))
