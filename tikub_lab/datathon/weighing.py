"""Which idea to take on, and how sure that is: one ranking, and what it owes to weights and to what is not known.

The ranking is a weighted sum. Stochastic multicriteria acceptability analysis (SMAA-2: R. Lahdelma and P. Salminen,
Operations Research 49 (2001), p. 444-454) draws all weights and all values within their ranges, and counts how often
each idea would be first. PROMETHEE II (J.-P. Brans and P. Vincke, Management Science 31 (1985), p. 647-656) is a
second opinion that only compares pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.tables import require

Floats = npt.NDArray[np.float64]

CRITERIA = {
    "ampleur": (1, 0.30, "heures perdues par an"),
    "crédibilité": (1, 0.25, "note sur 10"),
    "coût de fonctionnement": (-1, 0.15, "euros par an"),
    "coût technique": (-1, 0.15, "euros"),
    "compétences": (1, 0.15, "note sur 10"),
}
"""The incubator's criteria: whether more is better, the weight proposed (nobody published one), the unit."""
SURE = 0.8
"""The share of draws in which an idea must be first to be named."""
DRAWS, BINS = 20_000, 10


class Smaa(NamedTuple):
    """What draws say of n alternatives by m criteria.

    Attributes
    ----------
    ranks : array (n, n)
        Share of draws in which the alternative of a row has the rank of a column, from the first on.
    central : array (n, m)
        Mean of the weights that put it first; not a number where none do.
    confidence : array (n,)
        Share of values in which it is first under these weights; 0 where none put it first.
    first : array (draws,)
        Which is first in each draw.
    """

    ranks: Floats
    central: Floats
    confidence: Floats
    first: npt.NDArray[np.int64]


def smaa(utilities: Floats, weights: Floats) -> Smaa:
    """Count ranks over draws.

    Parameters
    ----------
    utilities : array (draws, n, m)
        What each alternative is worth by criterion, more being better; on scales that can be compared.
    weights : array (draws, m)
        Not negative, of total 1.

    Examples
    --------
    >>> weights = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.0, 1.0]])
    >>> found = smaa(np.array([[[1.0, 0.0], [0.0, 1.0]]] * 4), weights)
    >>> found.ranks.tolist(), found.confidence.tolist()
    ([[0.75, 0.25], [0.25, 0.75]], [1.0, 1.0])
    """
    order = _order(np.einsum("nac,nc->na", utilities, weights))
    count, criteria = utilities.shape[1:]
    ranks = np.array([(order == each).mean(axis=0) for each in range(count)])
    central, confidence = np.full((count, criteria), np.nan), np.zeros(count)
    for each in np.unique(order[:, 0]):
        central[each] = weights[order[:, 0] == each].mean(axis=0)
        confidence[each] = (_order(utilities @ central[each])[:, 0] == each).mean()
    return Smaa(ranks, central, confidence, order[:, 0])


def _order(totals: Floats) -> npt.NDArray[np.int64]:
    """Order alternatives in each draw, the best first; equals are drawn, or the one listed first would seem sure."""
    lots = np.random.Generator(np.random.PCG64(0)).random(totals.shape)
    return np.argsort(1e-12 * lots - totals, axis=1)


def draws(low: Floats, likely: Floats, high: Floats, count: int = DRAWS, seed: int = 1) -> tuple[Floats, Floats]:
    """Draw values within their ranges, and weights of all sizes.

    Parameters
    ----------
    low, likely, high : array (n, m)
        Ends and peak of a triangle; all three may be equal.
    count, seed : int
        The same seed gives the same draws.

    Returns
    -------
    array (count, n, m), array (count, m)
        Values, and weights, evenly over all that are not negative and have total 1.

    Examples
    --------
    >>> values, weights = draws(np.array([[1.0, 2.0]]), np.array([[1.0, 3.0]]), np.array([[1.0, 4.0]]), 1000)
    >>> values.mean(axis=0).round(1).tolist(), weights.mean(axis=0).round(1).tolist()
    ([[1.0, 3.0]], [0.5, 0.5])
    """
    uniform = np.random.Generator(np.random.PCG64(seed)).random
    at, span = uniform((count, *low.shape)), high - low
    up, down = low + np.sqrt(at * span * (likely - low)), high - np.sqrt((1 - at) * span * (high - likely))
    values = np.where(at * span < likely - low, up, down)
    cuts = np.sort(uniform((count, low.shape[1] - 1)), axis=1)
    return values, np.diff(cuts, axis=1, prepend=0.0, append=1.0)


def net_flows(utilities: Floats, weights: Floats) -> Floats:
    """Compute the net flows of PROMETHEE II with the usual criterion: what is better, by however little, wins.

    Examples
    --------
    >>> net_flows(np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 1.0]]), np.array([0.75, 0.25])).tolist()
    [0.625, 0.25, -0.875]
    """
    wins = np.sign(utilities[:, None, :] - utilities[None, :, :]) @ weights
    return np.asarray(wins.sum(axis=1) / max(len(utilities) - 1, 1))


def turns(utilities: Floats, weights: Floats) -> list[tuple[float, int] | None]:
    """Find for each criterion the nearest weight at which another alternative takes the lead, and which.

    The other weights keep their proportions. None where no weight of the criterion turns the order.

    Examples
    --------
    >>> turns(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.6, 0.4]))
    [(0.5, 1), (0.5, 1)]
    """
    lead = int(np.argmax(utilities @ weights))
    found: list[tuple[float, int] | None] = []
    for at, weight in enumerate(weights):
        rest = np.delete(weights, at)
        rest = rest / rest.sum() if rest.sum() else np.full(len(rest), 1 / max(len(rest), 1))
        others = np.delete(utilities, at, axis=1) @ rest
        behind, gap = others[lead] - others, utilities[lead, at] - utilities[:, at]
        with np.errstate(divide="ignore", invalid="ignore"):
            cross = behind / (behind - gap)
        cross = np.where((cross > 1e-12) & (cross < 1 - 1e-12), cross, np.nan)  # at its ends others only draw level
        cross[lead] = np.nan
        if np.isnan(cross).all():
            found.append(None)
        else:
            nearest = int(np.nanargmin(np.abs(cross - weight)))
            found.append((float(cross[nearest]), nearest))
    return found


@dataclass(frozen=True)
class Choice:
    """Ideas compared.

    Attributes
    ----------
    table : DataFrame
        rang, idee_id, nom, points (weighted sum of likely values, 0 to 100), premiere (how often first), podium (among
        the first three), confiance, flux and rang_flux (PROMETHEE II); the best first.
    ranks : DataFrame
        Share of draws by idea (index) and rank (columns).
    central : DataFrame
        Weights that put an idea (index) first, by criterion.
    turns : DataFrame
        critere, unite, poids, bascule (the weight at which the order turns), idee_id and nom (who leads then).
    """

    table: pd.DataFrame
    ranks: pd.DataFrame
    central: pd.DataFrame
    turns: pd.DataFrame
    first: npt.NDArray[np.int64]
    values: Floats
    weights: Floats
    names: pd.Series

    @property
    def winner(self) -> str | None:
        """The identifier of the idea that leads, where it is first in at least 80 % of draws; else None."""
        top = self.table.iloc[0]
        return str(top["idee_id"]) if top["premiere"] >= SURE else None

    @property
    def rivals(self) -> pd.DataFrame:
        """The rows of ideas that are first in at least a draw in twenty, the most often first."""
        return self.table[self.table["premiere"] >= 0.05].sort_values("premiere", ascending=False, kind="stable")

    @cached_property
    def deciding(self) -> pd.DataFrame:
        """What would decide: how often the first would be first, if one thing were known; most useful first.

        quoi (what, in words), critere, idee_id (missing for a weight), au_moins, au_plus. Draws are cut
        into ten parts by the thing's value; these are the smallest and largest share of a part in which the idea that
        leads the ranking is first. ``gain`` is how much more often, on average, the best of each part is first: 0 where
        knowing it would not change who is first.
        """
        criteria, ideas = [*CRITERIA], [*self.names.index]
        lead = ideas.index(self.table["idee_id"].iloc[0])
        rows = [(f"le poids donné à « {name} »", name, None, self.weights[:, at]) for at, name in enumerate(criteria)]
        rows += [(f"{name} : {self.names[idea]}", name, idea, self.values[:, place, at])
                 for at, name in enumerate(criteria) for place, idea in enumerate(ideas)]  # fmt: skip
        found = []
        for what, name, idea, known in rows:
            if np.ptp(known) > 0:
                parts = np.array_split(self.first[np.argsort(known, kind="stable")], BINS)
                shares = np.array([np.bincount(part, minlength=len(ideas)) / len(part) for part in parts])
                gain = round(shares.max(axis=1).mean() - shares.mean(axis=0).max(), 9)
                found.append((what, name, idea, shares[:, lead].min(), shares[:, lead].max(), gain))
        table = pd.DataFrame(found, columns=["quoi", "critere", "idee_id", "au_moins", "au_plus", "gain"])
        table["ecart"] = table["au_plus"] - table["au_moins"]
        return table.sort_values(["gain", "ecart"], ascending=False, ignore_index=True)


def compare(
    ideas: pd.DataFrame,
    assessments: pd.DataFrame,
    poids: Sequence[float] | None = None,
    count: int = DRAWS,
    seed: int = 1,
) -> Choice:
    """Rank ideas, and say how sure that is.

    Parameters
    ----------
    ideas, assessments : DataFrame
        Ideas to compare (``idee_id``, ``nom``), each with all five assessments: see
        :attr:`~tikub_lab.datathon.Incubator.compared`.
    poids : sequence of float, optional
        Weights of the five criteria in their order, of any total; by default :data:`CRITERIA`.
    count, seed : int
        Draws, and where they start.

    Examples
    --------
    >>> from tikub_lab.datathon import incubator
    >>> data = incubator()
    >>> found = compare(data.compared, data.assessments)
    >>> found.table["idee_id"].tolist()[:2], found.winner
    (['I04', 'I01'], None)
    """
    require(ideas, "ideas", ["idee_id", "nom"])
    require(assessments, "assessments", ["idee_id", "critere", "bas", "probable", "haut"])
    criteria, names = [*CRITERIA], ideas.set_index("idee_id")["nom"]
    weights = np.array([item[1] for item in CRITERIA.values()] if poids is None else poids, dtype=np.float64)
    if len(weights) != len(criteria) or not (weights >= 0).all() or weights.sum() <= 0:
        raise UsageError(
            f"poids={weights.tolist()}: give {len(criteria)} weights, none negative: {', '.join(criteria)}."
        )
    if len(names) < 2:
        raise UsageError(f"{len(names)} idea to compare: at least two are needed; see « suite » of Incubator.ideas.")
    weights = weights / weights.sum()
    known = assessments.astype({"critere": "str"}).set_index(["idee_id", "critere"])[["bas", "probable", "haut"]]
    wanted = pd.MultiIndex.from_product([names.index, criteria])
    sides = known.reindex(wanted).to_numpy(np.float64).reshape(len(names), len(criteria), 3)
    for idea in names.index.to_numpy()[np.isnan(sides).any(axis=(1, 2))]:
        raise UsageError(f"idee_id={idea!r}: it lacks an assessment; leave it out, or assess all five criteria.")
    low, middle, high = np.moveaxis(sides, 2, 0)
    ends = low.min(axis=0), high.max(axis=0)
    signs = np.array([item[0] for item in CRITERIA.values()])
    if not 100 <= count <= 1_000_000:
        raise UsageError(f"count={count}: from 100 to 1,000,000 draws are allowed; 20,000 are usual.")
    values, drawn = draws(low, middle, high, count, seed)
    utilities, likely = _scaled(values, ends, signs), _scaled(middle, ends, signs)
    found, flows, notes = smaa(utilities, drawn), net_flows(likely, weights), likely @ weights
    table = pd.DataFrame(
        {
            "idee_id": names.index, "nom": names.to_numpy(), "points": 100 * notes, "premiere": found.ranks[:, 0],
            "podium": found.ranks[:, :3].sum(axis=1), "confiance": found.confidence, "flux": flows,
            "rang_flux": pd.Series(flows).round(12).rank(ascending=False, method="min").astype("int64"),
        }
    ).sort_values(["points", "premiere"], ascending=False, ignore_index=True)  # fmt: skip
    table.insert(0, "rang", table["points"].round(9).rank(ascending=False, method="min").astype("int64"))
    turn = turns(likely, weights)
    who = [None if each is None else names.index[each[1]] for each in turn]
    turned = pd.DataFrame(
        {
            "critere": criteria, "unite": [item[2] for item in CRITERIA.values()], "poids": weights,
            "bascule": [np.nan if each is None else each[0] for each in turn], "idee_id": who,
        }
    ).assign(nom=lambda frame: frame["idee_id"].map(names))  # fmt: skip
    ranks = pd.DataFrame(found.ranks, names.index, range(1, len(names) + 1))
    central = pd.DataFrame(found.central, names.index, criteria)
    return Choice(table, ranks, central, turned, found.first, values, drawn, names)


def _scaled(values: Floats, ends: tuple[Floats, Floats], signs: npt.NDArray[np.int64]) -> Floats:
    """Put values between 0, the worst end of all ranges, and 1, the best; a criterion that tells nothing apart is 0."""
    low, high = ends
    span = np.where(high > low, high - low, 1.0)
    return np.where(signs > 0, values - low, high - values) / span * (high > low)
