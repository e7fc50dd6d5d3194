"""Alerts: heating when nobody is there, a base load that drifts, meters that do not measure; in kWh, € and kgCO2e.

Each meter is held against itself, its days against its days and its bills against its bills, never one against the
other. How many false alerts are accepted is a parameter: a false discovery rate over all meters for what is tested
(heating, drifts), a number a site and year for readings in a row that could be chance. See
:mod:`tikub_lab.energy.alerts.model` for the method.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tikub_lab.energy.alerts import drift, occupancy, rates
from tikub_lab.energy.alerts.faults import BROKEN, ESTIMATED, UNMENDED
from tikub_lab.energy.alerts.findings import Finding
from tikub_lab.energy.alerts.habits import habits
from tikub_lab.energy.alerts.meter import Watched
from tikub_lab.energy.alerts.series import days_of
from tikub_lab.energy.alerts.table import table_of
from tikub_lab.energy.alerts.watch import Scope, watch_bills, watch_days
from tikub_lab.energy.alerts.words import subject
from tikub_lab.energy.bundle import bundled
from tikub_lab.energy.days import numbers
from tikub_lab.methods.once import once
from tikub_lab.show import french

TESTED = {drift.NAME: True, occupancy.HOLIDAYS: False, occupancy.WEEKENDS: False}
"""What is tested, and whether every meter is (else those that may heat)."""


@dataclass(frozen=True)
class Rules:
    """What is accepted, and what is worth an alert.

    Attributes
    ----------
    fdr, fdr_bills : float
        False discovery rate over all meters, of each nature that is tested, for days and for bills: 0.05 says that of
        a hundred alerts on drifts or on heating, five are false on average. Bills tell less, and are given more.
    chance : float
        Readings in a row that are chance, a site and year.
    worth : float
        Share of what the days would have used under which an excess is not told.
    level, level_bills : float
        Chance under which a departure is taken into a meter's model, for days and for bills.
    zone : str
        Of school holidays.
    years : int
        Years of bills before the last one that tell what is usual.
    """

    fdr: float = 0.05
    fdr_bills: float = 0.1
    chance: float = 0.1
    worth: float = 0.03
    level: float = 0.01
    level_bills: float = 0.05
    zone: str = "B"
    years: int = 3


@dataclass(frozen=True)
class Survey:
    """What was looked at, and what was found.

    Attributes
    ----------
    alerts : DataFrame
        One row an alert, the dearest first: ``code_uai``, ``compteur_id``, ``energie``, ``usage``, ``nature``,
        ``origine``, ``debut``, ``fin`` (excluded), ``jours``, ``kwh``, ``bas``, ``haut`` (90 %), ``sens`` (« en trop »
        or « non mesuré »: they do not add up), ``part`` (of what these days would have used), ``euros``, ``kgco2e``,
        ``prix_statut``, ``facteur_statut``, ``hasard`` (chance of it where there is nothing), ``certitude``,
        ``gravite``, ``confirme`` (found in days and in bills), ``autre`` (another nature that it may have), ``phrase``,
        ``geste``. What is not known is missing.
    examined : DataFrame
        One row a meter and origin: ``compteur_id``, ``code_uai``, ``origine``, ``debut``, ``fin``, ``releves``,
        ``modele`` (whether it has one), ``calendrier`` (whether holidays are known), ``motif`` (why it has none).
    habits : DataFrame
        The same columns, for lycées that heat on weekends or in holidays all year: their pattern, not a fault. kWh are
        those of a year beyond the median of their peers.
    inflation : dict
        By origin, what t statistics scatter by beside their due: 1 where the models are right.
    """

    alerts: pd.DataFrame
    examined: pd.DataFrame
    habits: pd.DataFrame
    inflation: dict[str, float]


@bundled
@once
def survey(
    readings: pd.DataFrame,
    meters: pd.DataFrame,
    sites: pd.DataFrame,
    weather: pd.DataFrame,
    calendar: pd.DataFrame,
    works: pd.DataFrame,
    prices: pd.DataFrame,
    factors: pd.DataFrame,
    rules: Rules | None = None,
    origins: Sequence[str] = ("relevé", "facture"),
) -> Survey:
    """Find what to look into, and tell what was looked at.

    Parameters
    ----------
    readings, meters, sites, weather, calendar, works, prices, factors : DataFrame
        Tables of ``energy/``. Daily readings are judged in all their length, bills over their last year, against the
        three years before it.
    rules : Rules, optional
    origins : sequence of str
        What to judge: days, bills or both.

    Raises
    ------
    UsageError
        Readings of a meter that is not in the table of meters, or that overlap.
    """
    rules = rules or Rules()
    read = readings[readings["origine"].isin(list(origins)).to_numpy(dtype=bool)]
    days = days_of(read, weather, calendar, rules.zone)
    scope = Scope(
        read, meters, sites, days, _ended(works, meters), rules.chance, rules.level, rules.level_bills, rules.years
    )
    watched = {"relevé": watch_days(scope), "facture": watch_bills(scope)}
    swollen = {
        origin: rates.inflation([one.told.model.scores for one in ones if one.told]) for origin, ones in watched.items()
    }
    found = [
        finding
        for origin, ones in watched.items()
        for finding in _believed(ones, swollen[origin], rules, rules.fdr if origin == "relevé" else rules.fdr_bills)
    ]  # fmt: skip
    table = table_of(_once(found), prices, factors)
    always = table_of(habits(watched["relevé"], sites), prices, factors)
    return Survey(table, _examined([one for ones in watched.values() for one in ones]), always, swollen)


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """Add alerts up by nature, counting those without a figure.

    Returns
    -------
    DataFrame
        ``nature``, ``sens``, ``nombre``, ``sites``, ``kwh``, ``euros``, ``kgco2e`` (sums of what is known),
        ``sans_kwh``, ``sans_euros``, ``sans_kgco2e`` (alerts that are not in them).
    """
    values = ["kwh", "euros", "kgco2e"]
    keys = ["nature", "sens"]
    groups = table.groupby(keys, observed=True)
    found = groups.size().rename("nombre").to_frame()
    found["sites"] = groups["code_uai"].nunique()
    for value in values:
        found[value] = groups[value].sum(min_count=1)
    for value in values:
        found[f"sans_{value}"] = found["nombre"] - groups[value].count()
    return found.reset_index()


def listed(table: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Prepare alerts for a page: names of lycées, subjects in plain words, what is in excess first.

    Parameters
    ----------
    table : DataFrame
        From :func:`survey`, alerts or habits.
    sites : DataFrame
        Table ``energy/sites``; alerts of other lycées are left out.

    Returns
    -------
    DataFrame
        The table's columns, with ``lib_etablissement``, ``ville``, ``lycee`` (both), ``sujet`` (its nature in plain
        words), ``au`` (the last day) and ``reserve`` (what is not sure of it).

    Examples
    --------
    >>> alert = {"code_uai": "A", "sens": "en trop", "euros": 9.0, "nature": "chauffage en vacances",
    ...          "certitude": "établie", "fin": pd.Timestamp("2025-02-24")}
    >>> sites = pd.DataFrame({"code_uai": ["A"], "lib_etablissement": ["Lycée X"], "ville": ["Redon"]})
    >>> listed(pd.DataFrame([alert]), sites)[["lycee", "sujet", "reserve"]].values.tolist()
    [['Lycée X, Redon', 'Chauffage en vacances', '']]
    """
    found = table.merge(sites[["code_uai", "lib_etablissement", "ville"]], on="code_uai")
    found = found.sort_values(["sens", "euros"], ascending=[True, False], ignore_index=True)
    unsure = found["certitude"] != "établie"
    return found.assign(
        lycee=found["lib_etablissement"] + ", " + found["ville"],
        sujet=found["nature"].map(subject).astype("str"),
        au=found["fin"] - pd.Timedelta(days=1),
        reserve=("Certitude : " + found["certitude"] + ".").where(unsure, "").astype("str"),
    )


def summary(table: pd.DataFrame) -> str:
    r"""Say in French how many alerts there are and what they add up to.

    Examples
    --------
    >>> summary(pd.DataFrame(columns=["code_uai", "sens", "kwh", "euros"]))
    'Aucune alerte\xa0: rien de ce que ces relevés peuvent montrer n’appelle de visite.'
    """
    if table.empty:
        return french.typeset("Aucune alerte : rien de ce que ces relevés peuvent montrer n'appelle de visite.")
    over = table[table["sens"] == "en trop"]
    blind = float(table.loc[table["sens"] == "non mesuré", "kwh"].sum())
    kwh, cost = float(over["kwh"].sum()), float(over["euros"].sum())
    where, many = french.plural(len(table), "alerte"), table["code_uai"].nunique()
    where += f" dans {french.plural(many, 'lycée')}" if many > 1 else ""
    text = f"{french.scaled(kwh, 'kWh')} utilisés en trop" if kwh > 0 else "rien en trop"
    text += f", soit {french.euros(cost)}" if cost > 0 else ""
    return french.typeset(
        f"{where} : {text}" + (f" ; {french.scaled(blind, 'kWh')} mal mesurés." if blind > 0 else ".")
    )


def _ended(works: pd.DataFrame, meters: pd.DataFrame) -> dict[str, list[int]]:
    """Days on which works ended that touch each meter: those of its site and energy, or without an energy."""
    done = works[(works["statut"] == "réalisé").to_numpy(dtype=bool) & works["date_fin"].notna().to_numpy()]
    pairs = meters[["compteur_id", "code_uai", "energie"]].merge(
        done[["code_uai", "energie", "date_fin"]], on="code_uai", suffixes=("", "_travaux")
    )
    touched = pairs[pairs["energie_travaux"].isna() | (pairs["energie_travaux"] == pairs["energie"])]
    found: dict[str, list[int]] = {}
    for meter, day in zip(touched["compteur_id"], numbers(touched["date_fin"]).tolist(), strict=True):
        found.setdefault(str(meter), []).append(day)
    return found


def _believed(watched: Sequence[Watched], inflation: float, rules: Rules, rate: float) -> list[Finding]:
    """Keep what is not chance, nor too little to be told."""
    found = [finding for one in watched for finding in one.findings]
    kept = [finding for finding in found if finding.departure is None and finding.how != UNMENDED]
    lost = [finding for finding in found if finding.how == UNMENDED]
    chances = np.array([finding.chance for finding in lost])
    sure = rates.discoveries(chances, sum(one.trials for one in watched), rate)
    kept += [finding for finding, true in zip(lost, sure, strict=True) if true]
    for nature, everyone in TESTED.items():
        tested = [
            replace(finding, chance=finding.departure.chance(inflation))
            for finding in found
            if finding.nature == nature and finding.departure is not None
        ]
        count = sum(one.told is not None and (everyone or one.series.heats) for one in watched)
        true = rates.discoveries(np.array([finding.chance for finding in tested]), count, rate)
        chosen = [finding for finding, sure in zip(tested, true, strict=True) if sure]
        kept += [finding for finding in chosen if finding.kwh >= rules.worth * finding.usual]
    return kept


def _once(found: Sequence[Finding]) -> list[Finding]:
    """Tell what both days and bills show once, as the days have it."""

    def alike(one: Finding, other: Finding) -> bool:
        same = one.nature == other.nature or {one.nature, other.nature} <= {BROKEN, ESTIMATED}
        return same and one.series.meter == other.series.meter and one.start < other.end and other.start < one.end

    by_day = [one for one in found if one.series.origin == "relevé"]
    billed = [one for one in found if one.series.origin != "relevé"]
    seen = [replace(one, confirmed=any(alike(one, other) for other in billed)) for one in by_day]
    return seen + [one for one in billed if not any(alike(one, other) for other in by_day)]


def _examined(watched: Sequence[Watched]) -> pd.DataFrame:
    rows = [
        {
            "compteur_id": one.series.meter,
            "code_uai": one.series.site,
            "origine": one.series.origin,
            "debut": pd.Timestamp(int(one.series.start.min()), unit="D"),
            "fin": pd.Timestamp(int(one.series.end.max()), unit="D"),
            "releves": len(one.series),
            "modele": one.told is not None,
            "calendrier": one.told is not None and one.told.grid.calendar,
            "motif": one.reason or None,
        }
        for one in watched
    ]
    names = ["compteur_id", "code_uai", "origine", "debut", "fin", "releves", "modele", "calendrier", "motif"]
    return pd.DataFrame(rows, columns=names)
