"""The Région's own plan for its lycées: −60 % energy and −50 % greenhouse gas by 2050.

The plan's page does not say since which year, nor which energy it counts: the year is asked for, and final energy,
climate adjusted, is taken as for the law. Years are held against the reference for the same sites, those that are
complete in both; sites opened since are left out, and counted. Greenhouse gas is worked out with one year's factors
for all years, which shows what the Région did. Factors of different years are no series: the 147 g of electric heating
of 2017 and the 79 g of 2021 come from two methods of ADEME (« saisonnalisée par usage », then « moyenne mensualisée par
usage »), and a fall from one to the other saved no kWh.
"""

import pandas as pd

from tikub_lab.energy.law.place import adjusted_use
from tikub_lab.energy.law.reference import final_energy
from tikub_lab.energy.law.trend import signed
from tikub_lab.energy.legal import LAW
from tikub_lab.energy.valuation import valued
from tikub_lab.errors import UsageError
from tikub_lab.methods.law import Day
from tikub_lab.methods.rates import share
from tikub_lab.show import french

END = 2050


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
    years = final_energy(energies, day)
    years = years[years["complet"] & years["ajuste"]]
    if not (years["annee"] == reference).any():
        span = f"{years['annee'].min()} to {years['annee'].max()}" if len(years) else "none: no year of any site is"
        raise UsageError(f"reference={reference}: no site is complete and adjusted in that year; take one of {span}.")
    if year == reference:
        return french.typeset(f"{year} : année de référence du plan, choisie ici, car le plan ne la dit pas.")
    last, pair, key = int(energies["annee"].max()), [reference, year], ["code_uai", "own"]
    use = years.pivot(index="code_uai", columns="annee", values="kwh_ajuste").reindex(columns=pair).dropna()
    if year < reference or use.empty:
        return f"{year} : le suivi du plan commence en {reference}."
    rows = adjusted_use(energies.assign(own=energies["annee"], annee=last))
    emitted = valued(rows, factors.head(0).assign(euros_kwh=0.0), factors).groupby(key)["kgco2e"]
    gas = emitted.sum(skipna=False).astype("float64").unstack("own").reindex(index=use.index, columns=pair).dropna()
    sums = pd.DataFrame({"énergie": use.sum(), "gaz à effet de serre": gas.sum(min_count=1)}).T
    energy, carbon = share(sums[year], sums[reference]) - 1
    emits = f", {signed(carbon)} de gaz à effet de serre (facteurs de {last} partout)" if pd.notna(carbon) else ""
    cuts = [LAW.value("plan de la Région", f"{what} {END}").number for what in sums.index]
    goals = [signed(-cut * (year - reference) / (END - reference)) for cut in cuts]
    return french.typeset(
        f"De {reference} à {year}, pour {french.plural(len(use), 'lycée')} : {signed(energy)} d'énergie{emits}. "
        f"Une baisse régulière jusqu'à {END} donnerait {goals[0]} et {goals[1]}."
    )
