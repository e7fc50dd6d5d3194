"""The rules of a plan of works: years, budgets and what counts."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from tikub_lab.errors import UsageError
from tikub_lab.methods.scope import one_of

Objective = Literal["kwh", "euros", "kgco2e"]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rules:
    """What a plan may do, and what it is for.

    Attributes
    ----------
    first : int
        First year of works. Savings of works count from the year after.
    budgets : tuple of float
        € of each year from ``first`` on: their number is that of the years of works. What a year leaves stays for
        the next ones. Costs are not inflated.
    horizon : int
        Last year whose savings count. A measure saves for its ``duree_vie``, but not beyond it.
    realisation : float
        Share of the announced savings that meters show, 0 to 2. There is no default: 1 is a claim, not a neutral value
        (see :func:`tikub_lab.energy.planning.realisation.realised`).
    objective : {"kwh", "euros", "kgco2e"}
        What to have most of: kWh saved over the horizon; euros of energy saved less cost, both discounted to ``first``;
        or kgCO2e avoided over the horizon.
    discount : float
        Yearly discount rate of the euros, an assumption of the reader.

    Raises
    ------
    UsageError
        A value out of bounds.

    Examples
    --------
    >>> Rules(2026, (5e6,) * 6, 2045, realisation=0.9).years
    (2026, 2027, 2028, 2029, 2030, 2031)
    """

    first: int
    budgets: tuple[float, ...]
    horizon: int
    realisation: float
    objective: Objective = "kwh"
    discount: float = 0.03

    def __post_init__(self) -> None:
        if not self.budgets or not all(np.isfinite(one) and one >= 0 for one in self.budgets):
            raise UsageError(f"budgets={self.budgets!r}: give € for each year of works, none of them below 0.")
        if self.horizon < self.first + len(self.budgets):
            raise UsageError(
                f"horizon={self.horizon}: savings count from the year after the works; the last year that counts is "
                f"{self.first + len(self.budgets)} or later for works from {self.first} to {self.years[-1]}."
            )
        one_of("objective", self.objective, get_args(Objective))
        if not 0 <= self.realisation <= 2:
            raise UsageError(f"realisation={self.realisation!r}: a share of announced savings, 0 to 2, such as 0.9.")
        if not -0.5 < self.discount < 1:
            raise UsageError(f"discount={self.discount!r}: a yearly rate, such as 0.03 for 3 %.")

    @property
    def years(self) -> tuple[int, ...]:
        """The years of works."""
        return tuple(range(self.first, self.first + len(self.budgets)))

    @property
    def counted(self) -> Integers:
        """The years whose savings count."""
        return np.arange(self.first + 1, self.horizon + 1)
