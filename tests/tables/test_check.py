"""`check` beyond what frictionless checks: custom checks, typed tables, unique and foreign keys, messages, order."""

import datetime as dt
import json
import subprocess
import sys
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.tables.check import check, foreign_keys
from tikub_lab.tables.schema import Schema, read_schema

PROFILE = json.loads(resources.files("tikub_lab.tables").joinpath("table-schema.json").read_text(encoding="utf-8"))
CHECKS = PROFILE["properties"]["custom_checks"]["items"]["properties"]["name"]["enum"]


def schema_of(*fields: dict | str, **properties) -> Schema:
    items = [{"name": item, "type": "string"} if isinstance(item, str) else item for item in fields]
    return Schema.from_dict({"fields": items, **properties})


def text(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="str")


def broken(frame: pd.DataFrame, schema: Schema) -> list[tuple]:
    return list(check(frame, schema)[["row", "rule"]].itertuples(index=False, name=None))


COLUMN = [
    ("french-siret-value", {}, ["73282932000074", "35600000049837"], ["73282932000075", "732 829 320 00074", "x"]),
    ("french-siren-value", {}, ["732829320"], ["732829321", "73282932000074"]),
    ("french-rna-value", {}, ["W353001234", "W2A1000123"], ["353001234", "w353001234"]),
    ("french-uai-value", {}, ["0350029S"], ["0350029R"]),
]


@pytest.mark.parametrize(("name", "params", "valid", "invalid"), COLUMN)
def test_checks_of_one_column(name, params, valid, invalid) -> None:
    schema = schema_of("k", "a", custom_checks=[{"name": name, "params": {"column": "a", **params}}])
    cells = [*valid, "", *invalid]
    found = check(text(k=["x"] * len(cells), a=cells), schema)
    assert found["value"].tolist() == invalid
    assert found["row"].tolist() == [2 + len(valid) + 1 + place for place in range(len(invalid))]
    assert set(found["rule"]) == {name}
    assert set(found["field"]) == {"a"}


MANY = [
    ("one-of-required", {"column1": "a", "column2": "b"}, [("1", ""), ("", "1"), ("1", "1")], [("", "")]),
    ("one-of-required", {"column": "a", "column2": "b"}, [("1", "")], [("", "")]),
    ("one-of-required", {"columns": ["a", "b"]}, [("1", "")], [("", "")]),
    (
        "compare-columns-value",
        {"column": "a", "op": "<=", "column2": "b"},
        [("2", "10"), ("2", "2.0"), ("", "1")],
        [("3", "2")],
    ),
    ("compare-columns-value", {"column": "a", "op": ">", "column2": "b"}, [("10", "2"), ("x", "1")], [("2", "2")]),
]


@pytest.mark.parametrize(("name", "params", "valid", "invalid"), MANY)
def test_checks_of_several_columns(name, params, valid, invalid) -> None:
    numbers = [{"name": column, "type": "number"} for column in ("a", "b")]
    schema = schema_of("k", *numbers, custom_checks=[{"name": name, "params": params}])
    rows = [*valid, *invalid]
    frame = text(k=["x"] * len(rows), a=[a for a, _ in rows], b=[b for _, b in rows])
    found = [problem for problem in broken(frame, schema) if problem[1] != "type-error"]
    assert found == [(2 + place, name) for place in range(len(valid), len(rows))]


def test_custom_checks_leave_blank_rows_alone() -> None:
    check_it = {"name": "one-of-required", "params": {"column1": "a", "column2": "b"}}
    frame = text(a=["1", "", ""], b=["", "", ""], c=["1", "", "1"])
    assert broken(frame, schema_of("a", "b", "c", custom_checks=[check_it])) == [
        (3, "blank-row"),
        (4, "one-of-required"),
    ]


def test_every_custom_check_is_tested() -> None:
    assert {name for name, *_ in [*COLUMN, *MANY]} == set(CHECKS)


def test_what_cannot_be_compared_is_a_problem() -> None:
    fields = [{"name": "a", "type": "number"}, {"name": "b", "type": "date"}]
    checks = [{"name": "compare-columns-value", "params": {"column": "a", "op": "<", "column2": "b"}}]
    frame = text(a=["1", "1"], b=["2024-05-15", ""])
    assert broken(frame, schema_of(*fields, custom_checks=checks)) == [(2, "compare-columns-value")]


def test_columns_of_custom_checks_that_the_table_lacks() -> None:
    checks = [
        {"name": "french-siret-value", "params": {"column": "a"}},
        {"name": "one-of-required", "params": {"column1": "a", "column2": "b"}},
        {"name": "compare-columns-value", "params": {"column": "a", "op": "<", "column2": "b"}},
    ]
    schema = schema_of("a", "b", "c", fieldsMatch="superset", custom_checks=checks)
    assert broken(text(c=["1"]), schema) == [(1, "one-of-required")]
    assert broken(text(b=["1", ""], c=["1", "1"]), schema) == [(3, "one-of-required")]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"name": "french-siret"}, r"'french-siret' is not known. Did you mean 'french-siret-value'\? Known: compare"),
        ({"name": "french-siret-value"}, "names too few columns"),
        ({"name": "one-of-required", "params": {"column1": "a"}}, "names too few columns"),
        ({"name": "french-siret-value", "params": {"column": "aa"}}, r"no field 'aa'. Did you mean 'a'\?"),
        (
            {"name": "compare-columns-value", "params": {"column": "a", "column2": "a", "op": "!="}},
            "op '!=' is not one of <,",
        ),
    ],
)
def test_custom_checks_that_make_no_sense_are_refused(item, message) -> None:
    with pytest.raises(UsageError, match=message):
        check(text(a=["1"]), schema_of("a", custom_checks=[item]))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (
            {"type": "integer", "constraints": {"minimum": "un"}},
            "field 'a': minimum 'un' is not of the field's type, integer",
        ),
        ({"type": "date", "constraints": {"enum": ["hier"]}}, "field 'a': enum 'hier' is not"),
        ({"type": "string", "constraints": {"pattern": "(?=a)"}}, "A pattern of the schema can't be used"),
    ],
)
def test_constraints_that_make_no_sense_are_refused(field, message) -> None:
    with pytest.raises(UsageError, match=message):
        check(text(a=["1"]), schema_of({"name": "a", **field}))


def test_moments_are_compared_across_zones() -> None:
    schema = schema_of({"name": "d", "type": "datetime", "constraints": {"minimum": "2024-01-01T00:00:00Z"}})
    frame = text(d=["2024-01-01T01:00:00+01:00", "2024-01-01T00:30:00+01:00", "2024-01-01T00:00:00"])
    assert broken(frame, schema) == [(3, "minimum")]


def test_problems_stand_in_the_order_of_the_file() -> None:
    schema = schema_of(
        {"name": "a", "type": "integer", "constraints": {"required": True}}, {"name": "b", "type": "date"}
    )
    found = check(text(a=["x", "", "1"], b=["y", "2024-05-15", "z"]), schema)
    assert found.to_dict("list") == {
        "row": [2, 2, 3, 4],
        "field": ["a", "b", "a", "b"],
        "value": ["x", "y", "", "z"],
        "rule": ["type-error", "type-error", "required", "type-error"],
    }
    empty = check(text(a=["1"], b=[""]), schema)
    assert empty.empty
    assert empty.dtypes.astype(str).tolist() == found.dtypes.astype(str).tolist() == ["int64", "str", "str", "str"]


def test_a_blank_header_is_one_problem(tmp_path) -> None:
    for content in ("\na,b\n1,2\n", ",\n1,2\n"):
        (tmp_path / "t.csv").write_text(content, encoding="utf-8")
        assert check(tmp_path / "t.csv", schema_of("a", "b")).values.tolist() == [[1, "", "", "blank-header"]]


TYPED = [
    ("integer", pd.array([1, None, 5], dtype="Int64"), {"maximum": 4}, [(4, "maximum")]),
    ("integer", np.array([1.0, np.nan, 1.5]), {}, [(4, "type-error")]),
    ("number", np.array([0.1, np.nan, 5]), {"enum": [0.1], "required": True}, [(3, "required"), (4, "enum")]),
    ("boolean", pd.array([True, None, False], dtype="boolean"), {"enum": [True]}, [(4, "enum")]),
    (
        "date",
        np.array(["2024-05-15", "NaT", "2023-01-01"], dtype="datetime64[s]"),
        {"minimum": "2024-01-01"},
        [(4, "minimum")],
    ),
    ("date", [dt.date(2024, 5, 15), None, dt.datetime(2024, 5, 15, 1)], {}, [(4, "type-error")]),
    (
        "datetime",
        np.array(["2024-05-15", "NaT", "2023"], dtype="datetime64[us]"),
        {"minimum": "2024-01-01T00:00:00"},
        [(4, "minimum")],
    ),
    ("year", pd.array([2024, None, 12345], dtype="Int64"), {}, [(4, "type-error")]),
    ("string", pd.Categorical(["a", None, "b"]), {"enum": ["a"]}, [(4, "enum")]),
    ("string", [1, None, "b"], {}, [(2, "type-error")]),
]


@pytest.mark.parametrize(("kind", "values", "constraints", "expected"), TYPED)
def test_typed_tables_are_held_against_the_same_constraints(kind, values, constraints, expected) -> None:
    field = {"name": "x", "type": kind, "constraints": constraints, "delimiter": "|"}
    assert broken(pd.DataFrame({"k": ["1", "2", "3"], "x": values}), schema_of("k", field)) == expected


def test_geometries_are_geojson() -> None:
    import geopandas
    from shapely.geometry import Point

    frame = geopandas.GeoDataFrame({"k": ["1"]}, geometry=[Point(-1.68, 48.11)], crs="EPSG:4326")
    assert check(frame, schema_of("k", {"name": "geometry", "type": "geojson"})).empty


@pytest.mark.parametrize("kind", ["MultiPoint", "LineString"])
def test_every_position_of_a_geometry_counts(kind) -> None:
    good = ([0, 0], [1, 1])
    shapes = [list(good), *([*good, bad] for bad in (["a", 1], [1])), *([bad, *good] for bad in (["a", 1], [1]))]
    frame = text(k=["1"] * 5, a=[json.dumps({"type": kind, "coordinates": shape}) for shape in shapes])
    assert broken(frame, schema_of("k", {"name": "a", "type": "geojson"})) == [
        (row, "type-error") for row in range(3, 7)
    ]


def test_a_ring_has_four_positions_or_more() -> None:
    whole, short = [[0, 0], [1, 0], [1, 1], [0, 0]], [[0, 0], [1, 0], [0, 0]]
    shapes = [
        {"type": kind, "coordinates": [[*before, ring]] if kind == "MultiPolygon" else [*before, ring]}
        for ring in (whole, short) for kind in ("Polygon", "MultiPolygon") for before in ([], [whole])
    ]  # fmt: skip
    shapes += [{"type": "GeometryCollection", "geometries": [shape]} for shape in shapes]
    frame = text(k=["1"] * 16, a=[json.dumps(shape) for shape in shapes])
    bad = [*range(6, 10), *range(14, 18)]
    assert broken(frame, schema_of("k", {"name": "a", "type": "geojson"})) == [(row, "type-error") for row in bad]


def test_what_is_absent_among_lists_is_missing() -> None:
    frame = pd.DataFrame({"k": ["1", "2", "3", "4"], "a": [["x"], None, {"b": 1}, pd.NA]})
    assert broken(frame, schema_of("k", {"name": "a", "type": "any", "constraints": {"required": True}})) == [
        (3, "required"), (5, "required"),
    ]  # fmt: skip


KEY = {"fields": ["a", "b"], "reference": {"resource": "other", "fields": ["x", "y"]}}


def test_foreign_keys_to_another_table() -> None:
    schema = schema_of("a", "b", foreignKeys=[KEY])
    other = pd.DataFrame({"x": ["1", "2"], "y": ["1", "2"]}, dtype="str")
    frame = text(a=["1", "1", "2", None], b=["1", "2", "2", "9"])
    assert foreign_keys(frame, schema, {"other": other}).values.tolist() == [[3, "a, b", "1, 2", "foreign-key"]]
    assert foreign_keys(frame.iloc[:0], schema, {"other": other}).empty
    assert foreign_keys(frame.astype("category"), schema, {"other": other})["row"].tolist() == [3]


def test_foreign_keys_to_what_does_not_exist_are_refused() -> None:
    schema = schema_of("a", "b", foreignKeys=[KEY])
    with pytest.raises(UsageError, match=r"refer to 'other', not a table given.* Given: others"):
        foreign_keys(text(a=[], b=[]), schema, {"others": text(x=[], y=[])})
    with pytest.raises(UsageError, match="use the column 'y', which the table has not"):
        foreign_keys(text(a=[], b=[]), schema, {"other": text(x=[])})


def test_custom_checks_on_published_grants(opendata) -> None:
    folder = opendata / "bodies" / "grants"
    descriptor = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    schema = Schema.from_dict({**descriptor, "fieldsMatch": "partial"})
    found = check(folder / "exemple_invalide_erreurs_cellules.csv", schema)
    custom = found[found["rule"].isin(CHECKS)]
    assert ("218601946", "french-siret-value") in set(zip(custom["value"], custom["rule"], strict=True))
    assert custom.loc[custom["rule"] == "one-of-required", "row"].tolist()[:1] == [9]
    valid = check(folder / "exemple_valide.csv", schema)
    assert not valid["rule"].isin(CHECKS).any()


def test_no_import_of_the_ground_starts_duckdb() -> None:
    """It starts threads, and the forkserver of reports imports all of this."""
    names = ", ".join(f"tikub_lab.tables.{name}" for name in ("check", "imports", "by_schema", "frames", "package"))
    code = f"import sys, {names}; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_numbers_that_memory_has_not() -> None:
    fields = [{"name": "a", "type": "number"}, {"name": "b", "type": "integer"}]
    frame = text(
        a=["NaN", "-INF", "1e400", "1e15", "5"], b=["1", "", "9223372036854775807", "9223372036854775808", "1"]
    )
    assert check(frame, schema_of(*fields)).empty
    assert broken(frame, schema_of(*fields)) == []
    found = check(frame, schema_of(*fields), stored=True)
    assert found[["row", "field"]].to_numpy().tolist() == [[2, "a"], [3, "a"], [4, "a"], [5, "a"], [5, "b"]]
    assert set(found["rule"]) == {"too-large"}


def test_the_examples_of_shipped_schemas_are_valid(root) -> None:
    for path in sorted((root / "data" / "schemas").rglob("*.json")):
        schema = read_schema(path)
        row = {field.name: "" if field.example is None else str(field.example) for field in schema.fields}
        found = check(pd.DataFrame([row], dtype="str"), schema)
        assert found.empty, f"{path}\n{found}"
