"""Communes: who they belong to, where they are, how many live there."""

import pandas as pd
import shapely

from tikub_lab.tables import load

PLACE, PEOPLE = ["longitude", "latitude"], {"ensemble": "population", "15-17": "population_15_17"}


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
