"""Descriptors: what is read from valid ones, and what is said of broken ones."""

import re

import pytest

from tikub_lab.errors import UsageError
from tikub_lab.tables.schema import ForeignKey, Schema, read_schema


def test_shipped_schemas_are_read(root) -> None:
    paths = sorted((root / "data" / "schemas").rglob("*.json"))
    assert paths
    for path in paths:
        schema = read_schema(path)
        assert schema.fields, path
        assert schema.place == str(path)
        assert set(schema.primary_key) <= set(schema.names)
        if path.stem not in {"truths", "planted"}:  # of the sample alone
            assert re.match(r"(l[ae] |l’)\w", schema.raw["holder"]), path


def test_published_schemas_are_read(opendata) -> None:
    grants = read_schema(opendata / "bodies" / "grants" / "schema.json")
    assert [check.name for check in grants.custom_checks] == ["french-siret-value"] * 2 + ["one-of-required"]
    contracts = read_schema(opendata / "procurement" / "table_schema" / "schema.json")
    assert contracts.field("dateNotification").format == "%Y-%m-%d"


def test_first_version_is_read_as_the_second_asks() -> None:
    schema = Schema.from_dict(
        {
            "fields": [{"name": "a"}, {"name": "d", "type": "date", "format": "fmt:%Y"}],
            "primaryKey": "a",
            "foreignKeys": [{"fields": "a", "reference": {"resource": "", "fields": "d"}}],
        }
    )
    assert schema.primary_key == ("a",)
    assert schema.foreign_keys == (ForeignKey(("a",), "", ("d",)),)
    assert [(field.type, field.format) for field in schema.fields] == [("string", "default"), ("date", "%Y")]


def test_second_version() -> None:
    schema = Schema.from_dict(
        {
            "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
            "fields": [{"name": "a"}, {"name": "b", "missingValues": [{"value": "-", "label": "absent"}]}],
            "missingValues": ["", "NA"],
            "fieldsMatch": "subset",
        }
    )
    assert [field.missing_values for field in schema.fields] == [("", "NA"), ("-",)]
    assert schema.field("a").type == "any"
    assert schema.fields_match == "subset"


def test_an_unknown_field_is_told_with_the_nearest() -> None:
    schema = Schema.from_dict({"fields": [{"name": "montant"}]}, place="x.json")
    with pytest.raises(UsageError, match=r"x.json: no field 'montan'. Did you mean 'montant'\?"):
        schema.field("montan")


ONE = {"name": "a", "type": "string"}


@pytest.mark.parametrize(
    ("descriptor", "message"),
    [
        ([], "a list 'fields'; this one has none"),
        ({}, "a list 'fields'; this one has none"),
        ({"fields": ["a"]}, "field 1: a field is a JSON object with a 'name'"),
        ({"fields": [ONE, ONE]}, "field names used more than once: a"),
        ({"fields": [{"name": "a", "type": "text"}]}, "field 'a': type 'text' is not one of string, number"),
        (
            {"fields": [{"name": "a", "type": "date", "constraints": {"pattern": "a"}}]},
            "'date' takes .* constraint 'pattern'",
        ),
        ({"fields": [{**ONE, "constraints": {"minimun": 1}}]}, "constraint 'minimun' is not one of required"),
        ({"fields": [{**ONE, "constraints": {"required": "yes"}}]}, "'required' must be a bool, found 'yes'"),
        ({"fields": [{**ONE, "constraints": {"maxLength": True}}]}, "'maxLength' must be a int, found True"),
        ({"fields": [{**ONE, "constraints": {"enum": "a"}}]}, "'enum' must be a list"),
        ({"fields": [{**ONE, "constraints": {"pattern": "("}}]}, r"pattern '\(' is not a regular expression"),
        ({"fields": [{**ONE, "constraints": []}]} | {"fields": [{**ONE, "constraints": [1]}]}, "must be a JSON object"),
        ({"fields": [{**ONE, "format": "mail"}]}, "format 'mail' is not read"),
        ({"fields": [{"name": "a", "type": "duration"}]}, "type 'duration' is not one of string"),
        ({"fields": [{"name": "a", "type": "geojson", "format": "topojson"}]}, "format 'topojson' is not read"),
        ({"fields": [{"name": "a", "type": "number", "decimalChar": ","}]}, "'decimalChar' is not read"),
        ({"fields": [{"name": "a", "type": "date", "format": "any"}]}, "format 'any' is not read"),
        ({"fields": [{"name": "a", "type": "list", "itemType": "list"}]}, "itemType 'list' is not one of string"),
        ({"fields": [ONE], "missingValues": "NA"}, "missingValues must be a list of strings"),
        ({"fields": [ONE], "missingValues": [1]}, "missingValues must be a list of strings"),
        ({"fields": [ONE], "fieldsMatch": "some"}, "fieldsMatch 'some' is not one of exact, equal"),
        ({"fields": [ONE], "primaryKey": ["b"]}, "primaryKey 'b' is not one of a"),
        ({"fields": [ONE], "uniqueKeys": [["b"]]}, "'uniqueKeys' is not read"),
        ({"fields": [ONE], "foreignKeys": [{"fields": ["a"]}]}, "foreignKeys: each is an object"),
        (
            {"fields": [ONE], "foreignKeys": [{"fields": ["a"], "reference": {"fields": []}}]},
            "lists of the same length",
        ),
        ({"fields": [ONE], "foreignKeys": {"fields": "a"}}, "foreignKeys must be a list"),
        ({"fields": [ONE], "custom_checks": ["french-siret-value"]}, "custom_checks is an object with 'name'"),
        (
            {"fields": [ONE], "custom_checks": [{"name": "x", "params": "a"}]},
            "params of custom check 'x' must be an object",
        ),
    ],
)
def test_broken_descriptors_are_refused(descriptor, message) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Schema.from_dict(descriptor, place="file.json")
    assert str(caught.value).startswith("file.json")


@pytest.mark.parametrize("text", ["", "{", "é".encode("cp1252")])
def test_files_that_are_not_json_are_refused(tmp_path, text) -> None:
    path = tmp_path / "schema.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=r"schema\.json: not readable as JSON"):
        read_schema(path)
