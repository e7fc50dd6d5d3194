"""Where to act: a book worked by hand, and the sample against SQL and against what its generator planted."""

import duckdb
import pandas as pd
import pytest

from data.make.procurement import planted_splits
from tikub_lab import procurement, tables
from tikub_lab.procurement import decisions
from tikub_lab.procurement.decisions import COMPETE, GREEN, GROUP

TODAY = "2025-12-31"


@pytest.fixture(scope="module")
def sample():
    return tuple(tables.load(f"procurement/{name}") for name in ("contracts", "suppliers", "amendments"))


@pytest.fixture(scope="module")
def plan(sample):
    contracts, suppliers, amendments = sample
    return procurement.launches(procurement.ends(contracts, amendments, TODAY, suppliers), TODAY)


@pytest.fixture(scope="module")
def advices(sample, plan):
    contracts, suppliers, _ = sample
    return {
        "weak": procurement.weak_competition(contracts, suppliers, TODAY),
        "split": procurement.split_advice(procurement.split_needs(contracts, suppliers), TODAY),
        "apart": procurement.bought_apart(contracts, TODAY),
        "green": procurement.to_green(contracts, plan, TODAY),
    }


def test_the_contracts_of_an_advice_are_there_and_add_up(sample, advices):
    amount = sample[0].set_index("uid")["montant"]
    for name, found in advices.items():
        assert list(found.columns) == list(decisions.COLUMNS)
        assert len(found) > 1, name
        for row in found.to_dict("records"):
            uids = row["uids"].split("|")
            assert len(set(uids)) == row["marches"]
            held = name == "weak" and " a " in row["preuve"].split("%")[0]  # what one firm has of them
            total = amount[uids].sum()
            shared = held and row["montant"] < total  # a contract held jointly counts by its part
            assert shared or row["montant"] == pytest.approx(total)


def test_what_is_at_stake_in_a_year(advices, plan):
    """A third of three years; what was given within one; what contracts cost in a year of their length."""
    assert (advices["weak"]["enjeu"] * 3).tolist() == pytest.approx(advices["weak"]["montant"].tolist())
    for name in ("split", "apart"):
        assert advices[name]["enjeu"].tolist() == advices[name]["montant"].tolist()
    found = advices["green"]["uids"].str.split("|").explode().rename("uid").reset_index()  # noqa: F841
    yearly = duckdb.sql("""
        SELECT sum(montant / greatest(duree / 12.0, 1)) FROM found JOIN plan USING (uid) GROUP BY index ORDER BY index
    """).fetchall()
    assert advices["green"]["enjeu"].tolist() == pytest.approx([stake for (stake,) in yearly])


def test_single_offers_by_sql(sample, advices):
    contracts = sample[0]
    found = advices["weak"][advices["weak"]["preuve"].str.startswith("Une seule offre")].set_index("famille")
    expected = duckdb.sql("""
        SELECT codeCPV[:2] AS famille, count(*) FILTER (offresRecues = 1) AS une, count(offresRecues) AS connus,
            sum(montant) FILTER (offresRecues = 1) AS montant
        FROM contracts
        WHERE dateNotification > DATE '2022-12-31' AND dateNotification <= DATE '2025-12-31'
            AND procedure <> 'Marché passé sans publicité ni mise en concurrence préalable'
        GROUP BY ALL
    """).df()
    expected = expected.set_index("famille").loc[found.index]
    assert found["marches"].tolist() == expected["une"].tolist()
    assert found["montant"].tolist() == pytest.approx(expected["montant"].tolist())
    for family, row in expected.iterrows():
        assert f"{row['une']:.0f} marchés sur {row['connus']:.0f}" in found.loc[family, "preuve"]
    rest = (expected["une"] / expected["connus"]).min()
    assert rest > contracts["offresRecues"].eq(1).sum() / contracts["offresRecues"].notna().sum()


def test_what_several_buyers_buy_apart_by_sql(sample, advices):
    contracts = sample[0]
    assert contracts["techniques"].isna().any()
    expected = duckdb.sql("""
        SELECT codeCPV[:3] AS famille, count(*) AS marches, sum(montant) AS montant,
            count(DISTINCT acheteur_id) AS acheteurs
        FROM contracts
        WHERE dateNotification > DATE '2024-12-31' AND dateNotification <= DATE '2025-12-31' AND idAccordCadre IS NULL
            AND NOT contains(coalesce(techniques, ''), 'Accord-cadre') AND codeCPV[:2] <> '45' AND montant < 221000
        GROUP BY ALL HAVING count(DISTINCT acheteur_id) >= 3 AND sum(montant) >= 221000
        ORDER BY famille
    """).df()
    found = advices["apart"].sort_values("famille")
    assert found["famille"].tolist() == expected["famille"].tolist()
    assert found["marches"].tolist() == expected["marches"].tolist()
    assert found["montant"].tolist() == pytest.approx(expected["montant"].tolist())
    assert found["preuve"].str.extract(r"^(\d+) acheteurs")[0].astype(int).tolist() == expected["acheteurs"].tolist()


def test_planted_splits_are_among_the_advices(sample, advices):
    planted = planted_splits()
    every = procurement.split_advice(procurement.split_needs(*sample[:2]))
    said = set("|".join(every["uids"]).split("|"))
    found = [len(said & set(uids.split("|"))) > uids.count("|") / 2 for uids in planted["uids"]]
    assert len(planted) == 12
    assert sum(found) >= 0.95 * len(planted)
    recent = every[every["uids"].isin(advices["split"]["uids"])]
    assert 0 < len(recent) < len(every)


def test_green_says_nothing_of_contracts_that_say_nothing_or_have_one(sample, advices):
    contracts = sample[0].set_index("uid")
    uids = "|".join(advices["green"]["uids"]).split("|")
    assert set(contracts.loc[uids, "considerationsEnvironnementales"]) == {"Pas de considération environnementale"}
    assert len(uids) == len(set(uids))


def contract(**changes):
    base = {
        "uid": "a", "id": "1", "acheteur_id": "1", "acheteur_nom": "Un (fictif)", "codeCPV": "30200000",
        "montant": 100_000.0, "dateNotification": pd.Timestamp("2025-06-02"), "techniques": None,
        "idAccordCadre": None, "nature": "Marché", "modalitesExecution": None, "objet": "Ordinateurs, lot 1",
        "procedure": "Procédure adaptée",
        "considerationsEnvironnementales": None, "considerationsSociales": None,
    }  # fmt: skip
    return base | changes


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 1),
        ({"acheteur_id": "2"}, 0),  # two buyers only
        ({"techniques": "Accord-cadre"}, 0),
        ({"modalitesExecution": "Marchés subséquents"}, 0),
        ({"idAccordCadre": "x"}, 0),
        ({"nature": "Marché subséquent"}, 0),  # as of 2019, without the number of its agreement
        ({"codeCPV": "45000000"}, 0),
        ({"codeCPV": None}, 0),
        ({"montant": 221_000.0}, 0),  # at the threshold of formal procedures: not below
        ({"montant": 20_999.0}, 0),  # the sum stays below it
        ({"montant": 21_000.0}, 1),
        ({"dateNotification": pd.Timestamp("2024-12-31")}, 0),  # a year and a day ago
        ({"dateNotification": pd.Timestamp("2026-01-01")}, 0),
    ],
)
def test_bought_apart_by_hand(changes, count):
    third = contract(**{"uid": "c", "acheteur_id": "3", **changes})
    rows = [contract(uid="a"), contract(uid="b", acheteur_id="2"), third]
    found = decisions.bought_apart(pd.DataFrame(rows), TODAY)
    assert len(found) == count
    if count:
        assert found["uids"].iloc[0] == "a|b|c"
        assert "« Ordinateurs »" in found["preuve"].iloc[0]


def test_order_and_leading(advices):
    order = procurement.where_to_act(*advices.values())
    assert order["rang"].tolist() == list(range(1, len(order) + 1))
    assert order["enjeu"].is_monotonic_decreasing
    assert len(order) == sum(map(len, advices.values()))
    first = procurement.leading(order)
    assert first["action"].value_counts().to_dict() == dict.fromkeys((COMPETE, GROUP, GREEN), 3)
    assert first["rang"].is_monotonic_increasing


def test_nothing_to_say(advices):
    none = tables.load("procurement/contracts").head(0), tables.load("procurement/suppliers").head(0)
    plan = procurement.launches(procurement.ends(none[0], tables.load("procurement/amendments").head(0), TODAY), TODAY)
    empty = {
        "weak": procurement.weak_competition(*none, TODAY),
        "split": procurement.split_advice(procurement.split_needs(*none)),
        "apart": procurement.bought_apart(none[0], TODAY),
        "green": procurement.to_green(none[0], plan, TODAY),
    }
    for name, found in empty.items():
        assert len(found) == 0
        assert found.dtypes.equals(advices[name].dtypes), name
