"""Local suppliers, distances, départements, communes and categories: worked by hand and against DuckDB."""

import json
import math

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from tikub_lab import tables
from tikub_lab.methods.distance import haversine
from tikub_lab.procurement import groups
from tikub_lab.procurement import suppliers as places
from tikub_lab.tables.places import communes


@pytest.fixture
def book():
    return pd.DataFrame(
        {
            "uid": ["a", "b", "c", "d"],
            "acheteur_id": ["1", "1", "2", "2"],
            "acheteur_departement": ["35", "35", "29", None],
            "acheteur_region": ["53", "53", "53", None],
            "dateNotification": pd.to_datetime(["2023-05-01", "2024-01-01", "2024-01-02", "2024-01-03"]),
            "codeCPV": "45210000",
            "montant": [100.0, 300.0, 50.0, 50.0],
            "lieuExecution_code": ["35238", "29000", "29", "35238"],
            "lieuExecution_typeCode": pd.Categorical(
                ["Code commune", "Code postal", "Code département", "Code commune"]
            ),
        }
    )


@pytest.fixture
def suppliers():
    """Contract b is held by three firms, one of them in Nantes, one abroad."""
    return pd.DataFrame(
        {
            "uid": ["a", "b", "b", "b", "c", "d"],
            "titulaire_id": [
                "81223113200026", "81223113200034", "67590177800021", "DE814864138", "67590177800021", "90000001900019",
            ],
            "titulaire_typeIdentifiant": pd.Categorical(["SIRET", "SIRET", "SIRET", "TVA", None, "SIRET"]),
            "titulaire_categorie": pd.Categorical(["PME", "PME", "GE", None, "GE", None]),
            "titulaire_commune": ["29232", "29232", "44109", None, None, "99999"],
            "titulaire_departement": ["35", "29", "44", None, None, "35"],
            "titulaire_region": ["53", "53", "52", None, None, "53"],
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def sample():
    return tables.load("procurement/contracts"), tables.load("procurement/suppliers")


@pytest.fixture(scope="module")
def sql(root):
    folder = root / "data" / "sample" / "procurement"
    with duckdb.connect() as connection:
        for name in ("contracts", "suppliers"):
            connection.execute(f"create table {name} as from read_csv('{folder / name}.csv', all_varchar=true)")
        connection.register("places", communes())
        connection.execute(
            """create view shares as select s.*, c.*, c.montant::double / m.n part,
                (titulaire_typeIdentifiant = 'HORS-UE'
                 or titulaire_typeIdentifiant = 'TVA' and titulaire_id not like 'FR%') is true abroad
            from suppliers s join (select * exclude (uid), uid c_uid from contracts) c on c.c_uid = s.uid
            join (select uid m_uid, count(*) n from suppliers group by uid) m on m.m_uid = s.uid"""
        )
        yield connection


def test_local_rates(book, suppliers):
    """Known: a, the three holders of b. The supplier of c has no place; the buyer of d has none."""
    found = places.local_rates(book, suppliers).iloc[0]
    assert found[["nombre", "connus", "manquants", "departement", "region", "hors_france"]].tolist() == [
        6,
        4,
        2,
        1,
        2,
        1,
    ]
    assert found[["taux_departement", "taux_region"]].tolist() == [0.25, 0.5]
    assert found[["montant", "montant_connu"]].tolist() == [500, 400]
    assert found[["taux_departement_montant", "taux_region_montant"]].tolist() == [0.25, 0.5]
    years = places.local_rates(book, suppliers, "annee").set_index("annee")
    assert years["taux_region"].tolist() == [1, pytest.approx(1 / 3)]


def test_only_suppliers_abroad_known_makes_no_rate(book, suppliers):
    """Where no French supplier has a place, those abroad are known by their identifier alone: no 0 %."""
    blind = places.local_rates(book, suppliers.assign(titulaire_departement=None, titulaire_region=None)).iloc[0]
    assert blind[["connus", "manquants"]].tolist() == [1, 5]
    assert blind[["taux_departement", "taux_region", "taux_region_montant"]].isna().all()
    alone = places.local_rates(book, suppliers[suppliers["titulaire_id"] == "DE814864138"]).iloc[0]
    assert alone[["connus", "manquants", "taux_region"]].tolist() == [1, 0, 0]


def test_haversine_on_known_arcs():
    """A quarter of the equator, from pole to pole, and a degree of latitude, on a sphere of 6,371.0088 km."""
    at = [pd.Series(x, dtype="float64") for x in ([0, 0, 10], [0, -90, 48], [90, 123, 10], [0, 90, 49])]
    quarter = math.pi / 2 * 6371.0088
    assert haversine(*at).tolist() == pytest.approx([quarter, 2 * quarter, quarter / 90])


@given(*[st.floats(-180, 180), st.floats(-89, 89)] * 2)
def test_haversine_against_the_law_of_cosines(a, b, c, d):
    found = haversine(*(pd.Series([x]) for x in (a, b, c, d)))[0]
    back = haversine(*(pd.Series([x]) for x in (c, d, a, b)))[0]
    lat, other, turn = math.radians(b), math.radians(d), math.radians(c - a)
    cosine = math.sin(lat) * math.sin(other) + math.cos(lat) * math.cos(other) * math.cos(turn)
    # The arc cosine is poor near 0 and 180 degrees: 1 km is what it can tell there.
    assert found == pytest.approx(6371.0088 * math.acos(max(-1.0, min(1.0, cosine))), abs=1)
    assert found == pytest.approx(back, abs=1e-6)


def test_distances(book, suppliers):
    found = places.distances(book, suppliers)
    assert found["origine"].tolist()[:4] == ["commune d'exécution"] + ["code postal d'exécution"] * 3
    assert found["km"].round().tolist()[:2] == [180, 0]
    assert found["motif"].tolist()[3:] == [
        "titulaire hors de France", "lieu de départ non publié ou imprécis", "commune sans coordonnées",
    ]  # fmt: skip


def test_distance_bands():
    measured = pd.DataFrame({"km": [0, 9.99, 10, 99.9, 300, 9000, None], "part_montant": [1.0, 2, 3, 4, 5, 6, 7]})
    found = places.distance_bands(measured).set_index("tranche")
    assert found["nombre"].to_dict() == {
        "Moins de 10 km": 2, "10 à 50 km": 1, "50 à 100 km": 1, "100 à 300 km": 0, "300 km et plus": 2,
        "Distance inconnue": 1,
    }  # fmt: skip
    assert found["part_montant"].iloc[0] == pytest.approx(3 / 21)
    assert np.isnan(found["part"].iloc[-1])


def test_by_departement(book, suppliers):
    found = places.by_departement(book, suppliers)
    assert found[["departement", "libelle", "nombre", "firmes"]].to_numpy().tolist() == [
        ["35", "Ille-et-Vilaine", 2, 2], ["29", "Finistère", 1, 1], ["44", "Loire-Atlantique", 1, 1],
        ["", "Hors de France", 1, 1], ["", "Non renseigné", 1, 1],
    ]  # fmt: skip
    assert found["montant"].tolist() == [150, 100, 100, 100, 50]
    assert found["part"].sum() == pytest.approx(1)


def test_by_commune(book, suppliers):
    found = places.by_commune(book, suppliers).set_index("commune")
    assert found.index.tolist() == ["29232", "44109", "99999", ""]
    assert found["nombre"].tolist() == [2, 1, 1, 2]
    assert found["nom"].tolist()[:2] == ["Quimper", "Nantes"]
    assert found[["nom", "longitude", "latitude"]].isna().all(axis=1).tolist() == [False, False, True, True]


def test_categories(book, suppliers):
    found = places.by_category(book, suppliers).set_index("categorie")
    assert found["nombre"].to_dict() == {"PME": 2, "ETI": 0, "GE": 2, "Non renseignée": 2}
    assert found["part"].tolist()[:3] == [0.5, 0, 0.5]
    assert found["part_montant"].tolist()[:3] == [pytest.approx(200 / 350), 0, pytest.approx(150 / 350)]
    assert found.loc["PME", "firmes"] == 1
    rates = places.sme_rates(book, suppliers).set_index("annee")
    assert rates[["connus", "manquants", "pme"]].to_numpy().tolist() == [[1, 0, 1], [3, 2, 1]]
    assert rates["taux_montant"].tolist() == [1, pytest.approx(100 / 250)]


def test_the_sample_against_duckdb(sample, sql):
    contracts, suppliers = sample
    rows = sql.execute(
        """select year(dateNotification::date) y, count(*),
            count(*) filter (not abroad and titulaire_departement = acheteur_departement),
            count(*) filter (not abroad and titulaire_region = acheteur_region),
            count(*) filter (abroad), sum(part) filter (not abroad and titulaire_region = acheteur_region),
            count(titulaire_categorie), count(*) filter (titulaire_categorie = 'PME'),
            sum(part) filter (titulaire_categorie = 'PME') / sum(part) filter (titulaire_categorie is not null)
        from shares group by y order by y"""
    ).fetchall()
    local = places.local_rates(contracts, suppliers, "annee").set_index("annee")
    small = places.sme_rates(contracts, suppliers).set_index("annee")
    assert len(rows) == len(local)
    for year, number, near, same, abroad, amount, known, sme, by_value in rows:
        assert local.loc[year, ["nombre", "departement", "region", "hors_france"]].tolist() == [
            number,
            near,
            same,
            abroad,
        ]
        base = local.loc[year, "montant_connu"]
        assert local.loc[year, "taux_region_montant"] * base == pytest.approx(amount)
        assert small.loc[year, ["connus", "pme", "taux_montant"]].tolist() == [known, sme, pytest.approx(by_value)]
    rows = sql.execute("select titulaire_departement, count(*), sum(part) from shares group by 1").fetchall()
    found = places.by_departement(contracts, suppliers).set_index("departement")
    assert {code or "": (number, pytest.approx(amount)) for code, number, amount in rows} == {
        code: tuple(found.loc[code, ["nombre", "montant"]]) for code in found.index
    }


def test_distances_of_the_sample_against_duckdb(sample, sql):
    """By the law of cosines on the same sphere, which differs by less than a metre beyond a few kilometres."""
    rows = sql.execute(
        """with starts as (select s.uid, s.titulaire_id, s.part, p.longitude x, p.latitude y, titulaire_commune
            from shares s join places p on (lieuExecution_typeCode = 'Code commune' and p.code = lieuExecution_code)
                or (lieuExecution_typeCode = 'Code postal' and p.code_postal = lieuExecution_code
                    and p.code = (select min(code) from places q where q.code_postal = p.code_postal)))
        select uid, titulaire_id, 6371.0088 * acos(least(1, sin(radians(y)) * sin(radians(q.latitude))
            + cos(radians(y)) * cos(radians(q.latitude)) * cos(radians(q.longitude - x)))) km
        from starts join places q on q.code = titulaire_commune"""
    ).fetchall()
    found = places.distances(*sample)
    known = found[found["km"].notna()].set_index(["uid", "titulaire_id"])["km"]
    assert len(known) == len(rows) > 2000
    for uid, identifier, km in rows:
        assert known[uid, identifier] == pytest.approx(km, abs=0.2)


def departements():
    return pd.read_csv(ROOT / "tikub_lab" / "procurement" / "departements.csv", dtype="str")


def test_departements_are_those_of_the_official_code(opendata):
    folder = opendata / "territory"
    published = json.loads((folder / "lusk_departements.geojson").read_text(encoding="utf-8"))
    ours = departements().set_index("code")["nom"]
    seen = 0
    with duckdb.connect() as connection:
        table = opendata / "procurement" / "decp_tabular_2024H2_travaux_cpv4521.csv"
        pairs = connection.execute(
            f"""select distinct acheteur_departement_code, acheteur_region_code
            from read_csv('{table}', all_varchar=true)
            where acheteur_departement_code is not null and acheteur_region_code is not null"""
        ).fetchall()
    regions = departements().set_index("code")["region"].dropna()
    assert len(pairs) > 90
    assert {code: region for code, region in pairs if code in regions} == {
        code: regions[code] for code, _ in pairs if code in regions
    }
    for feature in published["features"]:
        values = [str(value) for value in feature["properties"].values()]
        codes = [value for value in values if value in ours.index]
        if codes:
            assert ours[codes[0]] in values
            seen += 1
    assert seen >= 4


def test_departements_fit_the_communes_shipped():
    """Each shipped commune, typed from the same official code, lies in the région that the table gives."""
    regions = departements().set_index("code")["region"]
    towns = communes()
    assert (towns["departement"].map(regions) == towns["region"]).all()
    table = departements()
    assert table["code"].is_unique
    assert table["nom"].is_unique
    assert table["region"].nunique() == 18
    metropolitan = table[table["code"].str.len() == 2]
    assert len(metropolitan) == 96


def test_empty_tables_give_empty_figures(sample):
    contracts, suppliers = (table.iloc[:0] for table in sample)
    for by in groups.KEYS:
        assert places.local_rates(contracts, suppliers, by).empty
        assert places.sme_rates(contracts, suppliers, by).empty
    assert places.distance_bands(places.distances(contracts, suppliers))["nombre"].tolist() == [0] * 6
    assert places.by_category(contracts, suppliers)["nombre"].tolist() == [0] * 4
    assert places.by_departement(contracts, suppliers).empty
    assert places.by_commune(contracts, suppliers).empty
    # Contracts without any supplier are not an error either.
    assert places.local_rates(sample[0], suppliers).empty
