"""The challenge between lycées: what each saved against its own past, the weather and the calendar being the same.

A lycée's score is the share saved of what its own past says it would have used, all energies together in kWh, as in
CUBE.S. Daily readings are taken where both periods have them, bills otherwise, by one model that knows weekends and
holidays (:mod:`tikub_lab.energy.occupancy.use`). What works save is not the users' doing: a lycée's past begins
after its last works, and works during the challenge leave it out. Whoever has no score is listed with the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from tikub_lab.energy.bundle import bundled
from tikub_lab.energy.challenge.grouping import FEWEST, groups, unnamed
from tikub_lab.energy.challenge.meters import Span, scores
from tikub_lab.energy.challenge.order import place, ranks
from tikub_lab.energy.consumption import require_readings
from tikub_lab.energy.savings import Savings
from tikub_lab.energy.savings import by_month as months_of
from tikub_lab.errors import UsageError
from tikub_lab.methods.once import once
from tikub_lab.methods.scope import only
from tikub_lab.show.french import number, percent

COLUMNS = {
    "code_uai": "str", "lib_etablissement": "str", "groupe": "str", "classe": "bool", "raison": "str",
    "remarque": "str", "reference_debut": "datetime64[ns]", "pas": "str", "compteurs": "int64", "jours": "float64",
    "attendu": "float64", "observe": "float64", "economie": "float64", "bas": "float64", "haut": "float64",
    "part": "float64", "part_bas": "float64", "part_haut": "float64", "erreur": "float64", "liberte": "float64",
    "etablie": "bool", "rang_min": "Int64", "rang_max": "Int64", "effectif": "Int64", "place": "str", "phrase": "str",
}  # fmt: skip


@dataclass(frozen=True)
class Challenge:
    """The challenge of one period, ``end`` excluded, at a level of confidence.

    Attributes
    ----------
    table : DataFrame
        One row a lycée, those with a score first, by group and place: ``code_uai``, ``lib_etablissement``, ``groupe``,
        ``classe`` (whether it has a score), ``raison`` (if not, why), ``remarque`` (what the score leaves out),
        ``reference_debut``, ``pas`` (« facture », « relevé » or both), ``compteurs`` (scored), ``jours`` (scored,
        mean of its meters), ``attendu``, ``observe``, ``economie``, ``bas``, ``haut`` (kWh), ``part``, ``part_bas``,
        ``part_haut`` (of what was expected), ``erreur`` (standard error of the share), ``liberte``, ``etablie``,
        ``rang_min``, ``rang_max``, ``effectif``, ``place``, ``phrase`` (French).
    energies : DataFrame
        ``code_uai``, ``energie``, ``usage``, ``annee`` (the one in which the period ends), ``attendu``, ``observe``,
        ``kwh`` (saved), of lycées with a score: for :func:`tikub_lab.energy.valuation.valued`.
    groups : DataFrame
        ``groupe``, ``effectif``, ``regroupe`` (whether kinds were put together), ``paires``, ``departagees`` (pairs of
        lycées that are told apart).
    savings : dict of dict of Savings
        By lycée and meter.
    """

    table: pd.DataFrame
    energies: pd.DataFrame
    groups: pd.DataFrame
    savings: dict[str, dict[str, Savings]] = field(repr=False)
    start: date
    end: date
    level: float


def period(name: str) -> tuple[date, date]:
    """Read the period of a challenge: a school year, from 1 September, or a calendar year.

    Examples
    --------
    >>> period("2024-2025")
    (datetime.date(2024, 9, 1), datetime.date(2025, 9, 1))
    >>> period("2025")
    (datetime.date(2025, 1, 1), datetime.date(2026, 1, 1))
    """
    years = name.split("-")
    if all(len(year) == 4 and year.isdecimal() for year in years):
        first = int(years[0])
        if len(years) == 1 and 1 <= first < 9999:
            return date(first, 1, 1), date(first + 1, 1, 1)
        if len(years) == 2 and first >= 1 and int(years[1]) == first + 1:
            return date(first, 9, 1), date(first + 1, 9, 1)
    raise UsageError(f"period={name!r}: give a school year such as '2024-2025', or a calendar year such as '2025'.")


@bundled
@once
def challenge(
    sites: pd.DataFrame,
    meters: pd.DataFrame,
    readings: pd.DataFrame,
    weather: pd.DataFrame,
    calendar: pd.DataFrame,
    works: pd.DataFrame,
    start: date,
    end: date,
    *,
    years: int = 3,
    level: float = 0.9,
    fewest: int = FEWEST,
    zone: str = "B",
) -> Challenge:
    """Score the lycées over a period, and say between which places each stands.

    Parameters
    ----------
    sites, meters, readings, weather, calendar, works : DataFrame
        Tables ``energy/sites``, ``meters``, ``readings``, ``weather``, ``calendar`` and ``works``.
    start, end : date
        The challenge, the second excluded: see :func:`period`.
    years : int
        Years before `start` that make the past, 1 to 5. A lycée with works or a new meter in them has a shorter past,
        of a year at least.
    level : float
        Of each interval, and of all places together.
    fewest : int
        Lycées with a score of the smallest group; small ones are put together.
    zone : str
        Of school holidays.

    Returns
    -------
    Challenge

    Raises
    ------
    UsageError
        A period, years or a level that make no sense, a period without a reading, or no calendar.
    """
    if not (end > start and 1 <= years <= 5 and 0 < level < 1):
        raise UsageError(
            f"Challenge from {start} to {end}, {years} years of past, level {level}: the end comes after the start, "
            "the past has 1 to 5 years, and the level is between 0 and 1, such as 0.9."
        )
    require_readings(f"Challenge from {start} to {end}", readings, start, end)
    span = Span(pd.Timestamp(start), pd.Timestamp(end), years)
    table, scored = scores(span, sites, meters, works, readings, weather, calendar, zone, level)
    table = table.reindex(columns=list(COLUMNS))
    table["lib_etablissement"] = table["code_uai"].map(sites.set_index("code_uai")["lib_etablissement"])
    table, shown = _places(table, sites, level, fewest)
    kept = scored.dropna(subset="savings")
    kept = kept[kept["code_uai"].isin(table["code_uai"][table["classe"]])]
    of_site = kept.groupby("code_uai")
    found = {str(code): dict[str, Any](zip(own["compteur_id"], own["savings"], strict=True)) for code, own in of_site}
    return Challenge(table, _energies(kept, end), shown, found, start, end, level)


def by_month(result: Challenge, uai: str) -> pd.DataFrame:
    """Give a lycée's use by month beside what its past says, all energies together.

    Returns
    -------
    DataFrame
        ``mois`` (its first day), ``observe``, ``attendu``, ``economie`` (kWh): months that the challenge touches with
        a bill; a bill that crosses a month's border is divided by its days. Empty for a lycée without a score.

    Raises
    ------
    UsageError
        A lycée that the challenge does not know.
    """
    _known(result, uai)
    parts = [months_of(one) for one in result.savings.get(uai, {}).values()]
    columns = ["mois", "observe", "attendu", "economie"]
    if not parts:
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts).rename(columns={"predit": "attendu"})
    found = table.groupby("mois", as_index=False)[columns[1:]].sum()
    inside = (found["mois"] >= pd.Timestamp(result.start).replace(day=1)) & (found["mois"] < pd.Timestamp(result.end))
    return found[inside].reset_index(drop=True)


def position(result: Challenge, uai: str) -> pd.DataFrame:
    """Give the savings of a lycée's group without names, its own one marked.

    Returns
    -------
    DataFrame
        ``part``, ``part_bas``, ``part_haut``, ``sien``; ``lycee`` (« notre lycée », « lycée 2 »…) and ``ecart``,
        ``ecart_bas``, ``ecart_haut`` (what was used beyond the expected, as a share); the largest saving first. Empty
        for a lycée without a group.

    Raises
    ------
    UsageError
        A lycée that the challenge does not know.
    """
    row = _known(result, uai)
    table = result.table
    group = table[table["classe"] & (table["groupe"] == row["groupe"])] if row["classe"] else table.head(0)
    found = group.assign(sien=group["code_uai"] == uai)[["part", "part_bas", "part_haut", "sien"]]
    found = found.sort_values("part", ascending=False, ignore_index=True)
    return found.assign(
        lycee=unnamed(found["sien"]),
        ecart=-found["part"], ecart_bas=-found["part_haut"], ecart_haut=-found["part_bas"],
    )  # fmt: skip


def gap(row: Mapping[Any, Any]) -> tuple[str, float, str]:
    """Say how far a lycée is from the expected: « De plus » or « De moins », the share, and how sure in French.

    Parameters
    ----------
    row : mapping
        A row of ``table`` of :class:`Challenge`.

    Examples
    --------
    >>> way, share, sure = gap({"classe": True, "part": -0.046, "part_bas": -0.062, "part_haut": -0.031})
    >>> way, share, sure.replace(chr(0x202F), " ")
    ('De plus', 0.046, 'entre 3,1 et 6,2 %')
    """
    if not row["classe"]:
        return "De plus ou de moins", float("nan"), "pas de score : voir plus bas"
    sign = -1 if row["part"] < 0 else 1
    share, low, high = _signed(row, sign)
    return "De plus" if sign < 0 else "De moins", share, f"entre {number(low * 100, 1)} et {percent(high, 1)}"


def _places(table: pd.DataFrame, sites: pd.DataFrame, level: float, fewest: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put lycées with a score into groups, and give each its places; order the table."""
    table["classe"] = table["classe"].astype("bool")
    own = groups(sites[sites["code_uai"].isin(table["code_uai"][table["classe"]])], fewest)
    by_code = own.drop_duplicates("code_uai").set_index("code_uai")
    table["groupe"] = table["code_uai"].map(by_code["groupe"]).astype("str")
    ranked = table[["erreur", "liberte"]].assign(groupe=table["groupe"].where(table["classe"]), valeur=table["part"])
    table = table.assign(**ranks(ranked, level))
    columns = table[["rang_min", "rang_max", "effectif"]].itertuples(index=False)
    table["place"] = [place(*row) for row in columns]
    table["phrase"] = [_sentence(row, level) for row in table.to_dict("records")]
    shown = own.dropna(subset="groupe")[["groupe", "effectif", "regroupe"]].drop_duplicates("groupe")
    apart = table.groupby("groupe")["devances"].sum()  # each pair told apart has one who is ahead
    shown["paires"] = shown["effectif"] * (shown["effectif"] - 1) // 2
    shown["departagees"] = shown["groupe"].map(apart).fillna(0).astype("int64")
    order = ["classe", "groupe", "rang_min", "rang_max", "code_uai"]
    table = table.sort_values(order, ascending=[False, True, True, True, True], ignore_index=True, na_position="last")
    return table[list(COLUMNS)].astype(COLUMNS), shown.sort_values("groupe", ignore_index=True)


def _sentence(row: Mapping[Any, Any], level: float) -> str:
    """Say in French what a lycée saved, as far as it is known."""
    if not row["classe"]:
        return f"Pas de score : {row['raison']}."
    sign = -1 if row["etablie"] and row["part"] < 0 else 1
    share, low, high = (number(100 * value, 1) for value in _signed(row, sign))
    between = f"entre {low} et {high} %, au niveau de confiance de {number(level * 100)} %"
    if not row["etablie"]:
        return f"L'écart à l'attendu peut venir du hasard (économie {between})."
    return f"{'Baisse' if sign > 0 else 'Hausse'} de {share} % ({between})."


def _signed(row: Mapping[Any, Any], sign: int) -> tuple[float, float, float]:
    """Return a share, and its bounds in their order, as savings or as what was used beyond the expected."""
    low, high = sorted(sign * row[name] for name in ("part_bas", "part_haut"))
    return sign * row["part"], low, high


def _energies(kept: pd.DataFrame, end: date) -> pd.DataFrame:
    """Add what meters of lycées with a score saved up by energy and use."""
    figures = [(one.predicted, one.observed, one.saving) for one in kept["savings"]]
    table = pd.DataFrame(figures, kept.index, ["attendu", "observe", "kwh"], dtype="float64")
    year = (pd.Timestamp(end) - pd.Timedelta(days=1)).year
    key = ["code_uai", "energie", "usage", "annee"]
    return kept[key[:3]].astype("str").assign(annee=year).join(table).groupby(key, as_index=False).sum()


def _known(result: Challenge, uai: str) -> pd.Series:
    return only(result.table, "uai", uai, "code_uai", "the challenge has no such lycée of energy/sites").iloc[0]
