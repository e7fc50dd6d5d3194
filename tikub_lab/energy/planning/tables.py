"""A plan of works as tables: measure by measure, and the path of what the stock uses."""

import numpy as np
import pandas as pd

from tikub_lab.energy.planning.problem import Floats, Integers, Problem

SUMS = ["cout", "kwh", "euros", "kgco2e", "valeur_nette"]


def works_table(problem: Problem, when: Integers) -> pd.DataFrame:
    """List the works of a plan, by year and lycée.

    What measures of one site and energy save together in a year is shared among those alive in proportion to −ln(1 −
    p), so that it adds up and does not depend on an order. ``kwh_an`` is the mean of the years that count,
    ``kwh_seule`` what it would save if it were done alone, ``euros`` at each year's price, not discounted,
    ``valeur_nette`` € saved less cost, both discounted; not numbers where a price or factor is unknown.
    """
    done = np.flatnonzero(when >= 0)
    kwh = shared(problem, when)
    group, cost = problem.group[done], problem.cost[done]
    years = len(problem.rules.counted)
    span = np.minimum(when[done] + problem.life[done], years) - when[done]
    table = problem.measures.loc[done, ["travaux_id", "code_uai", "mesure", "energie", "cout"]].copy()
    table.insert(0, "annee", problem.rules.first + when[done])
    table["annees_comptees"] = span
    table["kwh_an"] = kwh.sum(axis=1) / np.maximum(span, 1)
    table["kwh"] = kwh.sum(axis=1)
    table["kwh_seule"] = problem.use[group] * problem.share[done] * span
    # a year in which it saves nothing needs no price
    table["euros"] = np.where(kwh > 0, kwh * problem.prices[group], 0.0).sum(axis=1)
    table["kgco2e"] = np.where(kwh > 0, kwh * problem.emissions[group], 0.0).sum(axis=1)
    worth = np.where(kwh > 0, kwh * problem.prices[group] * problem.deflator[1:], 0.0).sum(axis=1)
    table["valeur_nette"] = worth - cost * problem.deflator[when[done]]
    return table.sort_values(["annee", "code_uai", "travaux_id"], ignore_index=True)


def path_table(problem: Problem, when: Integers) -> pd.DataFrame:
    """Follow what the stock uses, year by year up to the horizon, all else being as in the year of the uses."""
    rules = problem.rules
    saved = problem.saved(when)
    found = pd.DataFrame({"annee": np.append(rules.first, rules.counted), "reference": problem.stock})
    found["economie"] = np.append(0.0, saved.sum(axis=0))
    found["kwh"] = found["reference"] - found["economie"]
    found["part"] = found["economie"] / found["reference"].where(found["reference"] > 0)
    for name, worth in (("euros", problem.prices), ("kgco2e", problem.emissions)):
        found[name] = np.append(0.0, np.where(saved > 0, saved * worth, 0.0).sum(axis=0))
    return found


def totals(problem: Problem, when: Integers) -> dict[str, float]:
    """Sum a plan up, and count the measures without a price (``sans_prix``) or a factor (``sans_facteur``)."""
    table = works_table(problem, when)
    sums = {name: float(table[name].sum()) for name in SUMS}
    counts = {"nombre": float(len(table)), "lycees": float(table["code_uai"].nunique())}
    missing = {"sans_prix": "euros", "sans_facteur": "kgco2e"}
    return counts | sums | {name: float(table[column].isna().sum()) for name, column in missing.items()}


def shared(problem: Problem, when: Integers) -> Floats:
    """Share what each site and energy saves among its measures, by year: an array (measures done, years), kWh."""
    done = np.flatnonzero(when >= 0)
    years = np.arange(len(problem.rules.counted))
    alive = (years >= when[done, None]) & (years < (when[done] + problem.life[done])[:, None])
    rate = np.where(alive, -np.log1p(-problem.share[done])[:, None], 0.0)
    sums = np.zeros((len(problem.use), len(years)))
    np.add.at(sums, problem.group[done], rate)
    together = sums[problem.group[done]]
    part = np.divide(rate, together, out=np.zeros_like(rate), where=together > 0)
    return part * problem.saved(when)[problem.group[done]]
