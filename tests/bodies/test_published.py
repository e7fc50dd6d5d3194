"""Readers of grants, snapshots of councillors, notices and the register: real files in place, and cases by hand."""

import json

import frictionless
import openpyxl
import pandas as pd
import pytest

from tikub_lab.bodies.published.grants import columns, is_grants, spellings
from tikub_lab.errors import UsageError
from tikub_lab.tables.check import check
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.tables.readers import Head
from tikub_lab.tables.schema import Schema, read_schema
from tikub_lab.use_cases import readers

REAL = {  # file: rows read, kept, rejected by rule, repairs by rule
    "CD49_conventions-de-subventions.csv": (75, 70, {"required": 5}, {"identifier": 133, "form": 71}),
    "DEP_Aube_Donnees_essentielles_conventions_subvention.xlsx": (7, 7, {}, {"heading": 14, "form": 15}),
    "DEP_Lot_Subventions_2017_DONNEES.xlsx_pour_exemple.csv": (13, 13, {}, {"heading": 2, "form": 5}),
    "DEP_Nievre_CD58_SUBVENTIONS_2016_LISTE.csv": (97, 90, {"required": 2, "type-error": 5}, {"heading": 13}),
    "DEP_Somme_TB_20180302_DONNEES_CONVENTIONS.csv": (41, 41, {}, {"form": 42}),
    "DEP_Vendee_Publication_donnees_Open_data_Subventions_Conventions.xlsx": (4, 4, {}, {"heading": 1}),
    "datasubvention_SCDL.csv": (4, 4, {}, {"heading": 1, "french-siret-value": 7}),
    "datasubvention_SCDL_DILCRAH_2019.csv": (4, 4, {}, {"heading": 14}),
    "datasubvention_SCDL_ONE_MISSING_MANDATORY.csv": (4, 4, {}, {"column-left-out": 1}),
    "datasubvention_SCDL_WITH_EXERCICE.csv": (4, 4, {}, {"heading": 1}),
    "exemple-duplicate-column.csv": (29, 29, {}, {"column-left-out": 1}),
    "exemple_invalide_erreurs_cellules.csv": (29, 28, {"required": 1}, {"form": 2, "pattern": 3}),
    "exemple_invalide_erreurs_colonnes.csv": (29, 28, {"required": 1}, {"heading": 1, "pattern": 3}),
    "exemple_valide.csv": (29, 29, {}, {}),
}


@pytest.fixture
def bring(tmp_path, root):
    """Import one file, by its text or its path; return what was made of it and the tables."""

    def bring(source, name="fichier.csv"):
        path = source
        if isinstance(source, str | bytes):
            path = tmp_path / name
            path.write_bytes(source.encode() if isinstance(source, str) else source)
        (found,) = import_files([path], tmp_path / "data", readers(), schemas=root / "data" / "schemas")
        return found, open_package(tmp_path / "data")

    return bring


@pytest.fixture(scope="module")
def schema(root):
    return read_schema(root / "data" / "schemas" / "bodies" / "grants.json")


@pytest.mark.ci
@pytest.mark.parametrize("name", REAL)
def test_real_grants(opendata, bring, name):
    found, package = bring(opendata / "bodies" / "grants" / name)
    read, kept, rejects, repairs = REAL[name]
    assert (found.reader, found.read, found.kept, found.rejects_by_rule) == ("grants", read, kept, rejects)
    assert {rule: found.repairs_by_rule.get(rule) for rule in repairs} == repairs
    grants = package.load("bodies/grants")
    assert grants["exercice"].between(2010, 2023).all()
    assert grants["montant"].notna().all()


def test_a_workbook_that_begins_with_a_summary_is_refused(opendata, bring):
    with pytest.raises(UsageError, match="a spreadsheet of no known table"):
        bring(opendata / "bodies" / "grants" / "datasubvention_SCDL_WITH_EXERCICE_ALT.xlsx")


def test_every_real_file_is_tested(opendata):
    known = {*REAL, "datasubvention_SCDL_WITH_EXERCICE_ALT.xlsx"}
    assert {path.name for path in (opendata / "bodies" / "grants").glob("*.[cx][sl]*")} == known


def test_verdicts_on_a_conforming_header_are_those_of_frictionless(opendata, schema):
    """The published schema is in ours, as ``official``; frictionless reads the same 16 fields."""
    fields = [
        {"name": field.name, "type": field.type, "constraints": field.raw["official"]}
        for field in schema.fields
        if "official" in field.raw
    ]
    assert len(fields) == 16
    totals = {}
    for name in ("exemple_valide.csv", "exemple_invalide_erreurs_cellules.csv"):
        path = opendata / "bodies" / "grants" / name
        header = path.read_text("utf-8").split("\n")[0].strip().split(",")
        published = {"fields": [field for field in fields if field["name"] in header]}
        ours = check(path, Schema.from_dict(published))
        resource = frictionless.Resource(
            path=path.name, basepath=str(path.parent), schema=frictionless.Schema.from_descriptor(published)
        )
        theirs = resource.validate().flatten(["rowNumber", "fieldName"])
        assert sorted(map(tuple, ours[["row", "field"]].to_numpy())) == sorted(map(tuple, theirs)), name
        totals[name] = len(ours)
    assert totals["exemple_valide.csv"] == 0
    assert totals["exemple_invalide_erreurs_cellules.csv"] > 10


def test_the_file_of_the_region_adds_up_to_its_programmes(opendata, bring):
    """In the shape of the Région's own publication, one row a commune and programme of its totals of 2025."""
    totals = pd.read_parquet(opendata / "bodies" / "grants" / "lusk_programmes_subventions_2025.parquet")
    totals = totals[totals["type"] == "commune"]
    rows = pd.DataFrame(
        {
            "nomattribuant": "Région Bretagne", "idattribuant": "23350001600040", "dateconvention": "2025-03-24",
            "referencedecision": "25_0311_04", "nombeneficiaire": "Non disponible", "idbeneficiaire": "Non disponible",
            "objet": "x", "montant": totals["montant"].map("{:.2f}".format), "nature": "aide en numéraire",
            "dossier_commune_insee": totals["territoire"], "programme_libl": totals["programme_libl"],
        }
    )  # fmt: skip
    rows["nombeneficiaire"] = "Bénéficiaire de " + rows["dossier_commune_insee"]
    text = rows.to_csv(sep=";", index=False) + ";" * (rows.shape[1] - 1) + "\n"  # an empty row, as published
    found, package = bring(text)
    grants = package.load("bodies/grants")
    assert (found.reader, found.read, found.rejected) == ("grants", 1842, 0)
    assert round(grants["montant"].sum()) == 363_601_170
    by_programme = grants.groupby("programme")["montant"].sum()
    pd.testing.assert_series_equal(
        by_programme, totals.groupby("programme_libl")["montant"].sum(), check_names=False, check_dtype=False
    )
    assert grants["idBeneficiaire"].isna().all()
    assert (grants["exercice"] == 2025).all()


def test_the_spellings_of_headings():
    assert sum(map(len, spellings().values())) >= 90 + 16
    assert columns(["Date - Décision", "N° SIRET attributaire", "object", "iBeneficiaire"]) == {
        "dateConvention": 0, "objet": 2, "idBeneficiaire": 3, "idAttribuant": 1,
    }  # fmt: skip
    assert columns(["dateDecision", "dateConvention", "Objet du dossier"]) == {"dateConvention": 1, "objet": 2}
    assert columns(["Nom attributaire", "N° SIRET attributaire"]) == {"nomBeneficiaire": 0, "idBeneficiaire": 1}


HEAD = "nomBeneficiaire;idBeneficiaire;montant;objet;{};nature\n"


@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        ("exercice", "A;732 829 320 00074';1 234,50;x;2024;", (2024, 1234.5, "73282932000074", None)),
        ("exercice", "A;7,3282932000074E+13;1.234,50 €;x;2024;", (2024, 1234.5, "73282932000074", None)),
        ("exercice", "A;7,33E+13;10;x;2024;", (2024, 10, None, None)),
        ("dateDecision_Tri", "A;;10;x;2024-05-10;numéraire et nature", (2024, 10, None, None)),
        ("exercice", "A;;10;x;2024.0;", (2024, 10, None, None)),
        ("dateConvention", "A;732829320;10;x;2014;", (2014, 10, None, "732829320")),
        ("dateConvention", "A;73282932000074.0;10;x;Commission du 22 mai 2023;", (2023, 10, "73282932000074", None)),
        ("dateConvention", "A;73282932000075;10;x;03/02/2023;Numéraire", (2023, 10, None, None)),
    ],
)
def test_cells_by_hand(bring, column, cells, expected):
    found, package = bring(HEAD.format(column) + cells + "\n")
    row = package.load("bodies/grants").iloc[0]
    year, amount, siret, siren = expected
    assert (row["exercice"], row["montant"]) == (year, amount)
    assert (row["idBeneficiaire"] if siret else pd.isna(row["idBeneficiaire"])) == (siret or True)
    if siren or siret:
        assert row["sirenBeneficiaire"] == (siren or siret[:9])
    assert found.repairs_by_rule or "," not in cells


def test_the_same_decision_twice_counts_once(bring):
    rows = HEAD.format("exercice") + "A;;10;x;2024;\n" * 2 + "A;;11;x;2024;\n"
    found, package = bring(rows)
    assert (found.kept, found.rejects_by_rule) == (2, {"duplicate": 1})
    found, package = bring(rows.replace("A;;11", "A;;12"), "suite.csv")  # the next export has what was there, and more
    assert package.load("bodies/grants")["montant"].sum() == 10 + 11 + 12


def test_titles_above_and_two_encodings_in_one_file(bring):
    head = "Subventions 2024\n\n" + HEAD.format("exercice")
    found, package = bring(
        (head + "Été;;10;élévation à côté;2024;\n").encode() + "Été cassé;;20;x;2024;\n".encode("cp1252")
    )
    assert found.kept == 2
    assert sorted(package.load("bodies/grants")["nomBeneficiaire"]) == ["Été", "Été cassé"]


def test_a_missing_column_is_named_with_its_spellings(bring):
    with pytest.raises(UsageError) as told:
        bring("nomBeneficiaire;idBeneficiaire;objet;nature;exercice\nA;B;C;D;2024\n")
    assert "without a column montant" in str(told.value)
    assert "« Montant voté »" in str(told.value)
    assert "row 1 being the headings" in str(told.value)
    with pytest.raises(UsageError, match=r"without a column exercice.*« Année de la demande »"):
        bring("nomBeneficiaire;idBeneficiaire;objet;nature;montant\nA;B;C;D;2024\n")


def test_a_column_that_contradicts_itself_is_refused_without_options_that_would_not_help(bring):
    head = "nomBeneficiaire;idBeneficiaire;montant;objet;dateConvention\n"
    with pytest.raises(UsageError, match=r"'13/02/2024' in row 2.*'02/13/2024' in row 3.*Correct one of them\.$"):
        bring(head + "A;;1;x;13/02/2024\nB;;1;x;02/13/2024\n")


def test_old_workbooks_are_refused_with_the_next_step(bring):
    with pytest.raises(UsageError, match=r"in the old form \(\.xls\)\. Save it as \.xlsx or CSV"):
        bring(b"\xd0\xcf\x11\xe0" + b"\0" * 600, "subventions.xls")


def test_a_workbook(bring, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Bénéficiaire", "SIRET", "Montant voté", "Objet", "Année"])
    book.active.append(["A", 73282932000074, 1234.5, "x", 2024])
    book.save(tmp_path / "a.xlsx")
    row = bring(tmp_path / "a.xlsx")[1].load("bodies/grants").iloc[0]
    assert (row["montant"], row["idBeneficiaire"], row["exercice"]) == (1234.5, "73282932000074", 2024)


def test_other_tables_with_amounts_are_no_grants(tmp_path, opendata):
    path = opendata / "bodies" / "grants" / "lusk_programmes_subventions_2025.parquet"
    assert not is_grants(Head.of(path))
    (tmp_path / "a.csv").write_text("id,montant,objet,nature,exercice,programme\n")
    assert not is_grants(Head.of(tmp_path / "a.csv"))


# Councillors


@pytest.mark.parametrize(("day", "count"), [("2025-11-16", 1749), ("2026-04-22", 1747), ("2026-04-24", 1745)])
def test_real_snapshots(opendata, bring, day, count):
    found, package = bring(opendata / "bodies" / "elected" / f"elus-conseillers-regionaux-cr_{day}.csv")
    councillors = package.load("bodies/councillors")
    assert (found.read, found.kept, found.repairs_by_rule) == (count, count, {"column-left-out": 6})
    bretons = councillors[councillors["region"] == "53"]
    assert len(bretons) == 83
    assert bretons["fonction"].notna().sum() == 14
    assert (councillors["releve"] == pd.Timestamp(day)).all()
    assert not [name for name in councillors if "naissance" in name or "sexe" in name]


SNAPSHOT = (
    "Code de la région;Libellé de la région;Code de la section départementale;Libellé;Nom de l'élu;Prénom de l'élu;"
    "Code sexe;Date de naissance;Date de début du mandat\n"
    "53;Bretagne;29;Finistère;EMBRUN;Maëlle;F;01/02/1970;02/07/2021\n"
)


def test_snapshots_without_a_day_or_with_a_wrong_one(bring):
    with pytest.raises(UsageError, match="a snapshot without its day"):
        bring(SNAPSHOT, "elus.csv")
    with pytest.raises(UsageError, match="a mandate begins on 2021-07-02, after 2020-01-01"):
        bring(SNAPSHOT, "elus_2020-01-01.csv")
    wrong = SNAPSHOT.splitlines()[1].replace("02/07", "31/13").replace("EMBRUN", "VARECH")
    found, _ = bring(f"{SNAPSHOT}{wrong}\n", "elus_2026-04-24.csv")
    assert (found.kept, found.repairs_by_rule["type-error"]) == (2, 1)  # a day is wrong, and not the file's name
    found, package = bring(SNAPSHOT, "elus_2026-04-25.csv")
    assert package.load("bodies/councillors")["nom"].tolist() == ["EMBRUN", "VARECH", "EMBRUN"]
    text = (found.file, *package.load("bodies/councillors").astype("str").to_numpy().ravel())
    assert "1970" not in " ".join(map(str, text))


# Notices and the register


@pytest.mark.parametrize("shape", ["records", "results", "list"])
def test_real_notices_in_every_shape_of_the_portal(opendata, bring, shape):
    tables = []
    for name in ("bodacc_annonces-commerciales_v1.json", "joafe_jo_associations_v1.json"):
        text = (opendata / "notices" / name).read_text("utf-8")
        rows = [record["fields"] for record in json.loads(text)["records"]]
        for row in rows:
            if shape != "records":  # the second API has lists where the first one had texts
                row["registre"] = str(row.get("registre", "")).split(",")
        whole = {"records": text, "results": json.dumps({"total_count": 3, "results": rows}), "list": json.dumps(rows)}
        found, package = bring(whole[shape], f"{name}")
        assert found.kept == found.read == len(rows)
        tables = package.load("bodies/notices")
    assert len(tables) == 4
    notices = tables.set_index("annonce_id")
    assert notices["famille"].to_dict() == {
        "B20220227446": "radiation", "C202200902528": "comptes", "C202101554392": "comptes",
        "201500271011": "modification",
    }  # fmt: skip
    assert notices.loc["C202101554392", "siren"] == notices.loc["C202200902528", "siren"] == "880878145"
    assert notices.loc["C202101554392", "cloture"] == pd.Timestamp("2020-12-31")
    assert notices.loc["201500271011", "rna"] == "W643000551"
    assert notices.loc["201500271011", "nouveau_nom"].startswith("CENTRE SOCIAL")


def test_published_accounts_and_a_judgement(bring):
    accounts = {"id": "1", "source": "dca", "dca_siren": "732 829 320", "dca_datecloture": "2024-12-31",
                "dateparution": "2025-07-21", "numero_rna": "ASS00001"}  # fmt: skip
    judged = {"id": "A1", "familleavis": "collective", "typeavis": "rectificatif", "dateparution": "2026-02-10",
              "registre": ["732 829 320", "732829320"], "jugement": json.dumps({"nature": "Sauvegarde"})}  # fmt: skip
    bring(json.dumps({"results": [accounts, {"id": "2", "source": "joafe"}]}), "a.json")
    _, package = bring(json.dumps({"results": [judged]}), "b.json")
    rows = package.load("bodies/notices").set_index("annonce_id")
    assert rows.loc["1", ["source", "famille", "siren"]].tolist() == ["DCA", "comptes", "732829320"]
    assert pd.isna(rows.loc["1", "rna"])
    assert rows.loc["A1", ["famille", "avis", "texte"]].tolist() == [
        "procédure collective", "rectificatif", "Sauvegarde",
    ]  # fmt: skip
    assert len(rows) == 2  # one without a day of publication is a reject


def test_the_register(opendata, bring):
    found, package = bring(opendata / "registers" / "recherche-entreprises_338365059.json")
    (row,) = package.load("bodies/registry").to_dict("records")
    assert found.kept == 1
    assert (row["rna"], row["code_commune"], row["actif"], row["association"]) == ("W643000551", "64373", True, True)
    assert "dirigeants" not in row
    answer = json.loads((opendata / "registers" / "recherche-entreprises_338365059.json").read_text("utf-8"))
    found, package = bring(json.dumps(answer["result"]), "z.json")  # as the API itself answers
    assert (found.reader, found.kept) == ("recherche-entreprises", 1)
