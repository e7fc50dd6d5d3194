"""What lycées say that they did: the table that they fill in."""

import csv

import openpyxl
import pandas as pd
import pytest

from tikub_lab.energy.gestures import catalogue
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.tables.schema import read_schema
from tikub_lab.tables.template import write_template
from tikub_lab.use_cases import readers

# The table

GOOD = {
    "action_id": "A1", "code_uai": "0007614B", "geste": "un_degre", "qui": "intendance", "premier_jour": "06/01/2025",
    "energie": "gaz", "preuve": "https://lycee.example/energie",
}  # fmt: skip
REFUSED = [
    ({"qui": "Mme Le Goff"}, "qui", "enum"),
    ({"qui": "yann.le-goff@lycee.example"}, "qui", "enum"),
    ({"qui": ""}, "qui", "required"),
    ({"premier_jour": "lundi"}, "premier_jour", "type-error"),
    ({"code_uai": ""}, "code_uai", "required"),
]
BLANKED = [
    ({"preuve": "écrire à yann.le-goff@lycee.example"}, "preuve", "pattern"),
    ({"action": "voir avec yann.le-goff@lycee.example"}, "action", "pattern"),
    ({"geste": "éteindre", "action": "Éteindre"}, "geste", "enum"),
    ({"energie": "charbon"}, "energie", "enum"),
    ({"geste": ""}, "geste, action", "one-of-required"),
    ({"dernier_jour": "05/01/2025"}, "premier_jour, dernier_jour", "compare-columns-value"),
]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_template_refuses_what_names_a_person_or_says_nothing(root, tmp_path, form):
    (path, *_) = write_template("energy/actions", root / "data" / "schemas", tmp_path, form == "xlsx")
    names = read_schema(root / "data" / "schemas" / "energy" / "actions.json").names
    bad = [*REFUSED, *BLANKED]
    rows = [GOOD, *(GOOD | change | {"action_id": f"B{place}"} for place, (change, *_) in enumerate(bad))]
    cells = [[row.get(name, "") for name in names] for row in rows]
    if form == "csv":
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";").writerows(cells)
    else:
        book = openpyxl.load_workbook(path)
        for row in cells:
            book.worksheets[0].append(row)
        book.save(path)
    (found,) = import_files([path], tmp_path / "package", readers())
    assert (found.read, found.rejected) == (len(rows), len(REFUSED))
    kept = open_package(tmp_path / "package").load("energy/actions").set_index("action_id")
    assert kept.loc["A1", "premier_jour"] == pd.Timestamp(2025, 1, 6)
    assert not kept.astype("str").apply(lambda texts: texts.str.contains("Goff|goff")).to_numpy().any()
    for place, (_, field, _) in enumerate(BLANKED, len(REFUSED)):
        assert pd.isna(kept.loc[f"B{place}", field.split(", ")[-1]])
    logs = {
        kind: pd.read_csv(tmp_path / "package" / "energy" / f"actions.{kind}.csv", dtype="str", keep_default_na=False)
        for kind in ("rejects", "repairs")
    }
    told = {kind: log.loc[log["id"] != "", ["field", "rule"]].to_numpy().tolist() for kind, log in logs.items()}
    assert told["rejects"] == [[field, rule] for _, field, rule in REFUSED]
    assert told["repairs"] == [[field, rule] for _, field, rule in BLANKED]


def test_the_gestures_of_the_table_are_those_of_the_pages(root):
    field = read_schema(root / "data" / "schemas" / "energy" / "actions.json").field("geste")
    assert field.constraints["enum"] == list(dict.fromkeys(catalogue()["geste"]))
