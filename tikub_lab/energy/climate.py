"""Climate adjustment: what each meter and site would have used in a year of normal weather.

The heating part of a year is multiplied by the normal's degree days over the year's, the rest is left as it is: the
law's formula for the simple case, where heating is measured (décret tertiaire, arrêté of 10 April 2020, annexe III).
For heating that is not measured the law takes a part of the total, by area and sub-category (art. 5, II, 1°; annexe
II: Coeff_ch 0.000314 /°C·day for secondary schools and sport, 0.000247 for offices); the formula itself is an image
that was not read, so that nothing is done for it: a meter that can't be adjusted keeps its figure, and says why. The
heating part comes from the meter's own bills (:mod:`tikub_lab.energy.heating`); it is what was used less the base load,
hot water and losses among it.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.energy import consumption, heating
from tikub_lab.energy.bundle import bundled
from tikub_lab.energy.legal import LAW
from tikub_lab.energy.periods import Floats
from tikub_lab.errors import UsageError
from tikub_lab.methods.once import once

BASE = 18.0
"""°C: 19 °C inside, less the degree that people, lamps and the sun give."""
EDGE, DEPTH = 0.08, 0.42
"""Of a day that crosses the base: the share of the half-sum that counts, at the edge and per unit of depth below it."""
COMPLETE = 0.99
"""Share of a year's days that must have temperatures for its degree days to be used."""
TELLING = 0.5
"""R² below which a year's own base is not used, but that of other years."""
NEIGHBOURS = 3
"""Years, the nearest ones, whose mean base stands in for that of a year without a model."""

NO_READING, NO_USE, NO_STATION = "aucun relevé", "usage du compteur inconnu", "station météo inconnue"
NO_MODEL, NO_DEGREES, NO_NORMAL = "chauffage non séparable", "degrés-jours de l'année inconnus", "normale inconnue"

METERS = ["compteur_id", "code_uai", "energie", "usage", "annee", "kwh", "kwh_chauffage", "kwh_ajuste", "dju"]
METERS += ["dju_normal", "ajuste", "raison", "base", "annees_base", "erreur", "part_connue", "part_estimee", "complet"]


def degree_days(tmin: npt.ArrayLike, tmax: npt.ArrayLike, base: float = BASE) -> Floats:
    """Degree days of each day, by the energy profession's method (COSTIC), which the law asks for.

    The base less the half-sum of the extremes where the whole day is below it, 0 where it is at or above; a day that
    crosses it has cold hours even if its mean does not: (base - tmin) (0.08 + 0.42 (base - tmin) / (tmax - tmin)).
    """
    low, high = np.asarray(tmin, float), np.asarray(tmax, float)
    if (wrong := np.flatnonzero(low > high)).size:
        row = int(wrong[0])
        raise UsageError(
            f"Day {row}: lowest temperature {low.flat[row]:g} above the highest, {high.flat[row]:g}. "
            "Give tmin, then tmax, or correct the weather."
        )
    below = base - low
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        crossing = below * (EDGE + DEPTH * below / (high - low))
    found = np.where(base >= high, base - (low + high) / 2, np.where(below <= 0, 0.0, crossing))
    return np.where(np.isnan(low) | np.isnan(high), np.nan, found)


def by_year(weather: pd.DataFrame, base: float = BASE) -> pd.DataFrame:
    """Degree days of each station and calendar year: ``dju``, days ``manquants``, and whether it is ``complet``."""
    if len(twice := weather[weather.duplicated(["station", "jour"])]):
        row = twice.iloc[0]
        raise UsageError(
            f"Weather: station {row['station']!r} has {row['jour']:%Y-%m-%d} twice; keep one row a day and station."
        )
    low, high = (weather[name].astype("float64").to_numpy() for name in ("tmin", "tmax"))
    days = weather[["station"]].assign(annee=weather["jour"].dt.year.astype("int64"), dju=degree_days(low, high, base))
    groups = days.groupby(["station", "annee"], observed=True, sort=True)["dju"]
    found = pd.DataFrame({"dju": groups.sum(min_count=1), "jours": groups.count()}).reset_index()
    length = pd.to_datetime(found["annee"].astype(str)).dt.is_leap_year + 365
    found["manquants"] = length - found["jours"]
    found["complet"] = found["jours"] >= COMPLETE * length
    return found.drop(columns="jours").astype({"station": "str"})


def normal(years: pd.DataFrame) -> pd.Series:
    """Mean degree days of each station over the complete years of the law's normal that are known."""
    first, last = (int(LAW.value("normale", f"{name} année").number) for name in ("première", "dernière"))
    rows = years[years["annee"].between(first, last) & years["complet"]]
    return rows.groupby("station")["dju"].mean()


@bundled
@once
def adjusted(
    readings: pd.DataFrame,
    meters: pd.DataFrame,
    sites: pd.DataFrame,
    weather: pd.DataFrame,
    *,
    base: float = BASE,
) -> pd.DataFrame:
    """Adjust what each meter used in each calendar year to normal weather.

    Parameters
    ----------
    readings, meters, sites, weather : DataFrame
        Tables ``energy/readings``, ``meters``, ``sites`` (``code_uai``, ``station``) and ``weather``. A meter without a
        site is left out.
    base : float
        Of the degree days, °C: 18 as the law asks.

    Returns
    -------
    DataFrame
        One row a meter and year in service, years being those of which any meter has a reading:

        - ``compteur_id``, ``code_uai``, ``energie``, ``usage``, ``annee``;
        - ``kwh``, of which ``kwh_chauffage`` (0 for a meter of other uses, missing where it can't be told), and
          ``kwh_ajuste``: heating × ``dju_normal`` / ``dju`` + the rest, or ``kwh`` where ``ajuste`` is false;
          ``raison`` then says why, in French;
        - ``base`` (kWh a day) and ``annees_base``, the years whose bills tell it (« 2018 », « 2018, 2019, 2020 »): the
          three nearest ones for a year that is only known as a total;
        - ``erreur``: standard error of ``kwh_ajuste`` for want of a surer base, kWh;
        - ``part_connue`` (of the days in service), ``part_estimee``, ``complet`` (99 % known).

    Notes
    -----
    Degree days of 18 °C, as the law has it, make too little of the weather for a building that needs heat from 15 or
    16 °C only: a mild year is adjusted by less than it should be. ``base=16`` adjusts lycées better, and departs from
    the law.

    Examples
    --------
    >>> from tikub_lab.use_cases import sample
    >>> tables = sample("energy").sample(scale=0.01, seed=1)
    >>> found = adjusted(*(tables[f"energy/{name}"] for name in ("readings", "meters", "sites", "weather")))
    >>> sorted(found["raison"].unique())  # a lycée that opened in the middle of the years has none before
    ['', 'aucun relevé']
    """
    years = by_year(weather, base)
    found = _used(readings, meters, sites)
    known = years[years["complet"]][["station", "annee", "dju"]]
    found = found.merge(known.astype({"station": "object"}), how="left", on=["station", "annee"])
    found["dju_normal"] = found["station"].map(normal(years)).astype("float64")
    found = found.join(_bases(readings, weather, found))
    heats = found["usage"].isin(heating.HEATS)
    reasons: list[tuple[pd.Series, str]] = [
        (found["kwh"].isna(), NO_READING),
        (found["usage"].isna(), NO_USE),
        (heats & found["station"].isna(), NO_STATION),
        (heats & ~(found["dju"] > 0), NO_DEGREES),
        (heats & found["dju_normal"].isna(), NO_NORMAL),
        (heats & found["base"].isna(), NO_MODEL),
    ]
    found["raison"] = np.select([test for test, _ in reasons], [text for _, text in reasons], default="")
    found["ajuste"] = found["raison"] == ""
    rest = (found["base"] * found["jours_connus"]).clip(upper=found["kwh"].clip(lower=0))
    heat = (found["kwh"].clip(lower=0) - rest).where(heats, 0.0)
    found["kwh_chauffage"] = heat.where(found["kwh"].notna() & found["usage"].notna())
    change = (found["dju_normal"] / found["dju"] - 1).where(heats, 0.0)
    found["kwh_ajuste"] = (found["kwh"] + heat * change).where(found["ajuste"], found["kwh"])
    found["erreur"] = (found["erreur_base"] * found["jours_connus"] * change.abs()).where(heats, 0.0)
    found["erreur"] = found["erreur"].where(found["ajuste"])
    texts = ["compteur_id", "code_uai", "energie", "usage", "raison", "annees_base"]
    return found[METERS].astype(dict.fromkeys(texts, "str")).sort_values(["compteur_id", "annee"], ignore_index=True)


def of_sites(meters: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Add adjusted meters up to sites.

    Parameters
    ----------
    meters : DataFrame
        From :func:`adjusted`; some of its rows only (one energy, say) give the site's figures for these.
    sites : DataFrame
        ``code_uai``, ``surface_totale``: table ``energy/sites``.

    Returns
    -------
    DataFrame
        One row a site and year, sorted: ``code_uai``, ``annee``, ``kwh``, ``kwh_chauffage``, ``kwh_ajuste``, ``dju``,
        ``dju_normal``, ``complet`` (99 % known, for each meter), ``surface`` (m², as it is today), ``ajuste`` (each
        meter is), ``kwh_non_ajuste`` (of meters that are not), ``compteurs``, ``part_connue`` (of the meters' days),
        ``erreur`` (kWh; errors of meters are held to be independent).

    Examples
    --------
    >>> meters = pd.DataFrame({"code_uai": "0000001B", "annee": 2025, "compteur_id": ["G1", "E1"], "kwh": [90.0, 30.0],
    ...                        "kwh_chauffage": [80.0, 0.0], "kwh_ajuste": [98.0, 30.0], "dju": 2000.0,
    ...                        "dju_normal": 2200.0, "ajuste": True, "erreur": [3.0, 0.0], "part_connue": 1.0,
    ...                        "complet": True})
    >>> sites = pd.DataFrame({"code_uai": ["0000001B"], "surface_totale": [2.0]})
    >>> of_sites(meters, sites)[["kwh", "kwh_ajuste", "complet", "surface"]].to_numpy().tolist()
    [[120.0, 128.0, True, 2.0]]
    """
    rows = meters.assign(
        kwh_non_ajuste=meters["kwh"].where(~meters["ajuste"], 0.0).fillna(0.0), variance=meters["erreur"] ** 2
    )
    groups = rows.groupby(["code_uai", "annee"])
    found = groups.agg(
        {"dju": "max", "dju_normal": "max", "complet": "all", "ajuste": "all", "kwh_non_ajuste": "sum"}
        | {"compteur_id": "nunique", "part_connue": "mean", "variance": "sum"}
    ).rename(columns={"compteur_id": "compteurs"})
    found = groups[["kwh", "kwh_chauffage", "kwh_ajuste"]].sum(min_count=1).join(found).reset_index()
    found["surface"] = found["code_uai"].map(sites.set_index("code_uai")["surface_totale"].astype("float64"))
    found["erreur"] = np.sqrt(found["variance"])
    names = ["code_uai", "annee", "kwh", "kwh_chauffage", "kwh_ajuste", "dju", "dju_normal", "complet", "surface"]
    names += ["ajuste", "kwh_non_ajuste", "compteurs", "part_connue", "erreur"]
    return found[names].astype({"code_uai": "str"})


def _used(readings: pd.DataFrame, meters: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return what each meter used in each year in which it was in service, with its site's station."""
    own = meters.dropna(subset=["code_uai"])
    used = consumption.by_meter(readings[readings["compteur_id"].isin(own["compteur_id"])])
    found = consumption.in_service(used, own)
    found = found[(found["service"] > 0) | found["kwh"].notna()].reset_index(drop=True)
    found["station"] = found["code_uai"].map(sites.set_index("code_uai")["station"].astype("object")).astype("object")
    found["part_connue"] = (found["jours_connus"] / found["service"].clip(lower=1)).clip(upper=1.0)
    found["part_estimee"] = (found["jours_estimes"] / found["jours_connus"]).fillna(0.0)
    return found


def _bases(readings: pd.DataFrame, weather: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    """Return the base load of each row, kWh a day: that of its own year, or the mean of the nearest ones."""
    heats = used["usage"].isin(heating.HEATS)
    stations = used[heats & used["station"].notna()].drop_duplicates("compteur_id")
    own = readings[readings["compteur_id"].isin(stations["compteur_id"])]
    models = heating.models(own, weather, dict(zip(stations["compteur_id"], stations["station"], strict=True)))
    models = models[models["r2"] >= TELLING]
    known = models.astype({"compteur_id": "object"})[["compteur_id", "annee", "base", "erreur_base"]]
    pairs = used.loc[heats, ["compteur_id", "annee"]].reset_index().merge(known, on="compteur_id", suffixes=("", "_of"))
    pairs["far"] = (pairs["annee"] - pairs["annee_of"]).abs()
    pairs = pairs.sort_values(["index", "far", "annee_of"])
    pairs = pairs[~((pairs["far"] > 0) & pairs.groupby("index")["far"].transform("min").eq(0))]
    pairs = pairs[pairs.groupby("index").cumcount() < NEIGHBOURS]
    pairs["variance"] = pairs["erreur_base"] ** 2
    groups = pairs.sort_values(["index", "annee_of"]).groupby("index")
    found = pd.DataFrame(
        {
            "base": groups["base"].mean(),
            "erreur_base": np.sqrt(groups["variance"].sum()) / groups["base"].count(),
            "annees_base": groups["annee_of"].agg(lambda years: ", ".join(map(str, years))),
        }
    )
    found = found.reindex(used.index)
    return found.assign(annees_base=found["annees_base"].astype("object").fillna(""))
