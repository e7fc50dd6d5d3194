"""Offers, single offers and concentration: worked by hand, by properties, and against DuckDB on the sample."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab import tables
from tikub_lab.errors import UsageError
from tikub_lab.procurement import competition, concentration, groups

WITHOUT_CALL = "Marché passé sans publicité ni mise en concurrence préalable"


@pytest.fixture
def book():
    return pd.DataFrame(
        {
            "uid": list("abcdef"),
            "acheteur_id": ["10000000000001"] * 3 + ["20000000000002"] * 3,
            "acheteur_nom": ["Ancien (fictif)", "Région (fictif)", None, None, None, None],
            "acheteur_departement": "35",
            "acheteur_region": "53",
            "codeCPV": ["45210000", "45233000-9", "45210000", "15000000", "15100000", None],
            "procedure": pd.Categorical(
                [
                    "Procédure adaptée",
                    "Procédure adaptée",
                    WITHOUT_CALL,
                    "Appel d'offres ouvert",
                    None,
                    "Procédure adaptée",
                ]
            ),
            "formePrix": pd.Categorical(["Unitaire", "Mixte", None, "Unitaire", "Unitaire", "Mixte"]),
            "dateNotification": pd.to_datetime(
                ["2023-05-01", "2024-12-31", "2024-01-01", "2024-06-01", "2025-01-01", "2025-02-01"]
            ),
            "montant": [100.0, 300.0, 40.0, 60.0, 20.0, 80.0],
            "offresRecues": pd.array([1, 3, 1, 6, None, 5], dtype="Int64"),
        }
    )


@pytest.fixture
def suppliers():
    """Contract b is held by two establishments of one firm and by another firm; f by nobody that is known."""
    return pd.DataFrame(
        {
            "uid": ["a", "b", "b", "b", "c", "d", "e"],
            "titulaire_id": [
                "81223113200026", "81223113200026", "81223113200034", "67590177800021", "67590177800021", "DE814864138",
                "81223113200026",
            ],
            "titulaire_nom": ["Un (fictif)"] * 2 + ["Un bis (fictif)"] + ["Deux (fictif)"] * 2 + [None] * 2,
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
        yield connection


def test_families_are_the_beginning_of_the_code():
    codes = pd.Series(["45214200-2", "4521", None], dtype="str")
    assert groups.families(codes, 5).tolist() == ["45214", "4521", ""]


def test_groups_keep_what_is_missing(book):
    assert groups.group_keys(book, "procedure").value_counts()["Non renseignée"] == 1
    assert groups.group_keys(book, "forme_prix").value_counts()["Non renseignée"] == 1
    with pytest.raises(UsageError, match=r"by='famile'.*Did you mean 'famille'"):
        groups.group_keys(book, "famile")


def test_buyers_go_by_their_latest_name(book):
    found = competition.single_offers(book, "acheteur").set_index("acheteur_id")["libelle"]
    assert found.to_dict() == {"10000000000001": "Région (fictif)", "20000000000002": "SIRET 20000000000002"}


def test_offers_distribution(book):
    found = competition.offers_distribution(book).set_index("offres")
    assert found["nombre"].tolist() == [2, 0, 1, 1, 1, 1]
    assert found["montant"].tolist() == [140, 0, 300, 80, 60, 20]
    assert found["part"].tolist()[:5] == [0.4, 0, 0.2, 0.2, 0.2]
    assert np.isnan(found["part"].iloc[5])
    assert found["part_montant"].iloc[0] == pytest.approx(140 / 580)


def test_called_leaves_out_what_had_no_call(book):
    assert competition.called(book)["uid"].tolist() == list("abdef")


def test_single_offers(book):
    found = competition.single_offers(book).set_index("famille")
    assert found.loc["45", ["nombre", "connus", "offre_unique", "montant_connu", "montant_unique"]].tolist() == [
        3, 3, 2, 440, 140,
    ]  # fmt: skip
    assert found.loc["45", "taux"] == pytest.approx(2 / 3)
    assert found.loc["15", "manquants"] == 1
    assert competition.single_offers(book, "annee")["annee"].tolist() == [2023, 2024, 2025]


def test_small_groups_do_not_lead():
    """One single offer out of one is less sure than thirty out of forty."""
    codes = ["15000000"] + ["45000000"] * 40 + ["71000000"] * 100
    offers = [1] + [1] * 30 + [4] * 10 + [4] * 100
    book = pd.DataFrame({"codeCPV": codes, "offresRecues": pd.array(offers, "Int64"), "montant": 1.0})
    found = competition.single_offers(book).set_index("famille")
    assert found.index.tolist() == ["45", "15", "71"]
    # The others of « 15 »: 30 of 140, which the interval of 1 of 1 (from 0.207) does not leave out.
    assert found["position"].to_dict() == {"45": "au-dessus", "15": "indistinct", "71": "en dessous"}


def test_a_group_is_compared_to_the_others_only():
    """90 of 100 lies above the others' 2 of 10; with itself among them, 92 of 110, it would look like all the rest."""
    offers = [1] * 90 + [2] * 10 + [1] * 2 + [2] * 8
    book = pd.DataFrame(
        {"codeCPV": ["45"] * 100 + ["15"] * 10, "offresRecues": pd.array(offers, "Int64"), "montant": 1.0}
    )
    found = competition.single_offers(book).set_index("famille")["position"]
    assert found.to_dict() == {"45": "au-dessus", "15": "en dessous"}


def test_always_one_offer_is_said():
    offers = [1] * 5 + [1] * 4 + [1] * 5 + [2]
    codes = ["45"] * 5 + ["15"] * 4 + ["71"] * 6
    book = pd.DataFrame({"codeCPV": codes, "offresRecues": pd.array(offers, "Int64"), "montant": 1.0})
    found = competition.single_offers(book).set_index("famille")["toujours_1"]
    assert found.to_dict() == {"45": True, "15": False, "71": False}


def test_concentration(book, suppliers):
    """Family 45: firm 812 has 100 + 2/3 of 300 = 300, firm 675 has 100 + 40 = 140; by number 1 + 2/3 and 1/3 + 1."""
    found = concentration.concentrations(book, suppliers).set_index("famille")
    works = found.loc["45"]
    assert (works["nombre"], works["firmes"], works["sans_titulaire"], works["montant"]) == (3, 2, 0, 440)
    assert works["hhi"] == pytest.approx((300**2 + 140**2) / 440**2 * 1e4)
    assert works["hhi_nombre"] == pytest.approx(((5 / 3) ** 2 + (4 / 3) ** 2) / 9 * 1e4)
    assert works["hhi_marches"] == pytest.approx((100**2 + 3 * 100**2 + 40**2) / 440**2 * 1e4)
    assert (works["part_1"], works["part_5"]) == (pytest.approx(300 / 440), 1)
    assert (works["premier"], works["premier_nom"]) == ("812231132", "Un (fictif)"), "as published most often"
    assert works["classe"] == concentration.TOO_FEW
    food = found.loc["15"]
    assert (food["premier"], food["premier_nom"]) == ("DE814864138", "Identifiant DE814864138")
    lost = found.loc[""]
    assert (lost["nombre"], lost["sans_titulaire"], lost["montant"], lost["firmes"]) == (1, 1, 0, 0)
    assert np.isnan(lost["hhi"])


def _equal(contracts, firms):
    """Contracts of one size, dealt out to firms in turn."""
    uid = [str(i) for i in range(contracts)]
    book = pd.DataFrame(
        {"uid": uid, "codeCPV": "45000000", "montant": 10.0, "dateNotification": pd.Timestamp("2024-05-02")}
    )
    book = book.assign(acheteur_departement=None, acheteur_region=None)
    firm = [f"{i % firms:09d}00011" for i in range(contracts)]
    return book, pd.DataFrame({"uid": uid, "titulaire_id": firm, "titulaire_nom": None})


def test_classes_and_their_cause():
    """Twenty equal contracts, four firms: 2,500, of which equal contracts of twenty firms would make 500."""
    book, who = _equal(20, 4)
    one = concentration.concentrations(book, who).iloc[0]
    assert (one["hhi"], one["hhi_marches"], one["classe"], one["cause"]) == (
        pytest.approx(2500), pytest.approx(500), "Très concentré", "mêmes titulaires",
    )  # fmt: skip
    book.loc[0, "montant"] = 1e6
    large = concentration.concentrations(book, who).iloc[0]
    assert (large["classe"], large["cause"]) == ("Très concentré", "gros marchés")
    few = concentration.concentrations(*_equal(9, 4)).iloc[0]
    assert few["classe"] == concentration.TOO_FEW
    assert pd.isna(few["cause"])
    spread = concentration.concentrations(*_equal(20, 20)).iloc[0]
    assert (spread["classe"], spread["hhi"]) == ("Peu concentré", pytest.approx(500))


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 6)), min_size=1, max_size=30))
def test_the_index_lies_between_its_bounds(rows):
    """Between 10,000 / firms and 10,000; never below what contracts of unequal size alone make."""
    amounts, firms = (pd.Series(x) for x in zip(*rows, strict=True))
    whole = pd.Series(0, index=amounts.index)
    value = concentration.hhi(amounts, firms, whole).iloc[0]
    floor = concentration.hhi(amounts, pd.Series(range(len(rows))), whole).iloc[0]
    assert 1e4 / firms.nunique() <= value * (1 + 1e-12)
    assert floor <= value * (1 + 1e-12)
    assert value <= 1e4 * (1 + 1e-12)


def test_the_order_of_rows_does_not_matter(sample):
    contracts, suppliers = sample
    mixed = contracts.sample(frac=1, random_state=1), suppliers.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(concentration.concentrations(*sample), concentration.concentrations(*mixed))
    pd.testing.assert_frame_equal(competition.single_offers(contracts), competition.single_offers(mixed[0]))


def test_the_sample_against_duckdb(sample, sql):
    contracts, suppliers = sample
    rows = sql.execute(
        """select coalesce(left(codeCPV, 2), '') f, count(*), count(offresRecues),
               count(*) filter (offresRecues = '1'),
               sum(montant::double) filter (offresRecues = '1') from contracts group by f order by f"""
    ).fetchall()
    single = competition.single_offers(contracts).set_index("famille")
    for family, number, known, one, amount in rows:
        assert single.loc[family, ["nombre", "connus", "offre_unique"]].tolist() == [number, known, one]
        assert single.loc[family, "montant_unique"] == pytest.approx(amount or 0)
    assert len(rows) == len(single)
    rows = sql.execute(
        """with members as (select uid, count(*) n from suppliers group by uid),
        firms as (select coalesce(left(codeCPV, 2), '') f,
                case when regexp_full_match(titulaire_id, '[0-9]{14}') then left(titulaire_id, 9)
                     else titulaire_id end firm, sum(montant::double / n) m
            from suppliers join contracts using (uid) join members using (uid) group by f, firm),
        shares as (select f, firm, m / sum(m) over (partition by f) s,
                row_number() over (partition by f order by m desc, firm) r from firms)
        select f, count(*), 10000 * sum(s * s), max(s), sum(s) filter (r <= 5), max(firm) filter (r = 1)
        from shares group by f"""
    ).fetchall()
    found = concentration.concentrations(contracts, suppliers).set_index("famille")
    assert len(rows) == len(found)
    for family, firms, index, first, five, leader in rows:
        row = found.loc[family]
        assert (row["firmes"], row["premier"]) == (firms, leader)
        assert row[["hhi", "part_1", "part_5"]].tolist() == pytest.approx([index, first, five])


def test_empty_tables_give_empty_figures(sample):
    contracts, suppliers = (table.iloc[:0] for table in sample)
    assert competition.offers_distribution(contracts)["nombre"].tolist() == [0] * 6
    for by in groups.KEYS:
        for found in (
            competition.single_offers(contracts, by),
            concentration.concentrations(contracts, suppliers, by),
        ):
            assert len(found) == 0
            assert found.columns[:2].tolist() == [groups.KEYS[by][0], "libelle"]
