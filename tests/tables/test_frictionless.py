"""The standard's part of `check` against frictionless: the same rows, fields and kinds of problem, but where told.

`DIFFERENCES` lists every deliberate difference, each with the sentence of the standard that decides it.
"""

import codecs
import csv
import io
import json
import os

import frictionless
import pytest
from frictionless import Dialect, Resource
from frictionless.formats import CsvControl
from hypothesis import given, settings
from hypothesis import strategies as st

from tikub_lab.tables.casts import KINDS
from tikub_lab.tables.check import check
from tikub_lab.tables.schema import Schema
from tikub_lab.tables.texts import decode, delimiter_of, encoding_of

V2 = "https://datapackage.org/profiles/2.0/tableschema.json"
ROW_RULES = {"blank-row", "extra-cell", "primary-key"}
SAME = {
    "type-error",
    "missing-cell",
    "missing-label",
    "extra-label",
    "blank-label",
    "duplicate-label",
    "incorrect-label",
}
SAME |= ROW_RULES | {"unmatched-header", "foreign-key"}


def ours(path, schema: dict) -> set[tuple[int, str, str]]:
    found = check(path, Schema.from_dict({**schema, "custom_checks": []}))
    kinds = [
        rule if rule in SAME else {"unique": "unique-error"}.get(rule, f"constraint-error {rule}")
        for rule in found["rule"]
    ]
    fields = [
        "" if kind in ROW_RULES | {"foreign-key", "extra-label"} else field
        for field, kind in zip(found["field"], kinds, strict=True)
    ]
    return set(zip(found["row"].tolist(), fields, kinds, strict=True))


def theirs(path, schema: dict) -> set[tuple[int, str, str]]:
    control = CsvControl(delimiter=delimiter_of(decode(path.read_bytes())), skip_initial_space=False)
    # the version of the standard is that of the resource, whatever the schema says
    descriptor = {
        "$schema": V2.replace("tableschema", "dataresource"),
        "name": "x",
        "path": path.name,
        "schema": schema,
    }
    resource = Resource.from_descriptor(json.loads(json.dumps(descriptor)), basepath=str(path.parent))
    resource.dialect, resource.encoding = Dialect(header=True, header_rows=[1], controls=[control]), encoding_of(path)
    report = frictionless.validate(resource, limit_errors=10**6)
    found = set()
    for error in [*report.errors, *(error for task in report.tasks for error in task.errors)]:
        assert error.type in SAME | {"constraint-error", "unique-error"}, error  # such as a refused schema
        row = getattr(error, "row_number", 1)
        kind = error.type + (" " + error.note.split('"')[1] if error.type == "constraint-error" else "")
        found.add((row, "" if kind in ROW_RULES else getattr(error, "field_name", ""), kind))
    return found


def field(kind: str, constraints: dict | None = None, **options) -> dict:
    return {"name": "x", "type": kind, "constraints": constraints or {}, **options}


CASES = [
    (field("string"), ["a", " a ", "é", "1"]),
    (field("string", {"minLength": 2, "maxLength": 3}), ["a", "ab", "abc", "abcd", "éé"]),
    (field("string", {"pattern": r"[A-Z]\d{2}"}), ["A12", "A123", "xA12", "a12"]),
    (field("string", {"pattern": r"^\d{3}$"}), ["123", "1234"]),
    (field("string", {"enum": ["oui", "non"]}), ["oui", "non", "Oui", " oui"]),
    (field("string", {"required": True}, missingValues=["-", "NA"]), ["-", "NA", "a", "na"]),
    (field("string", {"required": True}, missingValues=[{"value": "-", "label": "absent"}]), ["-", "a"]),
    (field("string", {"unique": True}), ["a", "b", "a", "", "a"]),
    (
        field("number"),
        ["1", "-1.5", "+.5", "5.", "1e3", "1E-3", " 2 ", "NaN", "inf", "-INF", "", "a", "1,5", "1 000", "--1", "1e"],
    ),
    (field("number", {"minimum": 1, "maximum": "3.5"}), ["1", "0.99", "3.5", "3.51", "NaN", "INF", "-INF", "1e400"]),
    (field("number", {"exclusiveMinimum": 0, "exclusiveMaximum": 1}), ["0", "0.0", "1", "0.1", "-0"]),
    (field("number", {"enum": [0.1, "2"]}), ["0.1", "0.10", "2.0", "1"]),
    (field("number", {"unique": True}), ["1", "1.0", "2", "1e0"]),
    (field("integer"), ["1", "-1", "+1", "007", " 3 ", "1.0", "1e3", "a", "1 000", "99999999999999999999"]),
    (field("integer", {"minimum": 2, "maximum": 4}), ["1", "2", "4", "5"]),
    (field("integer", {"enum": [1, "2"]}), ["1", "2", "02", "3"]),
    (field("boolean"), ["true", "True", "TRUE", "1", "false", "False", "FALSE", "0", "oui", "t", " true"]),
    (field("boolean", trueValues=["oui"], falseValues=["non"]), ["oui", "non", "true", "1"]),
    (field("boolean", {"enum": [True]}), ["true", "1", "false"]),
    (
        field("date"),
        ["2024-05-15", "2024-02-30", "2024-13-01", "15/05/2024", "2024-05-15T00:00:00", "20240515", "0000-01-01"],
    ),
    (field("date", format="%d/%m/%Y"), ["15/05/2024", "2024-05-15", "31/02/2024"]),
    (field("date", format="fmt:%d/%m/%Y"), ["15/05/2024", "2024-05-15"]),
    (
        field("date", {"minimum": "2020-01-01", "maximum": "2020-12-31"}),
        ["2019-12-31", "2020-01-01", "2020-12-31", "2021-01-01"],
    ),
    (
        field("datetime"),
        ["2024-01-26T15:00:00", "2024-01-26T15:00:00.3-05:00", "2024-01-26T15:00:00Z", "2024-01-26", "x"],
    ),
    (field("datetime", {"minimum": "2024-01-01T00:00:00"}), ["2024-01-01T00:00:00", "2023-12-31T23:59:59"]),
    (field("datetime", format="%d/%m/%Y %H:%M"), ["12/11/2018 09:15", "12/11/2018"]),
    (field("year"), ["2024", "0044", "24", "20244", "abcd"]),
    (field("year", {"minimum": 2000}), ["1999", "2000"]),
    (
        field("geojson"),
        [
            '{"type": "Point", "coordinates": [-1.68, 48.11]}',
            '{"type": "Point", "coordinates": ["a", 1]}',
            '{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}',
            '{"type": "LineString", "coordinates": [[0, 0]]}',
            '{"type": "Feature", "geometry": null, "properties": {}}',
            '{"type": "FeatureCollection", "features": []}',
            '{"type": "Nothing"}',
            "{}",
            "[]",
            "x",
        ],
    ),
    (field("list"), ["a,b", "a", ","]),
    (field("any", {"required": True}), ["a", "1", ""]),
    (field("any", {"enum": ["a"]}), ["a", "b"]),
]

DIFFERENCES = [
    # the field, the cell, whether it is valid by the standard, and why
    (
        field("number"),
        "1_000",
        False,
        "number: «a non-empty finite-length sequence of decimal digits»; Python's int takes _",
    ),
    (field("number"), "Infinity", False, "number: the special values are NaN, INF and -INF"),
    (field("integer"), "1_000", False, "integer: «in the standard way for any valid integer»; Python's int takes _"),
    (
        field("integer"),
        "٣",
        False,
        "integer, number: «decimal digits (0-9)» of XML Schema; Python's int takes any script",
    ),
    (field("date"), "2024-5-1", False, "date: «The lexical representation MUST be yyyy-mm-dd»; strptime is looser"),
    (field("datetime"), "2024-01-26 15:00:00", False, "datetime: «in a form defined by XML Schema», with a T"),
    (
        field("year"),
        "+201",
        False,
        "year: «usual lexical representation is YYYY»; frictionless takes any int of 4 characters",
    ),
    (field("string", {"pattern": "a|bc"}), "ax", False, "pattern: XML Schema's are anchored; ^a|bc$ is not (a|bc)"),
    (field("string", {"pattern": "a"}), "a\n", False, "pattern: as above; Python's $ lets a line end pass"),
    (
        field("geojson"),
        '{"type": "Point", "coordinates": [1, 2, 3]}',
        True,
        "geojson: «as per the GeoJSON spec», where altitude «MAY be included as an optional third element»",
    ),
    (
        field("geojson"),
        '{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [2, 2]]]}',
        False,
        "geojson: as above; of a ring the first and last positions «MUST contain identical values»",
    ),
]


@pytest.fixture
def write(tmp_path):
    def _write(records: list[list[str]]):
        buffer = io.StringIO(newline="")
        csv.writer(buffer, lineterminator="\n").writerows(records)
        path = tmp_path / "file.csv"
        path.write_text(buffer.getvalue(), encoding="utf-8", newline="")
        return path

    return _write


def schema_of(*fields: dict, **properties) -> dict:
    return {"$schema": V2, "fields": [{"name": "id", "type": "string"}, *fields], **properties}


@pytest.mark.parametrize(
    ("descriptor", "cells"), CASES, ids=lambda value: value["type"] if isinstance(value, dict) else ""
)
def test_types_and_constraints(write, descriptor, cells) -> None:
    path = write([["id", "x"], *([str(number), cell] for number, cell in enumerate(cells))])
    schema = schema_of(descriptor)
    assert ours(path, schema) == theirs(path, schema)


def test_every_type_is_compared_with_valid_and_invalid_cells(write) -> None:
    assert {descriptor["type"] for descriptor, _ in CASES} == set(KINDS)
    for kind in set(KINDS) - {"string", "list", "any"}:
        cells = next(cells for descriptor, cells in CASES if descriptor["type"] == kind)
        path = write([["id", "x"], *([str(number), cell] for number, cell in enumerate(cells))])
        assert 0 < len(ours(path, schema_of(field(kind)))) < len(cells), kind


@pytest.mark.parametrize(
    ("descriptor", "cell", "valid", "reason"), DIFFERENCES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_differences_are_as_the_standard_says(write, descriptor, cell, valid, reason) -> None:
    path = write([["id", "x"], ["1", cell]])
    schema = schema_of(descriptor)
    assert bool(ours(path, schema)) is not valid
    assert bool(theirs(path, schema)) is valid, f"frictionless agrees now; remove from DIFFERENCES: {reason}"


HEADERS = [
    ["id", "x", "y"],
    ["id", "x"],
    ["id"],
    ["id", "x", "y", "z"],
    ["y", "x", "id"],
    ["id", "", "y"],
    ["ID", "x", "y"],
    ["u", "v"],
    ["id", "y", "z"],
]


@pytest.mark.parametrize("match", ["exact", "equal", "subset", "superset", "partial"])
@pytest.mark.parametrize("labels", HEADERS, ids=",".join)
def test_headers(write, labels, match) -> None:
    fields = [{**field("integer", {"required": True})}, {**field("string"), "name": "y"}]
    path = write([labels, ["1"] * len(labels), ["a"] * len(labels)])
    schema = schema_of(*fields, fieldsMatch=match, primaryKey=["id"])
    assert ours(path, schema) == theirs(path, schema)


@pytest.mark.parametrize("labels", [["id", "x", "x"], ["id", "id", "y"], ["id", "x", "y", "y"]], ids=",".join)
def test_repeated_labels(write, labels) -> None:
    path = write([labels, ["1"] * len(labels)])
    fields = [field("integer"), {**field("integer"), "name": "y"}]
    schema = schema_of(*fields)
    assert ours(path, schema) == theirs(path, schema)
    # matched by name, frictionless gives up: «duplicate labels make the pairing ambiguous»; we take the first
    by_name = schema_of(*fields, fieldsMatch="partial")
    with pytest.raises(Exception, match="fieldsMatch"):
        theirs(path, by_name)
    assert "duplicate-label" in {kind for _, _, kind in ours(path, by_name)}


@pytest.mark.parametrize(
    "rows",
    [
        [["1", "2", "3"], ["1"], ["1", "2", "3", "4", ""], ["", "", ""], [], ["", ""], ["", "", "", "x"]],
        [["", "2", "3"], ["1", "", ""]],
        [],
    ],
)
def test_ragged_and_blank_rows(write, rows) -> None:
    path = write([["id", "x", "y"], *rows])
    schema = schema_of(field("integer", {"required": True}), {**field("string"), "name": "y"})
    assert ours(path, schema) == theirs(path, schema)


@pytest.mark.parametrize("key", [["id"], ["id", "x"], "x"])
def test_primary_keys(write, key) -> None:
    rows = [["1", "1"], ["1", "2"], ["1", "1.0"], ["2", "a"], ["2", "3"], ["1", "1"], ["", ""]]
    path = write([["id", "x"], *rows])
    schema = schema_of(field("number"), primaryKey=key)
    expected = theirs(path, schema)
    if key == ["id", "x"]:
        # «the fields cannot be null, so their use in the primary key is equivalent to adding required: true»: one part
        # that is missing is enough; frictionless wants all of them missing
        expected.add((5, "", "primary-key"))
    assert ours(path, schema) == expected


def test_keys_to_the_same_table(write) -> None:
    rows = [["1", ""], ["2", "1"], ["3", "9"]]
    path = write([["id", "x"], *rows])
    key = {"fields": ["x"], "reference": {"resource": "", "fields": ["id"]}}
    schema = schema_of(field("string"), foreignKeys=[key])
    found = ours(path, schema)
    assert found == theirs(path, schema) == {(4, "", "foreign-key")}


CELLS = st.sampled_from(["", "1", "-1", "2.5", "a", "true", "2024-05-15", "2024", "[1]", "NA", " 1", "1 000", "A12"])
FIELDS = st.sampled_from([{**item, "name": f"f{number}"} for number, (item, _) in enumerate(CASES)])


@settings(max_examples=int(os.environ.get("EXAMPLES", 60)))
@given(
    fields=st.lists(FIELDS, min_size=1, max_size=4, unique_by=lambda item: item["name"]),
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=6),
    match=st.sampled_from(["exact", "subset"]),
)
def test_any_small_table(tmp_path_factory, fields, rows, match) -> None:
    path = tmp_path_factory.mktemp("any") / "file.csv"
    lines = [",".join(item["name"] for item in fields), *(",".join(f'"{cell}"' for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    schema = {"$schema": V2, "fields": fields, "missingValues": ["", "NA"], "fieldsMatch": match}
    if delimiter_of(decode(path.read_bytes())) != ",":
        return
    assert ours(path, schema) == theirs(path, schema)


GRANTS = [
    "exemple_valide.csv",
    "exemple_invalide_erreurs_cellules.csv",
    "exemple_invalide_erreurs_colonnes.csv",
    "exemple-duplicate-column.csv",
    "DEP_Lot_Subventions_2017_DONNEES.xlsx_pour_exemple.csv",
    "DEP_Nievre_CD58_SUBVENTIONS_2016_LISTE.csv",
    "DEP_Somme_TB_20180302_DONNEES_CONVENTIONS.csv",
]


@pytest.mark.parametrize("match", ["exact", "partial"])
@pytest.mark.parametrize("name", GRANTS)
def test_published_grants(opendata, tmp_path, name, match) -> None:
    folder = opendata / "bodies" / "grants"
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    schema.update({"$schema": V2, "fieldsMatch": match})
    if match == "partial" and name == "exemple-duplicate-column.csv":
        pytest.skip("frictionless stops at repeated labels matched by name: see test_repeated_labels")
    found = ours(folder / name, schema)
    assert found
    # one file is in Windows-1252 after a UTF-8 mark, which frictionless takes for a part of the first label
    data = (folder / name).read_bytes().removeprefix(codecs.BOM_UTF8)
    (tmp_path / name).write_bytes(data)
    assert found == theirs(tmp_path / name, schema)


@pytest.mark.parametrize("name", ["exemple-valide.csv", "fichier-vide.csv"])
def test_published_contracts(opendata, name) -> None:
    folder = opendata / "procurement" / "table_schema"
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    assert ours(folder / name, schema) == theirs(folder / name, schema)
