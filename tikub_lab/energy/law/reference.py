"""What the law counts, and from which year: final energy of each site and year, and the best reference year.

The law counts final energy: a kilowatt-hour of gas as billed (PCS) is 0.90, one of a heat network 0.77 (arrêté of 10
April 2020, annexe I). The reference is one full year of use, climate adjusted, of those the law allows; the owner
chooses it, and the highest use a square metre makes the lightest duty. The law takes any twelve months in a row (art.
3, I); calendar years alone are looked at here, so that a lighter reference may exist, and the sentence says so.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.legal import LAW, reference_years
from tikub_lab.errors import UsageError
from tikub_lab.methods.law import Day
from tikub_lab.methods.once import once
from tikub_lab.show import french

CHOSEN, ONLY, DEFAULT, NONE = "choisie", "seule année utilisable", "par défaut", "aucune"
"""How the reference year came about: the best of several, the only one, the first full year after those of the law."""
ESTIMATED = 0.05
"""Share of estimated days from which the sentence says so."""

COLUMNS = ["code_uai", "surface", "assujetti", "annee_reference", "kwh_reference", "surface_reference"]
COLUMNS += ["kwh_m2_reference", "part_estimee", "annees_utilisables", "annees_possibles", "annees_manquantes"]
COLUMNS += ["statut_reference", "phrase_reference"]


@once
def final_energy(energies: pd.DataFrame, day: Day = None) -> pd.DataFrame:
    """Add the energies of each site and year up as final energy, the way the law counts it.

    Parameters
    ----------
    energies : DataFrame
        From :func:`tikub_lab.energy.climate.adjusted`, one row a meter, or any sums by site and energy: ``code_uai``,
        ``annee``, ``energie``, ``kwh``, ``kwh_ajuste`` (as billed; climate adjusted), ``complet``; ``ajuste``,
        ``part_estimee`` and ``erreur`` (standard error, kWh) where they are.
    day : date or str, optional
        Day of the text that says how to convert; the last version without it.

    Returns
    -------
    DataFrame
        One row a site and year, sorted: ``code_uai``, ``annee``, ``kwh``, ``kwh_ajuste`` (final energy; missing where
        a part is), ``complet`` (each part is), ``ajuste``, ``part_estimee`` (of the energy), ``erreur`` (kWh; errors
        of the parts are held to be independent).

    Raises
    ------
    UsageError
        A column that is missing, or an energy that the law's table has no factor for.

    Examples
    --------
    >>> energies = pd.DataFrame({"code_uai": "0000001B", "annee": 2025, "energie": ["gaz", "électricité"],
    ...                          "kwh": [1000.0, 300.0], "kwh_ajuste": [1100.0, 300.0], "complet": True})
    >>> final_energy(energies)[["kwh", "kwh_ajuste", "complet"]].values.tolist()
    [[1200.0, 1290.0, True]]
    """
    kinds = energies["energie"].dropna().unique()
    factors = {kind: LAW.value("énergie finale", kind, day=day).number for kind in kinds}
    factor = energies["energie"].map(factors).astype("float64")
    rows = energies[["annee"]].astype("int64").assign(code_uai=energies["code_uai"].astype("object"))
    for name in ("kwh", "kwh_ajuste"):
        rows[name] = energies[name].astype("float64") * factor
    for name in ("complet", "ajuste"):
        rows[name] = flag(energies, name)
    rows["used"] = rows["kwh"].clip(lower=0)
    rows["estimated"] = rows["used"] * figure(energies, "part_estimee")
    rows["variance"] = (figure(energies, "erreur") * factor) ** 2
    rows["unknown"] = rows["kwh_ajuste"].isna()
    groups = rows.groupby(["code_uai", "annee"])
    found = groups[["kwh", "kwh_ajuste", "estimated", "used", "variance"]].sum(min_count=1)
    found[["complet", "ajuste"]] = groups[["complet", "ajuste"]].all()
    partial = groups["unknown"].any().astype("bool")
    found.loc[partial, ["kwh", "kwh_ajuste"]] = np.nan
    found["complet"] = found["complet"] & ~partial
    found["part_estimee"] = (found["estimated"] / found["used"].where(found["used"] > 0)).fillna(0.0)
    found["erreur"] = np.sqrt(found["variance"].astype("float64"))
    names = ["code_uai", "annee", "kwh", "kwh_ajuste", "complet", "ajuste", "part_estimee", "erreur"]
    return found.reset_index()[names].astype({"code_uai": "str", "complet": "bool", "ajuste": "bool"})


@once
def references(years: pd.DataFrame, sites: pd.DataFrame, day: Day = None) -> pd.DataFrame:
    """Choose the reference year of each site: the one of the highest adjusted use a square metre.

    A year can be used if it is full (each meter known, the site open all year long), climate adjusted, of positive use,
    and one that the law allows. Of two equal years the later one is taken, whose bills are easier to show. A site
    without any gets the first full year after them, as the law has it; without one it has no reference.

    Parameters
    ----------
    years : DataFrame
        From :func:`final_energy`, with ``surface`` (m² of that year) where the area has changed.
    sites : DataFrame
        Table ``energy/sites``: ``code_uai``, ``surface_totale`` (m² of all buildings), ``annee_ouverture`` (missing:
        always open).
    day : date or str, optional
        Day of the law; the last version without it.

    Returns
    -------
    DataFrame
        One row a site, in the order of ``sites``: ``code_uai``, ``surface``, ``assujetti`` (missing where the area
        is), ``annee_reference``, ``kwh_reference`` (adjusted), ``surface_reference``, ``kwh_m2_reference``,
        ``part_estimee``, ``annees_utilisables``, ``annees_possibles`` (allowed ones in which it was open all year),
        ``annees_manquantes``, ``statut_reference`` (« choisie », « seule année utilisable », « par défaut »,
        « aucune »), ``phrase_reference``.

    Raises
    ------
    UsageError
        A column that is missing, a site or a site's year given twice.

    Examples
    --------
    >>> years = pd.DataFrame({"code_uai": "0000001B", "annee": [2010, 2011, 2012], "complet": [True, True, False],
    ...                       "kwh_ajuste": [200e3, 240e3, 300e3]})
    >>> sites = pd.DataFrame({"code_uai": ["0000001B"], "surface_totale": [2000.0], "annee_ouverture": [1974]})
    >>> found = references(years, sites)
    >>> found[["annee_reference", "kwh_m2_reference", "annees_manquantes"]].values.tolist()
    [[2011, 120.0, 10]]
    """
    given_once(sites, "sites", ["code_uai"])
    given_once(years, "years", ["code_uai", "annee"])
    allowed = reference_years(day)
    found = _sites(sites, LAW.value("seuil", "surface", day=day).number)
    usable = usable_years(years, sites)
    within = usable[usable["annee"].isin(allowed)]
    best = within.sort_values(["kwh_m2", "annee"]).drop_duplicates("code_uai", keep="last")
    count = within.groupby("code_uai").size()
    out = int(LAW.value("référence", "année écartée", day=day).number)
    later = usable[(usable["annee"] > max(allowed)) & (usable["annee"] != out)]
    first = later.sort_values("annee").drop_duplicates("code_uai")
    first = first[~first["code_uai"].isin(best["code_uai"])]
    chosen = pd.concat([best, first], ignore_index=True)
    names = ["code_uai", "annee_reference", "kwh_reference", "surface_reference", "kwh_m2_reference", "part_estimee"]
    found = found.merge(chosen.set_axis(names, axis=1), how="left", on="code_uai")
    found["annee_reference"] = found["annee_reference"].astype("Int64")
    found["annees_utilisables"] = found["code_uai"].map(count).fillna(0).astype("int64")
    found["annees_possibles"] = len(allowed) - np.searchsorted(allowed, found["since"], side="right")
    found["annees_manquantes"] = (found["annees_possibles"] - found["annees_utilisables"]).clip(lower=0)
    several, none = found["annees_utilisables"] > 1, found["annee_reference"].isna()
    inside = found["annees_utilisables"] > 0
    found["statut_reference"] = np.select([none, several, inside], [NONE, CHOSEN, ONLY], default=DEFAULT)
    found["phrase_reference"] = [_sentence(row) for row in found.to_dict("records")]
    return found[COLUMNS].astype({"code_uai": "str", "statut_reference": "str", "phrase_reference": "str"})


def usable_years(years: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Keep the full and adjusted years of each site, with their area and use a square metre.

    Parameters
    ----------
    years, sites
        As for :func:`references`.

    Returns
    -------
    DataFrame
        ``code_uai``, ``annee``, ``kwh_ajuste``, ``surface`` (of the year where it is given, else today's), ``kwh_m2``
        (use itself where no year of the site has an area), ``part_estimee``. The year of opening is never a full one.

    Examples
    --------
    >>> years = pd.DataFrame({"code_uai": "0000001B", "annee": [2015, 2016], "complet": True, "kwh_ajuste": 90e3})
    >>> sites = pd.DataFrame({"code_uai": ["0000001B"], "surface_totale": [1000.0], "annee_ouverture": [2015]})
    >>> usable_years(years, sites)[["annee", "kwh_m2"]].to_dict("records")
    [{'annee': 2016, 'kwh_m2': 90.0}]
    """
    own = _sites(sites, 0.0).set_index("code_uai")
    rows = years[years["code_uai"].isin(own.index)].astype({"code_uai": "object"})
    whole = flag(rows, "complet") & flag(rows, "ajuste") & (rows["kwh_ajuste"].astype("float64") > 0)
    rows = rows[whole & (rows["annee"] > rows["code_uai"].map(own["since"]))]
    today = rows["code_uai"].map(own["surface"]).astype("float64")
    area = rows["surface"].astype("float64").fillna(today) if "surface" in rows else today
    area = area.where(area > 0)
    # Years without an area can't be held against others of the site that have one.
    some = area.notna().groupby(rows["code_uai"]).transform("any").astype(bool)
    use = rows["kwh_ajuste"].astype("float64")
    found = pd.DataFrame({"code_uai": rows["code_uai"], "annee": rows["annee"].astype("int64"), "kwh_ajuste": use})
    found = found.assign(surface=area, kwh_m2=(use / area).where(some, use), part_estimee=figure(rows, "part_estimee"))
    return found[area.notna() | ~some].sort_values(["code_uai", "annee"], ignore_index=True)


def given_once(table: pd.DataFrame, name: str, key: list[str]) -> None:
    """Refuse a table that has two rows of one key."""
    if len(twice := table[table.duplicated(key)]):
        row = ", ".join(str(value) for value in twice.iloc[0][key])
        raise UsageError(f"{name}: {row} is there twice; give one row for each {' and '.join(key)}.")


def flag(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a flag as plain booleans: one that is missing is false, but true where no row says it."""
    own = table[name] if name in table else pd.Series(True, table.index)
    return own.astype("boolean").fillna(False).astype("bool")


def figure(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a figure that may be missing, or the whole column: it is nought then."""
    return (table[name] if name in table else pd.Series(0.0, table.index)).astype("float64").fillna(0.0)


def _sites(sites: pd.DataFrame, threshold: float) -> pd.DataFrame:
    area = sites["surface_totale"].astype("float64").reset_index(drop=True)
    area = area.where(area > 0)
    due = (area >= threshold).astype("boolean").where(area.notna())
    since = pd.to_numeric(sites["annee_ouverture"], errors="coerce").astype("float64").fillna(0).to_numpy()
    uai = sites["code_uai"].astype("object").to_numpy()
    return pd.DataFrame({"code_uai": uai, "surface": area, "assujetti": due, "since": since})


def _sentence(row: Mapping[Any, Any]) -> str:
    """Say which year was chosen, and among how many."""
    possible, usable = row["annees_possibles"], row["annees_utilisables"]
    if row["statut_reference"] == NONE:
        return french.typeset("Aucune année complète n'est connue : pas d'année de référence.")
    year = row["annee_reference"]
    if row["statut_reference"] == DEFAULT:
        cause = "le site n'était pas ouvert" if not possible else "aucune année permise n'est complète"
        text = f"Année de référence retenue : {year}, première année pleine connue ({cause})."
    elif row["statut_reference"] == ONLY:
        text = f"Année de référence retenue : {year}, seule année utilisable sur {possible}."
    else:
        text = f"Année de référence retenue : {year}, la plus favorable des {usable} années utilisables."
    share = row["part_estimee"]
    return french.typeset(text + (f" Estimée à {french.percent(share)}." if share >= ESTIMATED else ""))
