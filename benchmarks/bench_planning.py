"""Plans of works on the shipped sample, and on ten times as many lycées: how long, how far from the optimum.

The copies have costs of their own, within some 10 %, so that no two measures are alike. Ratios are those of what a plan
brings to what a greedy one does, by the same rules.
"""

import numpy as np
import pandas as pd

from tikub_lab import tables
from tikub_lab.energy.consumption import by_meter, by_site
from tikub_lab.energy.planning.choose import Plan, compare, plan
from tikub_lab.energy.planning.problem import Rules

LIMIT = 60
COPIES = 10
NAMES = ("works", "meters", "readings", "prices", "factors")


def main() -> None:
    """Print time, size, gap and gain of each plan."""
    loaded = {name: tables.load(f"energy/{name}") for name in NAMES}
    readings = loaded["readings"]
    uses = by_site(by_meter(readings[readings["debut"] >= "2023-11-01"]), loaded["meters"])
    uses = uses[uses["annee"] == 2024]
    for copies, budget, objective in (
        (1, 5e6, "kwh"), (1, 5e6, "euros"), (1, 5e6, "kgco2e"), (1, 15e6, "kwh"), (COPIES, 5e7, "kwh"),
    ):  # fmt: skip
        works, used = repeated(loaded["works"], uses, copies)
        rules = Rules(2026, (budget,) * 6, 2045, 0.9, objective)
        found = plan(works, used, loaded["prices"], loaded["factors"], rules, time_limit=LIMIT)
        print(told(found))
        if found.seconds > LIMIT * 1.1:
            raise SystemExit("over the time limit")


def repeated(works: pd.DataFrame, uses: pd.DataFrame, copies: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make each lycée several times, with costs a little different."""
    rng = np.random.default_rng(1)
    parts, used = [], []
    for copy in range(copies):
        part = works.astype({"exclut": "object"}).copy()
        mark = f"-{copy}"
        part["exclut"] = [
            "|".join(one + mark for one in str(text).split("|")) if isinstance(text, str) else None
            for text in part["exclut"]
        ]
        part["cout"] *= np.exp(rng.normal(0, 0.1, len(part))) if copy else 1.0
        parts.append(part.assign(travaux_id=part["travaux_id"] + mark, code_uai=part["code_uai"] + mark))
        used.append(uses.assign(code_uai=uses["code_uai"] + mark))
    return pd.concat(parts, ignore_index=True), pd.concat(used, ignore_index=True)


def told(found: Plan) -> str:
    """Say what was found in a line."""
    gains = compare(found).set_index("methode")["gain_part"].drop("optimum")
    more = ", ".join(f"{name} {gain:.1%}" for name, gain in gains.items())
    rules, late = found.problem.rules, " (time limit)" if found.timed_out else ""
    return (
        f"planning: {len(found.problem):,} measures, 6 years, {sum(rules.budgets) / 1e6:.0f} M€, {rules.objective}: "
        f"{found.seconds:.1f} s, gap {found.gap:.3%}{late}; "
        f"more than greedy: {more}"
    )


if __name__ == "__main__":
    main()
