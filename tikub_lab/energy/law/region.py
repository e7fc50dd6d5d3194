"""The Région's own plan for its lycées: −60 % energy and −50 % greenhouse gas by 2050.

The plan's page does not say since which year, nor which energy it counts: the year is asked for, and final energy,
climate adjusted, is taken as for the law. Years are held against the reference for the same sites, those that are
complete in both; sites opened since are left out, and counted. Greenhouse gas is worked out with one year's factors
for all years, which shows what the Région did. Factors of different years are no series: the 147 g of electric heating
of 2017 and the 79 g of 2021 come from two methods of ADEME (« saisonnalisée par usage », then « moyenne mensualisée par
usage »), and a fall from one to the other saved no kWh.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tikub_lab.energy import legal
from tikub_lab.energy.law.place import priced
from tikub_lab.energy.law.reference import final_energy
from tikub_lab.energy.law.trend import signed
from tikub_lab.errors import UsageError
from tikub_lab.methods.law import Day
from tikub_lab.methods.rates import share
from tikub_lab.show import french
from tikub_lab.tables.columns import require

END = 2050

COLUMNS = ["annee", "sites", "sites_absents", "kwh_ajuste", "kwh_reference", "evolution", "sites_ges", "kgco2e"]
COLUMNS += ["kgco2e_reference", "evolution_ges", "annee_facteurs", "repere_energie", "repere_ges", "phrase"]


def plan(energies: pd.DataFrame, factors: pd.DataFrame, reference: int, day: Day = None) -> pd.DataFrame:
    """Hold each year's energy and greenhouse gas against the plan's reference year, for the same sites.

    One row a year from the reference on, but for those without a complete site. ``sites`` are complete in it and in the
    reference, ``sites_ges`` of them have all factors, those of the last year; ``repere_energie`` and ``repere_ges`` are
    on a straight line to 2050: a help to the eye, not the plan.
    """
    require(energies, "energies", ["code_uai", "annee", "energie", "usage", "kwh", "kwh_ajuste", "complet"])
    years = final_energy(energies, day)
    years = years[years["complet"] & years["ajuste"]]
    if not (years["annee"] == reference).any():
        span = f"{years['annee'].min()} to {years['annee'].max()}" if len(years) else "none: no year of any site is"
        raise UsageError(f"reference={reference}: no site is complete and adjusted in that year; take one of {span}.")
    last = int(energies["annee"].max())
    table = years.loc[years["annee"] >= reference, ["code_uai", "annee", "kwh_ajuste"]].astype({"code_uai": "object"})
    table = table.merge(_carbon(energies, factors, last), how="left")
    first = table[table["annee"] == reference].drop(columns="annee")
    both = table.merge(first, on="code_uai", suffixes=("", "_reference"))
    gas = ["kgco2e", "kgco2e_reference"]
    both["sites_ges"] = both[gas].notna().all(axis=1)
    both[gas] = both[gas].where(both["sites_ges"])
    groups = both.groupby("annee")
    found = groups[["kwh_ajuste", "kwh_ajuste_reference", *gas]].sum(min_count=1)
    found = found.rename(columns={"kwh_ajuste_reference": "kwh_reference"}).assign(sites=groups.size())
    found = found.join(groups["sites_ges"].sum()).reset_index()
    found["sites_absents"], found["annee_facteurs"] = energies["code_uai"].nunique() - found["sites"], last
    found["evolution"] = share(found["kwh_ajuste"], found["kwh_reference"]) - 1
    found["evolution_ges"] = share(found["kgco2e"], found["kgco2e_reference"]) - 1
    for name, what in (("energie", "énergie"), ("ges", "gaz à effet de serre")):
        cut = legal.value("plan de la Région", f"{what} {END}").number
        found[f"repere_{name}"] = -cut * ((found["annee"] - reference) / (END - reference))
    found["phrase"] = [_sentence(row, reference) for row in found.to_dict("records")]
    return found[COLUMNS].astype({"phrase": "str"})


def followed(
    energies: pd.DataFrame, factors: pd.DataFrame, year: int, reference: int | None = None, day: Day = None
) -> str:
    """Say in French where the plan stands in a year, or why that is not known.

    Parameters
    ----------
    energies : DataFrame
        ``code_uai``, ``annee``, ``energie``, ``usage``, ``kwh``, ``kwh_ajuste`` (as billed), ``complet``, and
        ``ajuste`` where it is: what :func:`tikub_lab.energy.climate.adjusted` returns.
    factors : DataFrame
        Table ``energy/factors``; those of the last year of ``energies`` are used for all years.
    year : int
    reference : int, optional
        The plan's reference year. The plan does not say it: ask the Région.
    day : date or str, optional
        Day of the text that says how final energy is counted.

    Raises
    ------
    UsageError
        A reference year of which no site is complete.

    Examples
    --------
    >>> followed(pd.DataFrame(), pd.DataFrame(), 2025)
    'L’année de référence n’est pas publiée\u202f; le suivi du plan n’est donc pas affiché.'
    """
    if reference is None:
        return french.typeset("L'année de référence n'est pas publiée ; le suivi du plan n'est donc pas affiché.")
    rows = plan(energies, factors, reference, day)
    rows = rows[rows["annee"] == year]
    return str(rows["phrase"].iloc[0]) if len(rows) else f"{year} : le suivi du plan commence en {reference}."


def _carbon(energies: pd.DataFrame, factors: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return what each site's adjusted use emits, with the factors of one year; missing where one is."""
    emitted = priced(energies.assign(own=energies["annee"], annee=year), None, factors)
    sums = emitted.groupby(["code_uai", "own"])["kgco2e"].sum(skipna=False).astype("float64")
    return sums.rename_axis(["code_uai", "annee"]).reset_index()


def _sentence(row: Mapping[Any, Any], reference: int) -> str:
    year = row["annee"]
    if year == reference:
        return french.typeset(f"{reference} : année de référence du plan, choisie ici, car le plan ne la dit pas.")
    gas = f", {signed(row['evolution_ges'])} de gaz à effet de serre (facteurs de {row['annee_facteurs']} partout)"
    text = (
        f"De {reference} à {year}, pour {french.plural(row['sites'], 'lycée')} : "
        f"{signed(row['evolution'])} d'énergie{gas if pd.notna(row['evolution_ges']) else ''}. "
        f"Une baisse régulière jusqu'à {END} donnerait {signed(row['repere_energie'])} "
        f"et {signed(row['repere_ges'])}."
    )
    return french.typeset(text)
