"""Gestures for one lycée: what its own readings say that it could save, against the soberest quarter of its peers.

A gesture is worth what the lycée uses in some days beyond what the best quarter of similar lycées would: heating on
weekends for the same cold, electricity in holidays for the same day of lessons, hot water of an empty building for the
same floor area. One degree less in class is its own slope times the degree days of days of lessons. No percentage from
elsewhere enters. The kWh of two gestures never overlap (they are of other days, or of another part of the use), so they
may be added up. A gesture that readings can't tell gets no kWh; one that is done already gets a word of praise.
"""

import numpy as np
import pandas as pd

from tikub_lab.energy.challenge.grouping import BOARDING, groups
from tikub_lab.energy.gestures.words import DONE, FREE, OF_AREA, TODO, UNCLEAR, UNKNOWN, outcome, read, sentence, worth
from tikub_lab.energy.uncertainty import check_level
from tikub_lab.energy.valuation import valued
from tikub_lab.methods.once import once
from tikub_lab.methods.scope import only

QUARTER = 0.25
LEAST = 0.002
"""Share of a lycée's use under which a gesture is not worth a line."""
FEWEST = 5
"""Peers whose quarter says something."""
ON_SITE = ("un_degre", *OF_AREA)
"""Gestures that a look on the spot must confirm: no meter shows the temperature of a class, nor what is plugged in."""
COLUMNS = {
    "code_uai": "str", "geste": "str", "titre": "str", "qui": "str", "rang": "Int64", "etat": "str", "kwh": "float64",
    "kwh_bas": "float64", "kwh_haut": "float64", "euros": "float64", "kgco2e": "float64", "part": "float64",
    "surete": "str", "phrase": "str", "vaut": "str", "valeur": "float64", "repere": "float64", "pairs": "Int64",
    "groupe": "str", "pas": "str", "prix_statut": "str", "facteur_statut": "str",
}  # fmt: skip


@once
def gestures(
    measured: pd.DataFrame,
    meters: pd.DataFrame,
    sites: pd.DataFrame,
    prices: pd.DataFrame,
    factors: pd.DataFrame,
    year: int,
    level: float = 0.9,
) -> pd.DataFrame:
    """Work out the gestures of all lycées.

    Parameters
    ----------
    measured, meters : DataFrame
        From :func:`tikub_lab.energy.gestures.estimates.measures`.
    sites, prices, factors : DataFrame
        Tables ``energy/sites``, ``prices`` and ``factors``.
    year : int
        Of the measures: its weather, calendar, prices and factors count.
    level : float
        Of the interval of each gesture's kWh. Peers' quarter is taken as it is.

    Returns
    -------
    DataFrame
        One row a lycée and gesture, by lycée and rank: ``code_uai``, ``geste``, ``titre``, ``qui``, ``rang`` (1 for the
        most kWh; only of those to do), ``etat`` (« à faire », « déjà fait », « pas net », « sans mesure »,
        « non chiffré »), ``kwh``, ``kwh_bas``, ``kwh_haut`` (a year; only of those to do), ``euros``, ``kgco2e``,
        ``part`` (of the use of the lycée's meters that are measured), ``surete`` (« sûr », « assez sûr », « à vérifier
        sur place »), ``phrase`` and ``vaut`` (French), ``valeur`` and ``repere`` (the lycée's figure and that of its
        peers' best quarter: a share, kWh/m², or °C), ``pairs`` (how many), ``groupe``, ``pas``,
        ``prix_statut``, ``facteur_statut``.

    Raises
    ------
    UsageError
        A level that is not between 0 and 1.
    """
    check_level(level)
    own = _by_site(measured).merge(_peers(sites), on="code_uai", how="left")
    own["groupe"] = own["genre"].where(own["geste"].isin(OF_AREA), own["internat_nom"])
    known = own[own["valeur"].notna() & own["groupe"].notna()]
    by_group = known.groupby(["geste", "groupe"])["valeur"]
    best = pd.DataFrame({"repere": by_group.quantile(QUARTER), "pairs": by_group.size()}).reset_index()
    own = own.merge(best, on=["geste", "groupe"], how="left")
    own.loc[~(own["pairs"] >= FEWEST), "repere"] = np.nan
    own = _valued(own, measured, prices, factors, year)
    total = meters.groupby("code_uai")["kwh"].sum(min_count=1)
    own["part"] = own["kwh"] / own["code_uai"].map(total)
    own = _judged(own, level)
    return _laid_out(own, meters, sites)


def _by_site(measured: pd.DataFrame) -> pd.DataFrame:
    """Add the meters of each lycée and gesture up."""
    parts = measured.assign(lourd=measured["equilibre"] * measured["numerateur"]).groupby(["code_uai", "geste"])
    found = parts[["numerateur", "denominateur", "variance_n", "variance_d", "covariance", "lourd"]].sum(min_count=1)
    found["surface"], found["liberte"] = parts["denominateur"].max(), parts["liberte"].min()
    found["pas"] = parts["pas"].min().where(parts["pas"].nunique() == 1, "facture et relevé")
    found = found.reset_index()
    area = found["geste"].isin(OF_AREA)
    found["denominateur"] = found["surface"].where(area, found["denominateur"])  # of the lycée, not of each meter
    found["valeur"] = found["numerateur"] / found["denominateur"].where(found["denominateur"] > 0)
    # The mean of meters that share a balance point is that point, but for a last digit that would make it « above ».
    degree = (found["lourd"] / found["numerateur"]).round(11)
    return found.assign(valeur=found["valeur"].where(found["geste"] != "un_degre", degree))


def _peers(sites: pd.DataFrame) -> pd.DataFrame:
    boarding = sites["internat"].astype("object").map(BOARDING)
    kinds = groups(sites, FEWEST)[["code_uai", "groupe"]].rename(columns={"groupe": "genre"})
    return kinds.assign(internat_nom="lycées " + boarding).astype("object")


def _valued(
    own: pd.DataFrame, measured: pd.DataFrame, prices: pd.DataFrame, factors: pd.DataFrame, year: int
) -> pd.DataFrame:
    """Give each gesture its kWh, euros and kgCO2e: those of its meters, each by its energy."""
    key, sums = ["code_uai", "geste"], ["kwh", "euros", "kgco2e"]
    target = own[[*key, "repere", "numerateur", "surface"]].rename(columns={"numerateur": "whole"})
    parts = measured[[*key, "energie", "usage", "numerateur", "denominateur"]].merge(target, on=key)
    top, whole = parts["numerateur"], parts["whole"]
    due = parts["repere"] * parts["denominateur"]
    # Floor area is the lycée's: what its peers would use is divided among its meters as their own use is.
    by_area = parts["geste"].isin(OF_AREA)
    due = due.where(~by_area, parts["repere"] * parts["surface"] * (top / whole.where(whole > 0)).fillna(0.0))
    parts["kwh"] = (top - due).where(parts["geste"] != "un_degre", top)
    by_gesture = valued(parts.assign(annee=year), prices, factors).groupby(key)
    # One figure that is not known leaves the sum unknown; of two statuses « à confirmer » is the one to tell.
    found = by_gesture[sums].sum(skipna=False).join(by_gesture[["prix_statut", "facteur_statut"]].max())
    return own.merge(found.reset_index(), on=key, how="left")


def _judged(own: pd.DataFrame, level: float) -> pd.DataFrame:
    """Say of each gesture whether it is to do, done, or not clear, and how sure that is."""
    from scipy.special import stdtrit  # here, as it takes a moment to load

    bar = own["repere"].mask(own["geste"].isin(ON_SITE), 0.0).astype(float)  # elsewhere it weighs what was measured
    variance = own["variance_n"] - 2 * bar * own["covariance"] + bar**2 * own["variance_d"]
    half = stdtrit(own["liberte"].clip(lower=1.0), 0.5 + level / 2) * np.sqrt(variance.clip(lower=0.0))
    own["kwh_bas"], own["kwh_haut"] = own["kwh"] - half, own["kwh"] + half
    done = own["valeur"] <= own["repere"]
    todo = ~done & (own["kwh_bas"] > 0) & (own["part"] >= LEAST) & own["repere"].notna()
    unknown = own["repere"].isna() | own["valeur"].isna() | own["kwh"].isna()
    own["etat"] = np.select([unknown, done, todo], [UNKNOWN, DONE, TODO], UNCLEAR)
    sure = np.where(own["kwh_bas"] >= own["kwh"] / 2, "sûr", "assez sûr")
    sure = np.where(own["geste"].isin(ON_SITE), "à vérifier sur place", sure)
    own["surete"] = np.where(own["etat"] == TODO, sure, "")
    return own


def _laid_out(own: pd.DataFrame, meters: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Give every lycée a row for every gesture, in the order in which they are to be read."""
    table = sites[["code_uai"]].merge(read("gestures.csv"), how="cross")
    table = table.merge(own, on=["code_uai", "geste"], how="left")
    table["etat"] = table["etat"].where(table["chiffre"] == 1, FREE).fillna(UNKNOWN)
    table["motif"] = _reasons(table, meters)
    todo = table["etat"] == TODO
    for name in ("kwh", "kwh_bas", "kwh_haut", "euros", "kgco2e", "part"):
        table[name] = table[name].where(todo)
    table["rang"] = table["kwh"].where(todo).groupby(table["code_uai"]).rank(ascending=False, method="first")
    rows = table.to_dict("records")
    table["phrase"], table["vaut"] = [sentence(row) for row in rows], [worth(row) for row in rows]
    order = {name: rank for rank, name in enumerate((TODO, DONE, UNCLEAR, UNKNOWN, FREE))}
    table["order"] = table["etat"].map(order)
    table = table.sort_values(["code_uai", "order", "rang", "geste"], ignore_index=True)
    return table[list(COLUMNS)].astype(COLUMNS)


def _reasons(table: pd.DataFrame, meters: pd.DataFrame) -> pd.Series:
    """Say why the readings of a lycée do not tell of a gesture: French, empty where nothing particular is known."""
    failed = meters[meters["faute"] != ""]
    told = "compteur " + failed["compteur_id"].astype(str) + " (" + failed["energie"].astype(str) + ") : "
    faults = (told + failed["faute"].astype(str)).groupby(failed["code_uai"]).agg(" ; ".join)
    code = table["code_uai"]
    mixed = code.isin(meters["code_uai"][meters["usage"] == "mixte"])
    billed = code.isin(meters["code_uai"][(meters["pas"] == "facture") & (meters["usage"] != "autres")])
    found = {
        "un seul compteur pour le chauffage et le reste": mixed & table["geste"].isin(OF_AREA),
        "il faudrait un relevé par jour": billed & table["geste"].str.endswith("weekend"),
        "aucun compteur n'est rattaché à ce lycée": ~code.isin(meters["code_uai"]),
    }
    why = pd.Series(np.select(list(found.values()), list(found), ""), table.index)
    return why.mask(code.isin(faults.index), code.map(faults).astype("str"))


def three(table: pd.DataFrame, uai: str, count: int = 3) -> tuple[pd.DataFrame, str]:
    """Choose the gestures that the page of a lycée shows, and say why there are not more.

    Parameters
    ----------
    table : DataFrame
        From :func:`gestures`.
    uai : str
    count : int

    Returns
    -------
    rows : DataFrame
        Those to do with the most kWh, at most `count`.
    text : str
        French: empty where there are as many as asked for, else the reason.

    Raises
    ------
    UsageError
        A lycée that is not in the table.
    """
    own = only(table, "uai", uai, "code_uai", "no such lycée among the gestures; give a code_uai of energy/sites")
    rows = own[own["rang"] <= count].reset_index(drop=True)
    titles = {state: own.loc[own["etat"] == state, "titre"].tolist() for state in (DONE, UNCLEAR, UNKNOWN)}
    return rows, "" if len(rows) == count else outcome(len(rows), titles)
