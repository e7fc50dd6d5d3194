"""Pseudonyms and the suppression of small counts: worked by hand, a published trap, an attack by linear programs."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from tikub_lab.errors import UsageError
from tikub_lab.methods.privacy import bridges, pseudonyms, read_key, recoverable, suppress


def test_pseudonyms_are_those_of_a_key(tmp_path):
    persons = pd.Series(["A1", "A2", "A1", None], dtype="str")
    key = read_key(tmp_path / "key", create=True)
    assert read_key(tmp_path / "key", create=True) == key
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    made, other = pseudonyms(persons, key), pseudonyms(persons, b"x" * 32)
    assert made[0] == made[2] != made[1]
    assert made.isna().tolist() == [False] * 3 + [True]
    assert set(made.dropna()).isdisjoint(other.dropna())
    (tmp_path / "short").write_text("00ff")
    for name, says in (("none", "no key there"), ("short", "64 hexadecimal digits")):
        with pytest.raises(UsageError, match=says):
            read_key(tmp_path / name)


def test_the_published_trap(opendata):
    """Every row and column has two hidden cells or more, yet one is exact: sdcTable's own test case."""
    table = pd.read_csv(opendata / "staffing" / "suppression" / "sdctable-simpleheuristic.csv")
    values, hidden, exact = (
        table.pivot(index="row", columns="column", values=name).fillna(False).to_numpy()
        for name in ("count", "hidden", "recoverable")
    )
    found = recoverable(values.astype(np.int64), hidden.astype(bool))
    assert (found == exact.astype(bool)).all()
    assert found.sum() == 1


def test_bridges_are_the_cells_that_can_be_worked_out_where_no_count_is_small():
    """The second way: linear programs, of counts so large that none comes to nought; of small ones they find more."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        hidden = rng.random((2 + seed % 7, 2 + seed % 4)) < rng.uniform(0.2, 0.8)
        found = bridges(hidden)
        assert (found == recoverable(np.full(hidden.shape, 1000), hidden)).all(), seed
        assert not (found & ~recoverable(rng.integers(0, 9, hidden.shape), hidden)).any(), seed


def test_by_hand():
    table = pd.DataFrame({"a": [2, 9, 8], "b": [7, 6, 20]}, index=["x", "y", "z"])
    shown = suppress(table)
    hidden = shown.isna().to_numpy()
    assert hidden[0].all()
    assert hidden.sum() == 4
    assert suppress(table, least=2).equals(table.astype("Int64"))
    for broken in (table.mask(table == 2, -1), pd.concat([table, table])):
        with pytest.raises(UsageError, match="whole numbers from 0 on"):
            suppress(broken)


def test_a_row_with_one_count_is_hidden_with_a_zero_or_joined():
    table = pd.DataFrame({"a": [3, 0, 0], "b": [0, 8, 9]}, index=["x", "y", "z"])
    shown = suppress(table)
    assert not attacked(shown, table)
    assert suppress(pd.DataFrame({"a": [3, 0]}, index=["x", "y"])).empty


def attacked(shown, table):
    """Cells that who knows all totals can work out: each hidden cell's least and largest value, by a dense program."""
    sums = dict.fromkeys(shown.index, 0)
    for label in shown.index:
        sums[label] = table.loc[label.split(" + ")].sum()
    values = pd.DataFrame(sums).T[table.columns].to_numpy()
    places = np.argwhere(shown.isna().to_numpy())
    if not len(places):
        return []
    rows, columns = values.shape
    equations = np.zeros((rows + columns, len(places)))
    for cell, (row, column) in enumerate(places):
        equations[[row, rows + column], cell] = 1
    totals = equations @ values[tuple(places.T)]
    bare = []
    for cell in range(len(places)):
        ends = [linprog(sign * np.eye(len(places))[cell], A_eq=equations, b_eq=totals).fun * sign for sign in (1, -1)]
        bare += [tuple(places[cell])] if ends[1] - ends[0] < 0.5 else []
    return bare


def drawn(seed, rows, columns):
    rng = np.random.default_rng(seed)
    values = rng.poisson(rng.choice([0.5, 2, 6, 20], size=columns), size=(rows, columns))
    return pd.DataFrame(values, index=[f"r{n}" for n in range(rows)], columns=[f"c{n}" for n in range(columns)])


def safe(seed):
    table = drawn(seed, 3 + seed % 9, 2 + seed % 5)
    shown = suppress(table)
    labels = [part for label in shown.index for part in label.split(" + ")]
    assert sorted(labels) == sorted(table.index) or shown.empty
    assert not ((shown > 0) & (shown < 5)).any(axis=None)
    assert shown.empty or attacked(shown, table) == [], seed


def test_no_hidden_cell_of_20_tables_can_be_worked_out():
    for seed in range(20):
        safe(seed)


@pytest.mark.proof
def test_no_hidden_cell_of_200_tables_can_be_worked_out():
    for seed in range(20, 220):
        safe(seed)


def test_a_table_of_the_lycees_size_keeps_most_of_its_large_counts():
    table = drawn(1, 115, 6)
    shown = suppress(table)
    large = table >= 5
    assert shown[large.reindex(shown.index)].notna().sum().sum() > 0.5 * large.sum().sum()
