"""Who reads, or hears, which team: as even as can be, nobody who must stand aside; and who has not done it yet."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from tikub_lab.errors import UsageError

PAIR = ["juge_id", "equipe_id"]


def of_role(jurors: pd.DataFrame, role: str) -> pd.DataFrame:
    """Keep who is « juré » or « lecteur », those who are both included.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> of_role(tables.load("datathon/jurors"), "juré")["juge_id"].tolist()
    ['J1', 'J2', 'J3', 'J4', 'J5', 'J6']
    """
    return jurors[jurors["role"].astype("str").str.contains(role, regex=False)]


def plan(
    teams: Iterable[str], judges: Iterable[str], aside: pd.DataFrame, each: int = 3, seed: int = 0
) -> pd.DataFrame:
    """Share teams out among readers or jurors, loads as even as can be: the least sum of their squares.

    Among plans that are as even, the seed draws one, so that the same people do not always meet: scores are only
    comparable between teams that a chain of shared readers joins.

    Parameters
    ----------
    teams, judges : iterables of str
        Their codes.
    aside : DataFrame
        Who may not read which team: juge_id, equipe_id.
    each, seed : int
        How many have to read each team: a UsageError where too few are left.

    Examples
    --------
    >>> nobody = pd.DataFrame({"juge_id": ["L1"], "equipe_id": ["E2"]})
    >>> sorted(plan(["E1", "E2"], ["L1", "L2", "L3", "L4"], nobody).groupby("juge_id").size())
    [1, 1, 2, 2]
    """
    if each < 1:
        raise UsageError(f"each={each}: each team is read by one at least.")
    rows, columns = sorted({*teams}), sorted({*judges})
    never = {*zip(aside["juge_id"], aside["equipe_id"], strict=True)}
    free = np.array([[(judge, team) not in never for judge in columns] for team in rows], ndmin=2)
    for code, left in zip(rows, free.sum(axis=1), strict=False):  # without teams there is one empty row
        if left < each:
            raise UsageError(
                f"Team {code}: {left} of {len(columns)} can read it, {each} have to. Ask others, or lower each={each}."
            )
    if not rows:
        return pd.DataFrame(columns=PAIR, dtype="str")
    team, judge = (at.ravel() for at in np.indices(free.shape))
    owner, rank = np.divmod(np.arange(free.size), len(rows))
    # the k-th team of someone adds 2 k + 1 to the sum of squares: convex, so slots fill in order
    drawn = np.random.default_rng(abs(seed)).random(free.size) / (2 * len(rows) * each)
    cost, size = np.concatenate([drawn, 2.0 * rank + 1]), 2 * free.size
    enough = coo_array((np.ones(free.size), (team, np.arange(free.size))), (len(rows), size))
    signs, at = np.repeat([1.0, -1.0], free.size), np.concatenate([judge, owner])
    balance = coo_array((signs, (at, np.arange(size))), (len(columns), size))
    limits = [LinearConstraint(enough, each, each), LinearConstraint(balance, 0, 0)]
    bounds = Bounds(0, np.concatenate([free.ravel().astype(float), np.ones(free.size)]))
    solved = milp(cost, integrality=np.ones(size), bounds=bounds, constraints=limits)
    chosen = np.flatnonzero(solved.x[: free.size] > 0.5)
    found = {"juge_id": np.take(columns, judge[chosen]), "equipe_id": np.take(rows, team[chosen])}
    return pd.DataFrame(found, dtype="str").sort_values(PAIR, ignore_index=True)


def unread(planned: pd.DataFrame, marks: pd.DataFrame, criteria: Iterable[str]) -> pd.DataFrame:
    """List who has not marked what: juge_id, equipe_id, manquent (criteria without a mark).

    Parameters
    ----------
    planned, marks, criteria : DataFrame, DataFrame, iterable of str
        From :func:`plan`; readings with juge_id; codes.

    Examples
    --------
    >>> planned = pd.DataFrame({"juge_id": ["L1", "L2"], "equipe_id": ["E1", "E1"]})
    >>> done = pd.DataFrame({"juge_id": ["L1"], "equipe_id": ["E1"], "critere": ["pertinence"]})
    >>> unread(planned, done, ["pertinence"]).values.tolist()
    [['L2', 'E1', 'pertinence']]
    """
    every = planned[PAIR].merge(pd.Series([*criteria], name="critere", dtype="str"), how="cross")
    table = every.merge(marks[[*PAIR, "critere"]].astype("str"), how="left", indicator=True)
    lacking = table[table["_merge"] == "left_only"].groupby(PAIR, sort=False)["critere"].agg(", ".join)
    return lacking.rename("manquent").reset_index()
