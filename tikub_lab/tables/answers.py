"""Records of JSON answers, in every shape that portals give them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ijson

from tikub_lab.tables.texts import Utf8

_SHAPES = {
    '"records"': "records.item",
    '"features"': "features.item",
    '"result"': "result.results.item",
    '"results"': "results.item",
}


def records_of(path: Path) -> Iterator[dict[str, Any]]:
    """Give the records of an answer: ``records[].fields``, ``features[].properties``, ``results[]`` or a list.

    A feature that is a point has its longitude and latitude too, under these names, unless they are there.
    """
    with Utf8(path) as file:
        start = file.read(4_000).decode()
    prefix = next((_SHAPES[key] for key in _SHAPES if key in start), "item")
    with Utf8(path) as file:
        for record in ijson.items(file, prefix, use_float=True):
            if not isinstance(record, dict):
                yield {}
            elif prefix != "features.item":
                yield record.get("fields", record)
            else:
                shape = record.get("geometry") or {}
                point = shape.get("coordinates", ())[:2] if shape.get("type") == "Point" else ()
                yield dict(zip(("longitude", "latitude"), point, strict=False)) | (record.get("properties") or {})
