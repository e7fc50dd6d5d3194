"""Amendments and delays of publication: worked by hand, by properties, against DuckDB, and on a publication of 2019."""

import json
import zipfile
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab import tables
from tikub_lab.procurement import delays, execution, groups
from tikub_lab.tables.imports import import_files
from tikub_lab.use_cases import readers


@pytest.fixture
def book():
    return pd.DataFrame(
        {
            "uid": list("abcde"),
            "acheteur_id": "10000000000001",
            "acheteur_nom": "Région (fictif)",
            "objet": "Toiture (fictif)",
            "codeCPV": ["45210000", "45210000", "15000000", "15000000", None],
            "dateNotification": pd.to_datetime(["2023-01-01", "2023-01-01", "2024-01-01", "2024-01-01", "2024-01-01"]),
            "montant": [100.0, 200.0, 1000.0, 1000.0, 10.0],
            "dureeMois": pd.array([12, 12, None, 6, 6], "Int64"),
        }
    )


@pytest.fixture
def amendments():
    """Contract a: +14 % in two steps and longer; b: -60 %; c: back to its amount, a new length; d: +10 %."""
    return pd.DataFrame(
        {
            "uid": ["a", "a", "b", "c", "c", "d", "other"],
            "modification_id": [2, 1, 1, 1, 2, 1, 1],
            "dateNotificationModification": pd.to_datetime(["2023-09-01", "2023-05-01"] + ["2024-05-01"] * 5),
            "datePublicationDonneesModification": pd.to_datetime(["2023-09-02"] * 7),
            "montant": [114.0, 107.0, 80.0, 1600.0, 1000.0, 1100.0, 7.0],
            "dureeMois": pd.array([None, 18, None, 24, None, 5, None], "Int64"),
            "objetModification": None,
        }
    )


@pytest.fixture(scope="module")
def sample():
    return tables.load("procurement/contracts"), tables.load("procurement/amendments")


@pytest.fixture(scope="module")
def sql(root):
    folder = root / "data" / "sample" / "procurement"
    with duckdb.connect() as connection:
        for name in ("contracts", "amendments"):
            connection.execute(f"create table {name} as from read_csv('{folder / name}.csv', all_varchar=true)")
        yield connection


def test_final_states(book, amendments):
    found = execution.final_states(book, amendments).set_index("uid")
    assert found["modifications"].tolist() == [2, 1, 2, 1, 0]
    assert found["montant_final"].tolist() == [114, 80, 1000, 1100, 10]
    assert found["ecart_part"].round(9).tolist() == [0.14, -0.6, 0, 0.1, 0]
    assert found["duree_finale"].tolist() == [18, 12, 24, 5, 6]
    assert found["ecart_mois"].tolist()[:2] == [6, 0]
    assert np.isnan(found.loc["c", "ecart_mois"])  # its first length is not known
    assert found["derniere"].dt.date.tolist()[0] == date(2023, 9, 1)
    assert found["douteux"].tolist() == [False, True, False, False, False]
    (row,) = execution.amended(book, amendments, "ensemble").to_dict("records")
    assert (row["ecart"], row["ecart_douteux"]) == (114.0, -120.0), "what is doubtful is left out of the sum, and said"
    # 14 % stays below the 15 % of works; 10 % is no longer below the 10 % of supplies (R2194-8 says « inférieur »).
    assert found["au_dela_faible"].tolist() == [False, True, False, True, False]
    # The first amendment of c added 60 % at once, which a second one took back.
    assert found["au_dela_50"].tolist() == [False, False, True, False, False]


def test_amended(book, amendments):
    found = execution.amended(book, amendments).set_index("annee")
    counts = ["nombre", "modifies", "en_hausse", "en_baisse", "douteux", "au_dela_faible", "au_dela_50", "allonges"]
    assert found[counts].to_numpy().tolist() == [[2, 2, 1, 0, 1, 0, 0, 1], [3, 2, 1, 0, 0, 1, 1, 0]]
    # The doubtful contract b stays at its initial 200.
    assert found[["montant", "montant_final", "ecart"]].to_numpy().tolist() == [[300, 314, 14], [2010, 2110, 100]]
    assert found["ecart_part"].tolist() == pytest.approx([14 / 300, 100 / 2010])
    assert found["raccourcis"].tolist() == [0, 1]
    assert found["sans_duree"].tolist() == [0, 1]
    assert found["mois_median"].tolist() == [6, -1]


def test_largest_changes(book, amendments):
    found = execution.largest_changes(book, amendments, 2)
    assert found[["uid", "ecart", "douteux"]].to_numpy().tolist() == [["b", -120, True], ["d", 100, False]]


def test_the_sample_against_duckdb(sample, sql):
    contracts, amendments = sample
    rows = sql.execute(
        """with last as (select uid, count(*) n,
                arg_max(montant::double, modification_id::int) filter (montant is not null) m,
                arg_max(dureeMois::int, modification_id::int) filter (dureeMois is not null) d
            from amendments group by uid),
        s as (select year(dateNotification::date) y, montant::double a, coalesce(m, montant::double) f, n, codeCPV,
                coalesce(d, dureeMois::int) - dureeMois::int longer from contracts left join last using (uid))
        select y, count(n), sum(f), count(*) filter (f > a), count(*) filter (f < a),
            count(*) filter (longer > 0), count(*) filter
                (abs(round(f / a - 1, 9)) >= case when codeCPV like '45%' then 0.15 else 0.10 end)
        from s group by y order by y"""
    ).fetchall()
    found = execution.amended(contracts, amendments).set_index("annee")
    assert len(rows) == len(found)
    assert found["douteux"].sum() == 0  # so that no contract is left out of the sums
    for year, number, final, up, down, longer, beyond in rows:
        row = found.loc[year, ["modifies", "en_hausse", "en_baisse", "allonges", "au_dela_faible"]]
        assert row.tolist() == [number, up, down, longer, beyond]
        assert found.loc[year, "montant_final"] == pytest.approx(final)


def test_two_months_are_calendar_months():
    notified = ["2023-12-31"] * 2 + ["2024-03-15"] * 4 + ["2018-09-30", "2018-10-01"]
    published = ["2024-02-29", "2024-03-01", "2024-05-15", "2024-05-16", "2024-03-14", None, "2018-10-02", "2018-10-02"]
    found = delays.delays(pd.to_datetime(pd.Series(notified)), pd.to_datetime(pd.Series(published)))
    assert found["etat"].tolist() == [
        "Dans les deux mois", "En retard", "Dans les deux mois", "En retard", "Avant la notification",
        "Date de publication absente", "Notifié avant l'obligation", "Dans les deux mois",
    ]  # fmt: skip
    assert found["jours"].tolist()[:5] == [60, 61, 61, 62, -1]
    assert found["jours_de_retard"].tolist()[:4] == [0, 1, 0, 1]
    assert found["jours_de_retard"].isna().tolist()[4:] == [True, True, True, False]


@given(st.dates(date(2018, 10, 1), date(2100, 1, 1)), st.integers(0, 100))
def test_the_last_day_against_dateutil(day, after):
    published = day + relativedelta(days=after)
    found = delays.delays(pd.to_datetime(pd.Series([day])), pd.to_datetime(pd.Series([published]))).iloc[0]
    due = day + relativedelta(months=2)
    assert found["echeance"].date() == due
    assert (found["etat"] == "En retard") == (published > due)


def test_publication_delays():
    book = pd.DataFrame(
        {
            "acheteur_id": ["10000000000001"] * 4 + ["20000000000002"] * 2,
            "acheteur_nom": "Un (fictif)",
            "dateNotification": pd.to_datetime(["2024-03-15"] * 4 + ["2024-03-15", "2018-01-01"]),
            "datePublicationDonnees": pd.to_datetime(
                ["2024-04-14", "2024-05-20", "2024-06-14", "2024-03-01", None, "2018-01-02"]
            ),
        }
    )
    found = delays.publication_delays(book, "acheteur").set_index("acheteur_id")
    counts = ["nombre", "juges", "en_retard", "manquants", "inverses", "avant_obligation"]
    assert found[counts].to_numpy().tolist() == [[4, 3, 2, 0, 1, 0], [2, 0, 0, 1, 0, 1]]
    assert found["taux_retard"].tolist()[0] == pytest.approx(2 / 3)
    assert found["jours_median"].tolist()[0] == 66
    assert found["retard_median"].tolist()[0] == (5 + 30) / 2
    assert found.loc["20000000000002", ["taux_retard", "jours_median"]].isna().all()


def test_delays_of_the_sample_against_duckdb(sample, sql):
    """Months are added by DuckDB's own calendar."""
    rows = sql.execute(
        """with c as (select dateNotification::date n, datePublicationDonnees::date p from contracts)
        select year(n) y, count(p) filter (p >= n), count(*) filter (p > n + interval 2 months), count(*) - count(p),
            median(p - n) filter (p >= n) from c group by y order by y"""
    ).fetchall()
    found = delays.publication_delays(sample[0]).set_index("annee")
    assert len(rows) == len(found)
    for year, judged, late, missing, median in rows:
        assert found.loc[year, ["juges", "en_retard", "manquants"]].tolist() == [judged, late, missing]
        assert found.loc[year, "jours_median"] == median
    assert (found["nombre"] == found[["juges", "manquants", "inverses", "avant_obligation"]].sum(axis=1)).all()


def test_delays_of_a_publication_of_2019(opendata, root, tmp_path):
    """Counted again with plain Python on the published JSON, contract by contract that the import kept."""
    path = opendata / "procurement" / "decp-2019" / "data.gouv.fr_pes_2019-04-05.json.zip"
    import_files([path], tmp_path / "pes", readers(), schemas=root / "data" / "schemas")
    contracts = tables.load("procurement/contracts", data=tmp_path / "pes")
    with zipfile.ZipFile(path) as archive:
        records = json.loads(archive.read(archive.namelist()[0]))["marches"]
    published = {}
    for record in records:
        key = (record.get("acheteur", {}).get("id"), str(record.get("id")))
        published.setdefault(key, set()).add((record.get("dateNotification"), record.get("datePublicationDonnees")))
    sure = [key for key in zip(contracts["acheteur_id"], contracts["id"], strict=True) if len(published[key]) == 1]
    assert len(sure) > 1000
    late = early = old = 0
    for key in sure:
        ((first, then),) = published[key]
        first, then = date.fromisoformat(first[:10]), date.fromisoformat(then[:10])
        if first < date(2018, 10, 1):
            old += 1
        elif then < first:
            early += 1
        elif then > first + relativedelta(months=2):
            late += 1
    keys = pd.Series(list(zip(contracts["acheteur_id"], contracts["id"], strict=True)), index=contracts.index)
    found = delays.publication_delays(contracts[keys.isin(set(sure))], "ensemble").iloc[0]
    assert found[["nombre", "en_retard", "inverses", "avant_obligation"]].tolist() == [len(sure), late, early, old]
    assert late > 100


def test_empty_tables_give_empty_figures(sample):
    contracts, amendments = sample
    nothing, none = contracts.iloc[:0], amendments.iloc[:0]
    for by in groups.KEYS:
        assert execution.amended(nothing, none, by).empty
        assert delays.publication_delays(nothing, by).empty
    assert execution.largest_changes(contracts, none).empty
    still = execution.amended(contracts, none, "ensemble").iloc[0]
    assert (still["modifies"], still["ecart"], still["montant_final"]) == (0, 0, still["montant"])
