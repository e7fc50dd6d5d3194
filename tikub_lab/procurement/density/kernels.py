"""Constants of local polynomial density estimation at a boundary, computed exactly from their definition.

Notation of Cattaneo, Jansson and Ma, « Simple Local Polynomial Density Estimators », Journal of the American
Statistical Association 115 (2020), 1449-1455, here for a point at the left end of the support: with the kernel K on
[0, 1] and r(u) = (1, u, ..., u^p),

- S = ∫ r(u) r(u)' K(u) du, the design;
- c = ∫ r(u) u^k K(u) du, what of u^k the polynomial does not follow: the bias;
- G = ∫∫ min(u, v) r(u) r(v)' K(u) K(v) du dv, the covariance of the empirical distribution function.

Kernels are polynomials on [0, 1], hence all of these are rational numbers: no quadrature is needed.
"""

from fractions import Fraction
from functools import lru_cache
from math import factorial

import numpy as np
from numpy.typing import NDArray

from tikub_lab.methods.scope import one_of

Matrix = NDArray[np.float64]
Rows = tuple[tuple[Fraction, ...], ...]

KERNELS: dict[str, tuple[Fraction, ...]] = {
    "triangular": (Fraction(1), Fraction(-1)),
    "epanechnikov": (Fraction(3, 4), Fraction(0), Fraction(-3, 4)),
    "uniform": (Fraction(1, 2),),
}
"""Coefficients of each kernel on [0, 1], from the constant on; they are symmetric about zero."""


def weights(scaled: Matrix, kernel: str) -> Matrix:
    """Return the kernel at distances between 0 and 1.

    Examples
    --------
    >>> weights(np.array([0.0, 0.5, 1.0]), "triangular").tolist()
    [1.0, 0.5, 0.0]
    """
    values = np.polynomial.polynomial.polyval(scaled, [float(c) for c in _kernel(kernel)])
    return np.asarray(values, dtype=np.float64)


def _kernel(name: str) -> tuple[Fraction, ...]:
    one_of("kernel", name, KERNELS)
    return KERNELS[name]


def _moment(power: int, kernel: str) -> Fraction:
    """∫ u^power K(u) du over [0, 1]."""
    terms = (c / (power + i + 1) for i, c in enumerate(_kernel(kernel)))
    return sum(terms, Fraction(0))


def _double(i: int, j: int, kernel: str) -> Fraction:
    """∫∫ min(u, v) u^i v^j K(u) K(v) du dv over the unit square, one half of it at a time."""
    total = Fraction(0)
    for a, ca in enumerate(_kernel(kernel)):
        for b, cb in enumerate(_kernel(kernel)):
            # u below v: ∫ v^(j+b) ∫_0^v u^(i+a+1), then v below u: ∫ u^(i+a) ∫_0^u v^(j+b+1)
            total += ca * cb / (i + a + 2) / (i + a + j + b + 3)
            total += ca * cb / (j + b + 2) / (i + a + j + b + 3)
    return total


@lru_cache(maxsize=64)
def _exact(order: int, kernel: str) -> tuple[Rows, Rows]:
    powers = range(order + 1)
    s = tuple(tuple(_moment(i + j, kernel) for j in powers) for i in powers)
    return s, tuple(tuple(_double(i, j, kernel) for j in powers) for i in powers)


def _solve(matrix: Rows, right: list[Fraction]) -> list[Fraction]:
    """Solve a small linear system exactly (Gauss and Jordan; the matrices are positive definite: no pivoting)."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for k, pivot in enumerate(rows):
        pivot[:] = [value / pivot[k] for value in pivot]
        for i, row in enumerate(rows):
            if i != k:
                row[:] = [value - row[k] * top for value, top in zip(row, pivot, strict=True)]
    return [row[-1] for row in rows]


@lru_cache(maxsize=64)
def variance_constant(order: int, derivative: int, kernel: str) -> Fraction:
    """Return the element [derivative, derivative] of S⁻¹ G S⁻¹: the asymptotic variance of that coefficient.

    Examples
    --------
    >>> variance_constant(1, 1, "uniform")
    Fraction(6, 5)
    """
    s, g = _exact(order, kernel)
    unit = [Fraction(int(i == derivative)) for i in range(order + 1)]
    row = _solve(s, unit)
    return sum((x * y * g[i][j] for i, x in enumerate(row) for j, y in enumerate(row)), Fraction(0))


@lru_cache(maxsize=64)
def bias_constant(order: int, derivative: int, kernel: str) -> Fraction:
    """Return the element of S⁻¹ c for u^(order+1): how much of it the coefficient of u^derivative takes up.

    Examples
    --------
    >>> bias_constant(2, 1, "uniform")
    Fraction(-3, 5)
    """
    s, _ = _exact(order, kernel)
    return _solve(s, [_moment(i + order + 1, kernel) for i in range(order + 1)])[derivative]


def pilot_constant(order: int, derivative: int) -> float:
    """Return variance over squared bias of a derivative's estimate, as the pilot bandwidths use it.

    The kernel is uniform and the point at the boundary; with the factorials of the Taylor expansion.

    Examples
    --------
    >>> pilot_constant(1, 1)
    4.8
    """
    ratio = variance_constant(order, derivative, "uniform") / bias_constant(order, derivative, "uniform") ** 2
    return float(ratio * factorial(order + 1) ** 2)


def two_sided(order: int, kernel: str) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """Return S, G, c and the reflection of the model whose two sides share all but the slope.

    Its coefficients are: constant, slope on the left, slope on the right, then the common higher powers. S, G and c
    (for u^(order+1)) are those of the right side, with zeros for the left slope; the reflection turns them into the
    left side's.

    Returns
    -------
    tuple of arrays of shapes (p+2, p+2), (p+2, p+2), (p+2,), (p+2, p+2)
    """
    s, g = _exact(order, kernel)
    c = [float(_moment(i + order + 1, kernel)) for i in range(order + 1)]
    place = [0, *range(2, order + 2)]
    size = order + 2
    design, covariance, bias = np.zeros((size, size)), np.zeros((size, size)), np.zeros(size)
    design[np.ix_(place, place)] = [[float(x) for x in row] for row in s]
    covariance[np.ix_(place, place)] = [[float(x) for x in row] for row in g]
    bias[place] = c
    reflection = np.diag([1.0, 0.0, 0.0, *((-1.0) ** k for k in range(2, order + 1))])
    reflection[1, 2] = reflection[2, 1] = -1.0
    return design, covariance, bias, reflection
