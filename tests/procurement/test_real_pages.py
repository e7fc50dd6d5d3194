"""The notebooks on real publications, read in place, and their figures checked by queries on the raw files."""

import json
import zipfile
from collections import defaultdict

import duckdb
import pytest
from stdnum.fr import siret

from tests.conftest import ROOT
from tikub_lab import procurement
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.plan import plan
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.use_cases import readers

TABULAR = "procurement/decp_tabular_2024H2_travaux_cpv4521.csv"
REGION = "23350001600040"


def pages(data, out, **given):
    """Make the pages of all notebooks that know the parameters given; give the manifest's entries by notebook."""
    names = sorted(path.stem for path in (ROOT / "notebooks").glob("procurement*.ipynb"))
    if given:
        names.remove("procurement_supplier")
    if set(given) - {"acheteur"}:
        names.remove("procurement_quality")
    reports = [report for name in names for report in plan(ROOT / "notebooks", [name], given, open_package(data))]
    told = []
    build(reports, ROOT, out, open_package(data), Settings(jobs=2, timeout=120), told.append)
    return {entry["notebook"]: entry for entry in told}


@pytest.fixture(scope="module")
def tabular(opendata, tmp_path_factory):
    into = tmp_path_factory.mktemp("tabular")
    import_files([opendata / TABULAR], into, readers())
    return into


def raw_brittany(opendata):
    """Rows of the raw file with a Breton buyer, less those with an identifier that is not one."""
    return duckdb.sql(f"""
        SELECT * FROM read_csv('{opendata / TABULAR}', all_varchar = true) WHERE acheteur_region_code = '53'
    """).df()


@pytest.mark.proof
def test_breton_rows_of_2024(tabular, opendata, tmp_path):
    raw = raw_brittany(opendata)
    assert len(raw) == 443
    holder = raw["titulaire_id"].map(siret.is_valid) | raw["titulaire_id"].str.fullmatch(r"\d{5}")  # SIRET, or IREP
    sound = raw[raw["id"].str.fullmatch(r"[A-Za-z0-9/\-_ .#]{1,16}") & holder]
    first = sound.sort_values("dateNotification", kind="stable").drop_duplicates(["acheteur_id", "id"])
    book = procurement.scope(open_package(tabular).load("procurement/contracts"), region="53").contracts
    several = book.groupby(["acheteur_id", "id"])["uid"].transform("size") > 1  # lots under one number
    assert len(first) == len(book) - several.sum() + book[several].drop_duplicates(["acheteur_id", "id"]).shape[0]
    alone = book[~several].merge(first, on=["acheteur_id", "id"], suffixes=("", "_brut"), validate="1:1")
    assert alone["montant"].tolist() == pytest.approx(alone["montant_brut"].astype(float).tolist())
    assert alone["offresRecues"].astype(int).tolist() == alone["offresRecues_brut"].astype(int).tolist()
    made = pages(tabular, tmp_path, region="53")
    assert {entry["status"] for entry in made.values()} == {"done"}
    page = (tmp_path / made["procurement"]["page"]).read_text(encoding="utf-8")
    assert f"{len(book)} marchés" in page.replace("<b>", "").replace("</b>", "").replace("\u202f", " ").replace(
        "\xa0", " "
    )


@pytest.mark.ci
def test_the_region_is_among_them(tabular, opendata, tmp_path):
    raw = raw_brittany(opendata).query("acheteur_id == @REGION")
    made = pages(tabular, tmp_path, acheteur=REGION)
    assert {entry["status"] for entry in made.values()} == {"done"}
    assert len(made) == 6
    book = procurement.scope(open_package(tabular).load("procurement/contracts"), REGION).contracts
    assert len(book) == len(raw) == 2
    assert book["montant"].sum() == pytest.approx(raw["montant"].astype(float).sum())
    page = (tmp_path / made["procurement"]["page"]).read_text(encoding="utf-8")
    assert "132\u202fk€" in page
    assert "suite de 9" not in page


@pytest.fixture(scope="module")
def snapshots(opendata, tmp_path_factory):
    files = sorted((opendata / "procurement" / "decp-2019").glob("*pes*.zip"))
    into = tmp_path_factory.mktemp("pes")
    import_files(files, into, readers())
    return into, files


@pytest.mark.proof
def test_three_snapshots_of_2019(snapshots, tmp_path):
    """What appeared and vanished, counted on the raw JSON as multisets of buyer and number."""
    into, files = snapshots
    counts = []
    for path in files:
        with zipfile.ZipFile(path) as archive:
            raw = json.loads(archive.read(archive.namelist()[0]).decode("utf-8", errors="replace"))
        count: dict[tuple[str, str], int] = defaultdict(int)
        for record in raw["marches"]:
            count[str(record["acheteur"]["id"]), str(record["id"])] += 1
        counts.append(count)
    found = procurement.trend(open_package(into).load("procurement/records"))
    for row, before, after in zip(found.to_dict("records"), counts, counts[1:], strict=False):
        assert (row["nombre_avant"], row["nombre_apres"]) == (sum(before.values()), sum(after.values()))
        assert row["apparus"] == sum(max(0, number - before.get(key, 0)) for key, number in after.items())
        assert row["disparus"] == sum(max(0, number - after.get(key, 0)) for key, number in before.items())
        assert row["nombre_avant"] - row["disparus"] + row["apparus"] == row["nombre_apres"]
    made = pages(into, tmp_path)
    assert {entry["status"] for entry in made.values()} == {"done"}
    page = (tmp_path / made["procurement_quality"]["page"]).read_text(encoding="utf-8")
    assert "Montant de remplissage (999999999)" in page
    page = (tmp_path / made["procurement"]["page"]).read_text(encoding="utf-8")
    assert "pour montant une suite de 9" in page


@pytest.mark.proof
def test_every_small_buyer_has_its_pages(tabular, tmp_path):
    """Buyers without any call for competition, with one contract, abroad: no page fails."""
    contracts = open_package(tabular).load("procurement/contracts")
    contracts = contracts[contracts["acheteur_region"] == "53"]
    without = procurement.called(contracts)["acheteur_id"]
    odd = contracts.loc[~contracts["acheteur_id"].isin(without), "acheteur_id"].unique()
    assert len(odd) == 3
    for number, buyer in enumerate(odd):
        made = pages(tabular, tmp_path / str(number), acheteur=buyer)
        assert {entry["status"] for entry in made.values()} == {"done"}
