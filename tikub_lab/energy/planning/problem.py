"""What a plan of works chooses from, and the rules that it keeps: years, budgets, what counts, what excludes what.

Measures announce kWh; here each is a share of what its site uses of that energy. Of a fuel, that is the use of the
meters that heat (« chauffage », « mixte ») where there are some: kitchens and hot water apart are not touched, and a
smaller use makes the shares larger and their sum more cautious. A measure that changes energy (« Abandon du fioul »)
stands in the table with the energy that it leaves and no kWh: nothing says what replaces it, so that neither euros nor
CO2 can be told; it is left out with that reason.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import pandas as pd
import scipy.sparse as sparse

from tikub_lab.energy.heating import HEATS
from tikub_lab.energy.periods import Floats, Integers
from tikub_lab.energy.valuation import valued
from tikub_lab.errors import UsageError
from tikub_lab.methods.scope import one_of

Objective = Literal["kwh", "euros", "kgco2e"]
THOUSAND = 1000.0
CENT = 0.01 / THOUSAND
MOST = 0.95
"""No measure saves more than that of what its site uses of an energy: an announced saving above is cut down to it."""
WORKS = ["travaux_id", "code_uai", "mesure", "energie", "cout", "economie_attendue", "duree_vie", "statut", "exclut"]
USES = ["code_uai", "energie", "usage", "kwh"]
PAIR = ["code_uai", "energie"]
FUELS = ("gaz", "fioul", "bois", "réseau de chaleur")


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
            none = " No work done so far shows one; give it." if self.realisation != self.realisation else ""
            raise UsageError(f"realisation={self.realisation!r}: a share of announced savings, 0 to 2, as 0.9.{none}")
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

    ``group`` (n) is the pair that a measure works on, ``use`` (G) what that uses, kWh a year; ``prices`` and
    ``emissions`` (G, K) are € and kgCO2e of a kWh, not numbers where unknown; ``conflicts`` (m, 2) are measures that
    exclude each other. ``left_out`` has the proposed measures that the plan can't choose, and why (``motif``);
    ``stock`` is the kWh a year of all that is known.
    """

    measures: pd.DataFrame
    rules: Rules
    group: Integers
    use: Floats
    prices: Floats
    emissions: Floats
    conflicts: Integers
    left_out: pd.DataFrame
    stock: float

    def __len__(self) -> int:
        return len(self.measures)

    @cached_property
    def announced(self) -> Floats:
        """KWh a year that each measure is said to save."""
        return self.measures["economie_attendue"].to_numpy(float)

    @cached_property
    def share(self) -> Floats:
        """Share of the use that each measure saves alone, as meters would show it."""
        return np.minimum(self.announced / self.use[self.group] * self.rules.realisation, MOST)

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
        worth = {"kwh": np.ones_like(self.prices), "euros": self.prices * self.deflator[1:], "kgco2e": self.emissions}
        return np.nan_to_num(worth[self.rules.objective])

    @cached_property
    def charge(self) -> Floats:
        """What each measure costs in the objective, by year of works."""
        years = len(self.rules.budgets)
        return self.cost[:, None] * self.deflator[:years] * (self.rules.objective == "euros")

    def saved(self, when: Integers) -> Floats:
        """Work out what a plan saves, by group and year, kWh: shares of one site and energy multiply, not add.

        ``when`` is the position of each measure's year of works, -1 for one that is not done.
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
        done = np.flatnonzero(when >= 0)
        return float((self.weight * self.saved(when)).sum() - self.charge[done, when[done]].sum())

    def broken(self, when: Integers) -> bool:
        """Whether a plan breaks a rule: budgets are kept to the cent."""
        rows, most = self.limits
        chosen = np.zeros(rows.shape[1])
        done = np.flatnonzero(when >= 0)
        chosen[done * len(self.rules.budgets) + when[done]] = 1.0
        return bool((rows @ chosen > most + CENT).any())


def prepare(
    works: pd.DataFrame, uses: pd.DataFrame, prices: pd.DataFrame, factors: pd.DataFrame, rules: Rules
) -> Problem:
    """Make the choice that a plan has from its tables: see :func:`tikub_lab.energy.planning.choose.plan`."""
    if twice := works["travaux_id"][works["travaux_id"].duplicated()].tolist():
        raise UsageError(f"works: travaux_id {twice[0]!r} stands there twice; each measure has its own.")
    if "annee" in uses and uses["annee"].nunique() > 1:
        raise UsageError(f"uses: years {sorted(set(uses['annee']))}; give one year, or a mean of them without `annee`.")
    proposed, rows = works[works["statut"] == "proposé"], uses[USES].astype(dict.fromkeys(USES[:3], "object"))
    heats = rows["usage"].isin(HEATS) & rows["energie"].isin(FUELS)
    # of a fuel, the meters that heat, where there are some
    base = rows[heats | ~heats.groupby([rows["code_uai"], rows["energie"]]).transform("any").astype(bool)]
    groups, worth = base.groupby(PAIR)["kwh"].sum(min_count=1), _worth(base, prices, factors, rules)
    against = works["exclut"].astype("str").str.strip().str.split(r"\s*\|\s*", regex=True)
    pairs = works.assign(autre=against).explode("autre")[["travaux_id", "autre"]]
    key = pd.MultiIndex.from_frame(proposed[PAIR].astype("object"))
    why = _reasons(proposed, pairs, works, groups.reindex(key), worth.reindex(key), rules)
    measures = proposed.loc[why == "", WORKS[:7]].astype({"energie": "str"}).reset_index(drop=True)
    group, names = pd.factorize(key[why == ""])
    known = worth.reindex(names) if len(names) else worth.head(0)
    place = pairs.apply(lambda names: names.map(pd.Series(measures.index, measures["travaux_id"])))
    apart = np.sort(place.dropna().to_numpy(np.int64), axis=1)
    return Problem(
        measures, rules, group.astype(np.int64), groups.reindex(names).to_numpy(float) if len(names) else np.empty(0),
        known["euros"].to_numpy(float), known["kgco2e"].to_numpy(float),
        np.unique(apart[apart[:, 0] < apart[:, 1]], axis=0),
        proposed[["travaux_id", "code_uai", "mesure"]].assign(motif=why)[why != ""].reset_index(drop=True),
        float(uses["kwh"].sum()),
    )  # fmt: skip


def _worth(base: pd.DataFrame, prices: pd.DataFrame, factors: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Value a kWh of each site and energy in each year that counts: uses with factors of their own, by their kWh."""
    rows = base[base["kwh"] > 0].merge(pd.Series(rules.counted, name="annee"), how="cross")
    # an unknown part makes the whole unknown: it must not count as zero
    sums = valued(rows, prices, factors).groupby([*PAIR, "annee"])[["kwh", "euros", "kgco2e"]].sum(skipna=False)
    worth = pd.DataFrame(sums[["euros", "kgco2e"]].div(sums["kwh"], axis=0).unstack("annee"))
    return worth.reindex(columns=pd.MultiIndex.from_product([["euros", "kgco2e"], rules.counted]))


def _reasons(
    proposed: pd.DataFrame, pairs: pd.DataFrame, works: pd.DataFrame, use: pd.Series, worth: pd.DataFrame, rules: Rules
) -> np.ndarray:
    """Say of each proposed measure why it can't be chosen, "" for one that can."""
    done = pairs.isin(works.loc[works["statut"] == "réalisé", "travaux_id"].tolist())
    excluded = {*pairs.loc[done["travaux_id"], "autre"], *pairs.loc[done["autre"], "travaux_id"]}
    saving = proposed["economie_attendue"].to_numpy(float, na_value=np.nan)
    tests = {
        "exclue par des travaux réalisés": proposed["travaux_id"].isin(excluded),
        "coût inconnu": proposed["cout"].isna(),
        "économie inconnue": np.isnan(saving),
        "durée de vie inconnue": proposed["duree_vie"].isna(),
        "sans économie annoncée": saving == 0,
        "usage inconnu ou nul": ~(use > 0),
    }
    for name, why in (("euros", "prix de l'énergie inconnu"), ("kgco2e", "facteur d'émission inconnu")):
        if rules.objective == name:
            tests[why] = worth.loc[:, [name]].isna().any(axis=1)
    return np.select([np.asarray(test, dtype=bool) for test in tests.values()], list(tests), "").astype(object)
