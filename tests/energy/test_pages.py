"""The pages of energy: their figures by a second way on the shipped tables, and lycées that are not like others."""

import re

import duckdb
import pytest

from tests.conftest import ROOT
from tikub_lab.energy.units import in_co2e, in_kwh
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.plan import plan
from tikub_lab.tables.package import open_package

SAMPLE = ROOT / "data" / "sample" / "energy"


def table(name):
    return f"read_csv('{SAMPLE / name}.csv', nullstr='')"


def pages(out, *names, **given):
    """Make the pages of some notebooks; give their texts, spaces and markup out, by notebook."""
    reports = [report for name in names for report in plan(ROOT / "notebooks", [name], given)]
    told = []
    build(reports, ROOT, out, open_package(None), Settings(jobs=2, timeout=120), told.append)
    assert {entry["status"] for entry in told} == {"done"}, [entry.get("error") for entry in told]
    assert {entry["ecoindex_grade"] for entry in told} == {"A"}
    return {entry["notebook"]: plain((out / entry["page"]).read_text(encoding="utf-8")) for entry in told}


def plain(html):
    text = re.sub(r"<[^>]+>", "", html)
    return re.sub(r"[\s\u202f\xa0]+", " ", text)


@pytest.fixture(scope="module")
def raw():
    """Bills of 2025, divided by days, with their energy, price and lycée: SQL on the shipped files."""
    return duckdb.sql(f"""
        WITH days AS (
            SELECT compteur_id, kwh / date_diff('day', debut, fin) AS kwh,
                   unnest(generate_series(debut::TIMESTAMP, fin - INTERVAL 1 DAY, INTERVAL 1 DAY)) AS jour
            FROM {table("readings")} WHERE origine = 'facture' AND fin > DATE '2024-12-01')
        SELECT code_uai, energie, sum(kwh) AS kwh, sum(kwh * euros_kwh) AS euros
        FROM days JOIN {table("meters")} USING (compteur_id)
        JOIN {table("prices")} AS prices USING (energie)
        WHERE year(jour) = 2025 AND prices.annee = 2025 GROUP BY ALL
    """).df()


def test_the_overview_says_what_the_bills_say(raw, tmp_path):
    page = pages(tmp_path, "energy")["energy"]
    assert f"Les 115 lycées ont utilisé {raw['kwh'].sum() / 1e6:.0f} GWh" in page
    assert f"{raw['euros'].sum() / 1e6:.1f} M€".replace(".", ",") in page
    gas = raw.loc[raw["energie"] == "gaz", "kwh"].sum()
    carbon = gas * 0.227 / 1.11  # kg: the factor is over PCI, bills over PCS
    assert f"gaz{plain(in_kwh(gas))}" in page
    assert plain(in_co2e(carbon)) in page


ODD = {
    "0000505Z": "like most",
    "0002530A": "a broken meter: no score",
    "0005240W": "heated by electricity",
    "0000044Y": "heated by wood, with bills alone",
    "0000100J": "heated by oil, works before the challenge",
    "0000617W": "opened in 2016",
}


@pytest.mark.parametrize("uai", ODD)
def test_a_lycee_that_is_not_like_others_has_its_page(uai, raw, tmp_path):
    page = pages(tmp_path, "energy", uai=uai)["energy"]
    own = raw[raw["code_uai"] == uai]
    pupils = duckdb.sql(f"SELECT eleves FROM {table('sites')} WHERE code_uai = '{uai}'").fetchall()[0][0]
    each = own["kwh"].sum() / pupils
    assert f"soit {each:,.0f} kWh par élève".replace(",", " ") in page
    assert "Que faire" in page
    assert 1 <= page.count("Qui ? ") <= 3


def test_every_notebook_makes_the_page_of_a_lycee(tmp_path):
    names = ("energy_alerts", "energy_challenge", "energy_law", "energy_performance")
    found = pages(tmp_path, *names, uai="0002530A")
    assert "compteur en panne" in found["energy_alerts"]
    assert "Pas de score" in found["energy_challenge"]
    assert "Référence" in found["energy_law"]
    assert "pairs" in found["energy_performance"]


def test_a_team_has_its_alerts(tmp_path):
    team = duckdb.sql(f"SELECT emat, count(*) FROM {table('sites')} GROUP BY 1 ORDER BY 1").fetchall()[0]
    page = pages(tmp_path, "energy_alerts", emat=team[0])["energy_alerts"]
    assert f"{team[0]}, {team[1]} lycées" in page
