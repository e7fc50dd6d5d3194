"""Where each site stands in a year: its adjusted use against its targets, and the gap in kWh, euros and kgCO2e."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.law.reference import flag, given_once
from tikub_lab.energy.legal import LAW, milestones
from tikub_lab.energy.valuation import valued
from tikub_lab.errors import UsageError
from tikub_lab.methods.law import Day
from tikub_lab.methods.once import once
from tikub_lab.show import french

NO_AREA, NOT_DUE, NO_TARGET = "surface inconnue", "non assujetti", "sans année de référence"
NO_YEAR, REACHED, AHEAD = "année incomplète", "objectif atteint", "objectif à atteindre"
STATES = (REACHED, AHEAD, NO_YEAR, NO_TARGET, NOT_DUE, NO_AREA)
"""What can be said of a site and a milestone; each has exactly one."""

UNKNOWN = {
    NO_AREA: "Surface inconnue : on ne sait pas si le site est assujetti.",
    NOT_DUE: "Moins de 1 000 m² : le site n'est pas assujetti.",
    NO_TARGET: "Aucune année de référence : l'objectif relatif n'est pas connu.",
    NO_YEAR: "{annee} n'est pas connue en entier, ou pas ajustée au climat : l'écart n'est pas connu.",
}
"""What is said where there is no gap to tell."""
EXACT = 1e-9
"""A use that is above its target by less than this share of it is on it: what adding up decimals leaves."""
MOVED = 0.01
"""Share from which a change of floor area is said."""

STANDING = ["code_uai", "echeance", "statut", "annee", "kwh_ajuste", "kwh_m2", "evolution", "annee_reference"]
STANDING += ["kwh_m2_reference", "kwh_m2_objectif", "kwh_objectif", "ecart_kwh"]
STANDING += ["reste_kwh", "reste_part", "reste_euros", "reste_kgco2e", "prix_statut", "facteur_statut", "phrase"]


@once
def standing(
    references: pd.DataFrame,
    years: pd.DataFrame,
    year: int,
    *,
    day: Day = None,
    energies: pd.DataFrame | None = None,
    prices: pd.DataFrame | None = None,
    factors: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Say where each site stands in a year: its adjusted use against its targets, and the gap.

    Targets are a share less than the reference, a square metre: the energy allowed changes with the area. Absolute
    values, which may ask for less (art. L174-1), need the declared area of each sub-category, which no table has.

    Parameters
    ----------
    references, years : DataFrame
        From :func:`references` and :func:`final_energy`.
    year : int
    day : date or str, optional
        Day of the law; the last version without it.
    energies : DataFrame, optional
        What ``years`` was made of: ``code_uai``, ``annee``, ``energie``, ``usage``, ``kwh_ajuste`` (as billed).
    prices, factors : DataFrame, optional
        Tables ``energy/prices`` and ``energy/factors``, with ``energies`` for the gap in euros and kgCO2e: at the
        year's prices, and at the law's own factors (annexe VII) or the table's where it has none; each energy is cut by
        the same share.

    Returns
    -------
    DataFrame
        One row a site and milestone, sites in the order of ``references``: ``code_uai``, ``echeance``, ``statut`` (one
        of :data:`STATES`), ``annee``, ``kwh_ajuste``, ``kwh_m2``, ``evolution`` (share of change since the reference),
        ``annee_reference``, ``kwh_m2_reference``, ``kwh_m2_objectif``, ``kwh_objectif`` (for the area of today),
        ``ecart_kwh`` (use less target; negative below it), ``reste_kwh`` (to be cut; 0 below it), ``reste_part`` (of
        use), ``reste_euros``, ``reste_kgco2e`` (missing where a price or factor of the site is), ``prix_statut``,
        ``facteur_statut`` (all of them, separated by « , »), ``phrase``.

    Raises
    ------
    UsageError
        A column that is missing, one or two of energies, prices and factors, or a year of a site given twice.

    Examples
    --------
    >>> references = pd.DataFrame({"code_uai": ["0000001B"], "surface": [2000.0], "assujetti": [True],
    ...                            "annee_reference": [2012], "kwh_m2_reference": [150.0],
    ...                            "surface_reference": [2000.0]})
    >>> years = pd.DataFrame({"code_uai": ["0000001B"], "annee": [2025], "kwh_ajuste": [240e3], "complet": [True]})
    >>> found = standing(references, years, 2025)
    >>> found[["echeance", "statut", "ecart_kwh"]].values.tolist()[0]
    [2030, 'objectif à atteindre', 60000.0]
    """
    kept = ["code_uai", "surface", "assujetti", "annee_reference", "kwh_m2_reference", "surface_reference"]
    own = years[years["annee"] == year].astype({"code_uai": "object"})
    given_once(own, "years", ["code_uai", "annee"])
    use = (
        own["kwh_ajuste"].astype("float64").where(flag(own, "complet") & flag(own, "ajuste")).set_axis(own["code_uai"])
    )
    cuts = pd.DataFrame(list(milestones(day).items()), columns=["echeance", "cut"])
    rows = references[kept].astype({"code_uai": "object"}).merge(cuts, how="cross")
    area, due = rows["surface"].astype("float64"), rows["assujetti"].astype("boolean")
    before = rows["kwh_m2_reference"].astype("float64")
    rows["kwh_m2_objectif"] = ((1 - rows["cut"]) * before).where(due.fillna(False).astype(bool))
    rows["kwh_objectif"] = rows["kwh_m2_objectif"] * area
    rows["annee"], rows["kwh_ajuste"] = year, rows["code_uai"].map(use).astype("float64")
    rows["kwh_m2"] = rows["kwh_ajuste"] / area
    rows["evolution"] = rows["kwh_m2"] / before - 1
    gap = rows["kwh_ajuste"] - rows["kwh_objectif"]
    rows["ecart_kwh"] = gap.where(gap.abs() > EXACT * rows["kwh_objectif"], gap * 0)
    rows["reste_kwh"] = rows["ecart_kwh"].clip(lower=0)
    rows["reste_part"] = rows["reste_kwh"] / rows["kwh_ajuste"].where(rows["kwh_ajuste"] > 0)
    tests = [due.isna(), ~due.fillna(True), rows["kwh_m2_objectif"].isna(), gap.isna(), rows["ecart_kwh"] <= 0]
    states = [NO_AREA, NOT_DUE, NO_TARGET, NO_YEAR, REACHED]
    rows["statut"] = pd.Series(np.select([test.astype(bool) for test in tests], states, default=AHEAD), dtype="str")
    rows = rows.join(_money(energies, prices, factors, year, day), on="code_uai")
    for name in ("euros", "kgco2e"):
        rows[f"reste_{name}"] = rows[name] * rows["reste_part"]
    rows["phrase"] = pd.Series([_sentence(row) for row in rows.to_dict("records")], dtype="str")
    texts = dict.fromkeys(["code_uai", "prix_statut", "facteur_statut"], "str")
    return rows[STANDING].astype(texts | {"annee_reference": "Int64", "echeance": "int64"})


def of_law(factors: pd.DataFrame, day: Day = None) -> pd.DataFrame:
    """Put the law's own emission factors, the same for all uses and years, in the place of those of a table."""
    own = {value.key[1]: value for value in LAW.values("facteur d'émission", day=day) if value.valeur}
    rows = [(name, "tous", 0, value.number, value.statut) for name, value in own.items()]
    table = pd.DataFrame(rows, columns=["energie", "usage", "annee", "gco2e_kwh", "statut"])
    table["pouvoir_calorifique"] = ["PCI" if value.unite.endswith("PCI") else None for value in own.values()]
    return pd.concat([factors[~factors["energie"].isin(list(own))], table], ignore_index=True)


def _money(
    energies: pd.DataFrame | None, prices: pd.DataFrame | None, factors: pd.DataFrame | None, year: int, day: Day
) -> pd.DataFrame:
    """Return what each site's adjusted use of the year costs and emits; without a price for all of it, nothing."""
    if energies is prices is factors is None:
        return pd.DataFrame(columns=["euros", "kgco2e", "prix_statut", "facteur_statut"], dtype="float64")
    if energies is None or prices is None or factors is None:
        raise UsageError("energies, prices, factors: give all three for the gap in euros and kgCO2e, or none of them.")
    worth = valued(adjusted_use(energies[energies["annee"] == year]), prices, of_law(factors, day)).groupby("code_uai")
    statuses = worth[["prix_statut", "facteur_statut"]].agg(_statuses).astype("object")
    return worth[["euros", "kgco2e"]].sum(skipna=False).join(statuses)


def adjusted_use(energies: pd.DataFrame) -> pd.DataFrame:
    """Take adjusted use for use, to be valued; energies of which nothing was used need neither price nor factor."""
    rows = energies.assign(kwh=energies["kwh_ajuste"].astype("float64")).astype({"code_uai": "object"})
    return rows[rows["kwh"] != 0]


def _statuses(part: pd.Series) -> str:
    return ", ".join(sorted({str(value) if pd.notna(value) else "inconnu" for value in part}))


def _sentence(row: Mapping[Any, Any]) -> str:
    """Say where the site stands, in French."""
    if row["statut"] in UNKNOWN:
        return french.typeset(UNKNOWN[row["statut"]].format(**row))
    year, milestone = row["annee"], row["echeance"]
    use, goal = (french.number(row[name]) for name in ("kwh_m2", "kwh_m2_objectif"))
    start = f"En {year}, {use} kWh/m² d'énergie finale à climat normal"
    if row["statut"] == REACHED:
        margin = -row["ecart_kwh"] / row["kwh_objectif"]
        text = f"{start} : l'objectif {milestone} ({goal} kWh/m²) est atteint, avec {french.percent(margin)} de marge."
    else:
        left, share = french.scaled(row["reste_kwh"], "kWh"), french.percent(row["reste_part"])
        cost = f", soit {french.euros(row['reste_euros'])} aux prix de {year}" if pd.notna(row["reste_euros"]) else ""
        text = f"{start}, pour {goal} en {milestone} : il reste {share} à économiser, {left} par an{cost}."
    old, new = row["surface_reference"], row["surface"]
    if pd.notna(old) and abs(new - old) > MOVED * old:
        text += f" La surface est passée de {french.number(old)} à {french.number(new)} m² : l'objectif la suit."
    return french.typeset(text)
