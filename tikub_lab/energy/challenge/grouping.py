"""Lycées of the same kind: type of school, and whether pupils sleep there; small groups are put together, and say so.

CUBE.S, the national challenge of collèges and lycées, has each authority enter at least five of them (Gazette des
communes, 30 November 2022). The same number is taken here for the smallest group in which places are told: in a smaller
one a place says little, and values without names are guessed.
"""

import pandas as pd

FEWEST = 5
BOARDING = {True: "avec internat", False: "sans internat"}
UNKNOWN = "type inconnu"
REST = "Autres lycées"


def groups(sites: pd.DataFrame, fewest: int = FEWEST) -> pd.DataFrame:
    """Put lycées into groups of the same kind; ``groupe`` is missing where all lycées together are too few.

    Groups of less than ``fewest`` join the other lycées of their type, with and without internat; types that are still
    too few make « Autres lycées » together, with the smallest group if need be: ``regroupe``.

    >>> sites = pd.DataFrame({"code_uai": list("abcdefghijk"), "type_etablissement": ["Lycée polyvalent"] * 11,
    ...                       "internat": [True] * 6 + [False] * 5})
    >>> groups(sites)["groupe"].value_counts().to_dict()
    {'Lycée polyvalent, avec internat': 6, 'Lycée polyvalent, sans internat': 5}
    >>> groups(sites.head(8))["groupe"].unique().tolist(), groups(sites.head(4))["groupe"].isna().all().item()
    (['Lycée polyvalent, avec et sans internat'], True)
    """
    kind = sites["type_etablissement"].astype("object").where(sites["type_etablissement"].notna(), UNKNOWN)
    boarding = sites["internat"].astype("object").map(BOARDING).fillna("internat inconnu")
    name = kind + ", " + boarding
    joined = pd.Series(False, index=sites.index)
    for one in sorted(kind.unique()):
        own = kind == one
        if own.any() and name[own].value_counts().min() < fewest and name[own].nunique() > 1:
            name[own], joined[own] = f"{one}, avec et sans internat", True
    sizes = name.value_counts()
    small = name.isin(sizes.index[sizes < fewest])
    if small.any():
        large = sizes[sizes >= fewest].sort_index().sort_values(kind="stable")
        if small.sum() < fewest and len(large):
            small |= name == large.index[0]
        rest = sorted(kind[small].unique())
        name[small] = f"{REST} ({', '.join(rest)})" if len(rest) > 1 else name[small]
        joined |= small
    sizes = name.map(name.value_counts())
    return pd.DataFrame(
        {
            "code_uai": sites["code_uai"],
            "groupe": name.where(sizes >= fewest).astype("str"),
            "regroupe": joined & (sizes >= fewest),
            "effectif": sizes.astype("int64"),
        }
    )


def unnamed(own: pd.Series) -> pd.Series:
    """Name the lycées of a chart by their places, but for the one whose page it is."""
    names = pd.Series([f"lycée {place}" for place in range(1, len(own) + 1)], own.index, dtype="str")
    return names.mask(own, "notre lycée")
