"""The gestures, and the rules that bear on them: dated data with their sources."""

from functools import lru_cache
from pathlib import Path

import pandas as pd


@lru_cache(maxsize=1)
def _catalogue() -> pd.DataFrame:
    text = ("geste", "titre", "qui", "regle", "unite", "reference", "source", "statut")
    return pd.read_csv(
        Path(__file__).with_name("known.csv"),
        dtype={**dict.fromkeys(text, "str"), "valeur": "float64", "chiffre": "int64"},
        parse_dates=["debut"],
        encoding="utf-8",
    )


def catalogue() -> pd.DataFrame:
    """Return the gestures and the rules that bear on them, each rule with its source and whether it could be checked.

    Returns
    -------
    DataFrame
        ``geste``, ``titre``, ``qui`` (does it), ``chiffre`` (1 where readings can tell its kWh), ``regle``, ``valeur``,
        ``unite``, ``debut`` (day of the source), ``reference``, ``source``, ``statut`` (« confirmé » or « à
        confirmer »). A gesture has a row for each of its rules, the one that binds first, or one without. A copy.

    Examples
    --------
    >>> table = catalogue()
    >>> table.loc[table["geste"] == "chauffage_vacances", ["valeur", "statut"]].to_numpy().tolist()
    [[8.0, 'confirmé']]
    """
    return _catalogue().copy()


def rule(geste: str) -> str:
    """Say the rule of a gesture in French, with its text; empty for one without.

    Examples
    --------
    >>> rule("un_degre")
    "une salle de cours se chauffe à 19 °C au plus en moyenne (article R. 241-26 du code de l'énergie)"
    >>> rule("lumieres")
    ''
    """
    own = _catalogue()
    own = own[(own["geste"] == geste) & (own["statut"] == "confirmé")]
    return "" if own.empty else f"{own.iloc[0]['regle']} ({own.iloc[0]['reference']})"
