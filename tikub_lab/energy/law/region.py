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
from tikub_lab.energy.law.place import NO_PRICE
from tikub_lab.energy.law.reference import final_energy
from tikub_lab.energy.valuation import valued
from tikub_lab.errors import UsageError
from tikub_lab.methods.law import Day
from tikub_lab.show import french
from tikub_lab.tables.columns import require

END = 2050

COLUMNS = ["annee", "sites", "sites_absents", "kwh_ajuste", "kwh_reference", "evolution", "sites_ges", "kgco2e"]
COLUMNS += ["kgco2e_reference", "evolution_ges", "annee_facteurs", "repere_energie", "repere_ges", "phrase"]


def plan(
    energies: pd.DataFrame,
    factors: pd.DataFrame,
    reference: int | None = None,
    *,
    factor_year: int | None = None,
    day: Day = None,
) -> pd.DataFrame:
    """Hold each year's energy and greenhouse gas against the plan's reference year, for the same sites.

    Parameters
    ----------
    energies : DataFrame
        ``code_uai``, ``annee``, ``energie``, ``usage``, ``kwh``, ``kwh_ajuste`` (as billed), ``complet``, and
        ``ajuste`` where it is: what :func:`tikub_lab.energy.climate.adjusted` returns.
    factors : DataFrame
        Table ``energy/factors``.
    reference : int
        The plan's reference year. The plan does not say it: ask the Région.
    factor_year : int, optional
        Year whose factors are used for all years; the last one of ``energies`` without it.
    day : date or str, optional
        Day of the text that says how final energy is counted.

    Returns
    -------
    DataFrame
        One row a year from the reference on, but for those without a complete site: ``annee``, ``sites`` (complete
        in it and in the reference), ``sites_absents`` (other sites of the table), ``kwh_ajuste``, ``kwh_reference``
        (of the same sites), ``evolution`` (share), ``sites_ges`` (of them, those with all factors), ``kgco2e``,
        ``kgco2e_reference``, ``evolution_ges``, ``annee_facteurs`` (whose factors), ``repere_energie``, ``repere_ges``
        (a straight line to 2050: a help to the eye, not the plan), ``phrase``.

    Raises
    ------
    UsageError
        No reference year, or one of which no site is complete.

    Examples
    --------
    >>> energies = pd.DataFrame({"code_uai": "0000001B", "annee": [2018, 2025], "energie": "gaz", "complet": True,
    ...                          "usage": "chauffage", "kwh": [1000.0, 700.0], "kwh_ajuste": [1000.0, 800.0]})
    >>> factors = pd.DataFrame({"energie": ["gaz"], "usage": ["tous"], "annee": [2017], "gco2e_kwh": [227.0],
    ...                         "pouvoir_calorifique": ["PCI"], "statut": ["confirmé"]})
    >>> plan(energies, factors, 2018)[["annee", "evolution", "evolution_ges"]].round(2).values.tolist()
    [[2018.0, 0.0, 0.0], [2025.0, -0.2, -0.2]]
    """
    require(energies, "energies", ["code_uai", "annee", "energie", "usage", "kwh", "kwh_ajuste", "complet"])
    if reference is None:
        reference = int(legal.value("plan de la Région", "année de référence", day).number)
    years = final_energy(energies, day)
    years = years[years["complet"] & years["ajuste"] & (years["annee"] >= reference)]
    if not (years["annee"] == reference).any():
        raise UsageError(
            f"reference={reference}: no site is complete and adjusted in that year; take one of "
            f"{_span(final_energy(energies, day))}."
        )
    last = int(energies["annee"].max()) if factor_year is None else factor_year
    table = years[["code_uai", "annee", "kwh_ajuste"]].astype({"code_uai": "object"})
    table = table.merge(_carbon(energies, factors, last), how="left")
    first = table[table["annee"] == reference].drop(columns="annee")
    both = table.merge(first, on="code_uai", suffixes=("", "_reference"))
    known = int(energies["code_uai"].nunique())
    cuts = [legal.value("plan de la Région", f"{what} {END}").number for what in ("énergie", "gaz à effet de serre")]
    found = []
    for key, rows in both.groupby("annee", sort=True):
        year = int(str(key))
        row: dict[str, Any] = {"annee": year, "sites": len(rows), "sites_absents": known - len(rows)}
        row["kwh_ajuste"], row["kwh_reference"] = rows["kwh_ajuste"].sum(), rows["kwh_ajuste_reference"].sum()
        row["evolution"] = _change(rows, "kwh_ajuste")
        whole = rows[rows[["kgco2e", "kgco2e_reference"]].notna().all(axis=1)]
        row["sites_ges"] = len(whole)
        row["kgco2e"], row["kgco2e_reference"] = whole[["kgco2e", "kgco2e_reference"]].sum(min_count=1)
        row["evolution_ges"] = _change(whole, "kgco2e")
        row["annee_facteurs"] = last
        way = (year - reference) / (END - reference)
        row["repere_energie"], row["repere_ges"] = (-cut * way for cut in cuts)
        row["phrase"] = _sentence(row, reference)
        found.append(row)
    return pd.DataFrame(found, columns=COLUMNS).astype({"phrase": "str"})


def followed(
    energies: pd.DataFrame, factors: pd.DataFrame, year: int, reference: int | None = None, day: Day = None
) -> str:
    """Say in French where the plan stands in a year, or why that is not known.

    Parameters
    ----------
    energies, factors, reference, day
        As for :func:`plan`; without a reference year nothing can be followed.
    year : int

    Examples
    --------
    >>> followed(pd.DataFrame(), pd.DataFrame(), 2025)
    'L’année de référence n’est pas publiée\u202f; le suivi du plan n’est donc pas affiché.'
    """
    if reference is None:
        return french.typeset("L'année de référence n'est pas publiée ; le suivi du plan n'est donc pas affiché.")
    rows = plan(energies, factors, reference, day=day)
    rows = rows[rows["annee"] == year]
    return str(rows["phrase"].iloc[0]) if len(rows) else f"{year} : le suivi du plan commence en {reference}."


def _carbon(energies: pd.DataFrame, factors: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return what each site's adjusted use emits, with the factors of one year; missing where one is."""
    rows = energies.assign(kwh=energies["kwh_ajuste"], own=energies["annee"], annee=year)
    emitted = valued(rows, NO_PRICE, factors).assign(annee=rows["own"].to_numpy())
    emitted = emitted[emitted["kwh"].astype("float64") != 0].astype({"code_uai": "object"})
    sums = emitted.groupby(["code_uai", "annee"])["kgco2e"].agg(lambda part: part.sum(skipna=False))
    return sums.astype("float64").reset_index()


def _change(rows: pd.DataFrame, name: str) -> float:
    before = float(rows[f"{name}_reference"].sum())
    return float(rows[name].sum()) / before - 1 if before > 0 else float("nan")


def _span(years: pd.DataFrame) -> str:
    whole = years.loc[years["complet"] & years["ajuste"], "annee"]
    return f"{whole.min()} to {whole.max()}" if len(whole) else "none: no year of any site is"


def _sentence(row: Mapping[str, Any], reference: int) -> str:
    year = row["annee"]
    if year == reference:
        return french.typeset(f"{reference} : année de référence du plan, choisie ici, car le plan ne la dit pas.")
    gas = f", {_signed(row['evolution_ges'])} de gaz à effet de serre (facteurs de {row['annee_facteurs']} partout)"
    text = (
        f"De {reference} à {year}, pour {french.plural(row['sites'], 'lycée')} : "
        f"{_signed(row['evolution'])} d'énergie{gas if pd.notna(row['evolution_ges']) else ''}. "
        f"Une baisse régulière jusqu'à {END} donnerait {_signed(row['repere_energie'])} "
        f"et {_signed(row['repere_ges'])}."
    )
    return french.typeset(text)


def _signed(share: float) -> str:
    rounded = round(share, 2)
    return ("+" if rounded > 0 else "−" if rounded < 0 else "") + french.percent(abs(rounded))
