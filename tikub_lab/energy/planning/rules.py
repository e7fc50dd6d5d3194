"""The rules of a plan of works: years, budgets, what counts, what is limited; and whether a plan keeps them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from tikub_lab.errors import UsageError
from tikub_lab.methods.scope import one_of

Objective = Literal["kwh", "euros", "kgco2e"]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CENT = 0.01
"""€: budgets are kept to the cent."""


@dataclass(frozen=True)
class Rules:
    """What a plan may do, and what it is for.

    Attributes
    ----------
    first : int
        First year of works. Savings of works count from the year after.
    budgets : tuple of float
        € of each year from ``first`` on: their number is that of the years of works. Costs are not inflated.
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
    carry : bool
        Whether a year's unspent money stays for the next ones.
    works_a_year, sites_a_year : int, optional
        At most so many measures, or lycées under works, in one year.
    years_a_site : int, optional
        One lycée's works in at most so many different years.
    imposees, ecartees : tuple of str
        ``travaux_id`` of what must be done, and must not.

    Raises
    ------
    UsageError
        A value out of bounds, or a measure on both lists.

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
    carry: bool = True
    works_a_year: int | None = None
    sites_a_year: int | None = None
    years_a_site: int | None = None
    imposees: tuple[str, ...] = ()
    ecartees: tuple[str, ...] = ()

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
        for name in ("works_a_year", "sites_a_year", "years_a_site"):
            if (limit := getattr(self, name)) is not None and limit < 1:
                raise UsageError(f"{name}={limit!r}: a limit is 1 or more; None for no limit.")
        if both := sorted(set(self.imposees) & set(self.ecartees)):
            raise UsageError(f"imposees, ecartees: {', '.join(both)} on both lists; take each off one of them.")

    @property
    def years(self) -> tuple[int, ...]:
        """The years of works."""
        return tuple(range(self.first, self.first + len(self.budgets)))

    @property
    def counted(self) -> Integers:
        """The years whose savings count."""
        return np.arange(self.first + 1, self.horizon + 1)


@dataclass
class Ledger:
    """A plan in the making: what is placed so far, and whether one more measure fits.

    Attributes
    ----------
    rules : Rules
    cost : array of n floats
    site : array of n int
    rivals : dict
        For a measure, those that it excludes.
    when : array of n int
        Position of each measure's year, -1 while it is not placed.
    """

    rules: Rules
    cost: Floats
    site: Integers
    rivals: dict[int, list[int]]
    when: Integers = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.rules.budgets)
        self.when = np.full(len(self.cost), -1)
        self._left = np.asarray(self.rules.budgets, dtype=float)
        if self.rules.carry:
            self._left = np.cumsum(self._left)
        self._works = np.zeros(count, dtype=int)
        self._sites: list[Counter[int]] = [Counter() for _ in range(count)]
        self._years: dict[int, set[int]] = {}

    def fits(self, one: int, year: int) -> bool:
        """Tell whether a measure can be done in a year with all that is placed."""
        rules, site = self.rules, int(self.site[one])
        left = self._left[year:].min() if rules.carry else self._left[year]
        if self.when[one] >= 0 or self.cost[one] > left + CENT / 2:
            return False
        if any(self.when[other] >= 0 for other in self.rivals.get(one, ())):
            return False
        if rules.works_a_year is not None and self._works[year] >= rules.works_a_year:
            return False
        if (
            rules.sites_a_year is not None
            and site not in self._sites[year]
            and len(self._sites[year]) >= rules.sites_a_year
        ):
            return False
        years = self._years.get(site, set())
        return rules.years_a_site is None or year in years or len(years) < rules.years_a_site

    def place(self, one: int, year: int) -> None:
        """Do a measure in a year; it must fit."""
        site = int(self.site[one])
        self.when[one] = year
        if self.rules.carry:
            self._left[year:] -= self.cost[one]
        else:
            self._left[year] -= self.cost[one]
        self._works[year] += 1
        self._sites[year][site] += 1
        self._years.setdefault(site, set()).add(year)
