"""Weekly publications for ten years, and hundreds of files in one zip, go into one package (cases 01 and E15)."""

import json
import resource
import zipfile

import pytest

from tikub_lab.procurement import formats
from tikub_lab.tables import database
from tikub_lab.tables.imports import MOST_PARTS, import_files
from tikub_lab.tables.package import open_package

HEAD = (
    "id;acheteur_id;titulaire_id;titulaire_typeIdentifiant;montant;dateNotification;objet;codeCPV;dureeMois;procedure\n"
)
ROW = (
    "X{0};23350001600040;90000001900019;SIRET;{1}.5;2024-05-15;Chaises de bureau {0};39160000-1;12;Procédure adaptée\n"
)


@pytest.fixture
def bring(tmp_path, root, monkeypatch):
    """Import with the least memory that DuckDB is ever given."""
    monkeypatch.setattr(database, "memory", lambda: database.LEAST)
    return lambda path: import_files([path], tmp_path / "p", formats.READERS, schemas=root / "data" / "schemas")


def contract(week, part):
    """An invented contract."""
    firm = {"titulaire": {"id": "90000001900019", "typeIdentifiant": "SIRET"}}
    day = f"{2014 + week // 52}-{1 + week % 12:02d}-{1 + week % 28:02d}"
    return {
        "id": f"{part}{week:04d}", "acheteur": {"id": "23350001600040"}, "nature": "Marché", "objet": "Chaises",
        "codeCPV": "39160000-1", "procedure": "Procédure adaptée", "dureeMois": 12, "dateNotification": day,
        "datePublicationDonnees": day, "montant": 1000 + week, "titulaires": [firm], "formePrix": "Unitaire",
        "lieuExecution": {"code": "35000", "typeCode": "Code postal"}, "offresRecues": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("weeks", "files"), [pytest.param(4, 8, marks=pytest.mark.ci), pytest.param(520, 500, marks=pytest.mark.proof)]
)
def test_publications_one_after_the_other_and_many_in_a_zip(bring, tmp_path, weeks, files):
    for week in range(weeks):
        path = tmp_path / f"{week:04d}.json"
        path.write_text(json.dumps({"marches": [contract(week, part) for part in "AB"]}))
        (found,) = bring(path)
        assert (found.kept, found.rejected) == (2, 0)
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for week in range(files):
            archive.writestr(f"{week}.json", json.dumps({"marches": [contract(week, "Z")]}))
    assert [item.kept for item in bring(path)] == [1] * files
    package = open_package(tmp_path / "p")
    assert len(package.load("procurement/contracts")) == 2 * weeks + files
    parts = package.raw["imported"]["parts"]
    assert max(map(len, parts.values())) <= MOST_PARTS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 * 2**20  # kB


@pytest.mark.proof
def test_120_publications_of_the_case(bring, root, tmp_path):
    path = root.parent / "shared" / "cases" / "01-many-publications-oom" / "120_publications.zip"
    if not path.is_file():
        pytest.skip(f"the case is not there: {path}")
    found = bring(path)
    assert (sum(item.read for item in found), sum(item.kept for item in found)) == (120, 120)
    assert open_package(tmp_path / "p").load("procurement/contracts")["montant"].sum() == 127_140


@pytest.mark.parametrize("rows", [30_000, pytest.param(510_000, marks=pytest.mark.proof)])
def test_one_buyer_one_supplier_one_day(bring, tmp_path, rows):
    path = tmp_path / "a.csv"
    path.write_text("".join([HEAD, *(ROW.format(row, 1000 + row % 977) for row in range(rows))]))
    (found,) = bring(path)
    assert (found.read, found.kept, found.rejected) == (rows, rows, 0)
