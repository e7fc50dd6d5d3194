"""Juries drawn at random: how often each ranking finds the true winner, and whether stated probabilities hold.

Twelve teams, six jurors of unlike severity (standard deviation 0.8), each team heard by three, four criteria, marks
from 0 to 10 by halves. Teams differ by a standard deviation of 1, marks of one juror and team by one of 0.6. So far the
design of an earlier simulation (mean 0.703, least squares 0.837). The hard juries add what no correction can see: a
juror likes or dislikes a team, with a standard deviation of 0.5; probabilities have to hold there, too.
"""

import sys
import time

import numpy as np
import pandas as pd

from tikub_lab.datathon.jury import Ranking, ranking

TEAMS, JURORS, EACH, CRITERIA = 12, 6, 3, 4
RUNS = 300
GAIN, WITHIN = 0.10, 0.05
HARD = 0.5
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def jury(seed: int, each: int = EACH, likes: float = 0.0) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw a jury's scores, and what the teams are truly worth."""
    rng = np.random.default_rng(seed)
    worth, severe = rng.normal(6, 1, TEAMS), rng.normal(0, 0.8, JURORS)
    pairs = [(team, juror) for team, jurors in enumerate(design(rng, each)) for juror in jurors]
    rows = []
    for team, juror in pairs:
        base = worth[team] - severe[juror] + likes * rng.normal()
        for criterion in range(CRITERIA):
            mark = np.clip(np.round(2 * (base + rng.normal(0, 0.6))) / 2, 0, 10)
            rows.append((f"J{juror}", f"E{team:02d}", f"c{criterion}", mark))
    return pd.DataFrame(rows, columns=["juge_id", "equipe_id", "critere", "note"]), worth


def design(rng: np.random.Generator, each: int) -> list[np.ndarray]:
    """Share the teams out: each heard by so many jurors, jurors as busy as each other, all joined by shared teams."""
    while True:
        load, found = np.zeros(JURORS), []
        for _ in range(TEAMS):
            jurors = np.lexsort((rng.random(JURORS), load))[:each]
            load[jurors] += 1
            found.append(jurors)
        reached = {*found[0].tolist()}
        for _ in range(JURORS):
            reached |= {each for jurors in found if reached & {*jurors.tolist()} for each in jurors.tolist()}
        if len(reached) == JURORS:
            return found


def first(found: Ranking, by: str) -> str:
    """Return who is first; of teams that are level, by code."""
    return str(found.teams.sort_values([by, "equipe_id"])["equipe_id"].iloc[0])


def run(runs: int, start: int = 0, likes: float = 0.0) -> tuple[float, float, pd.DataFrame]:
    """Return how often mean and correction find the true winner; and what was said of prizes and places, and is."""
    hits, stated = np.zeros((runs, 2)), []
    for seed in range(runs):
        scores, worth = jury(start + seed, likes=likes)
        found = ranking(scores, seed=start + seed)
        best = f"E{worth.argmax():02d}"
        hits[seed] = first(found, "rang_brut") == best, first(found, "rang") == best
        place = pd.Series((-worth).argsort().argsort(), index=[f"E{team:02d}" for team in range(TEAMS)])
        place = place.reindex(found.teams["equipe_id"]).to_numpy()
        stated.append(pd.DataFrame({"said": found.teams["p_prix"], "is": place < found.prizes}))
        stated.append(pd.DataFrame({"said": found.teams["p_premier"], "is": place == 0}))
    return *hits.mean(axis=0), pd.concat(stated, ignore_index=True)


def calibration(stated: pd.DataFrame) -> pd.DataFrame:
    """Compare by fifths what was said and what is: n, said, is (means).

    Of 300 juries some 200 statements fall into each fifth in the middle, so that a gap of 0.03 is chance.
    """
    step = pd.cut(stated["said"], EDGES, include_lowest=True)
    groups = stated.groupby(step, observed=True)
    return groups.agg(n=("is", "size"), said=("said", "mean"), **{"is": ("is", "mean")})


def main() -> None:
    """Print both, and fail where an aim is missed."""
    runs, start = (int(given) for given in [*sys.argv[1:], *(RUNS, 0)[len(sys.argv) - 1 :]])
    missed = False
    for name, likes in (("juries", 0.0), ("hard juries", HARD)):
        clock = time.perf_counter()
        raw, fair, stated = run(runs, start, likes)
        table = calibration(stated)
        print(f"datathon: {runs} {name} in {time.perf_counter() - clock:.1f} s")
        print(f"true winner found: mean {raw:.3f}, corrected {fair:.3f}")
        print(table.round(3).to_string())
        missed |= bool((fair - raw < GAIN and not likes) or ((table["said"] - table["is"]).abs() > WITHIN).any())
    if missed:
        raise SystemExit("an aim was missed")


if __name__ == "__main__":
    main()
