"""The pages of energy: their figures by a second way on the shipped tables, and lycées that are not like others."""

import html
import re

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT, computed_once
from tikub_lab import energy
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.plan import plan
from tikub_lab.show import euros, french
from tikub_lab.show.french import scaled
from tikub_lab.tables.package import open_package

SAMPLE = ROOT / "data" / "sample"


def table(name, use_case="energy"):
    return f"read_csv('{SAMPLE / use_case / name}.csv', nullstr='')"


def pages(out, *names, **given):
    """Make the pages of some notebooks; give their texts, spaces and markup out, by notebook."""
    reports = [report for name in names for report in plan(ROOT / "notebooks", [name], given)]
    told = []
    with computed_once():
        build(reports, ROOT, out, open_package(None), Settings(jobs=2, timeout=120), told.append)
    assert {entry["status"] for entry in told} == {"done"}, [entry.get("error") for entry in told]
    assert {entry["ecoindex_grade"] for entry in told} == {"A"}
    return {entry["notebook"]: plain((out / entry["page"]).read_text(encoding="utf-8")) for entry in told}


def plain(page):
    text = re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", "", re.sub(r"</t[hd]>", "|", text))
    return re.sub(r"[\s\u202f\xa0]+", " ", html.unescape(text)).replace("’", "'")


def amount(text):
    """Read « 1 720 MWh » or « 16,7 » as a number; kWh where it is an energy."""
    figure, unit = re.fullmatch(r"([\d ]+(?:,\d+)?)( [A-Za-z]*Wh)?", text).groups()
    value = float(figure.replace(" ", "").replace(",", "."))
    return value * {None: 1, " kWh": 1, " MWh": 1e3, " GWh": 1e6}[unit]


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
    assert f"gaz|{gas / 1e6:.1f}|".replace(".", ",") in page
    assert f"|{carbon / 1e3:,.0f}|".replace(",", " ") in page


ODD = {
    "0000505Z": "like most",
    "0002530A": "a broken meter: no score",
    "0005240W": "heated by electricity",
    "0000044Y": "heated by wood, with bills alone",
    "0000100J": "heated by oil, works before the challenge",
    "0000617W": "opened in 2016",
}


@pytest.mark.parametrize(
    "uai", ["0005240W", *(pytest.param(uai, marks=pytest.mark.proof) for uai in ODD if uai != "0005240W")]
)
def test_a_lycee_that_is_not_like_others_has_its_page(uai, raw, tmp_path):
    page = pages(tmp_path, "energy_lycee", uai=uai)["energy_lycee"]
    own = raw[raw["code_uai"] == uai]
    pupils = duckdb.sql(f"SELECT eleves FROM {table('lycees', 'territory')} WHERE code_uai = '{uai}'").fetchall()[0][0]
    each = own["kwh"].sum() / pupils
    used, cost = plain(scaled(own["kwh"].sum(), "kWh")), plain(euros(own["euros"].sum()))
    pupil = f"{each:,.0f}".replace(",", " ")
    assert f"En 2025, on a utilisé {used} mesurés, soit {pupil} kWh par élève et {cost}. Par mètre" in page
    assert 1 <= page.count("Cela vaut ") <= 3
    assert "Ce lycée n'a pas encore de courbe de charge : elle s'active dans son compte client" in page


def test_the_page_of_a_lycee_with_a_load_curve_by_a_second_way(tmp_path):
    """From the shipped half hours: what nine hours of night in ten exceed, and what days without lessons use."""
    uai = "0004318U"
    (meter,) = duckdb.sql(f"""
        SELECT compteur_id FROM {table("meters")} WHERE code_uai = '{uai}' AND energie = 'électricité'
    """).fetchall()[0]
    loads = pd.read_parquet(SAMPLE / "energy" / "loads.parquet")
    loads = loads[loads["compteur_id"] == meter]
    legal = loads["debut"].dt.tz_convert("Europe/Paris")
    hours = loads.groupby([legal.dt.strftime("%Y-%m-%d").rename("jour"), legal.dt.hour.rename("heure")])["kwh"].sum()
    calendar = duckdb.sql(f"SELECT debut::DATE AS debut, fin::DATE AS fin FROM {table('calendar')}").df()
    days = pd.to_datetime(hours.index.get_level_values("jour"))
    off = days.day_of_week >= 5
    for row in calendar.itertuples():
        off |= (days >= row.debut) & (days < row.fin)
    hour = hours.index.get_level_values("heure")
    base = np.quantile(hours[~off & (hour < 5)], 0.1)
    lit = hours[~off & (hour >= 9) & (hour < 17)].groupby("jour").mean().median()
    page = pages(tmp_path, "energy_lycee", uai=uai)["energy_lycee"]
    assert f"La nuit, au moins {100 * base / lit:.0f} % de la puissance d'un jour de cours" in page
    assert f"Les nuits avant les cours, au moins {base:.0f} kW (entre " in page
    night = hours[~off & ((hour < 7) | (hour >= 19))].sum()
    told = re.search(r"(\d+) % de l'électricité est utilisée quand il n'y a pas cours : (\d+) % la nuit", page)
    shares = [(hours[off].sum() + night) / hours.sum(), night / hours.sum()]
    assert [int(part) / 100 for part in told.groups()] == pytest.approx(shares, abs=0.0052)


BROKEN, USUAL = "0002530A", "0000505Z"


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The page of the lycée whose gas meter breaks down."""
    return pages(tmp_path_factory.mktemp("broken"), "energy_lycee", uai=BROKEN)["energy_lycee"]


@pytest.fixture(scope="module")
def adjusted(energy_tables):
    """What each lycée used, climate adjusted, one row a year and energy; with its floor area and kind."""
    tables = {name: energy_tables[f"energy/{name}"] for name in ("readings", "meters", "sites", "weather")}
    about = tables["sites"][
        ["code_uai", "surface_totale", "eleves", "type_etablissement", "internat", "annee_ouverture"]
    ]
    return energy.adjusted(*tables.values()).merge(about, on="code_uai")


def test_the_page_of_a_lycee_says_what_was_planted(broken):
    """The meter stands still from a day to a day, and the planted use of these days is told within three per cent."""
    meter, first, last, kwh = duckdb.sql(f"""
        SELECT compteur_id, debut, fin - INTERVAL 1 DAY, valeur FROM {table("truths")}
        WHERE code_uai = '{BROKEN}' AND nature = 'compteur en panne'
    """).fetchall()[0]
    told = re.search(
        rf"même valeur du {first.day} {french.month(first).split()[0]} au {plain(french.day(last))} ; "
        r"consommation probable de la période : ([\d ,]+ MWh)",
        broken,
    )
    assert told
    assert amount(told[1]) == pytest.approx(float(kwh), rel=0.03)
    assert "1 alerte : rien en trop ;" in broken
    assert f"Pas de score : compteur {meter} (gaz) : ses factures couvrent" in broken


def test_the_page_of_the_law_by_a_second_way(broken, adjusted):
    """Final energy (gas 0.90) over the floor area; of the highest year from 2010 to 2022, but 2020, 60 % are due."""
    own = adjusted[adjusted["code_uai"] == BROKEN]
    final = (own["kwh_ajuste"] * own["energie"].map({"gaz": 0.9, "électricité": 1.0})).groupby(own["annee"]).sum()
    level = final / own["surface_totale"].iloc[0]
    allowed = level.loc[[year for year in range(2010, 2023) if year != 2020]]
    goal, left = 0.6 * allowed.max(), final[2025] - 0.6 * allowed.max() * own["surface_totale"].iloc[0]
    price = duckdb.sql(f"SELECT energie, euros_kwh FROM {table('prices')} WHERE annee = 2025").df().set_index("energie")
    now = own[own["annee"] == 2025]
    cost = (now["kwh_ajuste"] * now["energie"].map(price["euros_kwh"])).sum() * left / final[2025]
    page = broken
    assert (
        f"En 2025, {level[2025]:.0f} kWh/m² d'énergie finale à climat normal, pour {goal:.0f} en 2030 : il reste "
        f"{100 * left / final[2025]:.0f} % à économiser, {plain(scaled(left, 'kWh'))} par an, soit "
    ) in page
    told = re.search(r"soit ([\d,]+) k€ aux prix de 2025", page)
    assert amount(told[1]) == pytest.approx(cost / 1000, abs=0.06)
    assert f"Année de référence retenue : {allowed.idxmax()}, la plus favorable des 12 années utilisables." in page


def test_the_page_of_performance_by_a_second_way(broken, adjusted):
    now = adjusted[adjusted["annee"] == 2025]
    sums = now.groupby("code_uai").agg(
        kwh=("kwh_ajuste", "sum"), area=("surface_totale", "first"), pupils=("eleves", "first"),
        kind=("type_etablissement", "first"), boards=("internat", "first"),
        whole=("ajuste", "all"), full=("complet", "all"),
    )  # fmt: skip
    sums = sums[sums["whole"] & sums["full"]]
    own = sums.loc[BROKEN]
    peers = sums[(sums["kind"] == own["kind"]) & (sums["boards"] == own["boards"])].drop(index=BROKEN)
    level, middle = own["kwh"] / own["area"], (peers["kwh"] / peers["area"]).median()
    like = f"de plus que la médiane de {len(peers)} lycées comparables"
    assert f"à climat normal : {100 * (level / middle - 1):.0f} % {like}" in broken
    assert (
        f"Par mètre carré{level:.0f} kWhfacturé, climat normal ; médiane de {len(peers)} lycées comparables : "
        f"{middle:.0f}"
    ) in broken
    each, usual = own["kwh"] / own["pupils"], (peers["kwh"] / peers["pupils"]).median()
    assert f"Par élève, à climat normal : {100 * (each / usual - 1):.0f} % {like}" in broken


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The pages of all lycées on alerts and on the challenge, and the table that comes with the latter."""
    out = tmp_path_factory.mktemp("whole")
    found = pages(out, "energy_alerts", "energy_challenge")
    (book,), (said,) = (out.rglob(f"*.{name}.csv") for name in ("defi", "actions"))
    return found, *(pd.read_csv(file, sep=";", decimal=",", encoding="utf-8-sig") for file in (book, said))


def test_the_page_of_the_challenge_by_its_table(whole):
    """Pairs by the sizes of groups; those that are sure by the best place of each: the third at best is behind two."""
    page, book = whole[0]["energy_challenge"], whole[1]
    scored = book[book["Place"] != "non classé"]
    sizes = scored["Groupe"].value_counts()
    best = scored["Place"].str.extract(r"^(?:entre la )?(\d+)(?:re|e)\b")[0].astype("float64").fillna(1)
    sure = int((best - 1).sum())
    assert sure > 100
    assert f"sur {(sizes * (sizes - 1) // 2).sum()} comparaisons dans les groupes, {sure} sont sûres." in page
    assert f"Lycées notés{len(scored)} lycéessur {len(book)}" in page
    assert f"Énergie en moins{plain(scaled(scored['Économie (kWh)'].sum(), 'kWh'))}" in page


def test_what_lycees_say_beside_what_is_measured(whole):
    """The actions of the school year, counted in the table as they stand; what they fall by is what was planted."""
    page, book = whole[0]["energy_challenge"], whole[2]
    count, lycees = duckdb.sql(f"""
        SELECT count(*), count(DISTINCT code_uai) FROM {table("actions")}
        WHERE premier_jour < '2025-09-01' AND (dernier_jour IS NULL OR dernier_jour >= '2024-09-01')
    """).fetchall()[0]
    assert f"{count} actions touchent le défi, dans {lycees} lycées." in page
    assert len(book) == count
    saving = duckdb.sql(f"""
        SELECT code_uai, energie, any_value(100 * valeur) AS planted
        FROM {table("truths")} AS truths JOIN {table("meters")} AS meters USING (compteur_id, code_uai)
        WHERE nature = 'geste' GROUP BY ALL
    """).df()
    about = {"code_uai": "Code UAI", "energie": "Énergie"}
    measured = book.merge(saving.rename(columns=about), on=list(about.values()))
    assert len(measured) >= 30
    assert measured["Ce que disent les compteurs"].str.contains("mesuré : −").all()
    assert (100 * measured["Écart à l'attendu"] + measured["planted"]).abs().mean() < 1
    below = re.search(r"(\d+) mesures : (\d+) sous ce qui était attendu, (\d+) au-dessus", page)
    assert int(below[2]) >= measured.drop_duplicates(list(about.values())).shape[0]


def test_a_lycee_of_the_challenge_by_its_bills(tmp_path):
    """What was used in each month, the ends apart: bills divided by days, an estimate with the one that mends it."""
    page = pages(tmp_path, "energy_lycee", uai=USUAL)["energy_lycee"]
    months = duckdb.sql(f"""
        WITH bills AS (
            SELECT compteur_id, debut, fin, kwh,
                   count(*) FILTER (NOT estime) OVER (PARTITION BY compteur_id ORDER BY debut DESC) AS mended
            FROM {table("readings")} AS readings JOIN {table("meters")} AS meters USING (compteur_id)
            WHERE code_uai = '{USUAL}' AND origine = 'facture' AND fin > DATE '2024-06-01'
        ), spans AS (
            SELECT min(debut) AS debut, max(fin) AS fin, sum(kwh) AS kwh FROM bills GROUP BY compteur_id, mended
        ), days AS (
            SELECT kwh / date_diff('day', debut, fin) AS kwh,
                   unnest(generate_series(debut::TIMESTAMP, fin - INTERVAL 1 DAY, INTERVAL 1 DAY)) AS jour FROM spans)
        SELECT date_trunc('month', jour) AS mois, sum(kwh) AS kwh FROM days
        WHERE jour BETWEEN '2024-10-01' AND '2025-07-31' GROUP BY 1
    """).fetchall()
    assert len(months) == 10
    for month, kwh in months:
        told = re.search(rf"{french.month(month, short=True)}\|([\d,]+)\|".replace("\xa0", " "), page)
        assert amount(told[1]) == pytest.approx(kwh / 1000, abs=0.51)
    planted = duckdb.sql(f"SELECT any_value(100 * valeur) FROM {table('truths')} WHERE code_uai = '{USUAL}'"
                         " AND nature = 'geste'").fetchall()[0][0]  # fmt: skip
    told = re.findall(r"(Électricité|Gaz), mesuré : −([\d,]+) % \(de −([\d,]+) à −([\d,]+) %\)", page)
    assert {kind for kind, *_ in told} == {"Électricité", "Gaz"}
    for _, gap, low, high in told:
        assert amount(high) <= float(planted) <= amount(low)
        assert amount(high) < amount(gap) < amount(low)


def test_the_page_of_alerts_by_what_was_planted(whole):
    """Within three per cent of the kWh that faults of 2025 and all estimates took, and of two of their number."""
    page = whole[0]["energy_alerts"]
    told = re.search(
        r"(\d+) alertes dans \d+ lycées : ([\d ]+ MWh) utilisés en trop, soit \d+ k€ ; ([\d ]+ MWh) mal mesurés", page
    )
    over, blind = (
        duckdb.sql(f"SELECT count(*), sum(valeur) FROM {table('truths')} WHERE nature IN {natures}").fetchall()[0]
        for natures in (("dérive de la base", "chauffage en vacances"), ("compteur en panne", "relevés estimés"))
    )
    assert abs(int(told[1]) - over[0] - blind[0]) <= 2
    assert amount(told[2]) == pytest.approx(float(over[1]), rel=0.03)
    assert amount(told[3]) == pytest.approx(float(blind[1]), rel=0.03)
    kinds = [
        re.search(rf"{kind}\|(\d+)\|", page)[1]
        for kind in ("Consommation permanente en hausse", "Chauffage en vacances")
    ]
    assert abs(sum(map(int, kinds)) - over[0]) <= 2


def test_a_team_has_its_alerts(tmp_path):
    team = duckdb.sql(f"SELECT emat, count(*) FROM {table('lycees', 'territory')} GROUP BY 1 ORDER BY 1").fetchall()[0]
    page = pages(tmp_path, "energy_alerts", emat=team[0])["energy_alerts"]
    assert f"{team[0]}, {team[1]} lycées" in page
