"""Whether a JSON object is GeoJSON (RFC 7946) or TopoJSON, by its structure."""

from typing import Any

_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""How deep positions are nested in the coordinates of each type."""


def is_geojson(value: Any) -> bool:
    """Tell whether a JSON value is a GeoJSON object.

    Examples
    --------
    >>> is_geojson({"type": "Point", "coordinates": [-1.68, 48.11]})
    True
    >>> is_geojson({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]})
    False
    """
    if not isinstance(value, dict):
        return False
    if value.get("type") == "FeatureCollection":
        return isinstance(value.get("features"), list) and all(_feature(item) for item in value["features"])
    return _feature(value) or _geometry(value)


def is_topojson(value: Any) -> bool:
    """Tell whether a JSON value is a TopoJSON topology.

    Examples
    --------
    >>> is_topojson({"type": "Topology", "objects": {}, "arcs": []})
    True
    """
    return (
        isinstance(value, dict)
        and value.get("type") == "Topology"
        and isinstance(value.get("objects"), dict)
        and isinstance(value.get("arcs"), list)
    )


def _feature(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("type") == "Feature"
        and "properties" in value
        and isinstance(value["properties"], dict | None)
        and "geometry" in value
        and (value["geometry"] is None or _geometry(value["geometry"]))
    )


def _geometry(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    kind = value.get("type")
    if kind == "GeometryCollection":
        return isinstance(value.get("geometries"), list) and all(_geometry(item) for item in value["geometries"])
    if kind not in _DEPTHS or not _positions(value.get("coordinates"), _DEPTHS[kind]):
        return False
    if kind in {"LineString", "MultiLineString"}:
        lines = [value["coordinates"]] if kind == "LineString" else value["coordinates"]
        return all(len(line) >= 2 for line in lines)
    if kind in {"Polygon", "MultiPolygon"}:
        polygons = [value["coordinates"]] if kind == "Polygon" else value["coordinates"]
        return all(len(ring) >= 4 and list(ring[0]) == list(ring[-1]) for polygon in polygons for ring in polygon)
    return True


def _positions(value: Any, depth: int) -> bool:
    """Tell whether a value is a position (two numbers or more), or lists of them as deep as asked."""
    if not isinstance(value, list | tuple):
        return False
    if depth:
        return all(_positions(item, depth - 1) for item in value)
    return len(value) >= 2 and all(isinstance(number, int | float) and not isinstance(number, bool) for number in value)
