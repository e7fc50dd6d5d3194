"""The tables of a kit: verified, of one use case, and none about persons. Their dictionary."""

import json
import re
import shutil
from types import SimpleNamespace

import pandas as pd
import pytest

from tests.conftest import ROOT
from tikub_lab.errors import UsageError
from tikub_lab.kits import data, documents
from tikub_lab.kits.notebooks import FICTITIOUS, warning
from tikub_lab.kits.recipe import First, Recipe
from tikub_lab.tables.casts import KINDS
from tikub_lab.tables.package import Package, sha256_of
from tikub_lab.tables.template import TYPES

RECIPE = Recipe("u", "Essai", "", First("", ""), (), (), {"u/b": {}, "u/a": {}}, (), {"poids": "kg"}, ("t/s",))


@pytest.fixture
def package(tmp_path):
    """Write a data package: ``package(a=(rows, fields), …)``, of an origin."""

    def write(origin="import", **tables):
        (tmp_path / "schemas" / "u").mkdir(parents=True, exist_ok=True)
        resources = []
        for name, (rows, fields) in tables.items():
            table = name.replace("__", "/")
            path = tmp_path / f"{table}.csv"
            path.parent.mkdir(exist_ok=True)
            pd.DataFrame(rows, columns=[field["name"] for field in fields]).to_csv(path, index=False)
            schema = tmp_path / "schemas" / f"{table}.json"
            schema.parent.mkdir(exist_ok=True)
            schema.write_text(json.dumps({"title": "Une table", "fields": fields}), encoding="utf-8")
            resources.append(
                {"name": table, "path": f"{table}.csv", "schema": f"schemas/{table}.json", "origin": origin,
                 "hash": sha256_of(path), "rows": len(rows), "created": "2026-01-01", "maker": "ana",
                 "licenses": [{"title": "Licence Ouverte 2.0"}], "sources": [{"title": "essai"}]}
            )  # fmt: skip
        text = json.dumps({"name": "x", "licenses": [], "author": "ana", "resources": resources})
        (tmp_path / "datapackage.json").write_text(text, encoding="utf-8")
        return Package(tmp_path)

    return write


WEIGHT = [{"name": "nom", "type": "string"}, {"name": "poids", "type": "integer"}]
PERSON = [{"name": "nom", "type": "string", "personal": True}, {"name": "poids", "type": "integer"}]


def test_only_the_tables_of_the_use_case_in_the_order_of_the_tour(package):
    made = package(u__a=([["x", 1]], WEIGHT), v__c=([["x", 1]], WEIGHT), u__b=([["x", 1]], WEIGHT))
    assert [item.name for item in data.choose(made, RECIPE, checked=True)] == ["u/b", "u/a"]
    found = data.files(made, RECIPE, ROOT / "data" / "schemas")
    assert sorted(found) == [
        "data/datapackage.json", "data/schemas/u/a.json", "data/schemas/u/b.json", "data/u/a.csv", "data/u/b.csv",
    ]  # fmt: skip
    assert b"ana" not in found["data/datapackage.json"]


def test_shared_tables_travel_where_the_recipe_lists_them(package):
    made = package(u__a=([["x", 1]], WEIGHT), t__s=([["x", 1]], WEIGHT), t__other=([["x", 1]], WEIGHT))
    assert [item.name for item in data.choose(made, RECIPE, checked=True)] == ["u/a", "t/s"]
    assert {"data/t/s.csv", "data/schemas/t/s.json"} <= data.files(made, RECIPE, made.root / "schemas").keys()
    with pytest.raises(UsageError, match="no table of 'u' there"):
        data.choose(package(t__s=([["x", 1]], WEIGHT)), RECIPE, checked=True)


def test_personal_values_of_a_shared_table_are_refused(package):
    made = package(u__a=([["x", 1]], WEIGHT), t__s=([["x", 1]], PERSON))
    with pytest.raises(UsageError, match="'nom' of t/s is marked personal"):
        data.choose(made, RECIPE, checked=False)


@pytest.mark.parametrize(("origins", "fictitious"), [("ss", True), ("si", True), ("is", True), ("ii", False)])
def test_one_fictitious_table_is_enough_to_say_so(origins, fictitious):
    tables = [SimpleNamespace(origin={"s": "sample", "i": "import"}[origin]) for origin in origins]
    assert (warning(tables) == FICTITIOUS) is fictitious


def test_a_package_without_the_use_case(package):
    with pytest.raises(UsageError, match="no table of 'u' there; it has v/c"):
        data.choose(package(v__c=([], WEIGHT)), RECIPE, checked=True)


def test_a_changed_file_is_refused(package):
    made = package(u__a=([["x", 1]], WEIGHT))
    (made.root / "u" / "a.csv").write_text("nom,poids\nx,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="changed outside the workbench"):
        data.choose(made, RECIPE, checked=False)


def test_a_row_that_breaks_its_schema_is_refused(package):
    made = package(u__a=([["x", "lourd"]], WEIGHT), v__c=([["x", "lourd"]], WEIGHT))
    with pytest.raises(UsageError, match=r"1 problems, the first in u/a, row \d+, poids: 'lourd'"):
        data.choose(made, RECIPE, checked=True)


def test_persons_are_refused(package):
    with pytest.raises(UsageError, match=r"column 'nom' of u/a is marked personal in its schema and holds 2 values"):
        data.choose(package(u__a=([["x", 1], ["", 2], ["y", 3]], PERSON)), RECIPE, checked=True)


@pytest.mark.parametrize(("origin", "rows"), [("import", [["", 1]]), ("sample", [["x", 1]])])
def test_an_empty_column_passes_and_so_does_a_fictitious_one(package, origin, rows):
    assert data.choose(package(origin, u__a=(rows, PERSON)), RECIPE, checked=True)


def test_a_mark_is_true_or_false(package):
    made = package(u__a=([["x", 1]], [{"name": "nom", "type": "string", "personal": "oui"}, WEIGHT[1]]))
    with pytest.raises(UsageError, match="'personal' is 'oui'"):
        data.choose(made, RECIPE, checked=False)


PERSONAL = {
    ("energy/meters", "point_livraison"),
    ("procurement/bids", "candidat_id"),
    ("procurement/bids", "candidat_nom"),
}
"""Columns that lead to a person or must not be given away, read from the law and the publishers, not from the marks."""


def test_columns_that_must_not_be_given_are_marked():
    """Those known, and those of which the schemas themselves say in words that they are not to be published."""
    said, marked = set(), set()
    for path in (ROOT / "data" / "schemas").rglob("*.json"):
        for field in json.loads(path.read_text(encoding="utf-8"))["fields"]:
            name = (f"{path.parent.name}/{path.stem}", field["name"])
            marked |= {name} if field.get("personal") else set()
            words = re.search(r"à ne pas publier|ne se publie pas", field.get("description", ""), flags=re.I)
            said |= {name} if words else set()
    assert len(said) >= 1
    assert said | PERSONAL <= marked


def test_a_copy_that_differs_is_noticed(package):
    made = package(u__a=([["x", 1]], WEIGHT))
    data.verify_copied(made.root)
    (made.root / "u" / "a.csv").write_text("nom,poids\nx,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="changed while the kit was made"):
        data.verify_copied(made.root)


def test_the_dictionary(package):
    fields = [
        {"name": "nom", "title": "Nom", "type": "string", "description": "Le nom | complet.", "personal": True,
         "constraints": {"required": True, "enum": ["a|b", "c"]}, "example": "c"},
        {"name": "poids", "type": "integer", "description": "Le poids.", "constraints": {"minimum": 0, "maximum": 9}},
    ]  # fmt: skip
    tables = data.choose(package("sample", u__a=([["c", 1]], fields)), RECIPE, checked=False)
    text = documents.fill("data/DICTIONNAIRE.md.j2", recipe=RECIPE, tables=tables).decode("utf-8")
    assert "exemple fictif" in text
    assert "Licence : Licence Ouverte 2.0." in text
    assert (
        "| `nom` | Nom. Le nom \\| complet. **À ne pas publier.** | texte |  | obligatoire, a\\|b ; c | `c` |" in text
    )
    assert "| `poids` | Le poids. | entier | kg | à partir de 0, jusqu'à 9 |  |" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in rows}) == 1


def test_every_type_has_a_name():
    assert set(KINDS) <= set(TYPES)


def test_a_descriptor_of_the_workbench_stays_readable(tmp_path):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    made = Package(tmp_path / "data")
    recipe = Recipe("procurement", "Achats", "", First("", ""), (), (), {}, ("procurement/bids",), {})
    tables = data.choose(made, recipe, checked=False)
    assert "procurement/bids" not in [item.name for item in tables]
    found = data.files(made, recipe, ROOT / "data" / "schemas")
    assert not [name for name in found if "bids" in name or "energy" in name]
    assert "data/schemas/procurement/cpv.json" in found, "a table that is absent is loaded as one without rows"
