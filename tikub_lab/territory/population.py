"""Communes: who they belong to, where they are, how many live there."""

from collections.abc import Sequence

import pandas as pd
import shapely

from tikub_lab.methods.scope import one_of
from tikub_lab.tables import load
from tikub_lab.territory.mergers import current

PLACE, PEOPLE = ["longitude", "latitude"], {"ensemble": "population", "15-17": "population_15_17"}
AREAS = {
    "commune": ("code_commune", "nom"),
    "epci": ("code_epci", "nom_epci"),
    "departement": ("departement", "departement"),
}
"""Columns of code and name, by area."""


def communes() -> pd.DataFrame:
    """Load the communes, completed by what else is there: a point from outlines, inhabitants from the last census.

    Returns
    -------
    DataFrame
        As ``territory/communes``. What no table of the data package says stays missing.

    Examples
    --------
    >>> rennes = communes().set_index("code_commune").loc["35238"]
    >>> rennes["nom_epci"], float(rennes["longitude"])
    ('Pays de Rennes (fictif)', -1.68)
    """
    table = load("territory/communes")
    shapes, census = (load(f"territory/{name}", optional=True) for name in ("outlines", "census"))
    if table[PLACE].isna().any(axis=None) and len(shapes):
        shapes = shapes[shapes["type"] == "commune"]
        points = shapely.point_on_surface(shapely.from_geojson(shapes["contour"].to_numpy(object)))
        found = pd.DataFrame(shapely.get_coordinates(points), index=shapes["territoire"], columns=PLACE)
        table[PLACE] = table[PLACE].fillna(found.reindex(table["code_commune"]).set_axis(table.index))
    census = census[census["annee"] == census.groupby("tranche", observed=True)["annee"].transform("max")]
    for age, rows in census.groupby("tranche", observed=True):
        count = rows.set_index("code_commune")["population"].round().astype("Int64")
        column = PEOPLE[str(age)]
        table[column] = table[column].fillna(table["code_commune"].map(count))
    return table


def there(*names: str) -> bool:
    """Tell whether the data package has rows of all these tables; a page says which of them it lacks.

    A data package is the fictitious sample or holds real tables only (:class:`tikub_lab.tables.sources.State`): what is
    absent is never taken from the sample.

    Examples
    --------
    >>> there("territory/communes", "territory/census")
    False
    """
    rows = [len(load(name, optional=True)) for name in names]  # all are asked for, so that all are named
    return all(rows)


def located(rows: pd.DataFrame, towns: pd.DataFrame, moves: pd.DataFrame) -> pd.DataFrame:
    """Give rows the ``code_commune`` of today, missing where it was split, and the columns of communes that they lack.

    Parameters
    ----------
    rows : DataFrame
        With ``code_commune``, of whatever year.
    towns, moves : DataFrame
        As :func:`communes` and :func:`~tikub_lab.territory.movements` give them.

    Examples
    --------
    >>> from tikub_lab.territory import movements
    >>> located(load("territory/lycees"), communes(), movements())["nom_epci"].iloc[0]
    'Pays de Morlaix (fictif)'
    """
    now = rows.assign(code_commune=current(rows["code_commune"], moves, towns["code_commune"], split="missing"))
    more = [name for name in towns if name not in rows]
    return now.merge(towns[["code_commune", *more]], "left", "code_commune", validate="m:1")


def by_area(
    rows: pd.DataFrame, towns: pd.DataFrame, area: str, values: Sequence[str], moves: pd.DataFrame
) -> pd.DataFrame:
    """Sum what is in communes by commune, EPCI or département, beside who lives there.

    Parameters
    ----------
    rows : DataFrame
        ``code_commune``, of whatever year, and the columns to sum.
    towns : DataFrame
        As :func:`communes` gives them.
    area : str
        One of :data:`AREAS`.
    values : sequence of str
    moves : DataFrame
        As :func:`~tikub_lab.territory.movements` gives them.

    Returns
    -------
    DataFrame, one row an area
        Its code and ``nom``, ``nombre`` (rows), the sums, ``population`` and ``population_15_17`` (missing where those
        of a commune are). What has no commune of today, or one that was split, is in the last row, without a code.

    Examples
    --------
    >>> from tikub_lab.territory import movements
    >>> table = by_area(load("territory/lycees"), communes(), "departement", ["eleves"], movements())
    >>> table[["departement", "nombre"]].to_numpy().tolist()
    [['22', 11], ['29', 34], ['35', 45], ['56', 25]]
    """
    one_of("area", area, AREAS)
    key, name = AREAS[area]
    of = located(rows[["code_commune", *values]], towns, moves).fillna({key: ""}).groupby(key)
    sums = of[[*values]].sum(min_count=1).assign(nombre=of.size())
    counts, places = [*PEOPLE.values()], towns.groupby(key)
    people = places[counts].sum().mask(towns[counts].isna().groupby(towns[key]).any())
    table = people.assign(nom=places[name].first()).join(sums, how="outer").fillna({"nombre": 0})
    table = table.sort_index(key=lambda codes: codes.where(codes != "", "~")).reset_index(names=key)
    return table.astype({"nombre": "int64"})[[key, "nom", "nombre", *values, *counts]]
