"""Red flags, each on a case worked by hand; what comes of the essential data, against DuckDB."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.procurement.cardinal import as_cardinal, cardinal_settings, register
from tikub_lab import tables
from tikub_lab.errors import UsageError
from tikub_lab.procurement.flags.cardinal import ALL, FLAGS, Settings, fence, quantile, red_flags
from tikub_lab.procurement.flags.register import METHODS, from_contracts


def bid(who, amount=None, status="valid", **more):
    value = {} if amount is None else {"value": {"amount": amount, "currency": "EUR"}}
    return {"status": status, "tenderers": [{"id": name} for name in who], **value, **more}


def process(ocid, bids, winner="W", **more):
    return {
        "ocid": ocid,
        "bids": {"details": bids},
        "awards": [{"status": "active", "suppliers": [{"id": winner}]}],
        **more,
    }


def found(releases, *flags, **settings):
    return red_flags(register(releases), Settings(flags=flags, **settings))


def test_r003_counts_whole_days():
    def tender(ocid, end, **more):
        period = {"startDate": "2024-03-01T12:00:00Z", "endDate": end}
        return {"ocid": ocid, "tender": {"tenderPeriod": period, **more}}

    releases = [
        tender("14 days and 23 hours", "2024-03-16T11:00:00Z"),
        tender("15 days", "2024-03-16T12:00:00Z"),
        tender("15 days seen from Paris", "2024-03-16T13:00:00+01:00"),
        tender("no hour", "2024-03-02"),
        tender("urgent", "2024-03-09T12:00:00Z", procurementMethodDetails="Urgence"),
    ]
    assert list(as_cardinal(found(releases, "R003"))["OCID"]) == ["14 days and 23 hours", "urgent"]
    settings = {"r003_procurement_method_details": {"Urgence": 8}}
    result = found(releases, "R003", **settings)
    assert list(as_cardinal(result)["OCID"]) == ["14 days and 23 hours"]
    assert result.coverage[["examines", "manquants"]].to_numpy().tolist() == [[4, 1]]


def test_r024_and_r058_by_hand():
    # Ratios 0.1 (five times), 0.001 and 2: sorted .001 .1 .1 .1 .1 .1 2. Type 8 with n = 7: h = 7.3333 * .25 + .3333
    # = 2.1667, between the second and third: q1 = .1; likewise q3 = .1. So both fences are .1, and equality counts.
    def pair(ocid, second):
        return process(ocid, [bid("W", 1000), bid("L", second), bid("M", second + 500)])

    releases = [pair(f"p{n}", 1100) for n in range(5)] + [pair("close", 1001), pair("far", 3000)]
    result = found(releases, "R024", "R058")
    assert result.meta["R024"] == pytest.approx({"q1": 0.1, "q3": 0.1, "lower_fence": 0.1})
    low = result.table.query("drapeau == 'R024' and groupe == 'OCID'")
    assert set(low["id"]) == {"close", *(f"p{n}" for n in range(5))}
    high = result.table.query("drapeau == 'R058' and groupe == 'OCID'")
    assert set(high["id"]) == {"far", *(f"p{n}" for n in range(5))}
    assert set(result.table.query("drapeau == 'R024' and groupe == 'Tenderer'")["id"]) == {"W", "L"}
    assert set(result.table.query("drapeau == 'R058' and groupe == 'Tenderer'")["id"]) == {"W"}
    only = found(releases, "R024", r024_threshold=0.05).table
    assert only.query("groupe == 'OCID'")[["id", "valeur"]].to_numpy().tolist() == [["close", 0.001]]


def test_margins_leave_out_what_does_not_compare():
    releases = [
        process("winner not lowest", [bid("W", 10), bid("L", 9)]),
        process("joint bid", [bid("W", 10), bid(["L", "M"], 11)]),
        process("no price", [bid("W", 10), bid("L")]),
        process("zero over zero", [bid("W", 0), bid("L", 0)]),
        process("other currency", [bid("W", 10), bid("L", 0) | {"value": {"amount": 11, "currency": "USD"}}]),
        process("lowest of two bids", [bid("W", 12), bid("W", 10), bid("L", 15)]),
    ]
    result = found(releases, "R058", r058_threshold=0.01)
    assert result.table.query("groupe == 'OCID'")[["id", "valeur"]].to_numpy().tolist() == [["lowest of two bids", 0.5]]
    assert result.coverage[["examines", "manquants"]].to_numpy().tolist() == [[1, 5]]


def test_a_winning_bid_of_zero_is_infinitely_below():
    result = found([process("free", [bid("W", 0), bid("L", 5)])], "R058", r058_threshold=1.0)
    assert result.table.loc[0, "valeur"] == np.inf
    assert as_cardinal(result)["OCID"] == {"free": {"R058": None}}  # JSON has no infinity


def test_r025_looks_at_those_who_bid_often():
    # W wins 5 of 5 and V 4 of 4; L loses all of 9, M the one that it tries: L only bids often enough.
    releases = [process(f"a{n}", [bid("W"), bid("L"), bid("L")]) for n in range(5)]
    releases += [process(f"b{n}", [bid("V"), bid("L"), *([bid("M")] if n == 0 else [])], "V") for n in range(4)]
    result = found(releases, "R025", r025_threshold=0.1)
    assert as_cardinal(result) == {"Tenderer": {"L": {"R025": 0.0}}}
    assert len(result.evidence) == 9


def test_r028_compares_groups_of_tenderers():
    releases = [
        process("same", [bid("A", 5), bid("B", 5.0)]),
        process("twice the same group", [bid("AB", 5), bid("BA", 5)]),
        process("a group and one of it", [bid("AB", 5), bid("A", 5)]),
        process("withdrawn", [bid("A", 5), bid("B", 5, "withdrawn")]),
        process("zeros", [bid("A", 0.0), bid("B", -0.0)]),
    ]
    assert set(as_cardinal(found(releases, "R028"))["OCID"]) == {"same", "a group and one of it", "zeros"}


def test_r030_needs_a_late_winner():
    def late(ocid, winner):
        bids = [bid("W", date="2024-05-02T00:00:00Z"), bid("L", date="2024-04-30T00:00:00Z")]
        return process(ocid, bids, winner, tender={"tenderPeriod": {"endDate": "2024-05-01T12:00:00Z"}})

    result = found([late("late", "W"), late("loser late", "L"), process("undated", [bid("W")])], "R030")
    assert as_cardinal(result) == {"OCID": {"late": {"R030": 1.0}}, "Tenderer": {"W": {"R030": 1.0}}}
    assert result.coverage[["examines", "manquants"]].to_numpy().tolist() == [[2, 1]]


def test_r035_and_r036():
    out = [bid("W", 10), bid("L", 8, "disqualified"), bid("M", 12, "disqualified")]
    dearer = [bid("W", 10), bid("L", 12, "disqualified")]
    pending = process("pending", out)
    pending["awards"].append({"status": "pending"})
    result = found([process("both", out), process("dearer", dearer), pending], "R035", "R036")
    assert as_cardinal(result)["OCID"] == {
        "both": {"R035": 2.0, "R036": 1.0}, "dearer": {"R035": 1.0}, "pending": {"R036": 1.0},
    }  # fmt: skip
    assert "dearer" not in as_cardinal(found([process("dearer", dearer)], "R035", r035_threshold=2)).get("OCID", {})


def test_r038_of_each_group():
    # Six buyers with 1 bid of 10 out, one with 9 of 10: fence .1, and all reach it; above .5 only the severe one does.
    releases = []
    for number in range(7):
        out = 9 if number == 6 else 1
        bids = [bid(f"{number}{n}", status="disqualified" if n < out else "valid") for n in range(10)]
        bids = [{**item, "tenderers": [{"id": f"T{number}"}]} for item in bids]
        releases.append({"ocid": str(number), "buyer": {"id": f"B{number}"}, "bids": {"details": bids},
                         "tender": {"procuringEntity": {"id": f"P{number}"}}})  # fmt: skip
    result = as_cardinal(found(releases, "R038", r038_threshold=0.5))
    assert result == {group: {f"{name}6": {"R038": 0.9}} for group, name in
                      (("Buyer", "B"), ("ProcuringEntity", "P"), ("Tenderer", "T"))}  # fmt: skip
    assert len(as_cardinal(found(releases, "R038"))["Buyer"]) == 7
    assert (
        as_cardinal(found(releases, "R038", r038_minimum_contracting_processes=11, r038_minimum_submitted_bids=11))
        == {}
    )


def test_cancelled_and_excluded_processes_count_nowhere():
    lone = {"procurementMethod": "open", "numberOfTenderers": 1}
    cancelled, excluded = {"status": "cancelled"}, {"procurementMethodDetails": "EXC"}
    releases = [{"ocid": ocid, "tender": lone | more} for ocid, more in (("a", cancelled), ("b", excluded), ("c", {}))]
    result = found(releases, "R018", excluded_procurement_method_details=("EXC",))
    assert as_cardinal(result) == {"OCID": {"c": {"R018": 1.0}}}


def test_nothing_gives_nothing():
    result = red_flags(register([]))
    assert list(result.table.columns) == ["groupe", "id", "drapeau", "valeur"]
    assert result.table.empty
    assert result.evidence.empty
    assert result.coverage["examines"].sum() == 0
    assert as_cardinal(result) == {}


def test_words_are_there_for_each_flag():
    assert tuple(FLAGS["drapeau"]) == ALL
    assert not FLAGS.isna().any(axis=None)
    assert all(FLAGS["innocent"].str.len() > 60)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"R3": {}}, ["'R3'", "R003"]),
        ({"R048": {"digit": 2}}, ["R048", "'digit'", "digits"]),
        ({"R003": {"threshold": "soon"}}, ["r003_threshold", "'soon'"]),
        ({"R048": {"digits": -1}}, ["r048_digits", "-1"]),
        ({"R028": {"threshold": 1}}, ["R028", "none"]),
    ],
)
def test_wrong_settings_are_refused(sections, words):
    with pytest.raises(UsageError) as error:
        cardinal_settings(sections)
    assert all(word in str(error.value) for word in words)


def test_an_unknown_flag_is_refused():
    with pytest.raises(UsageError, match="R018"):
        Settings(flags=("R18",))


# Quantiles, fences, groups


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(0, 1))
def test_quantile_is_numpys_type_8(values, share):
    expected = np.quantile(values, share, method="median_unbiased")
    assert quantile(np.array(values), share) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_fence_is_near_the_plain_sum(start, low, high):
    assert fence(start, low, high, 1.5) == pytest.approx(start + 1.5 * (high - low), abs=1e-9)


# The essential data


def test_every_procedure_of_the_list_has_a_method(root):
    from tikub_lab.procurement.codes import CODES

    assert set(METHODS) == set(CODES["procedure"])


@pytest.mark.parametrize("least", [2, 5])
def test_flags_of_contracts_agree_with_sql(least):
    """R018 and R048 of the shipped sample, counted by DuckDB from the tables themselves."""
    contracts, suppliers = tables.load("procurement/contracts"), tables.load("procurement/suppliers")
    settings = Settings(flags=("R018", "R048"), r048_minimum_contracting_processes=least)
    table = red_flags(from_contracts(contracts, suppliers), settings).table
    single = duckdb.sql("""SELECT uid FROM contracts WHERE offresRecues = 1 AND procedure IS NOT NULL
        AND procedure NOT LIKE 'Marché passé sans publicité%'""").fetchall()  # fmt: skip
    assert set(table.query("drapeau == 'R018'")["id"]) == {uid for (uid,) in single}
    assert len(single) > 50
    families = duckdb.sql(f"""
        WITH alone AS (SELECT uid FROM suppliers GROUP BY uid HAVING count(*) = 1),
        firms AS (SELECT CASE WHEN regexp_full_match(titulaire_id, '[0-9]{{14}}') THEN left(titulaire_id, 9)
            ELSE titulaire_id END AS firm, left(codeCPV, 2) AS family
            FROM suppliers JOIN alone USING (uid) JOIN contracts USING (uid) WHERE codeCPV IS NOT NULL)
        SELECT firm, count(DISTINCT family) FROM firms GROUP BY firm HAVING count(*) >= {least}""").fetchall()
    counts = dict(families)
    q1, q3 = np.quantile(list(counts.values()), [0.25, 0.75], method="median_unbiased")
    expected = {firm: n for firm, n in counts.items() if n >= q3 + 1.5 * (q3 - q1) - 1e-9}
    flagged = table.query("drapeau == 'R048'")
    assert dict(zip(flagged["id"], flagged["valeur"], strict=True)) == expected


def test_missing_fields_of_contracts_are_counted():
    book = pd.DataFrame({"uid": ["a", "b"], "acheteur_id": ["1", "1"], "codeCPV": [None, "45210000"],
                         "procedure": pd.Categorical(["Procédure adaptée", None]),
                         "offresRecues": pd.array([None, 1], "Int64")})  # fmt: skip
    who = pd.DataFrame({"uid": ["a", "b", "b"], "titulaire_id": ["x", "y", "z"]})
    result = red_flags(from_contracts(book, who), Settings(flags=("R018", "R048")))
    assert result.table.empty
    assert result.coverage[["examines", "manquants"]].to_numpy().tolist() == [[0, 1], [0, 2]]
    empty = red_flags(from_contracts(book.iloc[:0], who.iloc[:0]))
    assert empty.table.empty
