"""What a plan of works chooses from, and the rules that it keeps: years, budgets, what counts, what excludes what."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sparse

from tikub_lab.errors import UsageError
from tikub_lab.methods.scope import one_of

Objective = Literal["kwh", "euros", "kgco2e"]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

THOUSAND = 1000.0
CENT = 0.01 / THOUSAND
MOST = 0.95
"""No measure saves more than that of what its site uses of an energy: an announced saving above is cut down to it."""


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
        (see :func:`tikub_lab.energy.planning.measured.realised`).
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


@dataclass(frozen=True)
class Problem:
    """Measures to choose from, in arrays; *n* measures, *G* pairs of a site and an energy, *K* years that count.

    ``site`` and ``group`` (n) say where a measure is, ``announced`` (n) is its saving as a share of ``use`` (G, kWh a
    year) before realisation; ``prices`` and ``emissions`` (G, K) are € and kgCO2e of a kWh, not numbers where unknown;
    ``conflicts`` (m, 2) are measures that exclude each other. ``left_out`` has the proposed measures that the plan
    can't choose, and why (``motif``); ``stock`` is the kWh a year of all that is known, ``unknown`` the rows without,
    ``sites`` how many have a measure.
    """

    measures: pd.DataFrame
    rules: Rules
    site: Integers
    group: Integers
    announced: Floats
    use: Floats
    prices: Floats
    emissions: Floats
    conflicts: Integers
    left_out: pd.DataFrame
    stock: float
    unknown: int
    sites: int

    def __len__(self) -> int:
        return len(self.measures)

    @cached_property
    def share(self) -> Floats:
        """Share of the use that each measure saves alone, as meters would show it."""
        return np.minimum(self.announced * self.rules.realisation, MOST)

    @cached_property
    def cost(self) -> Floats:
        """€ of each measure."""
        return self.measures["cout"].to_numpy(float)

    @cached_property
    def life(self) -> Integers:
        """Years that each measure saves, not more than those that count."""
        return np.minimum(self.measures["duree_vie"].to_numpy(np.int64), len(self.rules.counted))

    @cached_property
    def limits(self) -> tuple[sparse.csc_matrix, Floats]:
        """The rules as rows and what each may reach; one column for each measure and year of works.

        Budgets, in thousands of euros, count all that was spent up to a year, as what a year leaves stays for the next
        ones; of two measures that exclude each other one is done.
        """
        years = len(self.rules.budgets)
        spent = sparse.kron(self.cost[None, :] / THOUSAND, np.tril(np.ones((years, years))))
        done = sparse.kron(sparse.eye(len(self)), np.ones((1, years)), format="csr")
        apart = done[self.conflicts[:, 0]] + done[self.conflicts[:, 1]]
        most = np.append(np.cumsum(self.rules.budgets) / THOUSAND, np.ones(len(self.conflicts)))
        return sparse.vstack([spent, apart], format="csc"), most

    @cached_property
    def deflator(self) -> Floats:
        """What a euro of the first year of works and of each later one up to the horizon is worth in the first."""
        return (1 + self.rules.discount) ** -np.arange(len(self.rules.counted) + 1.0)

    @cached_property
    def weight(self) -> Floats:
        """What a kWh saved counts in the objective, by group and year; zero where it is not known."""
        if self.rules.objective == "kwh":
            return np.ones((len(self.use), len(self.rules.counted)))
        if self.rules.objective == "euros":
            return np.nan_to_num(self.prices * self.deflator[1:])
        return np.nan_to_num(self.emissions)

    @cached_property
    def charge(self) -> Floats:
        """What a euro spent counts against the objective, by year of works."""
        years = len(self.rules.budgets)
        return self.deflator[:years] if self.rules.objective == "euros" else np.zeros(years)

    def saved(self, when: Integers) -> Floats:
        """Work out what a plan saves, by group and year, kWh: shares of one site and energy multiply, not add.

        Parameters
        ----------
        when : array of n int
            Position of the year of each measure, -1 for one that is not done.
        """
        years = len(self.rules.counted)
        rates = np.zeros((len(self.use), years + 1))
        done = np.flatnonzero(when >= 0)
        rate = -np.log1p(-self.share[done])
        np.add.at(rates, (self.group[done], when[done]), rate)
        np.add.at(rates, (self.group[done], np.minimum(when[done] + self.life[done], years)), -rate)
        # what is added and taken off again leaves rounding behind: never below zero
        return self.use[:, None] * -np.expm1(-np.maximum(np.cumsum(rates, axis=1)[:, :years], 0))

    def value(self, when: Integers) -> float:
        """Return what a plan is worth in the objective, worked out anew from its measures and years."""
        done = when >= 0
        return float((self.weight * self.saved(when)).sum() - (self.charge[when[done]] * self.cost[done]).sum())

    def under(self, scale: Mapping[str, float] | None = None, **changes: object) -> "Problem":
        """Return the same choice under other rules, or with prices of some energies multiplied.

        The objective and the horizon stay: they decide what is left out; a new problem is made for these.
        """
        if fixed := sorted(set(changes) & {"objective", "horizon", "first"}):
            raise UsageError(f"{', '.join(fixed)}: they decide what can be chosen; make the problem anew with prepare.")
        rules = replace(self.rules, **changes)  # type: ignore[arg-type]
        factor = np.ones(len(self.use))
        if scale:
            energy = np.empty(len(self.use), dtype=object)
            energy[self.group] = self.measures["energie"].to_numpy(object)
            factor = np.array([scale.get(str(one), 1.0) for one in energy])
        return replace(self, rules=rules, prices=self.prices * factor[:, None])

    def column(self, one: int, year: int) -> slice:
        """Where the entries of a measure and year stand in the rows of the rules."""
        ends = self.limits[0].indptr
        place = one * len(self.rules.budgets) + year
        return slice(int(ends[place]), int(ends[place + 1]))

    def broken(self, when: Integers) -> bool:
        """Whether a plan breaks a rule: budgets are kept to the cent."""
        rows, most = self.limits
        chosen = np.zeros(rows.shape[1])
        done = np.flatnonzero(when >= 0)
        chosen[done * len(self.rules.budgets) + when[done]] = 1.0
        return bool((rows @ chosen > most + CENT).any())
