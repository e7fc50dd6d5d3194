"""Rules across records and files: states, lots, duplicates, identifiers used twice."""

import csv
import json

import duckdb
import pytest

from tikub_lab.tables.imports import forget, import_files
from tikub_lab.tables.package import open_package
from tikub_lab.use_cases import readers

BUYER = "23350001600040"
FIRMS = ["90000001900019", "90000002700012", "90000003500015"]
COLUMNS = ["id", "acheteur_id", "titulaire_id", "montant", "dateNotification", "codeCPV", "procedure", "offresRecues"]


def row(firm, montant, date, **more):
    base = {
        "id": "2024A",
        "acheteur_id": BUYER,
        "titulaire_id": FIRMS[firm],
        "montant": montant,
        "dateNotification": date,
        "codeCPV": "45214200",
        "procedure": "Procédure adaptée",
        "offresRecues": "3",
        "dureeMois": "12",
    }
    return {**base, **more}


@pytest.fixture
def imported(tmp_path, root):
    """Import rows or records as files and give a way to query the tables that come of them."""

    def run(*contents, name="package"):
        paths = []
        for number, content in enumerate(contents):
            path = tmp_path / f"{name}-{number}"
            if isinstance(content, list) and "titulaire_id" in content[0]:
                with path.open("w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, list(dict.fromkeys(key for each in content for key in each)))
                    writer.writeheader()
                    writer.writerows(content)
            else:
                path.write_text(json.dumps({"marches": content}), encoding="utf-8")
            paths.append(path)
        into = tmp_path / name
        provenances = import_files(paths, into, readers(), schemas=root / "data" / "schemas")
        assert all(item.read == item.kept + item.rejected for item in provenances)

        def ask(query):
            with duckdb.connect() as connection:
                for table in ("contracts", "suppliers", "amendments", "concessions"):
                    path = open_package(into).resource(f"procurement/{table}").path
                    connection.execute(f"CREATE VIEW {table} AS FROM '{path}'")
                return connection.execute(query).fetchall()

        ask.provenances = provenances
        ask.into = into
        return ask

    return run


def test_an_amount_is_counted_once_for_all_titulaires_and_states(imported):
    rows = [
        row(firm, montant, date)
        for montant, date in (("100000", "2024-05-01"), ("100000", "2024-06-01"), ("120000", "2024-07-01"))
        for firm in range(3)
    ]
    ask = imported(rows)
    assert ask("SELECT uid, montant, dateNotification::VARCHAR FROM contracts") == [
        (BUYER + "2024A", 100000, "2024-05-01")
    ]
    assert ask("SELECT titulaire_id FROM suppliers ORDER BY 1") == [(firm,) for firm in FIRMS]
    assert ask(
        "SELECT modification_id, dateNotificationModification::VARCHAR, montant, titulaires FROM amendments"
    ) == [
        (1, "2024-06-01", None, None),
        (2, "2024-07-01", 120000, None),
    ]
    assert ask.provenances[0].kept == 9


def test_amounts_further_apart_than_half_are_lots(imported):
    rows = [
        row(0, "1261105", "2024-09-26"),
        row(0, "133280", "2024-11-07"),
        row(0, "1278762", "2024-11-13"),
    ]
    ask = imported(rows)
    assert ask("SELECT uid, montant FROM contracts ORDER BY uid") == [
        (BUYER + "2024A", 1261105),
        (BUYER + "2024A~2", 133280),
    ]
    assert ask("SELECT uid, montant FROM amendments") == [(BUYER + "2024A", 1278762)]


def test_other_titulaires_procedures_or_offers_are_lots(imported):
    rows = [
        row(0, "100000", "2024-05-01"),
        row(1, "100000", "2024-05-02"),
        row(1, "100000", "2024-05-03", offresRecues="4"),
        row(1, "100000", "2024-05-04", codeCPV="45000000"),
    ]
    ask = imported(rows)
    assert ask("SELECT count(*), sum(montant) FROM contracts") == [(4, 400000)]
    assert ask("SELECT count(*) FROM amendments") == [(0,)]


def test_two_amounts_on_one_day_are_lots(imported):
    ask = imported([row(0, "100000", "2024-05-01"), row(0, "120000", "2024-05-01"), row(0, "121000", "2024-06-01")])
    assert ask("SELECT sum(montant) FROM contracts") == [(220000,)]


def test_numbered_modifications_are_followed_whatever_their_amount(imported):
    rows = [
        row(1, "900000", "2024-08-01", modification_id="2"),
        row(0, "100000", "2024-05-01", modification_id="0"),
        row(0, "100000", "2024-06-01", modification_id="1"),
    ]
    ask = imported(rows)
    assert ask("SELECT montant FROM contracts") == [(100000,)]
    assert ask("SELECT modification_id, montant, titulaires FROM amendments ORDER BY 1") == [
        (1, None, None),
        (2, 900000, FIRMS[1]),
    ]
    assert ask("SELECT titulaire_id FROM suppliers") == [(FIRMS[0],)]


def test_rows_of_the_past_come_first(imported):
    rows = [
        row(0, "110000", "2024-05-01", donneesActuelles="oui"),
        row(0, "100000", "2024-06-01", donneesActuelles="non"),
    ]
    ask = imported(rows)
    assert ask("SELECT montant FROM contracts") == [(100000,)]
    assert ask("SELECT montant FROM amendments") == [(110000,)]


def test_identifiers_of_2019_that_end_in_a_number_of_order(imported):
    rows = [
        row(0, "21800", "2019-04-27", id="20190005600", objetModification=""),
        row(0, "21800", "2019-05-30", id="20190005601", objetModification="Prolongation", dureeMois="18"),
        row(0, "21800", "2019-05-30", id="20190009901", objetModification="Sans contrat initial"),
    ]
    ask = imported(rows)
    assert ask("SELECT id FROM contracts ORDER BY 1") == [("20190005600",), ("20190009901",)]
    assert ask("SELECT objetModification, dureeMois FROM amendments") == [("Prolongation", 18)]


def test_the_same_row_in_two_files_is_a_duplicate(imported):
    rows = [row(0, "100000", "2024-05-01"), row(1, "100000", "2024-05-01")]
    ask = imported(rows, [*rows, row(0, "200000", "2024-08-01", id="2024B")])
    assert ask("SELECT count(*), sum(montant) FROM contracts") == [(2, 300000)]
    assert sorted((item.kept, item.rejected) for item in ask.provenances) == [(0, 2), (3, 0)]


def test_the_record_published_last_stays(imported, published):
    early = published.contract(objet="premier", datePublicationDonnees="2024-06-01")
    late = published.contract(objet="second", datePublicationDonnees="2024-06-03")
    ask = imported([late, early])
    assert ask("SELECT objet FROM contracts") == [("second",)]
    assert ask.provenances[0].rejects_by_rule == {"duplicate": 1}


def test_then_the_more_complete_one(imported, published):
    ask = imported([published.contract(objet="complet"), published.contract(objet="creux", ccag=None)])
    assert ask("SELECT objet FROM contracts") == [("complet",)]
    ask = imported([published.amended(), published.contract(source="x")], name="with-modification")
    assert ask("SELECT count(*) FROM amendments") == [(1,)]


def test_then_the_last(imported, published):
    ask = imported([published.contract(objet="un"), published.contract(objet="deux")])
    assert ask("SELECT objet FROM contracts") == [("deux",)]


def test_an_identifier_with_another_content_is_another_contract(imported, published):
    records = [published.contract(montant=montant) for montant in (300, 100, 200)]
    records.append(published.contract(montant=100, titulaires=published.party(published.OTHER_FIRM)))
    ask = imported(records)
    uid = published.BUYER + "2024-001"
    assert ask("SELECT uid, montant FROM contracts ORDER BY uid") == [
        (uid, 100),
        (f"{uid}~2", 100),
        (f"{uid}~3", 200),
        (f"{uid}~4", 300),
    ]
    assert ask("SELECT count(DISTINCT uid), count(*) FROM suppliers") == [(4, 4)]


def test_concessions_have_the_same_rules(imported, published):
    ask = imported(
        [
            published.concession(objet="un"),
            published.concession(objet="deux"),
            published.concession(valeurGlobale=5, modifications=[{"modification": {"id": 1}}]),
        ]
    )
    assert ask("SELECT uid, valeurGlobale, modifications, concessionnaires FROM concessions ORDER BY uid") == [
        (published.BUYER + "C2024-1", 5, 1, published.FIRM),
        (published.BUYER + "C2024-1~2", 300000, 0, published.FIRM),
    ]


@pytest.mark.proof
def test_the_order_of_imports_does_not_matter(imported, published, root, tmp_path):
    ask = imported([published.contract(montant=1)], [published.contract(montant=2)], [row(0, "9", "2024-05-01")])
    paths = [tmp_path / f"package-{number}" for number in (2, 0, 1)]
    for path in paths:
        import_files([path], tmp_path / "other", readers(), schemas=root / "data" / "schemas")
    for name in ("contracts", "suppliers"):
        one, other = (open_package(at).resource(f"procurement/{name}").path for at in (ask.into, tmp_path / "other"))
        assert one.read_bytes() == other.read_bytes(), name
    for name in ("contracts.rejects.csv", "contracts.provenance.json"):
        one, other = (folder / "procurement" / name for folder in (ask.into, tmp_path / "other"))
        assert one.read_bytes() == other.read_bytes(), name


def test_an_imported_nomenclature_mends_codes_whenever_it_comes(tmp_path, root):
    rows = [
        row(0, "1000", "2024-05-02", id=code, codeCPV=code)
        for code in ("45214200", "45214200-9", "45999999", "45000000-7")
    ]
    firm = {"titulaire": {"id": FIRMS[0], "typeIdentifiant": "SIRET"}}
    record = {"id": "json", "acheteur": {"id": BUYER}, "codeCPV": "3111000", "montant": 1000, "dureeMois": 12,
              "dateNotification": "2024-05-02", "titulaires": [firm]}  # fmt: skip
    table, document, nomenclature = tmp_path / "rows.csv", tmp_path / "records.json", tmp_path / "cpv.csv"
    table.write_text("\n".join([",".join(rows[0]), *(",".join(each.values()) for each in rows)]))
    document.write_text(json.dumps({"marches": [record]}))
    nomenclature.write_text("CODE,FR\n45000000-7,Travaux\n45214200-2,Écoles\n03111000-2,Semences\n")
    expected = {"45214200": "45214200-2", "45214200-9": "45214200-2", "45999999": "45000000-7",
                "45000000-7": "45000000-7", "json": "03111000-2"}  # fmt: skip
    for number, order in enumerate(
        ([nomenclature, table, document], [table, nomenclature, document], [document, table, nomenclature])
    ):
        package = tmp_path / f"package{number}"
        for path in order:
            import_files([path], package, readers(), schemas=root / "data" / "schemas")
        contracts = open_package(package).load("procurement/contracts")
        assert dict(zip(contracts["id"], contracts["codeCPV"], strict=True)) == expected
        with (package / "procurement" / "contracts.repairs.csv").open(encoding="utf-8", newline="") as file:
            found = [
                (item["id"], item["value"], item["replacement"])
                for item in csv.DictReader(file)
                if item["rule"] == "cpv-repaired"
            ]
        assert sorted(found) == [
            ("45214200", "45214200", "45214200-2"), ("45214200-9", "45214200-9", "45214200-2"),
            ("45999999", "45999999", "45000000-7"), ("json", "03111000", "03111000-2"), ("json", "3111000", "03111000"),
        ]  # fmt: skip
    forget("cpv.csv", package, readers(), root / "data" / "schemas")
    assert "45214200" in open_package(package).load("procurement/contracts")["codeCPV"].tolist()


def test_all_amendments_of_the_flattened_national_file_are_kept(tmp_path, root):
    """It has a row for each amendment; a contract counts once, and only what is written twice is a duplicate."""
    names = "id;titulaire_id_1;titulaire_typeidentifiant_1;montant;dureemois;codecpv;datenotification;acheteur_id"
    names += ";datepublicationdonnees;idmodification;montantmodification"
    rows = ["2;60000.0", "1;55000.0", "10;80000.0", "11;80000.0", "1;55000.0", "CDL;CDL"]
    contract = f"{FIRMS[0]};SIRET;50000.0;12;45000000-7;2024-06-02;{BUYER};2024-06-2"
    lines = [f"B;{contract}{day};{row}" for day, row in enumerate(rows)] + [f"A;{contract}0;1;9"]
    path = tmp_path / "decp.csv"
    path.write_text("\n".join([names, *lines]))
    for _ in range(2):  # a correction of the same name replaces all of them
        (found,) = import_files([path], tmp_path / "package", readers(), schemas=root / "data" / "schemas")[-1:]
        package = open_package(tmp_path / "package")
        assert package.load("procurement/contracts")[["id", "montant"]].to_numpy().tolist() == [
            ["A", 50000],
            ["B", 50000],
        ]
        changes = package.load("procurement/amendments")
        assert changes["uid"].str.removeprefix(BUYER).tolist() == ["A", "B", "B", "B", "B"]
        assert changes["modification_id"].tolist() == [1, 1, 2, 3, 4]
        assert changes["montant"].tolist() == [9, 55000, 60000, 80000, 80000]
        assert (found.read, found.kept, found.rejects_by_rule) == (7, 6, {"duplicate": 1})
        path.write_text(path.read_text() + "\n")
