"""The Table Schemas of energy: sound, described in French, tied together, and kept by the sample."""

import pandas as pd
import pytest

from data.make.energy import sample
from tikub_lab.tables.check import check, foreign_keys
from tikub_lab.tables.schema import read_schema

TABLES = ["territory/lycees", "territory/buildings"] + [
    f"energy/{name}"
    for name in ("meters", "readings", "loads", "stations", "weather", "temperatures", "calendar", "works", "factors",
                 "prices", "truths", "actions")
]  # fmt: skip
ENERGIES = ["électricité", "gaz", "fioul", "bois", "réseau de chaleur"]


@pytest.fixture(scope="module")
def schemas(root):
    return {name: read_schema(root / "data" / "schemas" / f"{name}.json") for name in TABLES}


def test_every_schema_is_listed(root):
    assert {f"energy/{path.stem}" for path in (root / "data" / "schemas" / "energy").glob("*.json")} <= set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_schema_is_sound_and_described(schemas, name):
    schema = schemas[name]
    assert schema.name == name
    assert schema.title
    assert schema.description.endswith(".")
    assert schema.primary_key
    for field in schema.fields:
        assert field.title
        assert len(field.description) > 3
        assert field.type == "boolean" or field.example is not None
        if field.name in schema.primary_key:
            assert field.constraints.get("required")


def test_references_exist_and_are_keys(schemas):
    count = 0
    for schema in schemas.values():
        for key in schema.foreign_keys:
            assert schemas[key.resource].primary_key == key.reference_fields
            count += 1
    assert count == 14


def test_energies_are_the_same_everywhere(schemas):
    fields = [
        field
        for schema in schemas.values()
        for field in schema.fields
        if field.name in {"energie", "energie_chauffage"}
    ]
    assert len(fields) == 6
    assert all(field.constraints["enum"] == ENERGIES for field in fields)


@pytest.mark.parametrize(("scale", "seed"), [(0.01, 5), (1, None), (3, 2)])
def test_sample_keeps_its_schemas(schemas, energy_tables, scale, seed):
    tables = energy_tables if seed is None else sample(scale, seed)
    assert list(tables) == [*ORDER, "energy/buildings", "energy/sites"]
    for name, frame in ((name, tables[name]) for name in ORDER):
        assert list(frame.columns) == list(schemas[name].names)
        assert len(frame)
        assert check(frame, schemas[name]).empty
        assert foreign_keys(frame, schemas[name], tables).empty


ORDER = [
    "territory/lycees",
    "territory/buildings",
    "energy/meters",
    "energy/readings",
    "energy/loads",
    "energy/stations",
    "energy/weather",
    "energy/calendar",
    "energy/works",
    "energy/factors",
    "energy/prices",
    "energy/truths",
    "energy/actions",
]


BROKEN = {
    "territory/lycees": ("code_uai", "0000001A", "french-uai-value"),  # its letter is B: 1 is the second place from 0
    "meters": ("energie", "charbon", "enum"),
    "readings": ("origine", "devinette", "enum"),
    "weather": ("tmoy", "81", "maximum"),
    "works": ("cout", "-1", "minimum"),
    "truths": ("valeur", "", "required"),
    "territory/buildings": ("nb_niv", "0", "minimum"),
    "prices": ("euros_kwh", "-0.1", "minimum"),
    "factors": ("annee", "deux mille", "type-error"),
    "stations": ("latitude", "91", "maximum"),
    "calendar": ("zone", "D", "enum"),
    "actions": ("qui", "Mme Le Goff", "enum"),  # a function, never a person
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_value_is_found(schemas, energy_tables, name):
    field, value, rule = BROKEN[name]
    name = name if "/" in name else f"energy/{name}"
    row = energy_tables[name].head(1).astype("str").replace({"nan": "", "NaT": "", "<NA>": ""})
    problems = check(row.assign(**{field: value}), schemas[name])
    assert problems[["field", "value", "rule"]].to_numpy().tolist()[0] == [field, value, rule]


def test_periods_must_run_forward(schemas):
    row = {
        "compteur_id": "G1",
        "debut": "2025-01-02",
        "fin": "2025-01-02",
        "kwh": "1",
        "estime": "",
        "origine": "relevé",
    }
    problems = check(pd.DataFrame([row]), schemas["energy/readings"])
    assert problems["rule"].tolist() == ["compare-columns-value"]


def test_the_same_day_may_be_billed_and_read(schemas):
    bill = {
        "compteur_id": "G1",
        "debut": "2025-01-01",
        "fin": "2025-02-01",
        "kwh": "31",
        "estime": "",
        "origine": "facture",
    }
    read = {**bill, "fin": "2025-01-02", "kwh": "1", "origine": "relevé"}
    assert check(pd.DataFrame([bill, read]), schemas["energy/readings"]).empty
    assert check(pd.DataFrame([bill, bill]), schemas["energy/readings"])["rule"].tolist() == ["primary-key"]


def test_a_load_curve_fits(schemas):
    rows = [
        {"compteur_id": "E1", "debut": f"2025-03-29T{hour}:00:00Z", "minutes": "30", "kwh": "4.5", "estime": "false"}
        for hour in ("22", "23")
    ]
    assert check(pd.DataFrame(rows), schemas["energy/loads"]).empty
    assert check(pd.DataFrame([{**rows[0], "minutes": "90"}]), schemas["energy/loads"])["rule"].tolist() == ["maximum"]


def test_delivery_points_say_that_they_stay_inside(schemas):
    assert "ne pas publier" in schemas["energy/meters"].field("point_livraison").description
