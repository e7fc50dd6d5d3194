"""The readers together, on fictitious files and, where they are at hand, on the real ones."""

import json
import zipfile

import duckdb
import pytest

from tikub_lab.errors import UsageError
from tikub_lab.procurement.formats import READERS, TABLES
from tikub_lab.tables import imports
from tikub_lab.tables.check import check
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.use_cases import readers


@pytest.fixture(autouse=True)
def day(monkeypatch):
    monkeypatch.setattr(imports, "today", lambda: "2026-01-01")


@pytest.fixture
def bring(tmp_path, root):
    def run(*paths):
        found = import_files(paths, tmp_path / "package", readers(), schemas=root / "data" / "schemas")
        assert all(item.read == item.kept + item.rejected for item in found)
        package = open_package(tmp_path / "package")
        for name in TABLES:
            table, resource = package.load(name), package.resource(name)
            assert len(table) == resource.rows
            problems = check(table, resource.schema)
            assert problems.empty, problems.head().to_string()
        return found

    return run


def figures(found):
    return {item.file.split("/")[0]: (item.read, item.kept, item.rejected) for item in found}


def test_readers_have_names_of_their_own():
    assert len({reader.name for reader in READERS}) == len(READERS) == 10


def test_a_zip_of_several_formats(tmp_path, bring, published):
    record = published.contract(id="JSON")
    xml = (
        "<marches><marche><id>XML</id><acheteur><id>23350001600040</id></acheteur><objet>Port</objet>"
        "<dureeMois>2</dureeMois><dateNotification>2024-05-15</dateNotification><montant>5</montant><titulaires>"
        f"<titulaire><typeIdentifiant>SIRET</typeIdentifiant><id>{published.FIRM}</id></titulaire></titulaires></marche></marches>"
    )
    table = (
        f"id,acheteur_id,titulaire_id,montant,dateNotification\nCSV,{published.BUYER},{published.FIRM},7,2024-05-15\n"
    )
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", json.dumps({"marches": [record]}))
        archive.writestr("b", xml)
        archive.writestr("c", table)
    found = bring(path)
    assert [item.reader for item in found] == ["decp-2019-json", "decp-2019-xml", "decp-csv"]
    assert open_package(tmp_path / "package").load("procurement/contracts")["id"].tolist() == ["CSV", "JSON", "XML"]


def test_an_unknown_file_is_told_the_known_formats(tmp_path, root):
    path = tmp_path / "a.json"
    path.write_text('{"results": []}')
    with pytest.raises(UsageError, match=r"a\.json: no known format.*DECP 2022 \(JSON\)") as caught:
        import_files([path], tmp_path / "package", readers(), schemas=root / "data" / "schemas")
    assert "(CSV" not in str(caught.value)  # two dozen others, in ways that this file is not written in
    path.write_text("<!DOCTYPE html><html><body>Page introuvable</body></html>")
    with pytest.raises(UsageError, match=r"a\.json: a web page, not the data"):
        import_files([path], tmp_path / "package", readers(), schemas=root / "data" / "schemas")
    assert not (tmp_path / "package").exists()


def test_html_in_a_name_becomes_text_and_is_noted(tmp_path, bring, published):
    name = "<script>alert(1)</script> & fils"
    record = published.contract(titulaires=published.party(published.FIRM, denominationSociale=name))
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"marches": [record]}))
    (found,) = bring(path)
    assert open_package(tmp_path / "package").load("procurement/suppliers")["titulaire_nom"].tolist() == ["& fils"]
    assert found.repairs_by_rule == {"markup-in-text": 1}


@pytest.mark.proof
def test_the_four_publications_of_2019(opendata, bring, tmp_path):
    paths = sorted((opendata / "procurement" / "decp-2019").glob("*.zip"))
    found = bring(*paths)
    assert figures(found) == {
        "data.gouv.fr_aife_2019-04-04.json.zip": (4530, 1863, 2667),
        "data.gouv.fr_pes_2019-02-03.json.zip": (110, 0, 110),
        "data.gouv.fr_pes_2019-03-07.json.zip": (552, 1, 551),
        "data.gouv.fr_pes_2019-04-05.json.zip": (1148, 1135, 13),
    }
    # counted a second way, straight from the publication
    with zipfile.ZipFile(paths[0]) as archive:
        raw = json.loads(archive.read(archive.namelist()[0]))["marches"]
    contracts = [each for each in raw if each["_type"] == "Marché"]
    undated = [each for each in contracts if not (each.get("dateNotification") or each.get("datePublicationDonnees"))]
    assert found[0].rejects_by_rule["date-missing"] == len(undated)
    nameless = sum("\ufffd" in (each.get("objet") or "") for each in contracts)
    assert 0 < found[0].repairs_by_rule["unreadable-characters"] < 3 * nameless
    kept = open_package(tmp_path / "package").load("procurement/contracts")
    (region,) = kept[kept["acheteur_id"] == "23350001600040"].to_dict("records")
    (published,) = (
        each
        for path in paths[3:]
        for each in json.loads(zipfile.ZipFile(path).read("data.gouv.fr_pes.json"))["marches"]
        if each["acheteur"]["id"] == "23350001600040"
    )
    assert (region["id"], region["montant"]) == (published["id"], published["montant"])


@pytest.mark.parametrize("number", [0, *(pytest.param(number, marks=pytest.mark.proof) for number in range(1, 4))])
def test_each_publication_of_2019_alone(opendata, bring, number):
    path = sorted((opendata / "procurement" / "decp-2019").glob("*.zip"))[number]
    expected = [(4530, 1863, 2667), (110, 108, 2), (552, 547, 5), (1148, 1135, 13)][number]
    assert list(figures(bring(path)).values()) == [expected]


def test_the_tabular_extract_of_2024(opendata, bring, tmp_path):
    path = opendata / "procurement" / "decp_tabular_2024H2_travaux_cpv4521.csv"
    (provenance,) = bring(path)
    assert (provenance.read, provenance.kept, provenance.rejected) == (8957, 8922, 35)
    package = open_package(tmp_path / "package")
    contracts, suppliers = package.load("procurement/contracts"), package.load("procurement/suppliers")
    largest = contracts[contracts["uid"] == "22830001800113202220190390"]
    assert largest["montant"].tolist() == [9961556.72]
    assert (suppliers["uid"] == "22830001800113202220190390").sum() == 14
    # an independent bound: each (buyer, id, amount) once is the most that can be counted
    with duckdb.connect() as connection:
        query = f"SELECT sum(m) FROM (SELECT DISTINCT uid, montant::DOUBLE AS m FROM '{path}')"
        ((ceiling,),) = connection.execute(query).fetchall()
        query = f"SELECT count(DISTINCT uid), min(dateNotification)::VARCHAR FROM '{path}'"
        ((uids, first),) = connection.execute(query).fetchall()
    assert contracts["montant"].sum() < ceiling
    assert contracts["uid"].str.split("~").str[0].nunique() <= uids
    assert str(contracts["dateNotification"].min().date()) == first


OTHERS = [("schema_2022/exemples", "xml"), ("schema_2019_legacy", "json"), ("schema_2019_legacy", "xml")]


@pytest.mark.parametrize(
    ("folder", "suffix"),
    [("schema_2022/exemples", "json"), *(pytest.param(*other, marks=pytest.mark.proof) for other in OTHERS)],
)
def test_official_examples(opendata, bring, folder, suffix):
    paths = [
        path
        for path in sorted((opendata / "procurement" / folder).glob(f"*.{suffix}"))
        if path.name != "marches.json"  # the JSON schema itself
    ]
    found = bring(*paths)
    assert len(found) == len(paths)
    assert sum(item.kept for item in found) > 0
    rules = {rule for item in found for rule in item.rejects_by_rule}
    assert rules <= {"duplicate", "buyer-siret", "supplier-siret"}


def test_the_valid_example_of_the_table_schema(opendata, bring, tmp_path):
    (provenance,) = bring(opendata / "procurement" / "table_schema" / "exemple-valide.csv")
    assert (provenance.read, provenance.kept) == (4, 4)
    package = open_package(tmp_path / "package")
    assert len(package.load("procurement/contracts")) == 1
    assert package.load("procurement/amendments")["objetModification"].str.contains("durée").all()
    assert len(package.load("procurement/suppliers")) == 2
