"""Places: the communes where fictitious bodies of the samples are put, and the outlines that a data package has.

``communes.csv`` holds public facts typed by hand: code, name, département and region of the Code officiel géographique
(INSEE), the town hall's postal code, longitude and latitude (WGS 84) rounded to two decimals, and the population in
thousands as a rough weight: 61 Breton communes, large and small, and 40 large towns elsewhere.
"""

from pathlib import Path

import pandas as pd
import shapely

from tikub_lab.errors import UsageError
from tikub_lab.tables.package import open_package

BRITTANY = "53"
"""INSEE code of the region Bretagne."""
OUTLINES = "territory/outlines"
"""The table that all maps draw, where it is there."""


def communes() -> pd.DataFrame:
    """Return the communes in which the sample takes place, ordered by code."""
    text = dict.fromkeys(("code", "nom", "departement", "region", "code_postal"), "str")
    return pd.read_csv(Path(__file__).with_name("communes.csv"), dtype=text, encoding="utf-8")


def outlines(kind: str, tolerance: float = 800.0) -> pd.Series:
    """Return the outlines of communes, EPCI or départements that the data package has, by code (GeoSeries, WGS 84).

    They are simplified together (a coverage, EPSG:2154, ``tolerance`` in metres): neighbours keep one border.
    Départements are joined from communes where a source has no others.
    """
    nothing = pd.Series(dtype="object")
    try:
        package = open_package()
    except UsageError:  # a notebook far from any workbench
        return nothing
    item = package.resources.get(OUTLINES)
    if item is None or (item.origin == "sample" and kind == "departement"):  # the sample's are those that show has
        return nothing
    import geopandas  # a kit may lack it

    table = package.load(OUTLINES).set_index("territoire")
    joined = kind == "departement" and not (table["type"] == kind).any()
    rows = table.loc[table["type"] == ("commune" if joined else kind), "contour"]
    shapes = geopandas.GeoSeries(shapely.from_geojson(rows.to_numpy(object)), rows.index, crs=4326)
    if shapes.empty:
        return nothing
    shapes = shapes.to_crs(2154).simplify_coverage(tolerance).to_crs(4326).normalize()
    if joined:  # a code of a commune begins with that of its département, but overseas
        shapes = shapes.to_frame("geometry").dissolve(shapes.index.str[:2], method="coverage").geometry.normalize()
    return shapes
