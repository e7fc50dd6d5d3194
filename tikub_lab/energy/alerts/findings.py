"""What is found at one meter from the readings of one origin: faults of measuring, and use beyond what is usual."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tikub_lab.energy.alerts import drift, faults, occupancy
from tikub_lab.energy.alerts.grid import Grid
from tikub_lab.energy.alerts.model import CLIP, Departure, Explained, whitened
from tikub_lab.energy.alerts.series import Series
from tikub_lab.energy.days import Booleans
from tikub_lab.energy.periods import Floats, Integers

NORMAL = 1.6449
"""Standard deviations of a two-sided interval of 90 %."""
IN_DOUBT = 2.0
"""Logarithm of likelihoods apart under which two stories are both told."""


@dataclass(frozen=True)
class Finding:
    """Something to look into.

    Attributes
    ----------
    series : Series
    nature : str
    start, end : int
        First day, and day after the last, from 1970.
    by_day : array of end - start floats
        kWh too many, or unmeasured, on each day; not numbers where they can't be told.
    error : float
        Standard deviation of their sum, kWh.
    chance : float
        Chance (tests) or expected number a meter (runs) of such a finding where there is nothing.
    departure : Departure or None
        For what was tested.
    how : str
        Of faults of measuring, see :class:`tikub_lab.energy.alerts.faults.Run`.
    name : str
        Of holidays.
    size : float
        Of a drift, kWh a day in the end; of heating, its share of that of days of lessons.
    usual : float
        kWh that these days would have used.
    doubt : str
        Another nature that it may have, or nothing.
    confirmed : bool
        Whether bills show it too.
    """

    series: Series
    nature: str
    start: int
    end: int
    by_day: Floats = field(repr=False)
    error: float
    chance: float
    departure: Departure | None = None
    how: str = ""
    name: str = ""
    size: float = float("nan")
    usual: float = float("nan")
    doubt: str = ""
    confirmed: bool = False

    @property
    def kwh(self) -> float:
        """Sum over its days."""
        return float(self.by_day.sum())


def nature_of(run: faults.Run) -> str:
    """Tell what a fault of measuring is, before its values are looked at."""
    if run.how == "missing":
        return faults.MISSING
    return faults.ESTIMATED if run.how in ("flagged", "copy") else faults.BROKEN


@dataclass(frozen=True)
class Told:
    """A model, ready to tell what it found."""

    series: Series
    grid: Grid
    rows: Booleans
    daily: Floats
    names: tuple[str, ...]
    model: Explained

    def drift(self, which: Sequence[int]) -> Finding:
        """Tell a drift; what rises in two steps is one, from the first of them."""
        grid, model = self.grid, self.model
        parts = [model.departures[place] for place in which]
        change = min(int(one.family.labels[one.place][0]) for one in parts)  # type: ignore[index]
        days = np.arange(change, len(grid.kinds))
        shapes = np.column_stack([drift.shape(days, *one.family.labels[one.place]) for one in parts])  # type: ignore[misc]
        by_day = shapes @ np.array([one.size for one in parts])
        places = self.daily.shape[1] + np.array(which)
        wanted = shapes.sum(axis=0)
        error = float(np.sqrt(max(wanted @ model.covariance[np.ix_(places, places)] @ wanted, 1e-12)))
        first = max(parts, key=lambda one: one.t)
        averaged, between = self._all_days(which)
        if len(parts) == 1:
            by_day = averaged[change:]
        sum_t = float(by_day.sum()) / error
        return Finding(
            self.series,
            drift.NAME,
            grid.first + change,
            grid.first + len(grid.kinds),
            by_day,
            float(np.hypot(error, between)),
            1.0,
            replace(first, t=max(first.t, sum_t)),
            size=float(by_day[-1]),
            usual=float((self.daily[change:] @ model.coefficients).sum()),
        )

    def _all_days(self, which: Sequence[int]) -> tuple[Floats, float]:
        """Average over the days of change, as likely as the readings make each: kWh a day, and how its sum varies."""
        model, grid = self.model, self.grid
        family = model.departures[which[0]].family
        others = [one for place, one in enumerate(model.departures) if place not in which]
        place = grid.start[self.rows] if grid.daily else None
        sums = grid.sums(self.daily)[self.rows]
        left = np.column_stack([sums, *(one.family.columns[:, one.place] for one in others)])
        fitted = model.usual + sum(one.size * one.family.columns[:, one.place] for one in model.departures)
        use = fitted + np.clip(self.series.kwh[self.rows] - fitted, -CLIP * model.scatter, CLIP * model.scatter)
        q, _ = np.linalg.qr(whitened(left, model.scatter, model.memory, place))
        right = whitened(use, model.scatter, model.memory, place)
        right = right - q @ (q.T @ right)
        columns = whitened(family.columns, model.scatter, model.memory, place)
        columns = columns - q @ (q.T @ columns)
        square, product = (columns**2).sum(axis=0), right @ columns
        size = product / np.maximum(square, 1e-300)
        rest = float(right @ right) - product * size
        known = (square > 1e-9 * square.max()) & (size > 0)
        noise = float(rest[known].min()) / max(len(right) - left.shape[1] - 1, 1)
        odds = np.where(known, np.exp(-(rest - rest[known].min()) / (2 * noise)), 0.0)
        odds /= odds.sum()
        days, likely = np.arange(len(grid.kinds)), np.flatnonzero(odds > 1e-3)
        shapes = np.column_stack([drift.shape(days, *family.labels[one]) for one in likely])  # type: ignore[misc]
        weight = odds[likely] / odds[likely].sum()
        totals = shapes.sum(axis=0) * size[likely]
        spread = float(weight @ (totals - weight @ totals) ** 2)
        return shapes @ (weight * size[likely]), float(np.sqrt(spread))

    def heating(self, which: int) -> Finding:
        """Tell holidays, or weekends between two of them, that were heated."""
        grid, departure = self.grid, self.model.departures[which]
        number = departure.family.labels[departure.place]
        holidays = departure.family.name == occupancy.HOLIDAYS
        owner = grid.period if holidays else np.where(grid.kinds == 1, grid.term, -1)
        own = np.flatnonzero(owner == number)
        column = np.where(owner == number, np.nan_to_num(grid.degrees), 0.0)
        size, first, last = departure.size, int(own[0]), int(own[-1]) + 1
        if grid.daily:
            size, first, last = self._narrowed(column, size, which, first, last)
        inside = slice(first, last)
        heat = column[inside]
        slope = dict(zip(self.names, self.model.coefficients[: len(self.names)].tolist(), strict=True))
        kind = "vacances" if holidays else "week-end"
        whole = slope.get("pente", float("nan"))
        share = (whole + slope.get(f"pente/{kind}", 0.0) + size) / whole if whole > 0 else float("nan")
        return Finding(
            self.series, departure.family.name, grid.first + first, grid.first + last, size * heat,
            departure.error * float(heat.sum()), 1.0, departure, size=share,
            name=grid.names[int(str(number))] if holidays else "",
            usual=float((self.daily[inside] @ self.model.coefficients)[heat > 0].sum()),
        )  # fmt: skip

    def _narrowed(self, column: Floats, size: float, which: int, first: int, last: int) -> tuple[float, int, int]:
        """Find the days of the holidays that were heated: those that the likelihood wants in a row."""
        line, scatter = np.full(len(column), np.nan), np.full(len(column), np.nan)
        rest = self.series.kwh[self.rows] - self.model.usual
        for other, one in enumerate(self.model.departures):
            if other != which:
                rest = rest - one.size * one.family.columns[:, one.place]
        place = self.grid.start[self.rows]
        line[place], scatter[place] = rest, self.model.scatter
        want = np.nan_to_num((2 * size * column * line - (size * column) ** 2) / scatter**2)[first:last]
        total = np.concatenate([[0.0], np.cumsum(want)])
        lowest = np.minimum.accumulate(total)
        end = int((total - lowest).argmax())
        begin = int(total[: end + 1].argmin())
        if end <= begin:
            return size, first, last
        first, last = first + begin, first + end
        known = ~np.isnan(line[first:last])
        heat, spread = column[first:last][known], scatter[first:last][known]
        weight = float((heat**2 / spread**2).sum())
        if weight > 0:
            size = float((heat * line[first:last][known] / spread**2).sum()) / weight
        return size, first, last

    def expected(self, days: Integers) -> tuple[Floats, float]:
        """Tell what was to be expected of some days in a row, and the standard deviation of its sum."""
        model, grid = self.model, self.grid
        matrix = [self.daily[days]]
        for one in model.departures:
            label = one.family.labels[one.place]
            if one.family.name == drift.NAME:
                matrix.append(drift.shape(days, *label)[:, None])  # type: ignore[misc]
            elif one.family.name == occupancy.HOLIDAYS:
                matrix.append((np.nan_to_num(grid.degrees) * (grid.period == label))[days, None])
            else:
                matrix.append(np.zeros((len(days), 1)))
        full = np.hstack(matrix)
        use = full @ np.concatenate([model.coefficients[: self.daily.shape[1]], [one.size for one in model.departures]])
        use[~grid.known[days]] = np.nan
        known = ~np.isnan(use)
        order = np.argsort(model.usual)
        length = 1.0 if grid.daily else float(np.median(grid.end - grid.start))
        spread = np.interp(use[known] * length, model.usual[order], model.scatter[order]) / np.sqrt(length)
        apart = np.abs(np.subtract.outer(days[known], days[known])).astype(np.float64)
        memory = model.memory**apart if grid.daily else np.eye(int(known.sum()))
        wanted = full[known].sum(axis=0)
        return use, float(np.sqrt(max(spread @ memory @ spread + wanted @ model.covariance @ wanted, 0.0)))

    def unmeasured(self, run: faults.Run) -> Finding:
        """Tell a fault of measuring: what these days probably used."""
        days = np.arange(run.first, run.last)
        use, error = self.expected(days)
        finding = Finding(
            self.series, nature_of(run), self.grid.first + run.first, self.grid.first + run.last,
            np.maximum(use, 0), error, run.chance, how=run.how, usual=float(use.sum()),
        )  # fmt: skip
        if run.how != "constant" or np.isnan(use).any():
            return finding
        value = float(self.series.kwh[np.searchsorted(self.grid.start, run.first)])
        _, alone = self.expected(days[:1])
        odds = faults.stuck_or_estimated(value, (float(use[0]), alone), (float(use.mean()), error / len(days)))
        if odds > 0:  # the first of these values was read
            finding = replace(finding, start=finding.start + 1, by_day=finding.by_day[1:])
        nature, other = (faults.BROKEN, faults.ESTIMATED) if odds > 0 else (faults.ESTIMATED, faults.BROKEN)
        return replace(finding, nature=nature, doubt=other if abs(odds) < IN_DOUBT else "")
