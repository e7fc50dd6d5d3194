"""Rates among what is known: intervals, bounds, amounts, classes."""

from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab.errors import UsageError
from tikub_lab.methods.rates import classes, rates, share, wilson

KEYS = pd.Series(list("xxxy"), index=[7, 3, 9, 4])
AMOUNT = pd.Series([30.0, 10.0, 5.0, 2.0], index=KEYS.index)


@pytest.fixture
def found():
    """Group x: one with, one without, one not known; group y: not known."""
    has = pd.Series([True, False, None, None], dtype="boolean", index=KEYS.index)
    return rates(KEYS, has.notna(), has, AMOUNT, {"dear": AMOUNT > 4})


def test_what_is_not_known_is_counted_apart(found):
    assert found[["nombre", "connus", "manquants", "avec", "dear"]].to_numpy().tolist() == [[3, 2, 1, 1, 3],
                                                                                          [1, 0, 1, 0, 0]]  # fmt: skip
    assert found["taux"].tolist()[0] == 0.5
    assert np.isnan(found.loc["y", ["taux", "bas", "haut", "taux_montant"]].astype("float64")).all()


def test_bounds_hold_whatever_the_missing_are(found):
    assert found.loc["x", ["minimum", "maximum"]].tolist() == [1 / 3, 2 / 3]
    assert found.loc["y", ["minimum", "maximum"]].tolist() == [0, 1]


def test_amounts_are_those_of_the_known(found):
    assert found.loc["x", ["montant", "montant_connu", "montant_avec", "taux_montant"]].tolist() == [45, 40, 30, 0.75]
    assert found["montant"].sum() == AMOUNT.sum()


def test_what_is_said_of_the_unknown_does_not_count():
    has = pd.Series(True, index=KEYS.index)
    found = rates(KEYS, pd.Series(False, index=KEYS.index), has, AMOUNT)
    assert found[["avec", "montant_avec"]].to_numpy().sum() == 0


def test_parts_give_means_and_means_by_amount():
    part = pd.Series([1.0, 0.5, None, 0.0], index=KEYS.index)
    found = rates(KEYS, part.notna(), part, AMOUNT)
    assert found["taux"].tolist() == [0.75, 0]
    assert found["taux_montant"].tolist() == [35 / 40, 0]


def test_an_amount_that_is_not_known_is_in_no_sum():
    found = rates(KEYS, AMOUNT.notna(), AMOUNT.notna(), AMOUNT.where(AMOUNT > 4))
    assert found.loc["y", ["avec", "montant", "montant_avec"]].tolist() == [1, 0, 0]


def test_without_rows_there_are_no_groups():
    none = pd.Series([], dtype="bool")
    assert rates(none.astype("str"), none, none, none.astype("float64")).empty


def test_classes_share_what_is_known():
    table = classes(pd.Series(["b", "?", "b", "c"]), pd.Series([6.0, 9.0, 0.0, 2.0]), ["a", "b", "c", "?"], "?")
    assert table["nombre"].tolist() == [0, 2, 1, 1]
    assert table["part"].tolist()[:3] == pytest.approx([0, 2 / 3, 1 / 3])
    assert table["part_montant"].tolist()[:3] == [0, 0.75, 0.25]
    assert table.loc["?", ["part", "part_montant"]].isna().all()
    assert classes(pd.Series([], dtype="str"), pd.Series([], dtype="float64"), ["a"])["part"].isna().all()


def test_a_share_of_a_total():
    assert share(pd.Series([1, 3]), 4).tolist() == [0.25, 0.75]
    assert share(pd.Series([1.0]), 0).isna().all()


def test_wilson_at_published_figures():
    """Worked from the formula with z = 1.959964 for 95 %; the interval of 0 of n is [0, z² / (n + z²)]."""
    low, high = wilson(pd.Series([0, 5, 10, 0]), pd.Series([10, 10, 10, 0]))
    assert low.round(4).tolist()[:3] == [0, 0.2366, 0.7225]
    assert high.round(4).tolist()[:3] == [0.2775, 0.7634, 1]
    assert np.isnan([low[3], high[3]]).all()
    with pytest.raises(UsageError, match=r"confidence=95: give a probability"):
        wilson(pd.Series([1]), pd.Series([2]), 95)
    for bound in (0, 1):
        with pytest.raises(UsageError, match="give a probability between 0 and 1"):
            wilson(pd.Series([1]), pd.Series([2]), bound)


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_wilson_solves_its_equation(counts, confidence):
    """Its ends are the rates p for which (observed - p)² = z² p (1 - p) / n: the definition, not the closed form."""
    part, base = counts
    low, high = (x[0] for x in wilson(pd.Series([part]), pd.Series([base]), confidence))
    if base == 0:
        assert np.isnan(low)
        return
    rate = part / base
    assert 0 <= low <= rate + 1e-12
    assert rate - 1e-12 <= high <= 1
    square = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    for end in (low, high):
        assert (rate - end) ** 2 == pytest.approx(square * end * (1 - end) / base, abs=1e-9)
