"""How far a plan of works holds when prices, budget or what measures really save are not what was thought.

Each case is solved anew, with its own gap, but starts from the plan: where that is still within the gap, it stands.
Two plans within the gap may differ in measures of nearly the same
worth: a measure that is in some plans and not in others is not for that a bad one. Those in all plans are the news.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tikub_lab.energy.planning.choose import Plan, solve
from tikub_lab.energy.planning.problem import Problem
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
    cases = [("plan", "le plan", plan.problem), *_cases(plan.problem, prices, budget, realisation)]
    found = [plan, *(solve(other, time_limit, gap, start=plan.when) for *_, other in cases[1:])]
    rows = []
    for (name, label, problem), one in zip(cases, found, strict=True):
        kept = problem.value(plan.when) if not problem.broken(plan.when) else np.nan
        rows.append({
            "cas": name, "libelle": label, "valeur": one.value, "borne": one.bound, "ecart": one.gap,
            "prouve": one.proven, "nombre": int(one.totals["nombre"]),
            "communes": int(((one.when >= 0) & (plan.when >= 0)).sum()),
            **{key: one.totals[key] for key in ("cout", "kwh", "euros", "kgco2e")},
            "valeur_du_plan": kept, "regret": (one.bound - kept) / abs(one.bound) if one.bound else np.nan,
        })  # fmt: skip
    count = np.sum([one.when >= 0 for one in found], axis=0, dtype=int)
    table = plan.problem.measures[["travaux_id", "code_uai", "mesure", "energie", "cout"]].copy()
    year = pd.Series(plan.problem.rules.first + plan.when, index=table.index, dtype="Int64")
    table = table.assign(annee=year.where(plan.when >= 0), plans=count, part=count / len(found))
    table["stabilite"] = np.select([count == len(found), count > 0], [ALWAYS, SOMETIMES], NEVER).astype(object)
    table = table.sort_values(["part", "code_uai", "travaux_id"], ascending=[False, True, True], ignore_index=True)
    return Sensitivity(pd.DataFrame(rows), table.astype({"stabilite": "str"}))


def _cases(
    problem: Problem, prices: float, budget: float, realisation: tuple[float, float] | None
) -> Iterator[tuple[str, str, Problem]]:
    """Change one assumption at a time: the name and label of each case, and its problem."""
    rules, total = problem.rules, sum(problem.rules.budgets)
    signs = ((-1, "moins", "−"), (1, "plus", "+"))
    if rules.objective == "euros":
        energy = np.empty(len(problem.use), dtype=object)
        energy[problem.group] = problem.measures["energie"]
        for name in (*sorted(set(energy)), "toutes énergies"):
            for sign, word, mark in signs:
                scale = np.where((energy == name) | (name == "toutes énergies"), 1 + sign * prices, 1.0)
                changed = replace(problem, prices=problem.prices * scale[:, None])
                yield f"prix {name} {word}", f"prix, {name} : {mark}{percent(prices)}", changed
    for sign, word, mark in signs:
        if total + sign * budget >= 0:
            own = np.array(rules.budgets)
            # lowered in proportion, as a year may have less than its part
            step = own * (1 - budget / total) if sign < 0 else own + budget / len(own)
            label = f"budget total : {mark}{number(budget / MILLION, 1)} M€"
            yield f"budget {word}", label, replace(problem, rules=replace(rules, budgets=tuple(step.tolist())))
    for name, share in zip(("basse", "haute"), realisation or (), strict=False):
        label = f"économies réelles : {percent(share)} de l'annoncé"
        yield f"réalisation {name}", label, replace(problem, rules=replace(rules, realisation=share))
