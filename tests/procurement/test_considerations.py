"""Considerations, targets and duties: worked by hand, on each side of every date, and against DuckDB on the sample."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab import tables
from tikub_lab.errors import UsageError
from tikub_lab.procurement import considerations, duties, groups

NO_GREEN, NO_SOCIAL = "Pas de considération environnementale", "Pas de considération sociale"
CLAUSE, CRITERION = "Clause environnementale", "Critère environnemental"


def _book(days, green=None, social=None, amount=10.0, **more):
    count = len(days)
    return pd.DataFrame(
        {
            "uid": [str(i) for i in range(count)],
            "acheteur_id": "10000000000001",
            "acheteur_nom": "Région (fictif)",
            "nature": "Marché",
            "codeCPV": "45000000",
            "dateNotification": pd.to_datetime(list(days)),
            "montant": amount,
            "considerationsEnvironnementales": pd.Series(green if green is not None else [None] * count, dtype="str"),
            "considerationsSociales": pd.Series(social if social is not None else [None] * count, dtype="str"),
            **more,
        }
    )


@pytest.fixture(scope="module")
def sample():
    return tables.load("procurement/contracts")


@pytest.fixture(scope="module")
def sql(root):
    with duckdb.connect() as connection:
        path = root / "data" / "sample" / "procurement" / "contracts.csv"
        connection.execute(f"create table c as from read_csv('{path}', all_varchar=true)")
        yield connection


def test_considerations_are_read_label_by_label():
    social = [
        "Clause sociale|Critère social",
        "Marché réservé",
        NO_SOCIAL,
        None,
        "Autre mention",
        "Concession réservée",
    ]
    read = considerations.considerations(_book(["2025-01-01"] * 6, social=social), "social")
    assert read["connu"].tolist() == [True, True, True, False, True, True]
    assert read["avec"].tolist() == [True, True, False, False, True, True]
    assert read["clause"].tolist() == [True] + [False] * 5
    assert read["critere"].tolist() == [True] + [False] * 5
    assert read["reserve"].tolist() == [False, True, False, False, False, True]
    with pytest.raises(UsageError, match=r"domain='environement'.*Did you mean 'environnement'"):
        considerations.considerations(_book(["2025-01-01"]), "environement")


def test_rates_come_with_their_bounds():
    green = [CLAUSE, NO_GREEN, f"{CLAUSE}|{CRITERION}", None, None]
    book = _book(["2025-01-01"] * 5, green=green, amount=[10.0, 20.0, 30.0, 40.0, 100.0])
    found = considerations.consideration_rates(book, "environnement").iloc[0]
    assert found[["nombre", "connus", "manquants", "avec", "clause", "critere"]].tolist() == [5, 3, 2, 2, 2, 1]
    assert found[["taux", "bas", "haut"]].tolist() == [pytest.approx(2 / 3), 0.4, 0.8]
    assert found["taux_montant"] == pytest.approx(40 / 60)


def test_the_plan_is_judged_in_its_last_year():
    """Social: 30 % by 2025. Ten contracts: three with is enough; two with and one unknown could be either."""
    yes, no = "Clause sociale", NO_SOCIAL
    cases = {
        "atteinte": [yes] * 3 + [no] * 7,
        "indécidable : données manquantes": [yes] * 2 + [no] * 7 + [None],
        "manquée": [yes] * 2 + [no] * 8,
    }
    for verdict, social in cases.items():
        found = considerations.against_targets(_book(["2025-12-31"] * 10, social=social))
        row = found[found["domaine"] == "social"].iloc[0]
        assert (row["verdict"], row["cible"], row["valeur"]) == (verdict, "PNAD 2022-2025", 0.3)


def test_each_year_has_the_plan_of_its_time():
    days = ["2014-06-01", "2015-06-01", "2020-06-01", "2021-06-01", "2022-06-01", "2025-06-01", "2026-06-01"]
    found = considerations.against_targets(_book(days, green=[CLAUSE] * 7))
    green = found[found["domaine"] == "environnement"]
    assert green["cible"].fillna("").tolist() == [
        "", "PNAD 2015-2020", "PNAD 2015-2020", "", "PNAD 2022-2025", "PNAD 2022-2025", "",
    ]  # fmt: skip
    assert green["verdict"].tolist() == [
        "pas de cible connue", "en chemin", "atteinte", "pas de cible connue", "en chemin", "atteinte",
        "pas de cible connue",
    ]  # fmt: skip


def test_the_climate_law_on_each_side_of_its_days():
    """The criterion from 21 August 2026 on (R2152-7), the conditions from the 22nd (L2112-2)."""
    days = ["2026-08-20", "2026-08-21", "2026-08-21", "2026-08-22", "2026-08-22"]
    book = _book(days, green=[NO_GREEN, NO_GREEN, CRITERION, CRITERION, f"{CLAUSE}|{CRITERION}"])
    out = "non soumis : notifié avant l'entrée en vigueur"
    check = "manque à vérifier : date de la consultation non publiée"
    fits = "conforme, volet social non jugé"
    assert duties.climate_law(book)["verdict"].tolist() == [out, check, fits, check, fits]
    assert duties.climate_law(book)["manques"].tolist()[:2] == [
        "clause environnementale, critère environnemental", "critère environnemental",
    ]  # fmt: skip
    assert duties.climate_law(book)["version"].unique().tolist() == [
        "article 35 de la loi n° 2021-1104 ; critère depuis le 21/08/2026, conditions d'exécution depuis le 22/08/2026"
    ]


def test_what_lacks_is_said():
    full = f"{CLAUSE}|{CRITERION}"
    green = [full, CLAUSE, CRITERION, NO_GREEN, None, full, full, full]
    social = [NO_SOCIAL] * 5 + ["Marché réservé", None, "Critère social"]
    book = _book(["2026-09-01"] * 8, green=green, social=social)
    found = duties.climate_law(book, 10)
    assert found["manques"].tolist() == [
        "clause sociale", "critère environnemental, clause sociale", "clause environnementale, clause sociale",
        "clause environnementale, critère environnemental, clause sociale", "clause sociale", "", "", "clause sociale",
    ]  # fmt: skip
    check = "manque à vérifier : date de la consultation non publiée"
    assert found["verdict"].tolist() == [check] * 5 + [
        "conforme d'après les données", "considérations non publiées", check,
    ]  # fmt: skip
    assert duties.climate_law(book, 10.01)["manques"].tolist()[0] == ""
    defence = duties.climate_law(book.assign(nature="Marché de défense ou de sécurité"), 10)
    assert set(defence["verdict"]) == {"non soumis : défense ou sécurité"}
    mixed = duties.climate_law(book, pd.Series([10.0, None] * 4))
    assert mixed["social_exige"].tolist()[:2] == [True, pd.NA]
    assert mixed["manques"].tolist()[:2] == ["clause sociale", "critère environnemental"]


def test_readiness():
    full = f"{CLAUSE}|{CRITERION}"
    book = _book(
        ["2025-01-01"] * 4, green=[full, full, NO_GREEN, None], social=[NO_SOCIAL, "Clause sociale"] + [None] * 2
    )
    found = duties.readiness(book.assign(montant=[100.0, 200.0, 50.0, 50.0]), 150).iloc[0]
    assert found[["nombre", "connus", "manquants", "prets"]].tolist() == [4, 3, 1, 2]
    assert found["taux_montant"] == pytest.approx(300 / 350)


def test_spaser_by_the_limit_of_the_year():
    """60 M€ over 12 months from January: below 100 M€ in 2022, above 50 M€ in 2023."""
    book = _book(["2022-01-01", "2023-01-01"], amount=60e6, dureeMois=pd.array([12, 12], "Int64"))
    found = duties.spaser(book)
    assert found["seuil"].tolist() == [100e6, 50e6]
    assert found["verdict"].tolist() == ["en dessous du seuil d'après les marchés publiés", "au-dessus du seuil"]
    assert "D2111-3" in found["version"].iloc[1]
    assert found["statut"].tolist() == ["confirmé", "confirmé"]


def test_spaser_counts_contracts_until_2022_and_spending_since():
    """110 M€ for 24 months, concluded in January: above by the contracts of the year, 55 M€ a year by spending."""
    book = _book(["2014-01-01", "2015-02-01", "2022-01-01", "2023-01-01"], amount=110e6)
    book["dureeMois"], book["acheteur_id"] = pd.array([24] * 4, "Int64"), list("ABCD")
    notified = duties.spaser(book).query("nombre > 0").set_index("annee")
    assert notified["seuil"].fillna(0).to_dict() == {2014: 0, 2015: 100e6, 2022: 100e6, 2023: 50e6}
    assert notified["verdict"].to_dict() == {
        2014: "pas encore en vigueur", 2015: "au-dessus du seuil", 2022: "au-dessus du seuil",
        2023: "au-dessus du seuil",
    }  # fmt: skip
    some = duties.spaser(book.assign(montant=60e6)).query("nombre > 0").set_index("annee")
    assert some["verdict"][2022] == "en dessous du seuil d'après les marchés publiés"
    assert some["verdict"][2023] == "à vérifier : une estimation sur deux au-dessus"


def test_spaser_adds_up_the_establishments_of_a_buyer():
    book = _book(["2024-03-01"] * 2, amount=30e6, dureeMois=pd.array([1, None], "Int64"))
    book["acheteur_id"] = ["10000000000001", "10000000000099"]
    found = duties.spaser(book)
    assert found[["acheteur_siren", "montant_notifie", "sans_duree"]].to_numpy().tolist() == [["100000000", 60e6, 1]]


def test_amounts_are_spread_over_months():
    """18 months from November 2023: 2 in 2023, 12 in 2024, 4 in 2025; the last year of the data is 2024."""
    book = _book(["2023-11-30", "2024-05-01"], amount=[18.0, 1.0], dureeMois=pd.array([18, 1], "Int64"))
    found = duties.spaser(book).set_index("annee")
    assert found["montant_etale"].to_dict() == {2023: pytest.approx(2), 2024: pytest.approx(13)}
    assert found["montant_notifie"].to_dict() == {2023: 18, 2024: 1}


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 180), st.integers(1, 10**7)), min_size=1, max_size=8))
def test_spreading_loses_no_euro(rows):
    """A contract of one month in 2040 keeps every year of the others in the table."""
    days = [f"2024-{month:02d}-15" for month, _, _ in rows] + ["2040-01-01"]
    months, amounts = [length for _, length, _ in rows] + [1], [float(amount) for _, _, amount in rows] + [1.0]
    found = duties.spaser(_book(days, amount=amounts, dureeMois=pd.array(months, "Int64")))
    assert found["montant_etale"].sum() == pytest.approx(sum(amounts))
    assert found["montant_notifie"].sum() == pytest.approx(sum(amounts))


def test_innovation():
    book = _book(["2024-01-01"] * 3, amount=[10.0, 30.0, 60.0])
    book["marcheInnovant"] = pd.array([True, False, None], "boolean")
    new = considerations.innovation_rates(book).iloc[0]
    assert new[["connus", "manquants", "innovants", "taux", "taux_montant"]].tolist() == [2, 1, 1, 0.5, 0.25]


@pytest.mark.parametrize(
    ("domain", "field", "none"),
    [
        ("environnement", "considerationsEnvironnementales", NO_GREEN),
        ("social", "considerationsSociales", NO_SOCIAL),
    ],
)
def test_the_sample_against_duckdb(sample, sql, domain, field, none):
    rows = sql.execute(
        f"""select year(dateNotification::date) y, count(*), count({field}), count(*) filter ({field} <> '{none}'),
            count(*) filter (list_contains(string_split({field}, '|'), '{considerations.CLAUSES[domain]}')),
            sum(montant::double) filter ({field} <> '{none}') / sum(montant::double) filter ({field} is not null)
        from c group by y order by y"""
    ).fetchall()
    found = considerations.consideration_rates(sample, domain).set_index("annee")
    assert len(rows) == len(found)
    for year, number, known, having, clause, by_value in rows:
        row = found.loc[year]
        assert row[["nombre", "connus", "avec", "clause"]].tolist() == [number, known, having, clause]
        assert row["taux_montant"] == pytest.approx(by_value)
        assert row["bas"] <= row["taux"] <= row["haut"]


def test_the_climate_law_on_the_sample_against_duckdb(sample, sql):
    rows = sql.execute(
        """with r as (select uid, montant::double >= 221000 due,
            list_contains(string_split(considerationsEnvironnementales, '|'), 'Clause environnementale')
                and list_contains(string_split(considerationsEnvironnementales, '|'), 'Critère environnemental') green,
            len(list_intersect(string_split(considerationsSociales, '|'), ['Clause sociale', 'Marché réservé'])) > 0 soc
        from c) select count(*) filter (green and (not due or soc)), count(green and (not due or soc)) from r"""
    ).fetchone()
    ready = duties.climate_law(sample, 221_000)["pret"]
    assert (int(ready.sum()), int(ready.notna().sum())) == rows


def test_spaser_on_the_sample_against_duckdb(sample, sql):
    """Month by month, the slow way."""
    rows = sql.execute(
        """with m as (select left(acheteur_id, 9) s, dateNotification::date d, montant::double a,
                coalesce(dureeMois::int, 1) n from c)
        select s, year(date_trunc('month', d) + to_months(k::int)) y, sum(a / n)
        from m, range(n) r(k) group by s, y having y <= 2025"""
    ).fetchall()
    found = duties.spaser(sample).set_index(["acheteur_siren", "annee"])["montant_etale"]
    assert len(rows) == len(found)
    for siren, year, amount in rows:
        assert found[siren, year] == pytest.approx(amount)


def test_empty_tables_give_empty_figures(sample):
    nothing = sample.iloc[:0]
    for by in groups.KEYS:
        assert considerations.consideration_rates(nothing, "social", by).empty
        assert considerations.innovation_rates(nothing, by).empty
        assert duties.readiness(nothing, 1.0, by).empty
    assert considerations.against_targets(nothing).empty
    assert duties.climate_law(nothing).empty
    assert duties.spaser(nothing).empty


def test_a_table_without_considerations_says_nothing(sample):
    """As in the publications of 2019: every rate missing, between 0 and 1."""
    bare = sample.assign(considerationsSociales=pd.Series(pd.NA, index=sample.index, dtype="str"))
    found = considerations.consideration_rates(bare, "social")
    assert np.isnan(found["taux"]).all()
    assert (found["bas"] == 0).all()
    assert (found["haut"] == 1).all()
