"""What is said of gestures to pupils and staff: short, plain, without blame, and never more digits than are known."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from tikub_lab.energy.gestures.known import rule
from tikub_lab.show.french import euros, number, percent, scaled

Row = Mapping[object, object]


def rounded(value: float, digits: int = 2) -> float:
    """Keep the digits of a figure that are worth reading.

    Examples
    --------
    >>> rounded(23_412.0), rounded(87.6), rounded(0.0)
    (23000.0, 88.0, 0.0)
    """
    if not value or math.isnan(value):
        return value
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


def kwh(value: object) -> str:
    """Write kilowatt-hours with two digits that count.

    Examples
    --------
    >>> kwh(23_412).replace(chr(0x202F), " ")
    '23 MWh'
    """
    return scaled(rounded(float(str(value))), "kWh")


def worth(row: Row) -> str:
    """Say what a gesture is worth in euros and CO2, as far as prices and factors are known; empty for one not to do."""
    if row["etat"] != "à faire":
        return ""
    parts = []
    if not pd.isna(row["euros"]):  # type: ignore[call-overload]
        parts.append(euros(rounded(float(str(row["euros"])))))
    if not pd.isna(row["kgco2e"]):  # type: ignore[call-overload]
        weight = rounded(float(str(row["kgco2e"])))
        heavy = weight >= 1000
        parts.append(f"{number(weight / 1000, 1 if weight < 10_000 else 0) if heavy else number(weight)}\u202f")
        parts[-1] += "t de CO₂e" if heavy else "kg de CO₂e"
    return " et ".join(parts)


def sentence(row: Row) -> str:
    """Say what a lycée's readings show of a gesture.

    Parameters
    ----------
    row : mapping
        ``geste``, ``etat``, ``valeur``, ``repere``, ``kwh``, ``groupe`` and ``motif``.
    """
    state, name = row["etat"], str(row["geste"])
    if state == "non chiffré":
        return FREE[name]
    if state == "sans mesure":
        told = f" ({row['motif']})" if row["motif"] else ""
        return f"Les relevés ne permettent pas de le dire pour ce lycée{told}."
    own, best = _figures(name, float(str(row["valeur"])), float(str(row["repere"])))
    who = f"le quart le plus sobre des {_who(str(row['groupe']))}"
    if state == "déjà fait":
        return f"Bravo : {DONE[name].format(own=own, who=who)}."
    if state == "pas net":
        return f"{TOLD[name].format(own=own, best=best, who=who)}. L'écart est trop petit pour compter dessus."
    saving = f"environ {kwh(row['kwh'])} de moins par an"
    if name == "un_degre":
        when = "les jours de cours" if row["pas"] == "relevé" else "hors vacances"
        told = f"Un degré de moins en classe, {when}, c'est {saving}"
        return f"{told}. La règle : {rule(name)}. On peut vérifier avec un thermomètre."
    return f"{TOLD[name].format(own=own, best=best, who=who)}. {EFFORT[name]}, c'est {saving}."


def outcome(count: int, done: Sequence[str], unclear: Sequence[str], unknown: Sequence[str]) -> str:
    """Say why a lycée has fewer gestures than asked for."""
    first = {0: "Aucun geste n'est chiffré ici", 1: "Un seul geste est chiffré ici"}
    why = []
    if done:
        why.append(f"on fait déjà bien ({_listed(done)})")
    if unclear:
        why.append(f"l'écart avec les autres est trop petit ({_listed(unclear)})")
    if unknown:
        why.append(f"les relevés ne disent rien ({_listed(unknown)})")
    told = first.get(count, f"{number(count)} gestes sont chiffrés ici")
    return f"{told} : {' ; '.join(why)}." if why else f"{told}."


def _listed(titles: Sequence[str]) -> str:
    return ", ".join(title[0].lower() + title[1:] for title in titles)


def _who(group: str) -> str:
    """Name a group in a sentence: « lycées avec internat », « lycées comparables (lycée polyvalent, …) »."""
    low = group if group[:2].isupper() else group[:1].lower() + group[1:]  # EREA stays as it is
    return group if group.startswith("lycées") else f"lycées comparables ({low})"


def _figures(name: str, own: float, best: float) -> tuple[str, str]:
    if name == "un_degre":
        return f"{number(own, 1)}\u202f°C", f"{number(best, 1)}\u202f°C"
    if name in ("eau_chaude", "electricite_hiver"):
        return f"{number(own, 1)}\u202fkWh par m²", f"{number(best, 1)}\u202fkWh par m²"
    return percent(own), percent(best)


TOLD = {
    "chauffage_weekend": (
        "Le week-end, quand il fait aussi froid, le chauffage utilise encore {own} de ce qu'il utilise un jour de "
        "cours ; {who} est à {best} ou moins"
    ),
    "chauffage_vacances": (
        "Pendant les vacances, quand il fait aussi froid, le chauffage utilise encore {own} de ce qu'il utilise le "
        "reste de l'année ; {who} est à {best} ou moins"
    ),
    "un_degre": "On commence à chauffer quand il fait moins de {own} dehors ; {who} attend {best} ou moins",
    "eau_chaude": (
        "Pendant les vacances, en plus du chauffage, la chaufferie utilise {own} sur l'année (eau chaude, pertes) ; "
        "{who} en utilise {best} ou moins"
    ),
    "electricite_weekend": (
        "Le week-end, le lycée utilise encore {own} de l'électricité d'un jour de cours ; {who} est à {best} ou moins"
    ),
    "electricite_vacances": (
        "Pendant les vacances, le lycée utilise encore {own} de l'électricité d'un jour de cours ; {who} est à {best} "
        "ou moins"
    ),
    "electricite_hiver": (
        "Quand il fait froid, les jours de cours demandent {own} d'électricité de plus sur l'année (lampes, radiateurs "
        "d'appoint, pompes) ; {who} en utilise {best} ou moins"
    ),
}
EFFORT = {
    "chauffage_weekend": "Si on baisse autant qu'eux le vendredi soir",
    "chauffage_vacances": "Si on baisse autant qu'eux la veille des vacances",
    "eau_chaude": "Si on coupe comme eux ce qui ne sert à personne",
    "electricite_weekend": "Si on éteint autant qu'eux le vendredi soir (écrans, machines, ventilation)",
    "electricite_vacances": "Si on débranche autant qu'eux avant de partir",
    "electricite_hiver": "Si on fait comme eux",
}
DONE = {
    "chauffage_weekend": "le week-end, le chauffage descend à {own} d'un jour de cours ; on est dans {who}",
    "chauffage_vacances": "pendant les vacances, le chauffage descend à {own} ; on est dans {who}",
    "un_degre": "on attend qu'il fasse moins de {own} dehors pour chauffer ; on est dans {who}",
    "eau_chaude": "quand le lycée est vide, la chaufferie ne prend que {own} sur l'année ; on est dans {who}",
    "electricite_weekend": "le week-end, l'électricité descend à {own} d'un jour de cours ; on est dans {who}",
    "electricite_vacances": "pendant les vacances, l'électricité descend à {own} ; on est dans {who}",
    "electricite_hiver": "le froid n'ajoute que {own} d'électricité les jours de cours ; on est dans {who}",
}
FREE = {
    "lumieres": (
        "Éteindre la lumière et les écrans en sortant : utile partout, mais un relevé par jour ne permet pas de dire "
        "combien de kWh cela fait ici."
    ),
    "fenetres": (
        "Ouvrir en grand dix minutes renouvelle l'air sans refroidir les murs ; une fenêtre entrouverte toute la "
        "journée laisse partir la chaleur. Les relevés ne permettent pas de le chiffrer ici."
    ),
}
