"""A sheet of paper for eco-delegates: one gesture, what it is worth here, how to do it, what to write down."""

from typing import NamedTuple

import pandas as pd

from tikub_lab.energy.gestures.words import TODO, read, rounded
from tikub_lab.methods.scope import only

PLAIN = "lumieres"
"""The gesture for a lycée in which readings tell of none: it is useful everywhere."""
ASKED = ("qui", "premier_jour", "dernier_jour", "preuve")
"""Columns of ``energy/actions`` that are filled in by hand; the others are known, or given by the intendance."""


class Sheet(NamedTuple):
    """One gesture for one lycée.

    ``gesture`` is its row of :func:`tikub_lab.energy.gestures.gestures`, kWh and euros rounded; ``energy`` what it
    saves, empty where that is not one energy; ``steps`` (``ordre``, ``faire``) what to do; ``watch`` (``regarder``;
    ``releve_avant``, ``releve_apres`` and ``releve_lieu`` to be filled in) what to look at.
    """

    gesture: pd.Series
    energy: str
    steps: pd.DataFrame
    watch: pd.DataFrame


def sheet(table: pd.DataFrame, measures: pd.DataFrame, uai: str) -> Sheet:
    """Choose the gesture that is worth most in a lycée, and say all that its sheet needs.

    Parameters
    ----------
    table : DataFrame
        From :func:`tikub_lab.energy.gestures.gestures`, with the rows of this lycée.
    measures : DataFrame
        From :func:`tikub_lab.energy.gestures.measures`.
    uai : str

    Raises
    ------
    UsageError
        A lycée that is not in the table.

    Examples
    --------
    >>> table = pd.DataFrame({"code_uai": "0000001B", "geste": ["fenetres", "lumieres"], "etat": "non chiffré"})
    >>> table[["rang", "kwh", "kwh_bas", "kwh_haut", "euros"]] = float("nan")
    >>> found = sheet(table, pd.DataFrame({"code_uai": [], "geste": [], "energie": []}), "0000001B")
    >>> found.gesture["geste"], found.steps["faire"][1]
    ('lumieres', "Collez un rappel près de l'interrupteur, à la hauteur des yeux.")
    """
    own = only(table, "uai", uai, "code_uai", "no such lycée among the gestures; give a code_uai of energy/sites")
    best = own[(own["etat"] == TODO) & (own["rang"] == 1)]
    gesture = (best if len(best) else own[own["geste"] == PLAIN]).iloc[0].copy()
    for figure in ("kwh", "kwh_bas", "kwh_haut", "euros"):
        gesture[figure] = rounded(float(gesture[figure]))
    name = str(gesture["geste"])
    about = measures[(measures["code_uai"] == uai) & (measures["geste"] == name)]["energie"].unique()
    texts = read("delegates.csv").query("geste == @name")
    steps, watch = (texts.loc[texts["partie"] == part, "texte"].tolist() for part in ("faire", "regarder"))
    return Sheet(
        gesture,
        str(about[0]) if len(about) == 1 else "",
        pd.DataFrame({"ordre": list(map(str, range(1, len(steps) + 1))), "faire": steps}),
        pd.DataFrame({"regarder": watch, "releve_avant": "", "releve_apres": "", "releve_lieu": ""}),
    )


def report_back(columns: pd.DataFrame) -> pd.DataFrame:
    """Make the form that a lycée gives back, of what :func:`tikub_lab.tables.describe` says of ``energy/actions``.

    Returns
    -------
    DataFrame
        ``noter`` (what to write), ``remplir`` (empty, to be filled in), ``exemple``, ``colonne`` (of the table).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> report_back(tables.describe("energy/actions"))["noter"].tolist()
    ['Qui', 'Premier jour', 'Dernier jour', 'Preuve']
    """
    asked = columns.loc[list(ASKED)]
    dates = pd.to_datetime(asked["example"].where(asked["type"] == "date")).dt.strftime("%d/%m/%Y")
    form = pd.DataFrame({"noter": asked["title"], "remplir": "", "exemple": dates.fillna(asked["example"])})
    return form.assign(colonne=asked.index).reset_index(drop=True)
