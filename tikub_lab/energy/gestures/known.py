"""The gestures, and the rules that bear on them: who does what, and what ``law.csv`` says of it."""

import pandas as pd

from tikub_lab.energy.legal import LAW
from tikub_lab.methods.law import CONFIRMED

STAFF, ALL, CLASSES = "les agents et la direction", "tout le monde", "les élèves et les professeurs"
GESTURES = (
    ("chauffage_weekend", "Baisser le chauffage le week-end", STAFF, 1),
    ("chauffage_vacances", "Baisser le chauffage pendant les vacances", STAFF, 1),
    ("un_degre", "Un degré de moins en classe", ALL, 1),
    ("eau_chaude", "Couper l'eau chaude quand le lycée est vide", "les agents", 1),
    ("electricite_weekend", "Éteindre avant le week-end", ALL, 1),
    ("electricite_vacances", "Éteindre avant les vacances", ALL, 1),
    ("electricite_hiver", "Moins de lampes et de radiateurs d'appoint en hiver", ALL, 1),
    ("lumieres", "Éteindre la lumière et les écrans en sortant de la salle", CLASSES, 0),
    ("fenetres", "Aérer dix minutes en grand, puis fermer", CLASSES, 0),
)
"""Key, title, who does it, and 1 where readings can tell its kWh."""


def catalogue() -> pd.DataFrame:
    """Return the gestures and the rules that bear on them, each rule with its source and whether it could be checked.

    Returns
    -------
    DataFrame
        ``geste``, ``titre``, ``qui`` (does it), ``chiffre`` (1 where readings can tell its kWh), ``regle``, ``valeur``,
        ``unite``, ``debut`` (day of the source), ``reference``, ``source``, ``statut`` (« confirmé » or « à
        confirmer »). A gesture has a row for each of its rules, the one that binds first, or one without.

    Examples
    --------
    >>> table = catalogue()
    >>> table.loc[table["geste"] == "chauffage_vacances", ["valeur", "statut"]].to_numpy().tolist()
    [[8.0, 'confirmé']]
    """
    rules = LAW.table("geste", names=("geste", "cas")).rename(columns={"remarque": "regle"})
    rules["valeur"] = rules["valeur"].astype("float64")
    columns = ["geste", "regle", "valeur", "unite", "debut", "reference", "source", "statut"]
    known = pd.DataFrame(GESTURES, columns=["geste", "titre", "qui", "chiffre"])
    return known.merge(rules[columns], how="left", on="geste")


def rule(geste: str) -> str:
    """Say the rules of a gesture in French, with their text, those that are confirmed; empty for one without.

    Examples
    --------
    >>> rule("un_degre")
    "une salle de cours se chauffe à 19 °C au plus en moyenne (article R. 241-26 du code de l'énergie)"
    >>> rule("lumieres")
    ''
    """
    rules = [each for each in LAW.values("geste") if each.key[1] == geste and each.statut == CONFIRMED]
    return f"{' ; '.join(each.remarque for each in rules)} ({rules[0].reference})" if rules else ""
