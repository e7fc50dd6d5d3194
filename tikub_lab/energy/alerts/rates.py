"""How many false alerts are accepted: a false discovery rate over all meters, and a number of chance runs a site."""

from collections.abc import Sequence

import numpy as np

from tikub_lab.energy.periods import Floats

LEAST = 20
"""Meters under which nothing is learned from how t statistics scatter among them."""


def inflation(scores: Sequence[Floats]) -> float:
    """Tell how much more t statistics scatter over all meters than they should, most of these having no fault.

    A model that is wrong in the same small way at every site, a season that it does not know, shows here; dividing by
    it makes alerts of what stands out among sites, not of what all of them have.

    Parameters
    ----------
    scores : sequence of arrays
        Of each meter, the t of all candidates.

    Returns
    -------
    float
        At least 1; 1 for fewer than 20 meters.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> round(inflation([2 * rng.normal(size=50) for _ in range(40)]), 1)
    2.0
    """
    some = [one for one in scores if len(one)]
    if len(some) < LEAST:
        return 1.0
    # each meter counts once, by the median size of its own: a drift makes all of a meter's candidates large
    typical = np.array([float(np.median(np.abs(one))) for one in some])
    return max(1.0, float(np.median(typical)) / 0.6745)


def discoveries(chances: Floats, tests: int, rate: float) -> np.ndarray:
    """Choose which tests to believe, so that on average no more than a share of them are false (Benjamini-Hochberg).

    Parameters
    ----------
    chances : array of n floats
        Of those that were seen; of the other tests nothing was.
    tests : int
        All tests, at least n.
    rate : float
        False discovery rate.

    Returns
    -------
    array of n bool

    Examples
    --------
    >>> discoveries(np.array([0.001, 0.04, 0.02]), 3, 0.05).tolist()
    [True, True, True]
    >>> discoveries(np.array([0.001, 0.04, 0.02]), 100, 0.05).tolist()
    [False, False, False]
    """
    order = np.argsort(chances, kind="stable")
    bound = rate * (np.arange(len(chances)) + 1) / max(tests, len(chances), 1)
    below = np.flatnonzero(chances[order] <= bound)
    found = np.zeros(len(chances), dtype=bool)
    if len(below):
        found[order[: below[-1] + 1]] = True
    return found
