"""The gestures and the rules that bear on them: who does what, in ``gestures.csv``, and what ``law.csv`` says of it."""

from importlib.resources import files

import pandas as pd

from tikub_lab.energy.legal import LAW
from tikub_lab.methods.law import CONFIRMED

TODO, DONE, UNCLEAR, UNKNOWN, FREE = "à faire", "déjà fait", "pas net", "sans mesure", "non chiffré"
"""What a lycée's readings say of a gesture; some are columns of ``gestures.csv``, with the words for it."""

OF_AREA = ("eau_chaude", "electricite_hiver")
"""Gestures that are compared by floor area, among lycées of the same kind; the others are shares, compared among those
with boarders, or without."""


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
