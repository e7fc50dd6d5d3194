"""Code lists, labels and the CPV."""

import csv
import difflib
import json

import pandas as pd
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.procurement import codes
from tikub_lab.procurement.published import fields
from tikub_lab.procurement.published.cpv import CPV_READER
from tikub_lab.tables.readers import Head


def schema(root, name):
    return json.loads((root / "data" / "schemas" / "procurement" / f"{name}.json").read_text(encoding="utf-8"))[
        "fields"
    ]


@pytest.mark.parametrize(
    ("table", "known"),
    [
        ("contracts", fields.CONTRACT_FIELDS),
        ("concessions", fields.CONCESSION_FIELDS),
        ("suppliers", fields.SUPPLIER_FIELDS),
        ("amendments", fields.AMENDMENT_FIELDS),
    ],
)
def test_fields_are_those_of_the_schemas(root, table, known):
    described = {field["name"]: field["type"] for field in schema(root, table)}
    assert described.pop("uid") == "string"
    assert described == known


@pytest.mark.parametrize(
    ("table", "lists"),
    [("contracts", codes.CODES), ("suppliers", codes.CODES), ("concessions", codes.CONCESSION_CODES)],
)
def test_code_lists_are_those_of_the_schemas(root, table, lists):
    for field in schema(root, table):
        if "enum" in field.get("constraints", {}):
            assert field["constraints"]["enum"] == list(lists[field["name"]])
        elif field["type"] == "list" and "Valeurs possibles" in field["description"]:
            assert field["description"].rpartition(" : ")[2].rstrip(".").split(", ") == list(lists[field["name"]])


def test_aliases_lead_to_the_lists():
    for field, aliases in codes.ALIASES.items():
        assert set(aliases.values()) <= set(codes.CODES[field])
    assert set(codes.PRICE_FORMS_2019.values()) <= set(codes.CODES["typesPrix"])


@pytest.mark.parametrize(
    ("field", "written", "meant"),
    [
        ("lieuExecution_typeCode", "CODE DEPARTEMENT", "Code département"),
        ("lieuExecution_typeCode", "commune", "Code commune"),
        ("procedure", "procédure  adaptée", "Procédure adaptée"),
        ("procedure", "Appel d’offres ouvert", "Appel d'offres ouvert"),
        ("ccag", "Maîtrise d'oeuvre", "Maitrise d'œuvre"),
        ("titulaire_typeIdentifiant", "HORS_UE", "HORS-UE"),
    ],
)
def test_spellings(field, written, meant):
    assert codes.meanings(field, codes.CODES[field])[codes.simplified(written)] == meant


def test_divisions_are_forty_five():
    assert len(codes.CPV_DIVISIONS) == 45
    assert all(code[2:8] == "000000" for code in codes.CPV_DIVISIONS)


def test_cpv_without_nomenclature():
    written = ["45214200-2", "45214200", "3111000", "4521000", "4521", "99000000", "9", "452142002", " 45 214200", None]
    repaired = codes.repair_cpv(pd.Series(written, dtype="str"))
    assert repaired.fillna("").tolist() == [
        "45214200-2",
        "45214200",
        "03111000",
        "45210000",
        "45000000-7",
        "",
        "",
        "45214200-2",
        "45214200",
        "",
    ]


def test_reader_of_the_nomenclature(tmp_path):
    path = tmp_path / "cpv.csv"
    path.write_text('CODE,FR\n03000000-1,"Produits agricoles"\n3,Rien\n', encoding="utf-8")
    assert CPV_READER.recognises(Head.of(path))
    (batch,) = CPV_READER.read(path)
    assert batch.tables["procurement/cpv"][["code", "libelle", "_line"]].to_numpy().tolist() == [
        ["03000000-1", "Produits agricoles", 2]
    ]
    assert batch.rejects[["line", "value", "rule"]].to_numpy().tolist() == [[3, "3", "cpv-code"]]
    path.write_text("CODE,FR\n", encoding="utf-8")
    with pytest.raises(UsageError, match="without any code"):
        list(CPV_READER.read(path))


@pytest.mark.parametrize(
    "text",
    [
        "CODE,EN,FR\n45000000-7,Works,Travaux\n",
        "CODE;FR\r\n45000000-7;Travaux\r\n",
        '\ufeff"FR";"CODE"\n"Travaux";"45000000-7"\n',
    ],
)
def test_a_nomenclature_with_other_languages_or_from_a_spreadsheet(tmp_path, text):
    path = tmp_path / "cpv.csv"
    path.write_text(text, encoding="utf-8")
    assert CPV_READER.recognises(Head.of(path))
    (batch,) = CPV_READER.read(path)
    assert batch.tables["procurement/cpv"][["code", "libelle"]].to_numpy().tolist() == [["45000000-7", "Travaux"]]


def test_divisions_are_those_of_the_published_nomenclature(opendata):
    with (opendata / "procurement" / "cpv" / "cpv_2008.csv").open(encoding="utf-8-sig", newline="") as file:
        published = {row["CODE"]: row["FR"] for row in csv.DictReader(file)}
    divisions = {code: label for code, label in published.items() if code[2:8] == "000000"}
    assert set(divisions) == set(codes.CPV_DIVISIONS)
    # the published copy has one typing error ("personnnels"), so letters are compared rather than labels
    for code, label in divisions.items():
        assert difflib.SequenceMatcher(None, label, codes.CPV_DIVISIONS[code]).ratio() > 0.99
    known = pd.Series(list(published), dtype="str")
    assert not known.str[:8].duplicated().any()  # so that eight digits are enough to find a code
    lost = known[known.str.startswith("0")]
    assert codes.repair_cpv(lost.str[1:8]).tolist() == lost.str[:8].tolist()
