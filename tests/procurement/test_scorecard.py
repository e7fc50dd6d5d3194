"""The scorecard: the real publications of 2019 against their JSON and against imports without a
rule, and the table of records against what the import itself reports."""

import csv
import json
import zipfile

import duckdb
import pytest

from tikub_lab import tables
from tikub_lab.procurement.published import quality
from tikub_lab.procurement.published.fields import owed
from tikub_lab.procurement.scorecard import card as scorecard
from tikub_lab.procurement.scorecard import scores as scorecard_scores
from tikub_lab.tables import imports
from tikub_lab.tables.check import check
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.use_cases import readers

AIFE, PES = "data.gouv.fr_aife_2019-04-04.json.zip", "data.gouv.fr_pes_2019-04-05.json.zip"


@pytest.fixture(autouse=True)
def day(monkeypatch):
    monkeypatch.setattr(imports, "today", lambda: "2026-01-01")


@pytest.fixture
def bring(tmp_path, root):
    """Import files, or lists of records, and return the package and what the import says of each file."""

    def run(*contents, into="package"):
        paths = []
        for number, content in enumerate(contents):
            if isinstance(content, list):
                path = tmp_path / f"{into}-{number}.json"
                path.write_text(json.dumps({"marches": content}), encoding="utf-8")
                content = path
            paths.append(content)
        found = import_files(paths, tmp_path / into, readers(), schemas=root / "data" / "schemas")
        return open_package(tmp_path / into), found

    return run


def records_of(package):
    frame = package.load("procurement/records")
    problems = check(frame, package.resource("procurement/records").schema)
    assert problems.empty, problems.head().to_string()
    return frame


# The table of records against the import that made it


def agree(package, provenances):
    """Each publication's rows by state, and by rule, are what the import counted."""
    records = records_of(package)
    states = records.groupby(["publication", "etat"], observed=True).size().unstack(fill_value=0)
    with duckdb.connect() as connection:
        path = package.root / "procurement" / "contracts.rejects.csv"
        rejects = {
            (file, rule): number
            for file, rule, number in connection.execute(
                f"SELECT file, rule, count(DISTINCT line) FROM read_csv('{path}', all_varchar=true) GROUP BY ALL"
            ).fetchall()
        }
    found = scorecard.findings(records.reset_index(drop=True)).query("rejet")
    found = found.join(records[["publication"]]).reset_index().drop_duplicates(["index", "regle"])
    counted = found.groupby(["publication", "regle"]).size().to_dict()
    assert counted == {key: number for key, number in rejects.items() if key[1] != "duplicate"}
    for item in provenances:
        row = states.loc[item.file] if item.read else {}
        assert sum(row) == item.read == item.kept + item.rejected
        assert row.get("retenu", 0) == item.kept
        assert row.get("rejeté", 0) + row.get("doublon", 0) == item.rejected
        assert row.get("doublon", 0) == rejects.get((item.file, "duplicate"), 0)
    return records


@pytest.fixture(scope="module")
def real(opendata, tmp_path_factory, root):
    """The four publications of 2019 in one package."""
    paths = sorted((opendata / "procurement" / "decp-2019").glob("*.zip"))
    into = tmp_path_factory.mktemp("real")
    found = import_files(paths, into, readers(), schemas=root / "data" / "schemas")
    return open_package(into), found


@pytest.mark.ci
def test_read_is_kept_plus_rejected_in_the_publications_of_2019(real):
    records = agree(*real)
    usable = scorecard.verdicts(records)
    counts = usable[usable["verdict"] == "exploitable"]["publication"].str.split("/").str[0].value_counts()
    # what each gives when it is imported alone (test_formats): there, nothing is a repetition of another publication
    assert counts.to_dict() == {
        AIFE: 1863,
        "data.gouv.fr_pes_2019-02-03.json.zip": 108,
        "data.gouv.fr_pes_2019-03-07.json.zip": 547,
        PES: 1135,
    }


@pytest.mark.ci
def test_read_is_kept_plus_rejected_in_the_tabular_extract(opendata, bring):
    path = opendata / "procurement" / "decp_tabular_2024H2_travaux_cpv4521.csv"
    records = agree(*bring(path))
    assert len(records) == 8957
    with path.open(encoding="utf-8", newline="") as file:
        row = list(csv.DictReader(file))[records.loc[100, "ligne"] - 2]
    assert (row["id"], float(row["montant"])) == (records.loc[100, "id"], records.loc[100, "montant"])
    assert scorecard_scores.scores(records).loc[0, "champs_absents"] == 16  # of the 25, 9 are columns of the extract


def test_every_kind_of_row_is_in_the_table(bring, published, tmp_path):
    sound = published.contract()
    firms = published.party(published.FIRM) + published.party(published.OTHER_FIRM)
    contents = [
        sound,
        {**sound},
        published.concession(id="C1"),
        published.concession(id="C2", valeurGlobale=0),
        "lost",
        published.contract(id="H1", dureeMois="9" * 30, montant="1e400"),
        {**published.amended(), "id": "A|1"},
        {**published.amended(), "id": "A2", "titulaires": firms},
        published.contract(id="N1", titulaires=[]),
    ]
    table = tmp_path / "t.csv"
    firm = published.FIRM
    lines = ["id,acheteur_id,titulaire_id,montant,dateNotification", f"T1,{published.BUYER},{firm},7,2024-05-15"]
    lines += [f"T2,{published.BUYER},{firm},0,2024-05-15", "T3,short", lines[1]]
    table.write_text("\n".join(lines) + "\n")
    records = agree(*bring(contents, table))
    rows = records.drop(columns="publication").set_index(
        records["publication"].str.removeprefix("package-") + records["ligne"].astype("str")
    )
    assert rows["type"].isna().sum() == 2  # what is no object, and the row of another width
    assert rows.loc[["0.json3", "0.json4", "t.csv2"], "type"].tolist() == ["concession", "concession", "ligne"]
    assert rows.loc[["0.json1", "0.json2"], "etat"].tolist() == ["doublon", "retenu"]
    assert rows.loc[["0.json1", "0.json2"], "empreinte"].nunique() == 1
    assert rows.loc[["0.json6"], ["montant", "dureeMois"]].isna().all(axis=None)
    assert rows.loc["0.json7", "regles"] == "id-form:id=A/1"
    assert rows.loc[["0.json7", "0.json8", "0.json9"], "modifications"].tolist() == [1, 1, 0]
    assert rows.loc["0.json8", "titulaires"] == f"{published.FIRM}|{published.OTHER_FIRM}"
    assert rows.loc["0.json4", "regles"] == "amount-too-low:valeurGlobale=0"
    assert rows.loc["t.csv3", ["montant", "etat"]].tolist() == [0.0, "rejeté"]
    table = scorecard.by_rule(records).set_index("regle")
    assert table.loc["row-width", "exemple"] == "ligne 4 : 2 cells"
    # short rows and the same row twice: the last one read stays
    assert rows.loc[["t.csv2", "t.csv4", "t.csv5"], "etat"].tolist() == ["doublon", "rejeté", "retenu"]


@pytest.mark.proof
def test_neither_the_order_of_imports_nor_the_names_of_files_matter(bring, published, tmp_path, root):
    contents = [[published.contract(montant=amount)] for amount in (1, 2, 0)]
    package, _ = bring(*contents)
    other = tmp_path / "other"
    for number in (2, 0, 1):
        import_files([tmp_path / f"package-{number}.json"], other, readers(), schemas=root / "data" / "schemas")
    one, two = (at.resource("procurement/records").path.read_bytes() for at in (package, open_package(other)))
    assert one == two
    again = tmp_path / "sub"
    again.mkdir()
    (again / "package-0.json").write_text(json.dumps({"marches": contents[2]}))
    import_files([again / "package-0.json"], other, readers(), schemas=root / "data" / "schemas")
    names = records_of(open_package(other))["publication"].unique().tolist()
    assert len(names) == 4 - 1  # the same content is the same publication
    (again / "package-0.json").write_text(json.dumps({"marches": [published.contract(montant=9)]}))
    import_files([again / "package-0.json"], other, readers(), schemas=root / "data" / "schemas")
    names = records_of(open_package(other))["publication"]
    twins = [name for name in names.unique() if name.startswith("package-0.json (")]
    assert len(twins) == 2
    assert names.nunique() == 4


@pytest.mark.ci
def test_the_scorecard_of_2019_against_the_json(real, opendata):
    package, _ = real
    records = package.load("procurement/records")
    table = scorecard.by_rule(records).set_index(["publication", "regle"])
    raw = {}
    for path in sorted((opendata / "procurement" / "decp-2019").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            (name,) = archive.namelist()
            raw[f"{path.name}/{name}"] = json.loads(archive.read(name))["marches"]
    bridge = scorecard.bridge(records).set_index(["publication", "etape"])
    for publication, content in raw.items():
        amounts = [float(each.get("montant", each.get("valeurGlobale")) or 0) for each in content]
        assert bridge.loc[(publication, "publié"), "montant"] == pytest.approx(sum(amounts))
        steps = bridge.loc[publication]
        assert steps["montant"].iloc[:-1].sum() == pytest.approx(steps["montant"].iloc[-1])
        assert steps["nombre"].iloc[:-1].sum() == steps["nombre"].iloc[-1]
    last = f"{PES}/data.gouv.fr_pes.json"
    (filler,) = (each for each in raw[last] if each["montant"] == 999_999_999)
    row = table.loc[(last, "amount-repeated-digit")]
    assert (row["nombre"], row["ecart_montant"]) == (1, filler["montant"])
    # what a rejected record would have had mended is not noted
    rejected = set(records.query("publication == @last and etat == 'rejeté'")["ligne"])
    said = [
        [
            value
            for name, value in (*each.items(), *(each["modifications"] or [{}])[0].items())
            if name.startswith("date")
        ]
        for line, each in enumerate(raw[last], 1)
        if line not in rejected
    ]
    other = [sum(len(value) > len("2019-04-05") for value in dates) for dates in said]
    row = table.loc[(last, "date-notation"), ["nombre", "valeurs"]]
    assert row.tolist() == [sum(map(bool, other)), sum(other)]
    doubts = scorecard_scores.doubtful(records).set_index(["publication", "doute"])
    repeated = [each for each in raw[last] if each["montant"] == 99_999_999]
    assert doubts.loc[(last, scorecard_scores.DOUBTS["filler"]), ["nombre", "montant"]].tolist() == [
        len(repeated),
        sum(each["montant"] for each in repeated),
    ]


def effect_by_import(records, rule, path, bring, monkeypatch):
    """Import a file without a rule, and compare what is kept with what the scorecard says that would be."""
    (row,) = scorecard.by_rule(records).query("regle == @rule").to_dict("records")
    judged = scorecard.verdicts(records)
    usable = judged[judged["verdict"] == "exploitable"]
    monkeypatch.setattr(quality, "RULES", tuple(each for each in quality.RULES if each.name != rule))
    package, _ = bring(path, into="without")
    without = package.load("procurement/records").query("etat == 'retenu'")
    if rule == "notification-from-publication":  # what has no date is in no year
        without = without[without["dateNotification"].notna()]
    assert len(without) == len(usable) + row["ecart_nombre"]
    assert without["montant"].sum() == pytest.approx(usable["poids"].sum() + row["ecart_montant"])
    return row["ecart_nombre"]


@pytest.mark.ci
@pytest.mark.parametrize(
    ("file", "rule", "effect"),
    [
        (AIFE, "date-missing", 2277),
        pytest.param(AIFE, "supplier-siret", 45, marks=pytest.mark.proof),
        pytest.param(AIFE, "identifier-type-name", -8, marks=pytest.mark.proof),
        pytest.param(AIFE, "notification-from-publication", -12, marks=pytest.mark.proof),
        (PES, "date-notation", 0),
    ],
)
def test_the_effect_of_a_rule_is_what_an_import_without_it_gives(
    real, opendata, bring, monkeypatch, file, rule, effect
):
    records = real[0].load("procurement/records")
    one = records[records["publication"].str.startswith(file)]
    path = opendata / "procurement" / "decp-2019" / file
    assert effect_by_import(one, rule, path, bring, monkeypatch) == effect


@pytest.mark.parametrize(
    ("rule", "effect"),
    [("number-notation", -2), pytest.param("identifier-spacing", -2, marks=pytest.mark.proof), ("duration-range", 1)],
)
def test_the_effect_of_a_rule_on_fictitious_records(rule, effect, bring, published, monkeypatch, tmp_path):
    spaced = published.FIRM[:9] + " " + published.FIRM[9:]
    contents = [
        published.contract(id="1", montant="12 345,67 €"),
        published.contract(id="2", dureeMois="1 2"),
        published.contract(id="3", acheteur={"id": "233 500 016 00040"}),
        published.contract(id="4", titulaires=published.party(spaced)),
        published.contract(id="5", titulaires=published.party("BE 0001", "TVA")),
        published.contract(id="6", offresRecues="1 0"),
        published.contract(id="7", dureeMois=720, montant=5),
        published.contract(id="7", dureeMois=730, montant=5),
        published.contract(id="8", dureeMois=720, montant=0),
    ]
    package, _ = bring(contents)
    path = tmp_path / "package-0.json"
    assert effect_by_import(records_of(package), rule, path, bring, monkeypatch) == effect


# Completeness


def test_the_regime_of_2022_is_what_the_official_schema_requires(opendata):
    schema = json.loads((opendata / "procurement" / "schema_2022" / "schema_decp_v2.0.3.json").read_text("utf-8"))
    inner = {
        "acheteur": ["acheteur_id"],
        "lieuExecution": ["lieuExecution_code", "lieuExecution_typeCode"],
        "autoriteConcedante": ["autoriteConcedante_id"],
    }
    for table, name in (("contracts", "marche"), ("concessions", "contrat-concession")):
        required = schema["definitions"][name]["required"]
        assert set(owed(table, "2022")) == {each for field in required for each in inner.get(field, [field])}


def test_completeness_against_sql(root):
    contracts = tables.load("procurement/contracts", root / "data")
    found = scorecard_scores.completeness(contracts).set_index("champ")
    path = root / "data" / "sample" / "procurement" / "contracts.csv"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW c AS FROM read_csv('{path}', all_varchar=true)")

        def ask(condition):
            return connection.execute(f"SELECT count(*) FROM c WHERE {condition}").fetchall()[0][0]

        recent = "dateNotification >= '2024-01-01'"
        for field in ("ccag", "offresRecues", "considerationsSociales", "typesPrix"):
            expected = [ask(recent), ask(f"{recent} AND {field} IS NOT NULL")]
            assert found.loc[field, ["attendus", "remplis"]].tolist() == expected
        assert found.loc["datePublicationDonnees", "manquants"] == ask("datePublicationDonnees IS NULL")
        assert found.loc["acheteur_nom", "attendus"] == ask(f"NOT {recent}")
        advance = f"{recent} AND attributionAvance = 'true'"
        assert found.loc["tauxAvance", ["attendus", "remplis"]].tolist() == [
            ask(advance),
            ask(f"{advance} AND tauxAvance IS NOT NULL"),
        ]
        food = f"{recent} AND regexp_matches(codeCPV, '^(15|18|33|341)')"
        assert found.loc["origineUE", "attendus"] == ask(food)


@pytest.mark.ci
def test_missing_fields_are_those_of_the_contracts_kept(real):
    package, _ = real
    records = package.load("procurement/records").query("etat == 'retenu' and type == 'marché'")
    found = scorecard_scores.missing_fields(records).groupby("champ")["manquants"].sum()
    contracts = package.load("procurement/contracts")
    expected = scorecard_scores.completeness(contracts).query("obligation == 'obligatoire' and manquants > 0")
    assert found.to_dict() == expected.set_index("champ")["manquants"].to_dict()
