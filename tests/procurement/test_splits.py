"""Needs that may have been split: cases worked by hand, the planted ones of the sample, and the same search in SQL."""

from itertools import pairwise

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.make.procurement import planted_splits, sample
from tikub_lab import tables
from tikub_lab.errors import UsageError
from tikub_lab.procurement.splits import COLUMNS, evidence, split_needs
from tikub_lab.procurement.splits_purchases import candidates
from tikub_lab.procurement.thresholds import in_force
from tikub_lab.tables.frames import typed
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.schema import read_schema
from tikub_lab.use_cases import readers

A, B = "90000001900019", "90000002700012"
"""Two invented firms."""


@pytest.fixture(scope="module")
def book(root):
    """Make the two tables from short rows: day, euros, firm, and what differs from a plain purchase of milk."""
    schemas = [read_schema(root / "data" / "schemas" / "procurement" / f"{n}.json") for n in ("contracts", "suppliers")]

    def make(*rows):
        contracts = pd.DataFrame(
            [
                {
                    "uid": f"u{n}", "id": f"{n}", "acheteur_id": "23350001600040", "acheteur_nom": "Acheteur (fictif)",
                    "nature": "Marché", "objet": f"Achat {n} (fictif)", "codeCPV": "15500000-3",
                    "procedure": "Procédure adaptée", "dateNotification": pd.Timestamp(day), "montant": euros,
                    **dict(*more),
                }
                for n, (day, euros, _, *more) in enumerate(rows)
            ],
            columns=None if rows else ["uid"],
        )  # fmt: skip
        members = [(f"u{n}", one) for n, row in enumerate(rows) for one in (row[2] or "").split("+") if one]
        suppliers = pd.DataFrame(members, columns=["uid", "titulaire_id"])
        missing = {name: None for name in schemas[0].names if name not in contracts}
        contracts = contracts.assign(**missing)[list(schemas[0].names)]
        suppliers = suppliers.assign(**{name: None for name in schemas[1].names if name not in suppliers})
        return typed(contracts, schemas[0]), typed(suppliers[list(schemas[1].names)], schemas[1])

    return make


def found(book, *rows, **options):
    """Who is suspected: strength, threshold, contracts."""
    needs = split_needs(*book(*rows), **options)
    return [(n.force, n.seuil, n.uids) for n in needs.itertuples()]


# In 2024 and 2025 milk is dispensed below 40,000 € and comes under formal procedures from 221,000 €.
TWICE = [("2024-01-15", 30_000, A), ("2024-06-03", 20_000, A)]


def test_a_need_bought_in_two_times(book):
    contracts, suppliers = book(*TWICE)
    needs = split_needs(contracts, suppliers)
    assert needs.columns.tolist() == list(COLUMNS)
    need = needs.iloc[0].to_dict()
    assert (need["nombre"], need["montant"], need["fois_seuil"], need["plus_grand"]) == (2, 50_000, 1.25, 30_000)
    assert (need["debut"], need["fin"]) == (pd.Timestamp("2024-01-15"), pd.Timestamp("2024-06-03"))
    assert (need["famille"], need["nature"], need["titulaire"]) == ("155", "fournitures", "900000019")
    assert (
        need["seuil_version"].replace("\u202f", " ") == "seuil au 1er janvier 2020 (décret n° 2019-1344, 40 000 € HT)"
    )
    assert (need["acheteur_nom"], need["titulaire_nom"]) == ("Acheteur (fictif)", "SIREN 900000019")
    assert need["libelle"].startswith("Produits alimentaires")
    assert "accord-cadre" in need["faux_si"]
    listed = evidence(needs.iloc[0], contracts)
    assert listed["cumul"].tolist() == [30_000, 50_000]
    assert listed["part"].tolist() == [0.75, 0.5]


@pytest.mark.parametrize(
    ("second", "suspected"),
    [
        ("2025-01-14", True),  # the eve of the same day a year later: still twelve months
        ("2025-01-15", False),
    ],
)
def test_the_window_is_twelve_months_from_its_first_purchase(book, second, suspected):
    assert bool(found(book, TWICE[0], (second, 20_000, A))) == suspected


@pytest.mark.parametrize(("second", "suspected"), [("2025-02-28", True), ("2025-03-01", False)])
def test_a_window_that_begins_on_a_leap_day_ends_with_february(book, second, suspected):
    assert bool(found(book, ("2024-02-29", 30_000, A), (second, 20_000, A))) == suspected


def test_the_sum_must_reach_the_threshold_and_each_stay_below(book):
    assert found(book, TWICE[0], ("2024-06-03", 10_000, A)) == [("forte", "dispense", "u0|u1")]
    assert found(book, TWICE[0], ("2024-06-03", 9_999, A)) == []
    assert found(book, TWICE[0], ("2024-06-03", 40_000, A)) == []


def test_firms_decide_of_the_strength(book):
    assert found(book, TWICE[0], ("2024-06-03", 20_000, B)) == [("faible", "dispense", "u0|u1")]
    # 36,000 € is a tenth below 40,000 €: one of two is half of them.
    assert found(book, ("2024-01-15", 36_000, A), (*TWICE[1][:2], B)) == [("moyenne", "dispense", "u0|u1")]
    other_site = A[:9] + "00027"
    assert found(book, TWICE[0], ("2024-06-03", 20_000, other_site)) == [("forte", "dispense", "u0|u1")]
    group = f"{B}+{A}"
    assert found(book, ("2024-01-15", 30_000, f"{A}+{B}"), ("2024-06-03", 20_000, group))[0][0] == "forte"
    assert found(book, TWICE[0], ("2024-06-03", 20_000, group))[0][0] == "faible"
    assert found(book, ("2024-01-15", 30_000, None), ("2024-06-03", 20_000, None))[0][0] == "faible"


def test_the_formal_threshold_comes_first(book):
    rows = [("2024-01-15", 150_000, A), ("2024-03-04", 30_000, A), ("2024-06-03", 90_000, A)]
    assert found(book, *rows) == [("forte", "formalisee", "u0|u1|u2")]


def test_training_never_reaches_the_formal_threshold(book):
    """R2123-1, 3°: two contracts of training with one firm, by the procedure that the law has for them."""
    rows = [("2026-02-02", 150_000, A), ("2026-05-04", 160_000, A)]
    assert found(book, *((*row, {"codeCPV": "80530000-8"}) for row in rows)) == []
    assert found(book, *((*row, {"codeCPV": "79411000-8"}) for row in rows)) == [("forte", "formalisee", "u0|u1")]
    small = [("2026-02-02", 30_000, A), ("2026-03-02", 25_000, A)]
    assert found(book, *((*row, {"codeCPV": "80530000-8"}) for row in small)) == [("forte", "dispense", "u0|u1")]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"nature": "Accord-cadre"}, "accord-cadre"),
        ({"techniques": "Accord-cadre|Catalogue électronique"}, "accord-cadre"),
        ({"modalitesExecution": "Bons de commande"}, "accord-cadre"),
        ({"nature": "Marché subséquent"}, "marché subséquent"),
        ({"idAccordCadre": "2023-01"}, "marché subséquent"),
        ({"techniques": "Système d'acquisition dynamique"}, "système d'acquisition dynamique"),
        ({"procedure": "Appel d'offres ouvert"}, "procédure formalisée"),
        ({"nature": "Marché de défense ou de sécurité"}, "marché de défense ou de sécurité"),
        ({"codeCPV": None}, "code CPV absent ou inconnu"),
        ({"montant": None}, "montant absent"),
        ({"dateNotification": pd.NaT}, "date de notification absente"),
    ],
)
def test_what_is_left_out_is_counted(book, change, why):
    rows = [TWICE[0], (*TWICE[1], change)]
    assert found(book, *rows) == []
    assert sorted(candidates(*book(*rows)[:2])["motif"]) == ["", why]


def test_other_buyers_families_and_innovative_purchases_do_not_add_up(book):
    assert found(book, TWICE[0], (*TWICE[1], {"acheteur_id": "21350238800019"})) == []
    assert found(book, TWICE[0], (*TWICE[1], {"codeCPV": "15600000-4"})) == []
    assert found(book, TWICE[0], (*TWICE[1], {"codeCPV": "15600000-4"}), digits=2) == [("forte", "dispense", "u0|u1")]
    assert found(book, TWICE[0], (*TWICE[1], {"marcheInnovant": True})) == []


DIRECT = {"procedure": "Marché passé sans publicité ni mise en concurrence préalable"}


@pytest.mark.parametrize(
    ("days", "subjects", "more", "suspected"),
    [
        (("01-15", "01-15"), ("Lait", "Beurre"), {}, False),  # one day
        (("01-15", "01-22"), ("Lait", "Lait"), {}, False),  # one subject within a week
        (("01-15", "01-23"), ("Lait", "Lait"), {}, True),
        (("01-15", "01-22"), ("Lait", "Beurre"), {}, True),
        (("01-15", "01-22"), ("Vivres LOT1 lait", "Denrées, lot n°2"), {}, False),  # lots within a week
        (("01-15", "04-15"), ("Vivres - lot 1 : lait", "Vivres - Lot n° 2"), {}, False),  # lots of one subject
        (("01-15", "06-15"), ("Vivres - lot 1 : lait", "Vivres - lot 2"), {}, True),  # five months apart
        (("01-15", "04-15"), ("Le lotissement", "Le lotissement"), {}, True),
        (("01-15", "01-15"), ("Lait", "Beurre"), DIRECT, True),  # one day, but no procedure that they could share
    ],
)
def test_lots_of_one_procedure_are_lawful(book, days, subjects, more, suspected):
    rows = [
        (f"2024-{day}", euros, A, {"objet": text, **more})
        for day, euros, text in zip(days, (30_000, 20_000), subjects, strict=True)
    ]
    assert bool(found(book, *rows)) == suspected


def test_lots_below_the_threshold_stay_purchases(book):
    """Two lots of a day make 30,000 €; a third purchase in June brings them above 40,000 €."""
    rows = [("2024-01-15", 18_000, A), ("2024-01-15", 12_000, A), ("2024-06-03", 15_000, A)]
    assert found(book, *rows) == [("forte", "dispense", "u0|u1|u2")]


def test_a_small_lot_of_a_formal_procedure_is_no_evidence(book):
    formal = ("2024-01-15", 300_000, B, {"procedure": "Appel d'offres ouvert"})
    assert found(book, TWICE[0], formal, TWICE[1]) == []


def test_what_is_published_twice_counts_once(book):
    rows = [("2024-01-15", 30_000, A, DIRECT), ("2024-01-15", 30_000, A, DIRECT)]
    assert found(book, *rows) == []
    assert (candidates(*book(*rows)[:2])["motif"] == "").tolist().count(True) == 1


def test_works_of_several_firms_add_up_only_in_one_place(book):
    def works(place):
        return {"codeCPV": "45214200-2", "lieuExecution_code": place, "lieuExecution_typeCode": "Code commune"}

    rows = [("2024-01-15", 60_000, A, works("35238")), ("2024-06-03", 50_000, B, works("35238"))]
    assert found(book, *rows) == [("faible", "dispense", "u0|u1")]
    assert found(book, rows[0], (*rows[1][:3], works("29232"))) == []
    assert found(book, rows[0], ("2024-06-03", 50_000, A, works("29232")))[0][0] == "forte"


@pytest.mark.parametrize(
    ("first", "second", "threshold", "suspected"),
    [
        # The threshold of supplies rises from 40,000 to 60,000 € on 1 April 2026; that of the first purchase counts.
        (("2026-03-31", 30_000), ("2026-04-01", 20_000), 40_000, True),
        (("2026-03-31", 30_000), ("2026-04-01", 45_000), None, False),  # the second alone is above the first's
        (("2026-04-01", 30_000), ("2026-06-01", 29_000), None, False),
        (("2026-04-01", 30_000), ("2026-06-01", 30_000), 60_000, True),
        (("2025-12-31", 39_000), ("2026-01-01", 1_000), 40_000, True),
    ],
)
def test_the_version_of_the_first_purchase_counts(book, first, second, threshold, suspected):
    needs = split_needs(*book((*first, A), (*second, A)))
    assert needs["seuil_montant"].tolist() == ([threshold] if suspected else [])


def test_what_a_window_leaves_out(book):
    """The same day a year later; what is not below the threshold of the first purchase, which has risen since."""
    assert found(book, *TWICE, ("2025-01-15", 5_000, A)) == [("forte", "dispense", "u0|u1")]
    rows = [("2026-03-31", 30_000, A), ("2026-04-01", 40_000, A), ("2026-05-04", 10_000, A)]
    assert found(book, *rows) == [("forte", "dispense", "u0|u2")]


def test_a_firm_is_named_only_where_every_purchase_has_it(book):
    needs = split_needs(*book(TWICE[0], (*TWICE[1][:2], None)))
    assert needs["force"].tolist() == ["faible"]
    assert needs[["titulaire", "titulaire_nom"]].isna().all(axis=None)


def test_needs_in_order(book):
    """The strongest first, then the largest, then by their contracts."""
    other = [{"codeCPV": f"{code}00000-0"} for code in ("156", "331", "391")]
    rows = [(day, euros, who, more) for more, firms, amounts in (
        ({}, (A, B), (39_000, 39_000)), (other[0], (A, A), (30_000, 20_000)), (other[1], (A, A), (30_000, 30_000)),
        (other[2], (A, A), (20_000, 30_000)),
    ) for day, euros, who in zip(("2024-01-15", "2024-02-14"), amounts, firms, strict=True)]  # fmt: skip
    expected = ["u4|u5", "u2|u3", "u6|u7", "u0|u1"]
    assert [uids for _, _, uids in found(book, *rows)] == expected
    assert split_needs(*book(*rows))["montant"].tolist() == [60_000, 50_000, 50_000, 78_000]


def test_windows_do_not_overlap(book):
    """Hand-worked: 39, 30, 20, 35 and 38 thousand euros in January, May 2024, then March, July and December 2025.

    The window from March 2025 has 93, from July 73, from January 2024 69, from May 2024 50: March's goes first. What is
    left of January and May 2024 makes 69.
    """
    rows = [("2024-01-15", 39_000, A), ("2024-05-15", 30_000, A), ("2025-03-17", 20_000, A), ("2025-07-15", 35_000, A)]
    rows.append(("2025-12-15", 38_000, A))
    assert found(book, *rows) == [("forte", "dispense", "u2|u3|u4"), ("forte", "dispense", "u0|u1")]


def test_no_contract_at_all(book):
    contracts, suppliers = book(*TWICE)
    needs = split_needs(contracts.iloc[:0], suppliers.iloc[:0])
    assert needs.empty
    pd.testing.assert_series_equal(needs.dtypes, split_needs(contracts, suppliers).dtypes)


def test_errors(book):
    contracts, suppliers = book(*TWICE)
    with pytest.raises(UsageError, match="digits=1: a family is the first 2 to 8 digits"):
        split_needs(contracts, suppliers, digits=1)
    with pytest.raises(UsageError, match="has 2 contracts, of which the table given has 1"):
        evidence(split_needs(contracts, suppliers).iloc[0], contracts.iloc[:1])


purchase = st.tuples(
    st.integers(0, 1200), st.sampled_from([9_000, 24_000, 39_999, 40_000, 120_000, 250_000]), st.sampled_from([A, B])
)


@pytest.mark.proof
@settings(max_examples=40)
@given(st.lists(purchase, max_size=14))
def test_each_need_keeps_the_definition_and_none_is_forgotten(book, drawn):
    """By force on random books of one family: what is reported is a split, and what is left has none."""
    start = pd.Timestamp("2023-03-01")
    rows = [(start + pd.Timedelta(days=day), euros, who) for day, euros, who in drawn]
    contracts, suppliers = book(*rows)
    needs = split_needs(contracts, suppliers)
    usable = set(candidates(contracts, suppliers).query("motif == ''")["uid"])
    used = [uid for uids in needs["uids"] for uid in uids.split("|")]
    assert len(used) == len(set(used))
    assert set(used) <= usable
    by_uid = contracts.set_index("uid")
    for need in needs.itertuples():
        part = by_uid.loc[need.uids.split("|")]
        assert part["dateNotification"].is_monotonic_increasing
        assert part["dateNotification"].iloc[-1] < part["dateNotification"].iloc[0] + pd.DateOffset(years=1)
        assert part["montant"].max() < need.seuil_montant <= part["montant"].sum() == need.montant
    left = by_uid.loc[sorted(usable - set(used))]
    left = left.assign(who=suppliers.set_index("uid")["titulaire_id"]).sort_values("dateNotification")
    # Only purchases of different days, so that none is taken for a lot, and below the smaller threshold.
    days = by_uid["dateNotification"]
    for _, group in left[~left["dateNotification"].isin(days[days.duplicated(keep=False)])].groupby("who"):
        for day, euros in zip(group["dateNotification"], group["montant"], strict=True):
            inside = group[group["dateNotification"].between(day, day + pd.DateOffset(years=1), inclusive="left")]
            small = inside[inside["montant"] < 40_000]
            assert euros >= 40_000 or len(small) < 2 or small["montant"].sum() < 40_000


FEW = [(1, 1), (0.5, 11)]
SEEDS = [(1, seed) for seed in range(1, 11)] + [(0.5, 11), (3, 1)]


@pytest.fixture(scope="module", params=[FEW, pytest.param(SEEDS, marks=pytest.mark.proof)], ids=["few", "all"])
def judged(request):
    """Planted needs and strong suspicions of several samples, as sets of contracts."""
    results = []
    for scale, seed in request.param:
        made = sample(scale, seed, essential=True)
        contracts = made["procurement/contracts"]
        needs = split_needs(contracts, made["procurement/suppliers"])
        strong = needs.loc[needs["force"] == "forte", "uids"]
        planted = planted_splits(scale, seed)["uids"]
        families = (contracts["acheteur_id"] + contracts["codeCPV"].str[:3]).nunique()
        results.append(([set(u.split("|")) for u in planted], [set(u.split("|")) for u in strong], families))
    return results


def test_planted_needs_are_found(judged):
    """Recall: planted needs of which one suspicion lists more than half of the contracts."""
    hits = [max((len(p & s) for s in strong), default=0) * 2 > len(p) for planted, strong, _ in judged for p in planted]
    assert len(hits) in {12 + 6, 10 * 12 + 6 + 36}
    assert np.mean(hits) >= 0.95


def test_false_alarms_are_few(judged):
    """Strong suspicions without a planted contract, as a share of all strong ones and of the honest families."""
    false = [sum(not any(s & p for p in planted) for s in strong) for planted, strong, _ in judged]
    reported = sum(len(strong) for _, strong, _ in judged)
    honest = sum(families - len(planted) for planted, _, families in judged)
    assert sum(false) <= 0.05 * reported
    assert sum(false) <= 0.001 * honest
    assert max(false) <= 1  # in no sample more than one


def test_the_formal_threshold_by_sql():
    """Buyers, families and firms with a window at or above the formal threshold, by a join of the table with itself."""
    contracts, suppliers = tables.load("procurement/contracts"), tables.load("procurement/suppliers")
    needs = split_needs(contracts, suppliers)
    part = candidates(contracts, suppliers).assign(seuil=in_force(contracts, "formalisee")["seuil_montant"])
    part["objet"], part["procedure"] = contracts["objet"], contracts["procedure"].astype("str")
    sql = duckdb.connect()
    sql.register("c", part.drop(columns="nature"))
    rows = sql.execute(
        """
        with lots as (  -- one day, or one subject in a week that follows: pairs are enough here, the sample has no lots
            select a.uid, sum(b.montant) total from c a join c b on a.acheteur_id = b.acheteur_id
            and a.famille = b.famille and b.motif in ('', 'procédure formalisée')
            and (a.dateNotification = b.dateNotification
                 or (a.objet = b.objet and abs(date_diff('day', a.dateNotification, b.dateNotification)) <= 7))
            group by a.uid having count(*) > 1 and sum(b.montant) >= any_value(a.seuil)),
        ok as (select * from c where motif = '' and montant < seuil and titulaire is not null
               and uid not in (select uid from lots))
        select distinct a.acheteur_id || a.famille || a.titulaire
        from ok a join ok b on a.acheteur_id = b.acheteur_id and a.famille = b.famille and a.titulaire = b.titulaire
            and b.dateNotification >= a.dateNotification and b.dateNotification < a.dateNotification + interval 1 year
        group by a.uid, a.acheteur_id, a.famille, a.titulaire
        having sum(b.montant) >= any_value(a.seuil) and count(distinct b.dateNotification) > 1"""
    ).fetchall()
    strong = needs[(needs["force"] == "forte") & (needs["seuil"] == "formalisee")]
    assert {row[0] for row in rows} == set(strong["acheteur_id"] + strong["famille"] + strong["titulaire"])
    assert len(strong) == len(rows) > 0


def test_real_publications(opendata, tmp_path, root):
    """On 5,842 real contracts of works: every need keeps the definition, and the counts add up."""
    path = opendata / "procurement" / "decp_tabular_2024H2_travaux_cpv4521.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not among the real open data")
    import_files([path], tmp_path / "package", readers(), schemas=root / "data" / "schemas")
    contracts = tables.load("procurement/contracts", tmp_path / "package")
    suppliers = tables.load("procurement/suppliers", tmp_path / "package")
    needs = split_needs(contracts, suppliers)
    amounts = contracts.set_index("uid")["montant"]
    for need in needs.itertuples():
        part = amounts[need.uids.split("|")]
        assert need.nombre == len(part) > 1
        assert part.max() < need.seuil_montant <= part.sum()
    assert all(before >= after for before, after in pairwise(needs.query("force == 'forte'")["montant"]))
