"""What stands out at each site, in one sentence: one of slope, base load and balance point, or nothing."""

import math
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.performance.circle import in_sentence
from tikub_lab.energy.performance.quantities import BASE, LOOK, POINT, SLOPE
from tikub_lab.methods.once import once
from tikub_lab.show.french import NNBSP, number, scaled

PROVEN, LOOK_AT, NOTHING, UNKNOWN = "établi", "à regarder", "rien ne ressort", "non comparé"
MEANING = {
    SLOPE: "l'enveloppe et le renouvellement d'air (isolation, menuiseries, ventilation)",
    BASE: "ce qui tourne en permanence (eau chaude, pertes de la chaufferie et des réseaux)",
    POINT: "les consignes et la régulation (températures demandées, programmation, apports gratuits mal utilisés)",
}
FINDINGS = {
    SLOPE: "chaque degré de froid y coûte {times} fois ce qu'il coûte à la médiane de",
    BASE: "la consommation permanente y vaut {times} fois la médiane de",
    POINT: "on y chauffe dès qu'il fait moins de {own} dehors, contre {middle} à la médiane de",
}
PHRASES = {
    PROVEN: "Ce qui ressort : {trouve} {pairs} lycées comparables ({groupe}). À étudier d'abord : {sens}.",
    LOOK_AT: "À vérifier (écart non prouvé) : {trouve} {pairs} lycées comparables ({groupe}). Piste : {sens}.",
    NOTHING: "Rien ne ressort : ni la pente de chauffage, ni le point d'équilibre{talon} ne se détachent de ceux de "
    "{pairs} lycées comparables.",
    UNKNOWN: "Pas de comparaison : {manque}.",
}
"""What is said in each state, the surest first."""
NUMBERS = ["valeur", "mediane", "z", "q", "kwh_mediane", "kwh_quart", "erreur_kwh"]
TEXTS = ["grandeur", "libelle", "unite", "sens"]
COLUMNS = ["code_uai", "source", "statut", "grandeur", "libelle", "unite", "valeur", "mediane", "pairs", "groupe"]
COLUMNS += ["z", "q", "kwh_mediane", "kwh_quart", "erreur_kwh", "sens", "manque", "phrase"]


@once
def outstanding(table: pd.DataFrame) -> pd.DataFrame:
    """Find which of the three quantities stands out most at each site, and say what it means.

    Parameters
    ----------
    table : DataFrame
        From :func:`tikub_lab.energy.performance.quantities.standing`.

    Returns
    -------
    DataFrame
        One row a site: the surest first, then by ``kwh_mediane``. ``code_uai``, ``source``, ``statut`` (« établi »:
        false discoveries are bounded over all sites; « à regarder »: higher than at nine peers in ten by chance and by
        more than its own uncertainty, but not established; « rien ne ressort »; « non comparé »), ``grandeur`` (the
        highest of the three; missing where nothing stands out), ``libelle``, ``unite``, ``valeur``, ``mediane``,
        ``pairs``, ``groupe``, ``z``, ``q``, ``kwh_mediane``, ``kwh_quart``, ``erreur_kwh`` (a year), ``sens`` (what
        such a quantity speaks of), ``manque`` (why it is not compared), ``phrase``.
    """
    rows = table.sort_values("z", ascending=False, kind="stable").drop_duplicates("code_uai").copy()
    alone = (rows["p"] < LOOK) & rows["hors_incertitude"]
    tests = [rows["z"].isna(), rows["etabli"], alone]
    rows["statut"] = np.select(tests, [UNKNOWN, PROVEN, LOOK_AT], NOTHING)
    with_base = table.loc[table["z"].notna() & (table["grandeur"] == BASE), "code_uai"]
    rows["talon"] = np.where(rows["code_uai"].isin(with_base), ", ni le talon", "")
    rows["manque"] = rows["manque"].where(rows["statut"] == UNKNOWN, "")
    rows["sens"] = rows["grandeur"].map(MEANING)
    rows["phrase"] = [_sentence(row) for row in rows.to_dict("records")]
    named = rows["statut"].isin((PROVEN, LOOK_AT))
    for columns, nothing in ((NUMBERS, math.nan), (TEXTS, "")):
        rows[columns] = rows[columns].where(named, nothing)
    order, gain = rows["statut"].map(list(PHRASES).index), rows["kwh_mediane"].fillna(-math.inf)
    return rows.iloc[np.lexsort((rows["code_uai"], -gain, order))][COLUMNS].reset_index(drop=True)


def _sentence(row: dict[Any, Any]) -> str:
    value, middle, gap = row["valeur"], row["mediane"], row["kwh_mediane"]
    times = number(value / middle, 1) if middle else ""
    own, other = (f"{number(degrees, 1)}{NNBSP}°C" for degrees in (value, middle))
    row = row | {"trouve": FINDINGS[row["grandeur"]].format(times=times, own=own, middle=other)}
    text = PHRASES[row["statut"]].format(**row | {"groupe": in_sentence(row["groupe"])})
    if row["statut"] in (PROVEN, LOOK_AT) and gap > max(0.0, 1.645 * row["erreur_kwh"]):
        text += f" L'écart à la médiane vaut environ {scaled(float(f'{gap:.1e}'), 'kWh')} par an."
    return text
