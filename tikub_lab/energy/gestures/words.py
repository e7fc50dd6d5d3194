"""The gestures of ``gestures.csv``, the rules of ``law.csv`` that bear on them, and what is said to pupils and staff.

Short, plain, without blame, and never more digits than are known.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import pandas as pd

from tikub_lab.energy.legal import LAW
from tikub_lab.energy.performance.circle import in_sentence
from tikub_lab.methods.law import CONFIRMED
from tikub_lab.show.french import NNBSP, euros, missing, number, percent, scaled

Row = Mapping[Any, Any]

TODO, DONE, UNCLEAR, UNKNOWN, FREE = "à faire", "déjà fait", "pas net", "sans mesure", "non chiffré"
"""What a lycée's readings say of a gesture; some are columns of ``gestures.csv``, with the words for it."""

OF_AREA = ("eau_chaude", "electricite_hiver")
"""Gestures that are compared by floor area, among lycées of the same kind; the others are shares, compared among those
with boarders, or without."""

EVERYWHERE = {
    UNCLEAR: "{constat}. L'écart est trop petit pour compter dessus.",
    UNKNOWN: "Les relevés ne permettent pas de le dire pour ce lycée{motif}.",
}
"""What is said in these states of any gesture; in the others each has its own words."""
WHY = {
    DONE: "on fait déjà bien",
    UNCLEAR: "l'écart avec les autres est trop petit",
    UNKNOWN: "les relevés ne disent rien",
}


def read(name: str) -> pd.DataFrame:
    """Read a table beside this module, by its whole name: a kit takes along what is named."""
    return pd.read_csv(files(__package__).joinpath(name).open(encoding="utf-8"), keep_default_na=False)


def rule(geste: str) -> str:
    """Say the rules of a gesture in French, with their text, those that are confirmed; empty for one without.

    >>> rule("un_degre")
    "une salle de cours se chauffe à 19 °C au plus en moyenne (article R. 241-26 du code de l'énergie)"
    >>> rule("lumieres")
    ''
    """
    rules = [each for each in LAW.values("geste") if each.key[1] == geste and each.statut == CONFIRMED]
    return f"{' ; '.join(each.remarque for each in rules)} ({rules[0].reference})" if rules else ""


def rounded(value: float) -> float:
    """Keep the two digits of a figure that are worth reading.

    >>> rounded(23_412.0), rounded(87.6), rounded(0.0)
    (23000.0, 88.0, 0.0)
    """
    return float(f"{value:.1e}")


def worth(row: Row) -> str:
    """Say what a gesture is worth in euros and CO2, as far as prices and factors are known; empty for one not to do."""
    if row["etat"] != TODO:
        return ""
    cost = [] if missing(row["euros"]) else [euros(rounded(row["euros"]))]
    weight = rounded(row["kgco2e"])
    tons = f"{number(weight / 1000, int(weight < 10_000))}{NNBSP}t"
    gas = f"{tons if weight >= 1000 else f'{number(weight)}{NNBSP}kg'} de CO₂e"
    return " et ".join(cost if missing(weight) else [*cost, gas])


def sentence(row: Row) -> str:
    """Say what a lycée's readings show of a gesture: a row of ``gestures.csv`` and of what was worked out."""
    group = str(row["groupe"])
    values = {
        "own": _figure(row["valeur"], row["unite"]),
        "best": _figure(row["repere"], row["unite"]),
        "who": "le quart le plus sobre des "
        + (group if group.startswith("lycées") else f"lycées comparables ({in_sentence(group)})"),
        "gain": f"environ {scaled(rounded(row['kwh']), 'kWh')} de moins par an",
        "quand": "les jours de cours" if row["pas"] == "relevé" else "hors vacances",
        "regle": rule(row["geste"]),
        "motif": f" ({row['motif']})" if row["motif"] else "",
    }
    template = EVERYWHERE.get(row["etat"]) or row[row["etat"]]
    return str(template.format(constat=row["constat"].format(**values), **values))


def outcome(count: int, titles: Mapping[str, Sequence[str]]) -> str:
    """Say why a lycée has fewer gestures than asked for, from the titles of the others by state."""
    first = {0: "Aucun geste n'est chiffré ici", 1: "Un seul geste est chiffré ici"}
    names = {state: ", ".join(title[0].lower() + title[1:] for title in titles[state]) for state in WHY}
    why = " ; ".join(f"{WHY[state]} ({listed})" for state, listed in names.items() if listed)
    return first.get(count, f"{number(count)} gestes sont chiffrés ici") + (f" : {why}." if why else ".")


def _figure(value: float, unit: str) -> str:
    return percent(value) if unit == "%" else f"{number(value, 1)}{NNBSP}{unit}"
