"""What lycées say that they did to use less, beside what their meters show since the first day.

An action is measured as the challenge measures a year: what the lycée's own three years before would have made of the
days since, on the same energy, with the same intervals. A gap may have any cause, and nothing here says that an action
is one. Actions on one energy that overlap in time can't be told from each other: they are measured together, from the
first day of the first to the last day of the last. What an earlier action changed belongs to the past of a later one.
"""

import re
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.bundle import bundled
from tikub_lab.energy.challenge.meters import Span, scores
from tikub_lab.energy.gestures.words import read
from tikub_lab.energy.uncertainty import check_level
from tikub_lab.methods.lazy import doors
from tikub_lab.methods.once import once
from tikub_lab.show.french import day, number

__all__ = ["measured"]

FEWEST = 90
"""Days of a measured period: three bills, under which an interval says nothing."""
MEASURED, NOTHING, EARLY, UNKNOWN = "mesuré", "rien de mesurable", "trop tôt", "sans mesure"
TOO_FEW = "les factures ou les relevés ne suffisent pas pour comparer"
CHANGED = "des travaux ou un changement de compteur empêchent de comparer"
HIDDEN = "texte non repris : il semble désigner une personne"
COLUMNS = {
    "code_uai": "str", "action_id": "str", "fait": "str", "qui": "str", "quand": "str", "preuve": "str",
    "premier_jour": "datetime64[ns]", "dernier_jour": "datetime64[ns]", "energie": "str", "groupe": "Int64",
    "ensemble": "Int64", "debut": "datetime64[ns]", "fin": "datetime64[ns]", "etat": "str", "ecart": "float64",
    "ecart_bas": "float64", "ecart_haut": "float64", "kwh": "float64", "constat": "str",
}  # fmt: skip
_PERSON = re.compile(
    r"\b(?:MM?|Mr|Mmes?|Mlles?)\b\.? +[A-ZÀ-Ý]|\b[Mm](?:onsieur|adame)\b|@|(?:\+33|\b0)[ .]?[1-9](?:[ .-]?\d\d){4}\b"
)


@bundled
@once
def measured(
    sites: pd.DataFrame,
    meters: pd.DataFrame,
    readings: pd.DataFrame,
    weather: pd.DataFrame,
    calendar: pd.DataFrame,
    works: pd.DataFrame,
    actions: pd.DataFrame,
    level: float = 0.9,
    zone: str = "B",
) -> pd.DataFrame:
    """Put beside each action what was measured since its first day.

    Parameters
    ----------
    sites, meters, readings, weather, calendar, works, actions : DataFrame
        Tables ``energy/sites``, ``meters`` and so on.
    level : float
        Of the intervals.
    zone : str
        Of school holidays.

    Returns
    -------
    DataFrame
        One row an action, by lycée and first day: ``fait`` (what was done), ``qui``, ``quand`` and ``preuve`` (French;
        a text that seems to name a person is not taken over), ``premier_jour``, ``dernier_jour``, ``energie``,
        ``groupe`` (the number of its measure, missing without), ``ensemble`` (how many actions share it), ``debut``,
        ``fin`` (of the measure, the second excluded), ``etat`` (« mesuré » where the interval leaves zero out, « rien
        de mesurable », « trop tôt », « sans mesure »), ``ecart``, ``ecart_bas``, ``ecart_haut`` (used beyond the
        expected, as a share), ``kwh`` (the same), ``constat`` (French).

    Raises
    ------
    UsageError
        A level that is not between 0 and 1.

    Examples
    --------
    >>> from tikub_lab import energy, tables
    >>> actions = tables.load("energy/actions").query("code_uai == '0000505Z' and energie == 'gaz'")
    >>> print(energy.actions.measured(energy.load(), actions)["constat"].iloc[0].replace("\u202f", " "))
    Gaz, mesuré : −5,9 % (de −8,1 à −3,7 %).
    """
    check_level(level)
    table = _laid_out(actions[actions["code_uai"].isin(sites["code_uai"])], meters, readings)
    table = table.reindex(columns=[*table, *_FOUND]).astype({"motif": "object"})
    # Lycées that began and ended on the same days are scored at once: a call costs more than a lycée.
    periods: list[Any] = list(table.groupby(["debut", "fin", "energie"]))
    for (start, end, kind), rows in periods:
        span = Span(start, end, 3)
        if span.days < FEWEST:
            continue
        own = meters[meters["compteur_id"].isin(rows["compteurs"].explode())]
        begun = works[works["energie"] == kind]
        of_kind = sites[sites["code_uai"].isin(rows["code_uai"])]
        scored, _ = scores(span, of_kind, own, begun, readings, weather, calendar, zone, level)
        found = -scored.reindex(columns=["part", "part_haut", "part_bas", "economie"]).astype("float64")
        found["motif"] = np.select([scored["classe"], scored["passe"]], ["", TOO_FEW], CHANGED)
        found = found.set_axis(list(_FOUND), axis=1).set_axis(scored["code_uai"])
        table.loc[rows.index, list(_FOUND)] = found.loc[rows["code_uai"]].to_numpy()
    said = [_said(row) for row in table.to_dict("records")]
    table["etat"], table["constat"] = [state for state, _ in said], [text for _, text in said]
    table = table.sort_values(["code_uai", "premier_jour", "action_id"], ignore_index=True)
    return table[list(COLUMNS)].astype(COLUMNS)


_FOUND = ("ecart", "ecart_bas", "ecart_haut", "kwh", "motif")


def _laid_out(actions: pd.DataFrame, meters: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """Say what each action is about, which are measured together, on which meters (``compteurs``) and days."""
    table = actions.astype(dict.fromkeys(("geste", "qui", "energie", "action", "preuve", "compteur_id"), "object"))
    titles = read("gestures.csv").set_index("geste")["titre"]
    for name in ("action", "preuve"):
        table[name] = table[name].map(_public, na_action="ignore").astype("object")
    table["fait"] = table["action"].fillna(table["geste"].map(titles)).fillna("action non décrite")
    table["preuve"] = table["preuve"].fillna("")
    first, last = table["premier_jour"], table["dernier_jour"]
    table["quand"] = [
        f"depuis le {day(start)}" if pd.isna(end) else f"du {day(start)} au {day(end)}"
        for start, end in zip(first, last, strict=True)
    ]
    about = meters.astype({"code_uai": "object", "energie": "object"}).set_index("compteur_id")
    table["energie"] = table["compteur_id"].map(about["energie"]).astype("object").fillna(table["energie"])
    about["connu"] = readings.groupby("compteur_id", observed=True)["fin"].max()
    known = about.groupby(["code_uai", "energie"])["connu"].max().rename("connu")
    table = table.join(known, on=["code_uai", "energie"])
    table["dure"] = last.isna() | (last >= table["connu"])
    table["debut"], table["fin"] = first, table["connu"].where(table["dure"], last + pd.Timedelta(days=1))
    table = table.sort_values(["code_uai", "energie", "debut"], kind="stable", ignore_index=True)
    key = [table["code_uai"], table["energie"]]
    before = table["fin"].groupby(key).cummax().groupby(key).shift()  # the last day of those that began earlier
    table["groupe"] = (~(table["debut"] < before)).cumsum().where(table["connu"].notna()).astype("Int64")
    together = table.groupby("groupe")
    table["ensemble"], table["debut"] = together["action_id"].transform("size"), together["debut"].transform("min")
    table["fin"], table["dure"] = together["fin"].transform("max"), together["dure"].transform("max")
    of_energy = about.reset_index().groupby(["code_uai", "energie"])["compteur_id"].agg(list).rename("compteurs")
    named = together["compteur_id"].transform("count") == table["ensemble"]  # only these, if each names its own
    table = table.join(of_energy, on=["code_uai", "energie"])
    table["compteurs"] = table["compteurs"].where(~named, table["compteur_id"])
    return table


def _said(row: dict[Any, Any]) -> tuple[str, str]:
    """Say in one word and in a sentence, in French, what was measured of an action."""
    if pd.isna(row["energie"]):
        return UNKNOWN, "Pas de mesure : aucune énergie n'est dite."
    kind = str(row["energie"]).capitalize()
    if pd.isna(row["groupe"]):
        return UNKNOWN, f"{kind}, pas de mesure : aucun relevé n'est connu."
    days = max((row["fin"] - row["debut"]).days, 0)
    if days < FEWEST:
        state, told = (EARLY, EARLY) if row["dure"] else (UNKNOWN, "trop court")
        return state, f"{kind}, {told} : {number(days)} jours connus, il en faut {FEWEST}."
    if row["motif"]:
        return UNKNOWN, f"{kind}, pas de mesure : {row['motif']}."
    low, high = row["ecart_bas"], row["ecart_haut"]
    more = int(row["ensemble"]) - 1
    others = "" if not more else ", avec une autre action" if more == 1 else f", avec {number(more)} autres actions"
    within = f"(de {_signed(low)} à {_signed(high)} %){others}."
    if low <= 0 <= high:
        return NOTHING, f"{kind}, {NOTHING} {within}"
    return MEASURED, f"{kind}, {MEASURED} : {_signed(row['ecart'])} % {within}"


def _signed(share: float) -> str:
    """Write a share as a percentage with its sign.

    >>> _signed(-0.031), _signed(0.0004), _signed(0.018)
    ('−3,1', '0,0', '+1,8')
    """
    value = round(share * 100, 1)
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{number(abs(value), 1)}"


def _public(text: str) -> str:
    """Keep a text that names nobody; of an address the name of its site.

    >>> _public("compte rendu : https://lycee.example/energie/2025?id=7"), _public("Mme Le Goff ferme les volets")
    ('compte rendu : lycee.example', 'texte non repris : il semble désigner une personne')
    """
    return HIDDEN if _PERSON.search(text) else re.sub(r"https?://([^/\s]+)\S*", r"\1", text)


doors(__name__)
