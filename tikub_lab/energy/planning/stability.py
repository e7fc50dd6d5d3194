"""How far a plan of works holds when prices, budget or what measures really save are not what was thought.

Each case is solved anew, with its own gap, but starts from the plan: where that is still within the gap, it stands.
Two plans within the gap may differ in measures of nearly the same
worth: a measure that is in some plans and not in others is not for that a bad one. Those in all plans are the news.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.planning.choose import Plan, solve
from tikub_lab.energy.planning.problem import Problem
from tikub_lab.energy.planning.tables import totals
from tikub_lab.errors import UsageError
from tikub_lab.methods.waiting import waiting
from tikub_lab.show.french import number, percent

ALWAYS, SOMETIMES, NEVER = "sans regret", "selon les cas", "jamais"
MILLION = 1e6


@dataclass(frozen=True)
class Sensitivity:
    """What changes with the assumptions.

    Attributes
    ----------
    cases : DataFrame
        One row a case, the plan itself first: ``cas``, ``libelle``, ``valeur`` and ``borne`` (in the objective),
        ``ecart`` (share), ``prouve``, ``nombre`` (of measures), ``communes`` (also in the plan), ``cout``, ``kwh``,
        ``euros``, ``kgco2e``; ``valeur_du_plan`` (what the plan, left as it is, is worth in this case; not a number
        where it breaks the budget) and ``regret`` (what it lacks there to the case's bound at most, as a share).
    stability : DataFrame
        One row a measure that can be chosen: ``travaux_id``, ``code_uai``, ``mesure``, ``energie``, ``cout``,
        ``annee`` (in the plan; missing if it is not in it), ``plans`` (how many have it), ``part``, ``stabilite``
        (« sans regret »: in all; « selon les cas »; « jamais »).
    """

    cases: pd.DataFrame
    stability: pd.DataFrame

    @property
    def sentence(self) -> str:
        """What is stable, in French."""
        counts = self.stability["stabilite"].value_counts()
        # a plan is not wrong for leaving alone what it was not given: cases of the budget don't count
        worst = self.cases.loc[~self.cases["cas"].str.startswith(("plan", "budget")), "regret"].max()
        always, some, never = (number(counts.get(name, 0)) for name in (ALWAYS, SOMETIMES, NEVER))
        return (
            f"Sur {number(len(self.cases))} cas, {always} mesures sont dans tous les plans, {some} dans certains, "
            f"{never} dans aucun"
            + ("." if np.isnan(worst) else f" ; garder ce plan ferait perdre au plus {percent(worst, 1)} d'économies.")
        )


@waiting()
def sensitivity(
    plan: Plan,
    prices: float = 0.2,
    budget: float = MILLION,
    realisation: tuple[float, float] | None = None,
    time_limit: float = 20.0,
    gap: float = 1e-3,
) -> Sensitivity:
    """Solve the plan again under other assumptions, one at a time.

    Prices matter to an objective in euros only, and are varied for it alone: each energy of the measures down and up,
    then all together. The budget is varied by as much in all, spread over the years. At most 17 plans are solved.

    Parameters
    ----------
    plan : Plan
    prices : float
        By which share.
    budget : float
        € by which the whole budget is raised and, where it is larger, lowered.
    realisation : (float, float), optional
        Interval of the share of announced savings that meters show: both ends are tried.
    time_limit, gap : float
        For each plan, as for :func:`tikub_lab.energy.planning.choose.solve`.

    Returns
    -------
    Sensitivity

    Raises
    ------
    UsageError
        A share of prices that is not between 0 and 1, or a budget step that is not above 0.
    """
    if not 0 < prices < 1 or not budget > 0:
        raise UsageError(f"prices={prices!r}, budget={budget!r}: a share between 0 and 1, and € above 0.")
    found, names = [plan], [("plan", "le plan")]
    for name, label, other in _cases(plan.problem, prices, budget, realisation):
        found.append(solve(other, time_limit, gap, start=plan.when))
        names.append((name, label))
    rows = [_row(*name, plan, one) for name, one in zip(names, found, strict=True)]
    return Sensitivity(pd.DataFrame(rows), _stability(plan, found))


def _cases(
    problem: Problem, prices: float, budget: float, realisation: tuple[float, float] | None
) -> Iterator[tuple[str, str, Problem]]:
    rules = problem.rules
    if rules.objective == "euros":
        energies = sorted(problem.measures["energie"].unique())
        groups: list[tuple[str, Mapping[str, float]]] = [(one, {one: 1.0}) for one in energies]
        groups.append(("toutes énergies", dict.fromkeys(energies, 1.0)))
        for name, which in groups:
            for sign, word in ((-1, "moins"), (1, "plus")):
                change = ("+" if sign > 0 else "−") + percent(prices)
                scale = dict.fromkeys(which, 1 + sign * prices)
                yield f"prix {name} {word}", f"prix, {name} : {change}", problem.under(scale)
    for sign, word in ((-1, "moins"), (1, "plus")):
        total = sum(rules.budgets)
        if total + sign * budget < 0:
            continue
        # lowered in proportion, as a year may have less than its part
        step = (
            np.asarray(rules.budgets) * (1 - budget / total)
            if sign < 0
            else np.asarray(rules.budgets) + budget / len(rules.budgets)
        )
        label = f"budget total : {'+' if sign > 0 else '−'}{number(budget / MILLION, 1)} M€"
        yield f"budget {word}", label, problem.under(budgets=tuple(step.tolist()))
    for name, share in zip(("basse", "haute"), realisation or (), strict=False):
        label = f"économies réelles : {percent(share)} de l'annoncé"
        yield f"réalisation {name}", label, problem.under(realisation=share)


def _row(name: str, label: str, plan: Plan, one: Plan) -> dict[str, Any]:
    sums = totals(one.problem, one.when)
    kept = one.problem.value(plan.when) if not one.problem.broken(plan.when) else np.nan
    return {
        "cas": name,
        "libelle": label,
        "valeur": one.value,
        "borne": one.bound,
        "ecart": one.gap,
        "prouve": one.proven,
        "nombre": int(sums["nombre"]),
        "communes": int(((one.when >= 0) & (plan.when >= 0)).sum()),
        **{key: sums[key] for key in ("cout", "kwh", "euros", "kgco2e")},
        "valeur_du_plan": kept,
        "regret": (one.bound - kept) / abs(one.bound) if one.bound else np.nan,
    }


def _stability(plan: Plan, found: list[Plan]) -> pd.DataFrame:
    count = np.sum([one.when >= 0 for one in found], axis=0, dtype=int) if len(plan.problem) else np.empty(0, int)
    table = plan.problem.measures[["travaux_id", "code_uai", "mesure", "energie", "cout"]].copy()
    year = pd.array(plan.problem.rules.first + plan.when, dtype="Int64")
    table["annee"] = pd.Series(year, index=table.index).where(plan.when >= 0)
    table["plans"] = count
    table["part"] = count / len(found)
    table["stabilite"] = np.select([count == len(found), count > 0], [ALWAYS, SOMETIMES], NEVER).astype(object)
    order = ["part", "code_uai", "travaux_id"]
    return table.sort_values(order, ascending=[False, True, True], ignore_index=True).astype({"stabilite": "str"})
