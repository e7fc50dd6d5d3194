"""Consumption by year, from readings of any period: bills, daily readings, yearly totals.

A meter may have bills and daily readings of the same days. Within one year one origin is taken, the one that knows most
days, and never a sum of two. A reading that crosses the border of two years is divided by its days.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.energy.periods import Integers
from tikub_lab.errors import UsageError

Days = npt.NDArray[np.datetime64]
ORIGINS = ("facture", "relevé", "bilan")
"""In this order where two know as many days."""
ENOUGH = 0.99
"""Share of a year's days that must be known for it to be called complete."""
LONGEST = 366 * 3
"""Days: a reading longer than that is an error of its dates."""


def by_meter(readings: pd.DataFrame) -> pd.DataFrame:
    """Work out what each meter used in each calendar year.

    Parameters
    ----------
    readings : DataFrame
        ``compteur_id``, ``debut``, ``fin`` (excluded), ``kwh`` (missing where not known), ``estime``, ``origine``:
        table ``energy/readings``.

    Returns
    -------
    DataFrame
        One row a meter and year of which something is known: ``compteur_id``, ``debut`` (of the year), ``annee``,
        ``kwh``, ``jours`` (of the year), ``jours_connus``, ``jours_estimes``, ``origine``. Days are counted once where
        readings overlap (a credit note and the bill that it mends), energy as often as it was read.

    Raises
    ------
    UsageError
        A reading that ends before it begins or lasts over three years.

    Examples
    --------
    >>> bills = pd.DataFrame({"compteur_id": "G1", "debut": pd.to_datetime(["2024-12-16", "2025-01-16"]),
    ...                       "fin": pd.to_datetime(["2025-01-16", "2025-02-01"]), "kwh": [310.0, 160.0],
    ...                       "estime": False, "origine": "facture"})
    >>> by_meter(bills)[["kwh", "jours_connus"]].to_numpy().tolist()
    [[160.0, 16.0], [310.0, 31.0]]
    """
    rows = readings[readings["origine"].isin(ORIGINS)]
    begin, end = (_days(rows[name]) for name in ("debut", "fin"))
    _check(rows, begin, end)
    key = ["compteur_id", "annee", "origine"]
    pieces = _pieces(rows, begin, end).sort_values([*key, "left"], ignore_index=True)
    # Days already counted by an earlier reading of the same meter, origin and year are not counted again.
    reached = pieces.groupby(key)["right"].cummax().groupby([pieces[name] for name in key]).shift()
    fresh = pieces["right"] - np.maximum(pieces["left"], reached.fillna(pieces["left"]).astype(np.int64))
    pieces["jours_connus"] = fresh.clip(lower=0)
    pieces["jours_estimes"] = pieces["jours_connus"].where(pieces["estime"], 0)
    found = pieces.groupby(key, as_index=False)[["kwh", "jours_connus", "jours_estimes"]].sum()
    found["rank"] = found["origine"].map({name: rank for rank, name in enumerate(ORIGINS)}).astype(int)
    found = found.sort_values(["compteur_id", "annee", "jours_connus", "rank"], ascending=[True, True, False, True])
    found = found.drop_duplicates(["compteur_id", "annee"], ignore_index=True)
    opens, closes = (first_day(found["annee"].to_numpy(np.int64) - 1970 + step, "Y") for step in (0, 1))
    found["debut"] = opens.astype("datetime64[ns]")
    found["jours"] = (closes - opens).astype(np.int64)
    names = ["compteur_id", "debut", "annee", "kwh", "jours", "jours_connus", "jours_estimes", "origine"]
    return found[names].astype({"compteur_id": "str", "origine": "str"})


def by_site(consumption: pd.DataFrame, meters: pd.DataFrame) -> pd.DataFrame:
    """Add meters up to sites, by energy and use, and say whether the figure is whole.

    Parameters
    ----------
    consumption : DataFrame
        From :func:`by_meter`.
    meters : DataFrame
        ``compteur_id``, ``code_uai``, ``energie``, ``usage``, ``mise_en_service``, ``retrait``: table
        ``energy/meters``. A meter without a site is left out.

    Returns
    -------
    DataFrame
        One row a site, year, energy and use: ``code_uai``, ``debut``, ``annee``, ``energie``, ``usage``, ``kwh``,
        ``compteurs`` (in service then), ``part_connue`` (of the days in service of these meters),
        ``part_estimee``, ``complet`` (at least 99 % known, for each meter).

    Examples
    --------
    >>> known = pd.DataFrame({"compteur_id": ["G1"], "debut": pd.to_datetime(["2025-01-01"]), "annee": [2025],
    ...                       "kwh": [9000.0], "jours": [365], "jours_connus": [300], "jours_estimes": [30],
    ...                       "origine": ["facture"]})
    >>> meters = pd.DataFrame({"compteur_id": ["G1"], "code_uai": ["0000001B"], "energie": ["gaz"],
    ...                        "usage": ["chauffage"], "mise_en_service": [pd.NaT], "retrait": [pd.NaT]})
    >>> by_site(known, meters)[["kwh", "part_connue", "complet"]].round(2).to_numpy().tolist()
    [[9000.0, 0.82, False]]
    """
    full = in_service(consumption, meters)
    full = full[full["service"] > 0]
    key = ["code_uai", "debut", "annee", "energie", "usage"]
    found = full.groupby(key, as_index=False).agg(
        kwh=("kwh", lambda values: values.sum(min_count=1)),
        compteurs=("compteur_id", "nunique"),
        service=("service", "sum"),
        jours_connus=("jours_connus", "sum"),
        jours_estimes=("jours_estimes", "sum"),
        complet=("complet", "all"),
    )
    found["part_connue"] = (found["jours_connus"] / found["service"]).clip(upper=1.0)
    found["part_estimee"] = (found["jours_estimes"] / found["jours_connus"]).fillna(0.0)
    names = [*key, "kwh", "compteurs", "part_connue", "part_estimee", "complet"]
    return found[names].astype({"code_uai": "str", "energie": "str", "usage": "str"})


def in_service(used: pd.DataFrame, meters: pd.DataFrame) -> pd.DataFrame:
    """Give every meter of a site in every year seen its days in ``service``, and what is known of them.

    So one without any reading makes its site incomplete. ``complet`` says whether 99 % of these days are known.
    """
    texts = ["compteur_id", "code_uai", "energie", "usage"]
    found = meters.dropna(subset="code_uai")[[*texts, "mise_en_service", "retrait"]]
    found = found.astype(dict.fromkeys(texts, "object"))
    found = found.merge(used[["debut", "annee", "jours"]].drop_duplicates(), how="cross")
    closes = found["debut"] + pd.to_timedelta(found["jours"], unit="D")
    begin = found["mise_en_service"].where(found["mise_en_service"] > found["debut"], found["debut"])
    end = found["retrait"].where(found["retrait"] < closes, closes)
    found["service"] = (end - begin).dt.days.clip(lower=0)
    known = used[["compteur_id", "debut", "kwh", "jours_connus", "jours_estimes"]]
    found = found.merge(known.astype({"compteur_id": "object"}), how="left", on=["compteur_id", "debut"])
    found[["jours_connus", "jours_estimes"]] = found[["jours_connus", "jours_estimes"]].fillna(0)
    found["complet"] = found["jours_connus"] >= ENOUGH * found["service"]
    return found


def require_readings(what: str, readings: pd.DataFrame, first: object, after: object) -> None:
    """Raise a UsageError where none of the readings is of a time, whose last day is excluded."""
    begin, end = (pd.Timestamp(str(day)) for day in (first, after))
    if len(readings) and not ((readings["debut"] < end) & (readings["fin"] > begin)).any():
        known = f"{readings['debut'].min():%Y-%m-%d} to {readings['fin'].max() - pd.Timedelta(days=1):%Y-%m-%d}"
        raise UsageError(f"{what}: no meter has a reading of it; readings are of {known}.")


def _pieces(rows: pd.DataFrame, begin: Days, end: Days) -> pd.DataFrame:
    """Divide readings among the years that they touch, by days; those without a value are left out."""
    owner, place, left, right = split(begin, end, "Y")
    return pd.DataFrame(
        {
            "compteur_id": rows["compteur_id"].to_numpy(object)[owner],
            "origine": rows["origine"].to_numpy(object)[owner],
            "annee": place + 1970,
            "left": left.astype(np.int64),
            "right": right.astype(np.int64),
            "kwh": rows["kwh"].to_numpy(float)[owner] * ((right - left) / (end - begin)[owner]),
            "estime": rows["estime"].fillna(False).to_numpy(bool)[owner],
        }
    ).dropna(subset="kwh")


def split(begin: Days, end: Days, unit: str) -> tuple[Integers, Integers, Days, Days]:
    """Cut spans of days at the borders of years (Y) or months (M): whose each piece is, in which, from when to when."""
    first, last = (days.astype(f"datetime64[{unit}]").astype(np.int64) for days in (begin, end - 1))
    count = last - first + 1
    owner = np.repeat(np.arange(len(begin)), count)
    place = np.repeat(first, count) + np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return (
        owner,
        place,
        np.maximum(begin[owner], first_day(place, unit)),
        np.minimum(end[owner], first_day(place + 1, unit)),
    )


def first_day(place: Integers, unit: str) -> Days:
    """Return the first days of years or months, counted from 1970."""
    return place.astype(f"datetime64[{unit}]").astype("datetime64[D]")


def _days(dates: pd.Series) -> Days:
    stamps = pd.DatetimeIndex(dates)
    return (stamps if stamps.tz is None else stamps.tz_localize(None)).to_numpy().astype("datetime64[D]")


def _check(rows: pd.DataFrame, begin: Days, end: Days) -> None:
    length = (end - begin).astype(np.int64)
    if (wrong := np.flatnonzero((length <= 0) | (length > LONGEST))).size:
        row = rows.iloc[int(wrong[0])]
        raise UsageError(
            f"Readings: meter {row['compteur_id']}, from {row['debut']:%Y-%m-%d} to {row['fin']:%Y-%m-%d}: a reading "
            f"lasts 1 to {LONGEST} days, its end is the first day after it. Correct its dates, or leave it out."
        )
