"""Alerts: heating when nobody is there, a base load that drifts, meters that do not measure; in kWh, € and kgCO2e.

Each meter is held against itself, its days against its days and its bills against its bills, never one against the
other. How many false alerts are accepted is a parameter: a false discovery rate over all meters for what is tested
(heating, drifts), a number a site and year for readings in a row that could be chance. See
:mod:`tikub_lab.energy.alerts.model` for the method.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tikub_lab.energy.alerts.faults import BROKEN, ESTIMATED, UNMENDED
from tikub_lab.energy.alerts.grid import DRIFT, HOLIDAY, HOLIDAYS, WEEKEND, WEEKENDS
from tikub_lab.energy.alerts.meter import Finding, Told, Watched
from tikub_lab.energy.alerts.series import days_of
from tikub_lab.energy.alerts.table import NORMAL, subject, table_of
from tikub_lab.energy.alerts.watch import Rules, every_series, watch_bills, watch_days
from tikub_lab.energy.bundle import Bundle, bundled
from tikub_lab.energy.days import date_of, numbers
from tikub_lab.energy.periods import Floats
from tikub_lab.methods.once import once
from tikub_lab.show import french

MANY = 20
"""Meters under which nothing is learned from how t statistics scatter among them."""
ALWAYS = 0.9
"""Share of the heating of days of lessons that the lower bound of that of other days reaches."""
PEERS = 5
"""Lycées that are alike, at least, to tell what is usual among them."""
USUAL = {WEEKEND: ("pente/week-end", "chauffage habituel le week-end"),
         HOLIDAY: ("pente/vacances", "chauffage habituel en vacances")}  # fmt: skip


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
        The columns of alerts, for lycées that heat on weekends or in holidays all year: their pattern, not a fault. kWh
        are those of a year beyond the median of their peers.
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
    readings: pd.DataFrame, meters: pd.DataFrame, sites: pd.DataFrame, weather: pd.DataFrame, calendar: pd.DataFrame,
    works: pd.DataFrame, prices: pd.DataFrame, factors: pd.DataFrame, rules: Rules | None = None,
    origins: Sequence[str] = ("relevé", "facture"),
) -> Survey:  # fmt: skip
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
    days, ended = days_of(read, weather, calendar, rules.zone), _ended(works, meters)
    watched = {
        origin: look(every_series(read, meters, sites, origin), days, ended, rules)
        for origin, look in (("relevé", watch_days), ("facture", watch_bills))
    }
    swollen = {name: inflation([one.told.model.scores for one in ones if one.told]) for name, ones in watched.items()}
    by_day, billed = (
        _believed(ones, swollen[name], rules.worth, rules.fdr if name == "relevé" else rules.fdr_bills)
        for name, ones in watched.items()
    )
    table = table_of(_once(by_day, billed), prices, factors)
    always = table_of(_habits(watched["relevé"], sites), prices, factors)
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
    groups = table.groupby(["nature", "sens"], observed=True)
    found = groups.agg(nombre=("code_uai", "size"), sites=("code_uai", "nunique")).join(groups[values].sum(min_count=1))
    without = -groups[values].count().sub(found["nombre"], axis=0)
    return found.join(without.add_prefix("sans_")).reset_index()


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
    over, blind = (table.loc[table["sens"] == sens, ["kwh", "euros"]].sum() for sens in ("en trop", "non mesuré"))
    where, many = french.plural(len(table), "alerte"), table["code_uai"].nunique()
    where += f" dans {french.plural(many, 'lycée')}" if many > 1 else ""
    text = f"{french.scaled(over['kwh'], 'kWh')} utilisés en trop" if over["kwh"] > 0 else "rien en trop"
    text += f", soit {french.euros(over['euros'])}" if over["euros"] > 0 else ""
    rest = f" ; {french.scaled(blind['kwh'], 'kWh')} mal mesurés." if blind["kwh"] > 0 else "."
    return french.typeset(f"{where} : {text}{rest}")


def _ended(works: pd.DataFrame, meters: pd.DataFrame) -> dict[str, list[int]]:
    """Days on which works ended that touch each meter: those of its site and energy, or without an energy."""
    done = works[(works["statut"] == "réalisé").to_numpy(dtype=bool) & works["date_fin"].notna().to_numpy()]
    pairs = meters[["compteur_id", "code_uai", "energie"]].merge(
        done[["code_uai", "energie", "date_fin"]], on="code_uai", suffixes=("", "_travaux")
    )
    touched = pairs[pairs["energie_travaux"].isna() | (pairs["energie_travaux"] == pairs["energie"])]
    days = pd.Series(numbers(touched["date_fin"]), index=touched["compteur_id"])
    return {str(meter): own.tolist() for meter, own in days.groupby(level=0)}


def inflation(scores: Sequence[Floats]) -> float:
    """Tell how much more t statistics scatter over all meters than they should, most of these having no fault.

    A model that is wrong in the same small way at every site, a season that it does not know, shows here; dividing by
    it makes alerts of what stands out among sites, not of what all of them have. At least 1; 1 for a few meters.

    >>> rng = np.random.default_rng(1)
    >>> round(inflation([2 * rng.normal(size=50) for _ in range(40)]), 1)
    2.0
    """
    # Each meter counts once, by the median size of its own: a drift makes all of a meter's candidates large.
    typical = [float(np.median(np.abs(one))) for one in scores if len(one)]
    return max(1.0, float(np.median(typical)) / 0.6745) if len(typical) >= MANY else 1.0


def _believed(watched: Sequence[Watched], swollen: float, worth: float, rate: float) -> list[Finding]:
    """Keep what is not chance, nor too little to be told; of tests, few false ones on average (Benjamini-Hochberg).

    Of the tests that found nothing, nothing was seen.
    """
    from scipy.stats import false_discovery_control  # here, as it takes a second to load

    found = [finding for one in watched for finding in one.findings]
    heating = sum(one.told is not None and one.series.heats for one in watched)
    tests = {UNMENDED: sum(one.trials for one in watched), HOLIDAYS: heating, WEEKENDS: heating}
    tests[DRIFT] = sum(one.told is not None for one in watched)
    kept = [one for one in found if (one.how or one.nature) not in tests]
    for name, count in tests.items():
        own = [one for one in found if (one.how or one.nature) == name]
        own = [replace(one, chance=one.departure.chance(swollen)) if one.departure else one for one in own]
        chances = [one.chance for one in own] + [1.0] * (count - len(own))
        levels = false_discovery_control(chances) if chances else chances
        kept += [one for one, level in zip(own, levels, strict=False)
                 if level <= rate and (one.departure is None or one.kwh >= worth * one.usual)]  # fmt: skip
    return kept


def _once(by_day: Sequence[Finding], billed: Sequence[Finding]) -> list[Finding]:
    """Tell what both days and bills show once, as the days have it."""

    def alike(one: Finding, others: Sequence[Finding]) -> bool:
        same = {BROKEN, ESTIMATED} if one.nature in (BROKEN, ESTIMATED) else {one.nature}
        return any(
            other.nature in same and one.series.meter == other.series.meter
            and one.start < other.end and other.start < one.end
            for other in others
        )  # fmt: skip

    seen = [replace(one, confirmed=alike(one, billed)) for one in by_day]
    return seen + [one for one in billed if not alike(one, by_day)]


def _examined(watched: Sequence[Watched]) -> pd.DataFrame:
    rows = [
        (
            one.series.meter, one.series.site, one.series.origin, date_of(one.series.start.min()),
            date_of(one.series.end.max()), len(one.series), one.told is not None,
            one.told is not None and one.told.grid.calendar, one.reason or None,
        )
        for one in watched
    ]  # fmt: skip
    names = ["compteur_id", "code_uai", "origine", "debut", "fin", "releves", "modele", "calendrier", "motif"]
    return pd.DataFrame(rows, columns=names)


def _habits(watched: Sequence[Watched], sites: pd.DataFrame) -> Iterator[Finding]:
    """Find lycées that heat on weekends or in holidays as on days of lessons, all year: a pattern, not a fault.

    A boarding school may have good reasons; the others may never have set a timetable. kWh are those of the last year
    beyond what the median of lycées that are like it, boarding or not, would use; not numbers with fewer than five of
    them. Bills do not tell weekends apart.
    """
    boards = dict(zip(sites["code_uai"], sites["internat"].fillna(False).astype(bool), strict=True))
    models = [one.told for one in watched if one.told and one.series.heats and one.told.grid.calendar]
    for kind, (name, nature) in USUAL.items():
        shares = pd.DataFrame([_share(told, name) for told in models], columns=["share", "error"])
        alike = shares["share"].groupby([bool(boards.get(told.series.site, False)) for told in models])
        usual = alike.transform("median").where(alike.transform("count") >= PEERS)
        for told, share, error, peers in zip(models, shares["share"], shares["error"], usual, strict=True):
            if share - NORMAL * error >= ALWAYS:
                size = len(told.grid.kinds)
                year = slice(max(0, size - 365), size)
                slope = told.model.fit.coefficients[told.names.index("pente")]
                heat = slope * np.where(told.grid.kinds[year] == kind, told.grid.degrees[year], 0.0)
                yield Finding(
                    told.series, nature, told.grid.first + year.start, told.grid.first + size,
                    np.maximum(share - peers, 0.0) * heat, error * float(heat.sum()), float("nan"), size=share,
                    usual=share * float(heat.sum()),
                )  # fmt: skip


def _share(told: Told, name: str) -> tuple[float, float]:
    """Return the heating per degree of a kind of day as a share of that on days of lessons, and its error."""
    if "pente" not in told.names or name not in told.names:
        return float("nan"), float("nan")
    places = [told.names.index("pente"), told.names.index(name)]
    slope, more = told.model.fit.coefficients[places].tolist()
    if slope <= 0:
        return float("nan"), float("nan")
    turn = np.array([-more / slope**2, 1 / slope])
    return 1 + more / slope, float(np.sqrt(turn @ told.model.covariance[np.ix_(places, places)] @ turn))


def trusted(data: Bundle, alerts: pd.DataFrame) -> Bundle:
    """Leave out the daily readings of a time in which their meter did not measure, for methods that look at days.

    Bills stay: where bills are compared, an estimate is joined to the one that mends it.

    Parameters
    ----------
    data : Bundle
    alerts : DataFrame
        Of :func:`tikub_lab.energy.alerts.survey`; those « non mesuré » of daily readings count.

    Examples
    --------
    >>> from tikub_lab import energy
    >>> data = energy.load()
    >>> broken = pd.DataFrame({"compteur_id": ["G029"], "origine": "relevé", "debut": pd.to_datetime(["2025-03-01"]),
    ...                        "fin": pd.to_datetime(["2025-03-11"]), "sens": "non mesuré"})
    >>> len(data.readings) - len(trusted(data, broken).readings)
    10
    """
    blind = alerts[(alerts["sens"] == "non mesuré") & (alerts["origine"] == "relevé")]
    daily = data.readings["compteur_id"].isin(blind["compteur_id"]) & (data.readings["origine"] == "relevé")
    pairs = data.readings[daily].reset_index().merge(blind, on="compteur_id", suffixes=("", "_alert"))
    touched = (pairs["debut"] < pairs["fin_alert"]) & (pairs["fin"] > pairs["debut_alert"])
    return replace(data, readings=data.readings.drop(index=pairs.loc[touched, "index"].tolist()))
