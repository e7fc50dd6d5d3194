"""The jury's scores, corrected for who is severe and who is lenient, and how sure the order is.

The score of a team is that of least squares on team + juror + criterion: on a complete design that is the mean, so the
order is the same. Doubt comes from the same model seen as random effects: what one juror thinks of one team is one
error, not as many as there are criteria, and how much teams, jurors and errors vary is drawn with the rest (Gibbs).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import t as student

from tikub_lab.errors import UsageError

SURE = 0.8  # a prize is proposed from this probability on; below it, what would decide is said
CHAINS, WARM, KEPT, MOST = 100, 30, 40, 15
"""Chains of draws, steps that are left out and kept of each; teams whose Kemeny order is searched among all sets."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """What scores say of teams and jurors.

    ``teams``: equipe_id, brut (mean), rang_brut, note (corrected), bas, haut (its 95 % interval), rang, p_premier and
    p_prix (probabilities of the first place, and to be among the prizes), jures (how many), ecart (between the most
    and the least favourable juror, corrected); the best first. ``jurors``: juge_id, severite (points below the mean
    juror), bas, haut, equipes. ``before``: probability that the team of a row is better than that of a column.
    """

    teams: pd.DataFrame
    jurors: pd.DataFrame
    before: pd.DataFrame
    prizes: int


def marks(scores: pd.DataFrame, most: float, criteria: Mapping[str, str]) -> pd.DataFrame:
    """Check scores or readings against an edition's criteria and largest mark; who gave a mark is ``juge_id``."""
    table = scores.rename(columns={"jure_id": "juge_id", "lecteur_id": "juge_id"})
    for wrong, allowed, way in (
        (table[~table["note"].between(0, most)], f"note from 0 to {most:g}", ", or give another parameter note_max"),
        (table[~table["critere"].isin([*criteria])], f"critere among {', '.join(criteria)}", ""),
    ):
        if len(wrong):
            row = wrong.iloc[0]
            raise UsageError(
                f"{row['juge_id']} on {row['equipe_id']}, {row['critere']}: {row['note']:g}. Allowed: {allowed}. "
                f"Correct the file and import it again{way}."
            )
    return table


def ranking(
    scores: pd.DataFrame, prizes: int = 3, weights: Mapping[str, float] | None = None, seed: int = 2019
) -> Ranking:
    """Rank teams by their scores, and say how sure that is.

    Parameters
    ----------
    scores : DataFrame
        juge_id, equipe_id, critere, note. Teams that no chain of shared jurors joins are a UsageError: nothing tells a
        severe juror from weak teams.
    prizes, weights, seed : int, mapping of str to float, int
        How many; by criterion, by default they count alike; of the probabilities.

    Examples
    --------
    >>> from tikub_lab.datathon import contest
    >>> ranking(contest().marks("scores", 5)).teams["equipe_id"].iloc[0]
    'E07'
    """
    if scores.empty:
        raise UsageError("scores: no row. Import the jury's scores (tikub data template datathon/scores).")
    if prizes < 1:
        raise UsageError(f"prizes={prizes}: at least one team gets a prize, or goes on.")
    cells = _cells(scores, weights)
    team, judge = (pd.Categorical(cells[name].astype("str")) for name in ("equipe_id", "juge_id"))
    teams, judges, size = len(team.categories), len(judge.categories), len(cells)
    joined = coo_array((np.ones(size), (team.codes, teams + judge.codes)), (teams + judges,) * 2)
    groups = connected_components(joined, directed=False)[1][:teams]
    if groups.any():
        apart = ", ".join(team.categories[groups == 0]), ", ".join(team.categories[groups > 0])
        raise UsageError(f"No juror heard teams of both {apart[0]} and {apart[1]}: have one of them hear some of each.")
    value = cells["note"].to_numpy(np.float64)
    design = np.zeros((size, teams + judges))
    design[np.arange(size), team.codes] = design[np.arange(size), teams + judge.codes] = 1
    inverse = np.linalg.pinv(design.T @ design)
    effect = inverse @ design.T @ value
    free = size - teams - judges + 1
    spread = float(np.sqrt(((value - design @ effect) ** 2).sum() / free)) if free > 0 else np.nan
    # what a team would have from the mean juror, and how far a juror is below it: both can be estimated
    ask = np.zeros((teams + judges, teams + judges))
    ask[:teams, :teams], ask[:teams, teams:] = np.eye(teams), 1 / judges
    ask[teams:, teams:] = 1 / judges - np.eye(judges)
    found = np.round(ask @ effect, 9)
    error = spread * np.sqrt(np.clip(np.einsum("ij,jk,ik->i", ask, inverse, ask), 0, None))
    half = student.ppf(0.975, max(free, 1)) * error
    sides = pd.DataFrame({"note": found, "bas": found - half, "haut": found + half})
    drawn = _draws(value, team.codes.astype(np.int64), judge.codes.astype(np.int64), seed)
    rank = (-drawn).argsort(axis=1).argsort(axis=1)
    fair = pd.Series(value + np.take(found[teams:], judge.codes)).groupby(np.asarray(team))
    table = pd.DataFrame({"equipe_id": team.categories.astype("str")}).join(sides.iloc[:teams])
    raw = cells.groupby("equipe_id")["note"].agg(["mean", "size"]).reindex(table["equipe_id"])
    table["brut"], table["jures"] = raw["mean"].round(9).to_numpy(), raw["size"].to_numpy()
    table["p_premier"], table["p_prix"] = (rank == 0).mean(axis=0), (rank < prizes).mean(axis=0)
    table["ecart"] = (fair.max() - fair.min()).reindex(table["equipe_id"]).to_numpy()
    for name, of in (("rang", "note"), ("rang_brut", "brut")):
        table[name] = table[of].rank(method="min", ascending=False).astype("int64")
    before = np.array([(drawn[:, [at]] > drawn).mean(axis=0) for at in range(teams)])
    heard: Any = {"juge_id": judge.categories.astype("str"), "equipes": np.bincount(judge.codes, minlength=judges)}
    jurors = sides.iloc[teams:].rename(columns={"note": "severite"}).assign(**heard)
    return Ranking(
        table.sort_values(["rang", "equipe_id"], ignore_index=True),
        jurors.sort_values(["severite", "juge_id"], ascending=[False, True], ignore_index=True),
        pd.DataFrame(before, index=table["equipe_id"], columns=list(table["equipe_id"])), prizes,
    )  # fmt: skip


def _cells(scores: pd.DataFrame, weights: Mapping[str, float] | None) -> pd.DataFrame:
    """Return one mark a juror and team: criteria are weighed, and one that is missing does not favour or harm."""
    rows = scores.astype({"critere": "str"})
    parts = [pd.get_dummies(rows[name].astype("str"), dtype=float) for name in ("equipe_id", "juge_id", "critere")]
    effect = np.linalg.lstsq(np.hstack(parts), rows["note"].to_numpy(np.float64), rcond=None)[0]
    ease = pd.Series(effect[-parts[2].shape[1] :], index=parts[2].columns)
    weight = pd.Series(weights, dtype="float64").reindex(ease.index) if weights else pd.Series(1.0, index=ease.index)
    if not (weight > 0).any() or weight.isna().any() or (weight < 0).any():
        raise UsageError(f"weights={dict(weights or {})}: give each of {', '.join(ease.index)} a weight from 0 on.")
    ease -= (ease * weight).sum() / weight.sum()
    weighed = (rows["note"] - rows["critere"].map(ease)) * rows["critere"].map(weight)
    rows = rows.assign(note=weighed, poids=rows["critere"].map(weight)).query("poids > 0")
    sums = rows.groupby(["equipe_id", "juge_id"], observed=True)[["note", "poids"]].sum()
    return (sums["note"] / sums["poids"]).rename("note").reset_index()


def _draws(value: Floats, team: npt.NDArray[np.int64], judge: npt.NDArray[np.int64], seed: int) -> Floats:
    """Draw the teams' worth from its posterior: all is normal; variances have a vague prior, a tenth of that seen."""
    rng, teams, judges = np.random.default_rng(abs(seed)), int(team.max()) + 1, int(judge.max()) + 1
    size, count = len(value), 1 + teams + judges
    design = np.zeros((size, count))
    design[:, 0] = design[np.arange(size), 1 + team] = design[np.arange(size), 1 + teams + judge] = 1
    square, seen = design.T @ design, max(float(value.var()), 1e-6)
    aim, part = design.T @ value, np.r_[0, np.ones(teams, int), np.full(judges, 2)]
    variance = np.full((CHAINS, 3), seen / 3)  # of errors, teams, jurors
    kept = np.empty((KEPT, CHAINS, teams))
    for turn in range(WARM + KEPT):
        precise = square / variance[:, :1, None]
        prior = np.where(part > 0, 1 / variance[:, part], 0.0)
        precise[:, np.arange(count), np.arange(count)] += prior
        lower = np.linalg.cholesky(precise)
        mean = np.linalg.solve(precise, (aim / variance[:, :1])[..., None])
        noise = np.linalg.solve(lower.transpose(0, 2, 1), rng.standard_normal((CHAINS, count, 1)))
        effect = (mean + noise)[..., 0]
        left = ((value - effect @ design.T) ** 2).sum(axis=1)
        sums = np.stack([left, *((effect[:, part == of] ** 2).sum(axis=1) for of in (1, 2))], axis=1)
        shape = (np.array([size, teams, judges]) + 1) / 2
        variance = (sums + seen / 10) / 2 / rng.gamma(shape, size=(CHAINS, 3))
        if turn >= WARM:
            kept[turn - WARM] = effect[:, part == 1]
    return kept.reshape(-1, teams)


def proposed(found: Ranking, sure: float = SURE) -> pd.DataFrame:
    """Say what can be proposed to the jury: the teams, with ``proposition`` (French, "" where no prize is in sight).

    The first prize by the probability of the first place, another by that of a prize, where it is at least ``sure``.

    Examples
    --------
    >>> from tikub_lab.datathon import contest
    >>> proposed(ranking(contest().marks("scores", 5)))["proposition"].iloc[0]
    'premier prix'
    """
    if not 0.5 <= sure < 1:
        raise UsageError(f"sure={sure:g}: a probability from 0.5 on, below 1.")
    table = found.teams
    choices = [table["p_premier"] >= sure, table["p_prix"] >= sure, table["p_prix"] > 1 - sure]
    return table.assign(proposition=np.select(choices, ["premier prix", "un prix", "à départager"], ""))


def duels(found: Ranking, sure: float = SURE) -> pd.DataFrame:
    """List the pairs to compare again, the least sure first: both may win. ``probabilite`` is that of the first.

    Examples
    --------
    >>> from tikub_lab.datathon import contest
    >>> duels(ranking(contest().marks("scores", 5)))["probabilite"].between(0.5, 0.8).all().item()
    True
    """
    near = found.teams.loc[found.teams["p_prix"] > 1 - sure, "equipe_id"].tolist()
    rows = []
    for at, first in enumerate(near):
        for other in near[at + 1 :]:
            chance: Any = found.before.at[first, other]
            if 1 - sure < chance < sure:
                rows.append((first, other, chance) if chance >= 0.5 else (other, first, 1 - chance))
    table = pd.DataFrame(rows, columns=["equipe_a", "equipe_b", "probabilite"])
    return table.sort_values("probabilite", ignore_index=True, kind="stable")


def kemeny(scores: pd.DataFrame, teams: Iterable[str]) -> tuple[list[Any], float]:
    """Return the order of teams with which the most preferences of jurors agree, and how many do: Kemeny's rule.

    Examples
    --------
    >>> from tikub_lab.datathon import contest
    >>> kemeny(contest().marks("scores", 5), ["E01", "E02"])[0]
    ['E02', 'E01']
    """
    return agreeing(preferences(scores).reindex(index=[*teams], columns=[*teams]))


def preferences(scores: pd.DataFrame) -> pd.DataFrame:
    """Count how many jurors prefer the team of a row to that of a column; those who heard one only count for none."""
    wide = _cells(scores, None).pivot(index="juge_id", columns="equipe_id", values="note")
    values = wide.to_numpy(np.float64)
    wins = (values[:, :, None] > values[:, None, :] + 1e-9).sum(axis=0)
    return pd.DataFrame(wins, index=[*wide.columns], columns=[*wide.columns])


def agreeing(wins: pd.DataFrame) -> tuple[list[Any], float]:
    """Return the order, exactly: the best one of a set ends with one of them, after the best one of the others."""
    count = len(wins)
    if count > MOST:
        raise UsageError(f"wins: {count} teams; Kemeny's order is searched among {MOST} at most. Keep the first ones.")
    given = wins.to_numpy(np.float64)
    over = np.zeros((count, 1))  # over[i, S]: how many preferences of the members of S to i
    for other in range(count):
        over = np.concatenate([over, over + given[other][:, None]], axis=1)
    sets = np.arange(1 << count)
    best, last = np.full(len(sets), -np.inf), np.zeros(len(sets), dtype=np.int64)
    best[0] = 0
    sizes = np.array([each.bit_count() for each in sets.tolist()])
    for size in range(1, count + 1):
        for team in range(count - 1, -1, -1):
            whole = sets[(sizes == size) & (sets >> team & 1 == 1)]
            rest = whole ^ (1 << team)
            score = best[rest] + over[team, rest]
            better = score > best[whole]
            best[whole[better]], last[whole[better]] = score[better], team
    order, left = [], (1 << count) - 1
    while left:
        order.append(wins.index[last[left]])
        left ^= 1 << int(last[left])
    return order[::-1], float(best[-1])
