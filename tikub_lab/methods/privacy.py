"""Privacy: keyed pseudonyms of persons, and tables in which no small count can be worked out."""

import hashlib
import hmac
import secrets
from base64 import b32encode
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from tikub_lab.errors import UsageError

LEAST = 5
"""Counts from 1 to below this one are not shown."""
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def read_key(path: Path, create: bool = False) -> bytes:
    """Read the key of pseudonyms; ``create`` makes one where there is none, that only its owner may read."""
    if create and not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise UsageError(f"{path}: no key there; pseudonyms are resolved where their key is.") from None
    except (ValueError, OSError):
        key = b""
    if len(key) < 32:
        raise UsageError(f"{path}: no key, which is 64 hexadecimal digits or more.")
    return key


def pseudonyms(persons: pd.Series, key: bytes) -> pd.Series:
    """Replace persons' identifiers by pseudonyms: the same for the same key, and nobody's without it (HMAC-SHA-256).

    Examples
    --------
    >>> pseudonyms(pd.Series(["A1", "A2", "A1", None], dtype="str"), b"k" * 32).tolist()
    ['p-kredc6artg3e', 'p-5d6n4dbxjeqv', 'p-kredc6artg3e', nan]
    """
    made = {person: hmac.new(key, person.encode(), hashlib.sha256).digest() for person in persons.dropna().unique()}
    return persons.map({person: f"p-{b32encode(value)[:12].decode().lower()}" for person, value in made.items()})


def suppress(counts: pd.DataFrame, least: int = LEAST) -> pd.DataFrame:
    """Hide small counts of a two-way table, and as many others as it takes that none can be worked out.

    Who reads it knows the totals of all rows and columns, and that no count is negative. Each cell that could be worked
    out gets a cycle of hidden cells along which counts can move, that of the smallest sum, until linear programs prove
    that all can have another value. Where no cycle is enough, two rows are joined.

    Parameters
    ----------
    counts : DataFrame of shape (rows, columns)
        Whole numbers from 0 on; labels are text.
    least : int
        Counts from 1 to below it are hidden.

    Returns
    -------
    DataFrame
        The same, ``Int64``, missing where hidden. Rows that had to be joined are one, « a + b »; a table that can't be
        shown at all has no row.

    Examples
    --------
    >>> table = pd.DataFrame({"ill": [2, 9, 8], "training": [7, 6, 20]}, index=["22", "29", "35"])
    >>> suppress(table)["ill"].isna().tolist()
    [True, True, False]
    """
    values = counts.to_numpy(dtype=np.int64, na_value=-1)
    if (values < 0).any() or counts.index.has_duplicates:
        raise UsageError("counts: whole numbers from 0 on are allowed, in rows that each have a label of their own.")
    hidden = _enough(values, (values > 0) & (values < least))
    if hidden is None:
        if len(counts) < 3:
            return counts.iloc[:0].astype("Int64")
        return suppress(_joined(counts, (values > 0) & (values < least)), least)
    return counts.astype("Int64").mask(hidden)


def _joined(counts: pd.DataFrame, small: Mask) -> pd.DataFrame:
    """Join the smallest row that has a small count with the next smallest one."""
    totals = counts.sum(axis=1)
    first = totals.iloc[np.flatnonzero(small.any(axis=1)).tolist()].idxmin()
    other = totals.drop(first).idxmin()
    label = f"{first} + {other}"
    return counts.rename(index={first: label, other: label}).groupby(level=0, sort=False).sum()


def _enough(values: Counts, hidden: Mask) -> Mask | None:
    """Hide more cells until none can be worked out; None where that does not end."""
    hidden = hidden.copy()
    for _ in range(values.size):
        exact = bridges(hidden)
        exact = exact if exact.any() else recoverable(values, hidden)
        if not exact.any():
            return hidden
        before = hidden.sum()
        for row, column in np.argwhere(exact):
            hidden |= _cycle(values, hidden, row, column)
        if hidden.sum() == before:
            return None
    return None


def _cycle(values: Counts, hidden: Mask, row: int, column: int) -> Mask:
    """Return the cells of the cheapest way from a cell's row to its column by other cells: hidden ones cost nothing.

    A zero can't become less: it costs more than all others together.
    """
    rows, columns = values.shape
    cost = np.where(hidden, 1e-6, np.where(values > 0, values, values.sum() + 1.0))
    cost[row, column] = 0  # no edge
    graph = np.zeros((rows + columns, rows + columns))
    graph[:rows, rows:] = cost
    graph[rows:, :rows] = cost.T
    _, before = dijkstra(graph, indices=row, return_predecessors=True)
    chosen, node = np.zeros_like(hidden), rows + column
    while node != row and before[node] >= 0:
        one, other = sorted((node, before[node]))
        chosen[one, other - rows] = True
        node = before[node]
    return chosen


def bridges(hidden: Mask) -> Mask:
    """Tell which hidden cells are on no cycle of hidden cells, which join rows and columns: these can be worked out.

    Where such a cell is taken away, nothing joins its row and its column any more.
    """
    found, (rows, columns) = np.zeros_like(hidden), np.nonzero(hidden)
    for cell, (row, column) in enumerate(zip(rows, columns, strict=True)):
        ends = np.delete(rows, cell), np.delete(columns, cell) + len(hidden)
        graph = coo_array((np.ones(len(rows) - 1), ends), shape=(sum(hidden.shape),) * 2)
        _, part = connected_components(graph, directed=False)
        found[row, column] = part[row] != part[len(hidden) + column]
    return found


def recoverable(values: Counts, hidden: Mask) -> Mask:
    """Tell which hidden cells can be worked out: those with one value in all tables that have these totals.

    Each linear program that moves a cell moves others too, which then need none of their own.
    """
    exact = np.zeros_like(hidden)
    row, column = np.nonzero(hidden)
    count, known = len(row), values[hidden].astype(np.float64)
    if not count:
        return exact
    cells = np.arange(count)
    equations: Any = coo_array(
        (np.ones(2 * count), (np.concatenate([row, len(values) + column]), np.tile(cells, 2))),
        shape=(sum(values.shape), count),
    ).tocsr()
    totals, fixed = equations @ known, np.ones(count, dtype=bool)
    for cell in cells:
        for sign in (1, -1):
            if fixed[cell]:
                found = linprog(sign * (cells == cell), A_eq=equations, b_eq=totals, method="highs")
                fixed &= np.abs(found.x - known) < 0.5  # vertices of such a system are whole numbers
    exact[row, column] = fixed
    return exact
