"""Figures a square metre and a pupil beside peers: cases by hand, a second way through DuckDB, what is missing."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tikub_lab.energy import climate
from tikub_lab.energy.performance import circle as peers
from tikub_lab.energy.performance.intensity import intensities
from tikub_lab.errors import UsageError
from tikub_lab.show.french import NNBSP

KINDS = ["A"] * 4 + ["B"] * 3 + ["C"]
SITES = pd.DataFrame(
    {
        "code_uai": [f"S{place}" for place in range(8)],
        "type_etablissement": KINDS,
        "internat": pd.array([True, True, True, False, True, True, True, pd.NA], dtype="boolean"),
        "surface_totale": [10.0, 20.0, np.nan, 10.0, 10.0, 10.0, 10.0, 10.0],
        "eleves": pd.array([1, 2, 3, 0, pd.NA, 5, 6, 7], dtype="Int64"),
    }
)


def figures(values):
    return pd.DataFrame({"code_uai": SITES["code_uai"][: len(values)], "valeur": np.array(values, dtype=float)})


def test_groups_widen_until_there_are_enough():
    found = peers.compare(figures([1, 2, 3, 4, 5, 6, 7, 8]), SITES, fewest=2).set_index("code_uai")
    assert found["groupe"].tolist() == [
        "A, avec internat", "A, avec internat", "A, avec internat", "A", "B, avec internat", "B, avec internat",
        "B, avec internat", "tous les établissements",
    ]  # fmt: skip
    assert found["niveau"].tolist() == [0, 0, 0, 1, 0, 0, 0, 2]
    assert found["pairs"].tolist() == [2, 2, 2, 3, 2, 2, 2, 7]
    # S3, 4, is compared with 1, 2 and 3
    assert found.loc["S3", ["q25", "mediane", "rang", "ecart_mediane"]].tolist() == [1.5, 2.0, 1.0, 1.0]
    assert (
        found.loc["S3", "phrase"] == f"100{NNBSP}% de plus que la médiane de 3 lycées comparables (A ; groupe élargi)."
    )
    assert found.loc["S7", "phrase"].endswith("de 7 lycées comparables (tous les établissements ; groupe élargi).")
    # three peers with boarding are asked for: A has only two of them, and B; then three of the type for A
    wider = peers.compare(figures([1, 2, 3, 4, 5, 6, 7, 8]), SITES, fewest=3)
    assert wider["niveau"].tolist() == [1, 1, 1, 1, 2, 2, 2, 2]
    assert wider["pairs"].tolist() == [3, 3, 3, 3, 7, 7, 7, 7]


def test_peers_without_a_figure_are_counted_and_do_not_count():
    found = peers.compare(figures([1, np.nan, 3, 4, 5, 6, 7, 8]), SITES, fewest=2).set_index("code_uai")
    assert found.loc["S0", ["niveau", "pairs", "manquants"]].tolist() == [1, 2, 1]  # one with boarding: not enough
    assert found.loc["S1", ["niveau", "pairs", "manquants", "mediane"]].tolist() == [0, 2, 0, 2.0]
    assert np.isnan(found.loc["S1", "rang"])
    assert found.loc["S1", "phrase"].startswith("pas de comparaison, car le chiffre de cet établissement manque")


def test_too_few_even_of_all():
    found = peers.compare(figures([1, 2, 3]), SITES, fewest=10)
    assert found[["q10", "mediane", "rang", "ecart_mediane"]].isna().all().all()
    assert found["pairs"].tolist() == [2, 2, 2]
    assert (
        found["phrase"].iloc[0]
        == "pas de comparaison, car 2 établissements comparables ont un chiffre et il en faut 10."
    )
    alone = peers.compare(figures([1]), SITES)
    assert alone[["pairs", "manquants", "niveau"]].to_numpy().tolist() == [[0, 0, 2]]
    assert alone["phrase"].tolist()[0].startswith("pas de comparaison, car aucun établissement comparable n'a")
    two = peers.compare(figures([1, 2]), SITES)["phrase"].tolist()
    assert two[0].startswith("pas de comparaison, car un seul établissement comparable a un chiffre")


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (1.12, f"12{NNBSP}% de plus que"),
        (0.885, f"12{NNBSP}% de moins"),
        (1.004, "autant que la médiane de"),
        (1.006, "1"),
    ],
)
def test_sentences(own, said):
    values = figures([own * 200, 100, 200, 300])
    assert peers.compare(values, SITES, fewest=3)["phrase"].iloc[0].startswith(said)


def test_a_median_of_zero_has_no_share():
    found = peers.compare(figures([5, 0, 0, 0]), SITES, fewest=3).iloc[0]
    assert np.isnan(found["ecart_mediane"])
    assert (
        found["phrase"] == "pas de comparaison, car la médiane de 3 lycées comparables (A ; groupe élargi) est nulle."
    )


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(1, 1000), min_size=4, max_size=8), st.floats(0.1, 10))
def test_ranks_and_quantiles(values, factor):
    found = peers.compare(figures(values), SITES, fewest=3)
    scaled = peers.compare(figures([value * factor for value in values]), SITES, fewest=3)
    for place, row in found.iterrows():
        same = row["groupe"] == "A"
        others = [
            value for other, value in enumerate(values) if other != place and (not same or KINDS[other] == "A")
        ]  # fmt: skip
        assert row["pairs"] == len(others)
        assert row["mediane"] == pytest.approx(np.median(others))
        assert row["q10"] <= row["q25"] <= row["mediane"] <= row["q75"] <= row["q90"]
        lower, equal = (
            sum(test) for test in zip(*((o < values[place], o == values[place]) for o in others), strict=True)
        )
        assert row["rang"] == pytest.approx((lower + equal / 2) / len(others))
    np.testing.assert_allclose(scaled["ecart_mediane"], found["ecart_mediane"], rtol=1e-9, atol=1e-9)


def test_the_table_of_a_chart_names_no_peer():
    values = figures([4, 2, np.nan, 1, 5, 6, 7, 8])
    found = peers.peers(values, SITES, "S0", fewest=2)
    assert found.columns.tolist() == ["position", "valeur", "propre", "groupe", "lycee"]
    assert found[["position", "valeur", "propre"]].to_numpy().tolist() == [[1, 1, False], [2, 2, False], [3, 4, True]]
    assert found["groupe"].unique().tolist() == ["A"]
    without = peers.peers(values, SITES, "S2", fewest=2)
    assert without["propre"].sum() == 0
    assert without["valeur"].tolist() == [2, 4]
    with pytest.raises(UsageError, match=r"code_uai='S9': this site has no figure\..* Known: S0, S1, S2"):
        peers.peers(values, SITES, "S9")


def test_wrong_use_of_peers():
    with pytest.raises(UsageError, match="2 peers at least"):
        peers.compare(figures([1, 2]), SITES, fewest=1)
    with pytest.raises(UsageError, match="S0 comes twice"):
        peers.compare(pd.concat([figures([1]), figures([2])]), SITES)


def meters_of(rows):
    names = ["compteur_id", "code_uai", "energie", "usage", "kwh", "kwh_ajuste", "ajuste", "complet"]
    table = pd.DataFrame(rows, columns=names).assign(annee=2025, dju=2000.0, dju_normal=2200.0, erreur=0.0)
    return table.assign(kwh_chauffage=0.0, part_connue=1.0)


METERS = meters_of(
    [
        ("G0", "S0", "gaz", "chauffage", 900.0, 980.0, True, True),
        ("C0", "S0", "gaz", "autres", 20.0, 20.0, True, True),
        ("E0", "S0", "électricité", "autres", 300.0, 300.0, True, True),
        ("E1", "S1", "électricité", "mixte", 500.0, 500.0, False, True),
        ("E2", "S2", "électricité", "autres", 500.0, 500.0, True, True),
        ("E3", "S3", "électricité", "autres", 500.0, 500.0, True, False),
        ("E4", "S4", "électricité", "autres", 500.0, 500.0, True, True),
        ("E5", "S5", "électricité", "autres", np.nan, np.nan, False, False),
    ]
)


def test_intensities_by_hand():
    everything = intensities(METERS, SITES, 2025).set_index("code_uai")
    names = ["kwh", "kwh_m2", "kwh_m2_ajuste", "kwh_eleve", "kwh_eleve_ajuste", "compteurs"]
    assert everything.loc["S0", names].tolist() == [1220, 122, 130, 1220, 1300, 3]
    gas = intensities(METERS[METERS["energie"] == "gaz"], SITES, 2025).set_index("code_uai")
    assert gas.loc["S0", names].tolist() == [920, 92, 100, 920, 1000, 2]
    # not adjusted: raw figures only; no area, no pupils, year not complete, no reading, no meter at all
    assert everything.loc["S1", names[1:3]].isna().tolist() == [False, True]
    assert everything.loc["S2", names[1:5]].isna().tolist() == [True, True, False, False]
    assert everything.loc["S3", names[1:5]].isna().all()
    assert everything.loc["S4", names[1:5]].isna().tolist() == [False, False, True, True]
    assert everything.loc[["S5", "S6", "S7"], names[:5]].isna().all().all()
    assert len(everything) == 8


def test_unknown_year_and_nothing():
    with pytest.raises(UsageError, match="year=2030: no meter has a reading of it; readings are of 2025 to 2025"):
        intensities(METERS, SITES, 2030)
    nobody = intensities(METERS.head(0), SITES, 2025)
    assert nobody["kwh"].isna().all()
    assert intensities(METERS.head(0), SITES.head(0), 2025).columns.tolist() == nobody.columns.tolist()


def test_sample_against_duckdb(energy_tables):
    """kWh a square metre of each lycée in 2023 straight from the bills, and the quantiles of its peers, in SQL."""
    tables = {name: energy_tables[f"energy/{name}"] for name in ("readings", "meters", "sites", "weather")}
    found = intensities(climate.adjusted(**tables), tables["sites"], 2023)
    mine = peers.compare(found.assign(valeur=found["kwh_m2"]), tables["sites"]).set_index("code_uai")
    database = duckdb.connect()
    bills = tables["readings"][tables["readings"]["origine"] == "facture"]
    database.register("bills", bills[["compteur_id", "debut", "fin", "kwh"]].astype({"compteur_id": "object"}))
    database.register("meters", tables["meters"][["compteur_id", "code_uai"]].astype("object"))
    columns = ["code_uai", "type_etablissement", "internat", "surface_totale"]
    database.register("sites", tables["sites"][columns].astype({"internat": "bool"}))
    wanted = database.sql(
        """
        with used as (
            select code_uai, sum(kwh * date_diff('day', greatest(debut, date '2023-01-01'),
                least(fin, date '2024-01-01')) / date_diff('day', debut, fin)) as kwh
            from bills join meters using (compteur_id) where debut < date '2024-01-01' and fin > date '2023-01-01'
            group by 1),
        figures as (select *, kwh / surface_totale as valeur from sites join used using (code_uai))
        select a.code_uai, any_value(a.valeur) as valeur, count(*) as pairs, median(b.valeur) as mediane,
            quantile_cont(b.valeur, 0.1) as q10, quantile_cont(b.valeur, 0.9) as q90,
            avg((b.valeur < a.valeur)::int) as rang
        from figures a join figures b on a.code_uai <> b.code_uai and a.type_etablissement = b.type_etablissement
            and a.internat = b.internat group by 1 order by 1
        """
    ).df()
    database.close()
    wanted = wanted.set_index("code_uai")
    np.testing.assert_allclose(mine.loc[wanted.index, "valeur"], wanted["valeur"], rtol=1e-9)
    narrow = wanted[wanted["pairs"] >= peers.FEWEST]
    assert len(narrow) > 90
    rows = mine.loc[narrow.index]
    assert (rows["niveau"] == 0).all()
    np.testing.assert_allclose(rows[narrow.columns].astype(float), narrow, rtol=1e-9)
    assert (mine.drop(index=narrow.index)["niveau"] > 0).all()
