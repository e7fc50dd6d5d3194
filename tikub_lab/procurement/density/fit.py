"""Density on either side of a point, as slopes of a polynomial fitted to the empirical distribution function.

Cattaneo, Jansson and Ma, « Simple Local Polynomial Density Estimators », JASA 115 (2020), 1449-1455: a polynomial of
order p is fitted by weighted least squares to the empirical distribution function near the point; the coefficient of
its first power is the density. No bins are chosen beforehand, and nothing special happens at a boundary.

Two models: « unrestricted » fits each side on its own; « restricted » lets the two sides share all but the slope,
which is more precise when true.
"""

from dataclasses import dataclass

import numpy as np

from tikub_lab.procurement.density.kernels import Matrix, two_sided, variance_constant, weights


@dataclass(frozen=True)
class Sorted:
    """Observations in order, the point taken off.

    Attributes
    ----------
    values : array of float
        Distance to the point, in increasing order.
    ecdf : array of float
        Empirical distribution function from 0 to 1: rank, from zero, over n - 1. Equal values have the highest rank of
        theirs when ties are respected.
    first : array of int
        Position of the first of the observations equal to each, or its own position when ties are not respected.
    """

    values: Matrix
    ecdf: Matrix
    first: np.ndarray

    @classmethod
    def of(cls, values: Matrix, ties: bool = True) -> "Sorted":
        """Sort values and rank them.

        Examples
        --------
        >>> Sorted.of(np.array([2.0, -1.0, 2.0])).ecdf.tolist()
        [0.0, 1.0, 1.0]
        """
        ordered = np.sort(values)
        position = np.arange(len(ordered))
        rank, first = position, position
        if ties:
            first = np.searchsorted(ordered, ordered, side="left")
            rank = np.searchsorted(ordered, ordered, side="right") - 1
        return cls(ordered, rank / (len(ordered) - 1), first)


@dataclass(frozen=True)
class Estimate:
    """What a fit says of the left side, the right side, their difference (right less left) and their sum.

    Attributes
    ----------
    density : array of shape (4,)
        Left, right, difference, sum.
    variance : array of shape (4,)
        Of each; not a number where the formula gives a negative one.
    derivative : array of shape (4,)
        Coefficient of the power asked for, left and right; difference, sum.
    """

    density: Matrix
    variance: Matrix
    derivative: Matrix


def both(left: float, right: float) -> Matrix:
    """Return left, right, difference and sum."""
    return np.array([left, right, right - left, right + left])


@dataclass(frozen=True)
class Fit:
    """How to fit: kernel, model, how the variance is estimated."""

    kernel: str = "triangular"
    model: str = "unrestricted"
    variance: str = "jackknife"

    def at(self, data: Sorted, left: float, right: float, order: int, power: int = 1) -> Estimate:
        """Fit within the bandwidths.

        Parameters
        ----------
        data : Sorted
            All observations.
        left, right : float
            Bandwidths; equal ones in the restricted model.
        order : int
            Of the polynomial.
        power : int
            Whose coefficient ``derivative`` gives.

        Returns
        -------
        Estimate
            All not a number when one side has too few distinct values to determine the polynomial.
        """
        whole = (data.values >= -left) & (data.values <= right)
        sides = (whole & (data.values < 0), whole & (data.values >= 0))
        distinct = [len(np.unique(data.values[side])) for side in sides]
        if min(distinct) <= order:
            nothing = np.full(4, np.nan)
            return Estimate(nothing, nothing, nothing)
        fit = self._restricted if self.model == "restricted" else self._unrestricted
        found = fit(data, sides, (left, right), order, power)
        positive = np.where(found.variance < 0, np.nan, found.variance)
        return Estimate(found.density, positive, found.derivative)

    def _unrestricted(
        self, data: Sorted, sides: tuple[np.ndarray, ...], widths: tuple[float, float], order: int, power: int
    ) -> Estimate:
        """Fit each side alone: the two densities are independent, so that variances add up."""
        slope, spread, higher = [], [], []
        for side, width in zip(sides, widths, strict=True):
            scaled = data.values[side] / width
            design = np.vander(scaled, order + 1, increasing=True)
            beta, covariance = self._least_squares(data, side, design, weights(np.abs(scaled), self.kernel) / width)
            slope.append(beta[1] / width)
            higher.append(beta[power] / width**power)
            spread.append(covariance[1, 1] / width**2)
        if self.variance == "plugin":
            constant = float(variance_constant(order, 1, self.kernel))
            spread = [f * constant / (len(data.values) * h) for f, h in zip(slope, widths, strict=True)]
        total = spread[0] + spread[1]
        return Estimate(both(*slope), np.array([*spread, total, total]), both(*higher))

    def _restricted(
        self, data: Sorted, sides: tuple[np.ndarray, ...], widths: tuple[float, float], order: int, power: int
    ) -> Estimate:
        """Fit both sides together; only the slopes differ."""
        whole, width = sides[0] | sides[1], widths[0]
        scaled = data.values[whole] / width
        powers = np.vander(scaled, order + 1, increasing=True)
        slopes = np.column_stack([np.where(scaled < 0, scaled, 0.0), np.where(scaled < 0, 0.0, scaled)])
        design = np.column_stack([powers[:, :1], slopes, powers[:, 2:]])
        beta, covariance = self._least_squares(data, whole, design, weights(np.abs(scaled), self.kernel) / width)
        left, right = float(beta[1] / width), float(beta[2] / width)
        block = covariance[1:3, 1:3] / width**2
        if self.variance == "plugin":
            block = self._asymptotic(left, right, order) / (len(data.values) * width)
        cross = 2 * block[0, 1]
        total = block[0, 0] + block[1, 1]
        common = float(beta[power + 1] / width**power)
        higher = np.array([common, common, 0.0, 2 * common]) if power > 1 else both(left, right)
        return Estimate(both(left, right), np.array([block[0, 0], block[1, 1], total - cross, total + cross]), higher)

    def _asymptotic(self, left: float, right: float, order: int) -> Matrix:
        """Return the asymptotic covariance of the two slopes, up to the bandwidth and the number of observations."""
        s, g, _, mirror = two_sided(order, self.kernel)
        inverse = np.linalg.inv(left * mirror @ s @ mirror + right * s)
        return (inverse @ (left**3 * mirror @ g @ mirror + right**3 * g) @ inverse)[1:3, 1:3]

    def _least_squares(self, data: Sorted, rows: np.ndarray, design: Matrix, weight: Matrix) -> tuple[Matrix, Matrix]:
        """Return coefficients and their jackknife covariance.

        Each observation moves the distribution function of all that are at or above it. Its influence on the
        coefficients is therefore the sum of the weighted rows of the design after its own (after the first of those
        equal to it).
        """
        weighted = design * weight[:, None]
        inverse = np.linalg.inv(weighted.T @ design)
        beta = inverse @ (weighted.T @ data.ecdf[rows])
        start = int(np.flatnonzero(rows)[0])
        before = np.cumsum(weighted, axis=0)
        after = before[-1] - before[data.first[rows] - start]
        influence = after @ inverse / (len(data.values) - 1)
        return beta, influence.T @ influence
