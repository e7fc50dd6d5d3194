"""Published files about communes: outlines (GeoJSON), lists (JSON), events and census (INSEE)."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import ijson

from tikub_lab.tables.answers import records_of
from tikub_lab.tables.by_schema import read_by_schema
from tikub_lab.tables.package import workbench
from tikub_lab.tables.readers import Batch, Head, Reader
from tikub_lab.tables.schema import read_schema
from tikub_lab.tables.sheets import Row, is_features, written
from tikub_lab.tables.texts import Utf8

Rows = Callable[[Path], Iterator[Row]]
KINDS = {5: "commune", 9: "epci", 2: "departement", 3: "departement"}
"""What a territory is, by the length of its code, where a file doesn't say."""
EVENTS = {
    "date_effet": "DATE_EFF", "mod": "MOD", "type_avant": "TYPECOM_AV|TYPE_COMMUNE_AVANT",
    "code_avant": "COM_AV|ID_COMMUNE_AVANT", "nom_avant": "LIBELLE_AV|LIBELLE_AVANT",
    "type_apres": "TYPECOM_AP|TYPE_COMMUNE_APRES", "code_apres": "COM_AP|ID_COMMUNE_APRES",
    "nom_apres": "LIBELLE_AP|LIBELLE_APRES",
}  # fmt: skip
"""Columns of events: since 2021 | in 2020."""
CENSUS = re.compile(r"P(\d\d)_POP(1517)?")
"""Columns of INSEE's census by commune: everybody, and those from 15 to 17."""


def _outlines(path: Path) -> Iterator[Row]:
    """Give the features of a file: its own ``territoire``, ``nom`` and ``type``, or geo.api.gouv.fr's code and name."""
    yield 1, ["territoire", "nom", "type", "contour"]
    with Utf8(path) as file:
        for line, item in enumerate(ijson.items(file, "features.item", use_float=True), 2):
            said: dict[str, Any] = item.get("properties") or {}
            code = str(said.get("territoire") or said.get("code") or "")
            kind = str(said.get("type") or KINDS.get(len(code), ""))
            shape = json.dumps(item["geometry"], separators=(",", ":")) if item.get("geometry") else ""
            yield line, [code, str(said.get("nom") or ""), kind, shape]


def _communes(path: Path) -> Iterator[Row]:
    """Give the communes of a list of territories, named after its own EPCI; or those of geo.api.gouv.fr."""
    records = list(records_of(path))
    epcis = {item.get("territoire"): item.get("nom") for item in records if item.get("type") == "epci"}
    yield 1, [
        "code_commune", "nom", "departement", "code_epci", "nom_epci", "longitude", "latitude", "population",
    ]  # fmt: skip
    for line, item in enumerate(records, 2):
        epci = item.get("epci") or item.get("codeEpci")
        code, name = (epci.get("code"), epci.get("nom")) if isinstance(epci, dict) else (epci, epcis.get(epci))
        where = (item.get("centre") or {}).get("coordinates") or (None, None)
        cells = [
            item.get("territoire") or item.get("code"), item.get("nom"),
            item.get("departement") or item.get("codeDepartement"), code, name, *where[:2], item.get("population"),
        ]  # fmt: skip
        yield (
            line,
            ["" if cell is None else str(cell) for cell in cells] if item.get("type") in (None, "commune") else [],
        )


def _movements(path: Path) -> Iterator[Row]:
    rows = written(path)
    _, names = next(rows)
    places = [next(names.index(name) for name in each.split("|") if name in names) for each in EVENTS.values()]
    yield 1, [*EVENTS]
    for line, cells in rows:
        yield line, [cells[at] for at in places] if any(cells) else []


def _census(path: Path) -> Iterator[Row]:
    """Give a row for each commune, census and age; rows count on, as a line of the file may give several."""
    rows = written(path)
    _, names = next(rows)
    counts = [(at, found) for at, name in enumerate(names) if (found := CENSUS.fullmatch(name))]
    code = next(at for at, name in enumerate(names) if name in ("CODGEO", "COM"))
    made = (
        [cells[code], f"20{found[1]}", "15-17" if found[2] else "ensemble", cells[at]]
        for _, cells in rows
        for at, found in counts
        if len(cells) > at and cells[at].strip()
    )
    yield from enumerate(chain([["code_commune", "annee", "tranche", "population"]], made), 1)


def _reader(name: str, title: str, recognises: Callable[[Head], bool], rows: Rows, publisher: str = "") -> Reader:
    table = f"territory/{name}"

    def read(path: Path) -> Iterator[Batch]:
        schema = read_schema(workbench() / "data" / "schemas" / f"{table}.json")
        return read_by_schema(path, table, schema, (None, "."), rows)

    return Reader(f"territory-{name}", title, (table,), recognises, read, publisher=publisher)


def _has(head: Head, *names: str) -> bool:
    """Tell whether the beginning of some JSON has these names."""
    return all(f'"{name}"' in head.text for name in names)


READERS: tuple[Reader, ...] = (
    _reader(
        "outlines", "outlines of communes, EPCI or départements (GeoJSON: territoire or code, nom)",
        lambda head: is_features(head.start) and 'Polygon"' in head.text and (
            _has(head, "territoire", "nom", "type") or _has(head, "code", "nom")
        ), _outlines,
    ),
    _reader(
        "communes", "list of communes (JSON: territoire, type, nom, departement, epci; or geo.api.gouv.fr)",
        lambda head: head.start.lstrip()[:1] == b"[" and (
            _has(head, "territoire", "type", "departement", "epci") or _has(head, "code", "nom", "codeDepartement")
        ), _communes,
    ),
    _reader(
        "movements", "events on communes (INSEE, v_mvt_commune: CSV)",
        lambda head: all({*each.split("|")} & {*head.columns} for each in EVENTS.values()), _movements, "INSEE",
    ),
    _reader(
        "census", "census by commune (INSEE, bases communales: CSV: CODGEO, P22_POP, P22_POP1517)",
        lambda head: bool({"CODGEO", "COM"} & {*head.columns}) and any(map(CENSUS.fullmatch, head.columns)), _census,
        "INSEE",
    ),
)  # fmt: skip
