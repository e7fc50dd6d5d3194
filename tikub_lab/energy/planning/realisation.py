"""Which share of the announced savings meters show, from works already done."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from tikub_lab.errors import UsageError
from tikub_lab.show.french import number, percent


@dataclass(frozen=True)
class Realisation:
    """A share, with its confidence interval.

    Attributes
    ----------
    share : float
        Measured savings over announced ones; not a number without any works.
    low, high : float
        Bounds; not numbers for fewer than three works.
    level : float
    n, left_out : int
        Works that count, and those with a saving missing or nothing announced.
    """

    share: float
    low: float
    high: float
    level: float
    n: int
    left_out: int

    @property
    def sentence(self) -> str:
        """What can be said, in French."""
        if not self.n:
            return "Aucuns travaux réalisés n'ont à la fois une économie annoncée et une économie mesurée."
        start = f"Sur {number(self.n)} travaux, les compteurs montrent {percent(self.share)} des économies annoncées"
        if math.isnan(self.low):
            return f"{start} : trop peu pour en dire la précision."
        low, high = number(self.low * 100), percent(self.high)
        return f"{start} (entre {low} et {high}, au niveau de confiance de {percent(self.level)})."


def realised(works: pd.DataFrame, level: float = 0.9) -> Realisation:
    """Work out the share of announced savings that meters show.

    The ratio of sums, so that large works count for what they are, with the interval of a ratio estimator (Cochran,
    *Sampling Techniques*, 3rd ed., 1977, 6.4) and Student's quantile. It holds for works like those done.

    Parameters
    ----------
    works : DataFrame
        One row a measure done: ``economie_attendue`` (announced, kWh a year) and ``economie_mesuree`` (kWh of a
        year, from :func:`tikub_lab.energy.savings.metered`, best of an average climate).
    level : float
        Two-sided confidence level.

    Returns
    -------
    Realisation

    Raises
    ------
    UsageError
        A column that is missing, a level that is not between 0 and 1.

    Examples
    --------
    >>> done = pd.DataFrame({"economie_attendue": [100.0, 200, 50, 0], "economie_mesuree": [90.0, 150, 50, 3]})
    >>> found = realised(done)
    >>> round(found.share, 4), found.n, found.left_out
    (0.8286, 3, 1)
    """
    if absent := [name for name in ("economie_attendue", "economie_mesuree") if name not in works]:
        raise UsageError(f"works: no column {', '.join(absent)}; give announced and measured savings, kWh a year.")
    if not 0 < level < 1:
        raise UsageError(f"level={level!r}: a confidence level is between 0 and 1, such as 0.9.")
    said, seen = (works[name].to_numpy(float, na_value=np.nan) for name in ("economie_attendue", "economie_mesuree"))
    known = (said > 0) & np.isfinite(seen)
    count = int(known.sum())
    said, seen = said[known], seen[known]
    share = float(seen.sum() / said.sum()) if count else math.nan
    low = high = math.nan
    if count > 2:
        spread = float(((seen - share * said) ** 2).sum()) * count / (count - 1)
        half = float(stats.t.ppf(0.5 + level / 2, count - 1)) * math.sqrt(spread) / float(said.sum())
        low, high = share - half, share + half
    return Realisation(share, low, high, level, count, len(works) - count)
