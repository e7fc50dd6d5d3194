"""Lycées that heat on weekends or in holidays as on days of lessons, all year: a pattern, not a fault.

A boarding school may have good reasons; the others may never have set a timetable. What it takes is told against
lycées that are like it, boarding or not.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tikub_lab.energy.alerts.findings import NORMAL, Finding, Told
from tikub_lab.energy.alerts.grid import HOLIDAY, WEEKEND
from tikub_lab.energy.alerts.meter import Watched
from tikub_lab.energy.alerts.words import ALWAYS_HOLIDAYS, ALWAYS_WEEKENDS

ALWAYS = 0.9
"""Share of the heating of days of lessons that the lower bound of that of other days reaches."""
PEERS = 5
"""Lycées that are alike, at least, to tell what is usual among them."""
KINDS = {WEEKEND: ("pente/week-end", ALWAYS_WEEKENDS), HOLIDAY: ("pente/vacances", ALWAYS_HOLIDAYS)}


def share_of(told: Told, kind: int) -> tuple[float, float]:
    """Tell the heating per degree on weekends or in holidays, as a share of that on days of lessons.

    Parameters
    ----------
    told : Told
    kind : int
        ``WEEKEND`` or ``HOLIDAY``.

    Returns
    -------
    share, error : float
        Not numbers where the meter does not heat, or its kinds of days are not told apart.
    """
    name = KINDS[kind][0]
    if "pente" not in told.names or name not in told.names:
        return float("nan"), float("nan")
    places = [told.names.index("pente"), told.names.index(name)]
    slope, more = told.model.coefficients[places]
    if slope <= 0:
        return float("nan"), float("nan")
    turn = np.array([-more / slope**2, 1 / slope])
    variance = float(turn @ told.model.covariance[np.ix_(places, places)] @ turn)
    return float(1 + more / slope), float(np.sqrt(max(variance, 0.0)))


def habits(watched: Sequence[Watched], sites: pd.DataFrame) -> list[Finding]:
    """Find lycées that always heat when nobody is there.

    Parameters
    ----------
    watched : sequence of Watched
        Daily readings: bills do not tell weekends apart.
    sites : DataFrame
        ``code_uai``, ``internat``.

    Returns
    -------
    list of Finding
        kWh a year more than if the meter did as the median of its peers; not a number with fewer than five of them.
    """
    boards = dict(zip(sites["code_uai"], sites["internat"].fillna(False).astype(bool), strict=True))
    found = []
    for kind in KINDS:
        shares = [
            (one.told, *share_of(one.told, kind), bool(boards.get(one.series.site, False)))
            for one in watched
            if one.told is not None and one.series.heats and one.told.grid.calendar
        ]
        for told, share, error, board in shares:
            if share - NORMAL * error >= ALWAYS:
                peers = [other for _, other, _, same in shares if same == board and other == other]
                usual = float(np.median(peers)) if len(peers) >= PEERS else float("nan")
                found.append(_finding(told, kind, share, error, usual))
    return found


def _finding(told: Told, kind: int, share: float, error: float, usual: float) -> Finding:
    grid = told.grid
    first = max(0, len(grid.kinds) - 365)
    days = slice(first, len(grid.kinds))
    slope = float(told.model.coefficients[told.names.index("pente")])
    heat = slope * np.where(grid.kinds[days] == kind, np.nan_to_num(grid.degrees[days]), 0.0)
    return Finding(
        told.series, KINDS[kind][1], grid.first + first, grid.first + len(grid.kinds),
        np.maximum(share - usual, 0.0) * heat, error * float(heat.sum()), float("nan"), size=share,
        usual=share * float(heat.sum()),
    )  # fmt: skip
