"""Where each site and the whole stock stand on the law's path (« décret tertiaire ») to 2030, 2040 and 2050.

A site of 1,000 m² or more must lower its climate-adjusted final energy a square metre by 40, 50 and 60 % of its
reference (code de la construction et de l'habitation, art. L174-1). The way there is free: only the milestones are law.
Modulations exist and are not worked out.

Order of calls: :func:`final_energy` → :func:`references` → :func:`standing` (all milestones) → :func:`stock`,
:func:`ranking` (one milestone; for its rows alone, :func:`at`); for the pace, :func:`usable_years` → :func:`pace` →
:func:`outlook`; for the Région's own plan, :func:`followed`.
"""

import numpy as np
import pandas as pd

from tikub_lab.energy.law.place import AHEAD, NOT_DUE, REACHED, STATES
from tikub_lab.methods.rates import share
from tikub_lab.methods.scope import one_of
from tikub_lab.show import french


def stock(standing: pd.DataFrame) -> pd.DataFrame:
    """Add sites up to the whole stock, at each milestone.

    Parameters
    ----------
    standing : DataFrame
        From :func:`standing`.

    Returns
    -------
    DataFrame
        One row a milestone: ``echeance``, ``sites``, a column a state of :data:`STATES` with its number of sites,
        ``part_atteints`` (of the sites whose standing is known), ``kwh_ajuste``, ``kwh_objectif`` (of these),
        ``ecart_kwh`` (their difference), ``reste_kwh`` (gaps of the sites above their target), ``marge_kwh`` (what
        the others saved beyond theirs), ``reste_mutualise_kwh`` (what is left if they give it, code de la construction
        et de l'habitation, art. R174-31; arrêté of 10 April 2020, art. 14), ``reste_euros``, ``reste_kgco2e`` (of the
        sites that have a figure), ``sites_sans_prix``, ``sites_sans_facteur`` (with a gap, but no figure).

    Examples
    --------
    >>> sites = pd.DataFrame({"code_uai": ["A", "B", "C"], "echeance": 2030, "kwh_ajuste": [90.0, 80.0, None],
    ...                       "statut": [AHEAD, REACHED, "année incomplète"], "kwh_objectif": [70.0, 85.0, 50.0],
    ...                       "ecart_kwh": [20.0, -5.0, None], "reste_kwh": [20.0, 0.0, None],
    ...                       "reste_euros": [2.0, 0.0, None], "reste_kgco2e": [4.0, 0.0, None]})
    >>> stock(sites)[["sites", "part_atteints", "reste_kwh", "reste_mutualise_kwh"]].values.tolist()
    [[3.0, 0.5, 20.0, 15.0]]
    """
    state, year = standing["statut"], standing["echeance"]
    known, above = state.isin((REACHED, AHEAD)), state == AHEAD
    without = {"sites_sans_prix": "reste_euros", "sites_sans_facteur": "reste_kgco2e"}
    flags = {name: state == name for name in STATES}
    flags |= {name: above & standing[value].isna() for name, value in without.items()}
    counts = pd.DataFrame({**flags, "sites": True}).groupby(year).sum()
    sums = standing[["kwh_ajuste", "kwh_objectif", "ecart_kwh", "reste_kwh"]].where(known).groupby(year).sum()
    sums["part_atteints"] = share(counts[REACHED], counts[REACHED] + counts[AHEAD])
    sums["marge_kwh"] = -standing["ecart_kwh"].where(known).clip(upper=0).groupby(year).sum()
    sums["reste_mutualise_kwh"] = sums["ecart_kwh"].clip(lower=0)
    for value in without.values():
        # nothing is left where no site is above; what is left is not known where none of those above has a figure
        left = standing[value].where(above).groupby(year).sum(min_count=1)
        sums[value] = left.where(counts[AHEAD] > 0, 0.0)
    names = ["part_atteints", "kwh_ajuste", "kwh_objectif", "ecart_kwh", "reste_kwh", "marge_kwh"]
    names += ["reste_mutualise_kwh", "reste_euros", "reste_kgco2e"]
    table = sums[names].astype("float64").join(counts).reset_index()
    return table[["echeance", "sites", *STATES, *names, *without]]


def summary(standing: pd.DataFrame, milestone: int = 2030, first: int = 10) -> str:
    """Say in French where the whole stock stands.

    Parameters
    ----------
    standing : DataFrame
        From :func:`standing`.
    milestone, first : int
        The milestone, and how many sites « make most of the gap ».

    Examples
    --------
    >>> sites = pd.DataFrame({"code_uai": ["A", "B", "C"], "echeance": 2030, "kwh_ajuste": [90e6, 80e6, None],
    ...                       "statut": [AHEAD, REACHED, "année incomplète"], "kwh_objectif": [70e6, 85e6, 50e6],
    ...                       "ecart_kwh": [20e6, -5e6, None], "reste_kwh": [20e6, 0.0, None], "kwh_m2": 100.0,
    ...                       "kwh_m2_objectif": 80.0, "evolution": 0.0, "reste_euros": [2e6, 0.0, None],
    ...                       "reste_kgco2e": [4.0, 0.0, None]})
    >>> summary(sites).replace(chr(0x202F), " ").split(". ")[1]
    'L’autre doit encore économiser 20 GWh par an (2 M€)'
    """
    rows = {row["echeance"]: row for row in stock(standing).to_dict("records")}
    ranked = ranking(standing, milestone)
    if milestone not in rows:
        return "Aucun lycée : rien à dire de l'échéance."
    row = rows[milestone]
    known, reached = int(row[REACHED] + row[AHEAD]), int(row[REACHED])
    unknown = int(row["sites"]) - known - int(row[NOT_DUE])
    if not known:
        return french.typeset(f"La situation d'aucun lycée n'est connue pour {milestone}.")
    one = "est" if reached == 1 else "sont"
    who = f"{french.plural(reached, 'lycée')} sur {known} {one} déjà" if reached else f"Aucun lycée sur {known} n'est"
    text = f"{who} au niveau demandé en {milestone}."
    if len(ranked):
        cost = "" if row["sites_sans_prix"] else f" ({french.euros(row['reste_euros'])})"
        others = f"Les {len(ranked)} autres doivent" if len(ranked) > 1 else "L'autre doit"
        others = others if reached else "Ils doivent" if known > 1 else "Il doit"
        text += f" {others} encore économiser {french.scaled(row['reste_kwh'], 'kWh')} par an{cost}."
    if len(ranked) > first > 1:
        share = french.percent(ranked["cumul"].iloc[first - 1])
        text += f" Les {first} lycées qui ont le plus à faire représentent {share} de l'effort."
    if unknown:
        text += f" La situation n'est pas connue pour {french.plural(unknown, 'lycée')}."
    return french.typeset(text)


def at(standing: pd.DataFrame, milestone: int) -> pd.DataFrame:
    """Keep the rows of one milestone; a UsageError where the table does not have it.

    Examples
    --------
    >>> at(pd.DataFrame({"echeance": [2030, 2040], "code_uai": "A"}), 2040)["echeance"].tolist()
    [2040]
    """
    if len(standing):
        one_of("milestone", milestone, sorted(standing["echeance"].unique()), "the table does not have it")
    return standing[standing["echeance"] == milestone]


def ranking(standing: pd.DataFrame, milestone: int = 2030) -> pd.DataFrame:
    """Order the sites that are above their target of a milestone by the energy that is left to save.

    Parameters
    ----------
    standing : DataFrame
        From :func:`standing`.
    milestone : int
        As for :func:`at`.

    Returns
    -------
    DataFrame
        ``rang``, ``code_uai``, ``kwh_m2``, ``kwh_m2_objectif``, ``evolution``, ``reste_kwh``, ``part`` (of what all
        sites have left), ``cumul`` (with those before), ``reste_euros``, ``reste_kgco2e``; the largest ``reste_kwh``
        first, equal ones by UAI.

    Examples
    --------
    >>> sites = pd.DataFrame({"code_uai": ["A", "B"], "echeance": 2030, "statut": AHEAD, "kwh_m2": [120.0, 140.0],
    ...                       "kwh_m2_objectif": 80.0, "evolution": 0.0, "reste_kwh": [1000.0, 3000.0],
    ...                       "reste_euros": [90.0, 250.0], "reste_kgco2e": [180.0, 500.0]})
    >>> ranking(sites)[["rang", "code_uai", "part", "cumul"]].values.tolist()
    [[1, 'B', 0.75, 0.75], [2, 'A', 0.25, 1.0]]
    """
    rows = at(standing, milestone)
    rows = rows[rows["statut"] == AHEAD]
    rows = rows.sort_values(["reste_kwh", "code_uai"], ascending=[False, True], ignore_index=True)
    part = rows["reste_kwh"].astype("float64") / rows["reste_kwh"].sum()
    rows = rows.assign(rang=np.arange(1, len(rows) + 1), part=part, cumul=part.cumsum())
    names = ["rang", "code_uai", "kwh_m2", "kwh_m2_objectif", "evolution", "reste_kwh", "part", "cumul"]
    return rows[[*names, "reste_euros", "reste_kgco2e"]]


def course(usable: pd.DataFrame, standing: pd.DataFrame) -> pd.DataFrame:
    """Lay the use of past years beside the milestones, a square metre, for a chart.

    Parameters
    ----------
    usable, standing : DataFrame
        From :func:`usable_years` and :func:`standing`, of the same sites, one or many.

    Returns
    -------
    DataFrame
        Index: each year from the first known to the last milestone. ``Consommation``: adjusted use of the sites known
        in that year over their areas, kWh/m². ``Objectifs``: straight between milestones, and for one
        site from its reference year. Missing where there is none.

    Examples
    --------
    >>> usable = pd.DataFrame({"code_uai": "A", "annee": [2024, 2025], "kwh_ajuste": [900.0, 880], "surface": 10.0})
    >>> standing = pd.DataFrame({"code_uai": "A", "echeance": [2030], "kwh_objectif": [600.0], "kwh_m2_objectif": 60.0,
    ...                          "annee_reference": [2024], "kwh_m2_reference": [90.0]})
    >>> course(usable, standing).loc[[2024, 2027, 2030], "Objectifs"].tolist()
    [90.0, 75.0, 60.0]
    """
    past = usable.dropna(subset="surface").groupby("annee")[["kwh_ajuste", "surface"]].sum()
    known = standing.dropna(subset=["kwh_objectif", "kwh_m2_objectif"])
    known = known[known["kwh_m2_objectif"] > 0]
    area = known["kwh_objectif"] / known["kwh_m2_objectif"]
    sums = known.assign(area=area).groupby("echeance")[["kwh_objectif", "area"]].sum()
    points = dict(zip(sums.index.astype(int).tolist(), (sums["kwh_objectif"] / sums["area"]).tolist(), strict=True))
    if known["code_uai"].nunique() == 1 and known["annee_reference"].notna().all():
        points[int(known["annee_reference"].iloc[0])] = float(known["kwh_m2_reference"].iloc[0])
    path = pd.Series(points, dtype="float64").sort_index()
    every = [*past.index, *path.index]
    years = pd.RangeIndex(min(every), max(every) + 1) if every else pd.RangeIndex(0)
    path = path.reindex(years).interpolate(limit_area="inside")
    return pd.DataFrame({"Consommation": (past["kwh_ajuste"] / past["surface"]).reindex(years), "Objectifs": path})
