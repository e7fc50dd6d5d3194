"""Lycées that heat on weekends or in holidays as on days of lessons, all year: a pattern, not a fault.

A boarding school may have good reasons; the others may never have set a timetable. What it takes is told against
lycées that are like it, boarding or not.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from tikub_lab.energy.alerts.grid import HOLIDAY, WEEKEND
from tikub_lab.energy.alerts.meter import Finding, Told, Watched
from tikub_lab.energy.alerts.table import NORMAL

ALWAYS = 0.9
"""Share of the heating of days of lessons that the lower bound of that of other days reaches."""
PEERS = 5
"""Lycées that are alike, at least, to tell what is usual among them."""
KINDS = {WEEKEND: ("pente/week-end", "chauffage habituel le week-end"),
         HOLIDAY: ("pente/vacances", "chauffage habituel en vacances")}  # fmt: skip


def habits(watched: Sequence[Watched], sites: pd.DataFrame) -> Iterator[Finding]:
    """Find lycées that always heat when nobody is there, by daily readings: bills do not tell weekends apart.

    kWh are those of a year beyond what the median of its peers would use; not numbers with fewer than five of them.
    """
    boards = dict(zip(sites["code_uai"], sites["internat"].fillna(False).astype(bool), strict=True))
    models = [one.told for one in watched if one.told and one.series.heats and one.told.grid.calendar]
    for kind, (name, nature) in KINDS.items():
        shares = pd.DataFrame([_share(told, name) for told in models], columns=["share", "error"])
        alike = shares["share"].groupby([bool(boards.get(told.series.site, False)) for told in models])
        usual = alike.transform("median").where(alike.transform("count") >= PEERS)
        for told, share, error, peers in zip(models, shares["share"], shares["error"], usual, strict=True):
            if share - NORMAL * error >= ALWAYS:
                yield _finding(told, kind, nature, share, error, peers)


def _share(told: Told, name: str) -> tuple[float, float]:
    """Return the heating per degree of a kind of day as a share of that on days of lessons, and its error."""
    if "pente" not in told.names or name not in told.names:
        return float("nan"), float("nan")
    places = [told.names.index("pente"), told.names.index(name)]
    slope, more = told.model.fit.coefficients[places]
    if slope <= 0:
        return float("nan"), float("nan")
    turn = np.array([-more / slope**2, 1 / slope])
    variance = float(turn @ told.model.covariance[np.ix_(places, places)] @ turn)
    return float(1 + more / slope), float(np.sqrt(max(variance, 0.0)))


def _finding(told: Told, kind: int, nature: str, share: float, error: float, usual: float) -> Finding:
    """Tell it of the last year."""
    grid, size = told.grid, len(told.grid.kinds)
    days = slice(max(0, size - 365), size)
    slope = float(told.model.fit.coefficients[told.names.index("pente")])
    heat = slope * np.where(grid.kinds[days] == kind, np.nan_to_num(grid.degrees[days]), 0.0)
    return Finding(
        told.series, nature, grid.first + days.start, grid.first + size, np.maximum(share - usual, 0.0) * heat,
        error * float(heat.sum()), float("nan"), size=share, usual=share * float(heat.sum()),
    )  # fmt: skip
