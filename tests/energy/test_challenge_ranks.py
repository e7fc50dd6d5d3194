"""Ranks: by hand, against a plain reckoning of Holm's procedure, and by challenges whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from tikub_lab.energy.challenge.order import pairs, place, ranks

SIZES = (33, 21, 15, 15, 14, 12, 5)
"""Groups of the sample's lycées."""


def book(values, errors, free=30.0, group="A"):
    return pd.DataFrame({"groupe": group, "valeur": values, "erreur": errors, "liberte": free})


def by_loops(table, level):
    """Holm's procedure over all ordered pairs, as a book has it."""
    tests = []
    for one, a in table.dropna().iterrows():
        for other, b in table.dropna().iterrows():
            if one != other and a["groupe"] == b["groupe"]:
                square = a["erreur"] ** 2 + b["erreur"] ** 2
                free = square**2 / (a["erreur"] ** 4 / a["liberte"] + b["erreur"] ** 4 / b["liberte"])
                tests.append((float(student.sf((a["valeur"] - b["valeur"]) / square**0.5, free)), one, other))
    found = set()
    for step, (p, one, other) in enumerate(sorted(tests)):
        if p > (1 - level) / (len(tests) - step):
            break
        found.add((one, other))
    return found


def test_two_by_hand():
    """One difference of 3 standard errors: p is 0.00135 each way, and must be under 0.1 / 2, or 0.002 / 2."""
    table = book([0.03, 0.0], [0.01 / 2**0.5] * 2, free=1e9)
    assert pairs(table)["p"].tolist() == pytest.approx([0.0013499], rel=1e-4)
    assert ranks(table)[["rang_min", "rang_max"]].to_numpy().tolist() == [[1, 1], [2, 2]]
    assert ranks(table, 0.998)[["rang_min", "rang_max"]].to_numpy().tolist() == [[1, 2], [1, 2]]


def test_holm_goes_on_where_bonferroni_stops():
    """Six ordered pairs, 0.06 in all: 3.5 and 3.0 standard errors pass 0.01; 2.28 (p = 0.0113) passes only as third."""
    error = 1 / 2**0.5
    table = book([5.78, 3.5, 0.0], [error] * 3, free=1e9)
    assert [len(pairs(table, level)) for level in (0.94, 0.9545, 0.96)] == [3, 3, 2]
    assert 0.0113 > (1 - 0.94) / 6


@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.floats(-0.1, 0.1), st.floats(0.001, 0.05), st.floats(2, 60), st.booleans()),
        max_size=9,
    ),
    st.sampled_from([0.8, 0.9, 0.95]),
)
def test_against_loops(rows, level):
    table = pd.DataFrame(rows, columns=["groupe", "valeur", "erreur", "liberte", "known"])
    table = table.astype({"valeur": float, "erreur": float, "liberte": float, "groupe": object})
    table.loc[~table["known"].astype(bool), "valeur"] = np.nan
    table = table.drop(columns="known")
    found = pairs(table, level)
    assert set(zip(found["premier"], found["second"], strict=True)) == by_loops(table, level)
    places = ranks(table, level)
    assert places["rang_min"].isna().equals(table["valeur"].isna())
    known = places.dropna().astype(int)
    assert ((known["rang_min"] >= 1) & (known["rang_min"] <= known["rang_max"])).all()
    assert (known["rang_max"] <= known["effectif"]).all()
    # what is missing takes no place, and names and order say nothing
    again = ranks(table.dropna().iloc[::-1], level).astype("Int64")
    pd.testing.assert_frame_equal(again.sort_index(), places.dropna().astype("Int64").sort_index())


def drawn(rng, truth, free):
    """Estimates of a true saving, and their errors as so few periods tell them."""
    count = len(truth)
    error = np.exp(rng.normal(np.log(0.008), 0.4, count))
    told = error * np.sqrt(rng.chisquare(free, count) / free)
    return truth + error * rng.normal(size=count), told


MANY = pytest.mark.parametrize("count", [150, pytest.param(1000, marks=pytest.mark.proof)])


def challenges(truth, groups, free, seed, count):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        values, errors = drawn(rng, truth, free)
        yield pd.DataFrame({"groupe": groups, "valeur": values, "erreur": errors, "liberte": free})


@MANY
def test_challenges_without_a_difference(count):
    """All save the same: in nine challenges of ten or more nobody is told apart, in any group.

    The eye test, intervals of 90 % that do not overlap, tells lycées apart in nearly every one of them.
    """
    groups = np.repeat(np.arange(len(SIZES)).astype(str), SIZES).astype(object)
    told, eye = 0, 0
    for table in challenges(np.full(sum(SIZES), 0.03), groups, 25.0, 11, count):
        told += len(pairs(table)) > 0
        low, high = (table["valeur"] + sign * student.ppf(0.95, 25.0) * table["erreur"] for sign in (-1, 1))
        eye += bool((low.groupby(table["groupe"]).max() > high.groupby(table["groupe"]).min()).any())
    assert told <= 0.1 * count
    assert eye >= 0.95 * count


@MANY
def test_challenges_with_differences(count):
    """Savings from -2 to 9 %: a pair is in the wrong order in one challenge of ten at most, and all places hold."""
    groups = np.repeat(["A", "B"], (20, 8)).astype(object)
    truth = np.concatenate([np.linspace(-0.02, 0.09, 20), [0.0] * 6, [0.05, 0.08]])
    order = pd.Series(truth).groupby(groups)
    best, worst = order.rank(ascending=False, method="min"), order.rank(ascending=False, method="max")
    wrong, held, found = 0, 0, 0
    for number, table in enumerate(challenges(truth, groups, 30.0, 12, count)):
        apart = pairs(table)
        found += len(apart)
        wrong += bool((truth[apart["premier"]] <= truth[apart["second"]]).any())
        ahead, behind = (np.bincount(apart[name], minlength=28) for name in ("second", "premier"))
        low, high = 1 + ahead, np.repeat([20, 8], (20, 8)) - behind
        held += bool(((low <= best) & (high >= worst)).all())
        if number < 20:
            assert ranks(table)[["rang_min", "rang_max"]].to_numpy().T.tolist() == [low.tolist(), high.tolist()]
    assert wrong <= 0.1 * count
    assert held >= 0.9 * count
    assert found / count > 60  # of 203 pairs that differ: it does tell lycées apart


def test_words():
    assert place(3, 9, 14) == "entre la 3e et la 9e place sur 14"
    assert place(1, 3, 14) == "entre la 1re et la 3e place sur 14"
    assert place(2, 2, 5) == "2e place sur 5"
    assert place(1, 2, 2) == "à égalité avec l'autre"
    assert place(1, 1, 1) == "seul de son groupe"
    assert place(pd.NA, pd.NA, pd.NA) == "non classé"


def test_odd_tables():
    assert ranks(book([], [])).empty
    assert ranks(book([0.1], [0.01]))[["rang_min", "rang_max", "effectif"]].to_numpy().tolist() == [[1, 1, 1]]
    same = ranks(book([0.1, 0.1], [0.0, 0.0]))
    assert same[["rang_min", "rang_max"]].to_numpy().tolist() == [[1, 2], [1, 2]]
    certain = ranks(book([0.1, 0.2], [0.0, 0.0]))
    assert certain["rang_min"].tolist() == [2, 1]
