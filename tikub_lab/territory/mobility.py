"""Which lycées can be reached by bus, train and on foot before lessons, from which communes, and in how long."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.distance import haversine
from tikub_lab.methods.law import as_date
from tikub_lab.methods.once import once
from tikub_lab.methods.scope import only
from tikub_lab.tables import load
from tikub_lab.territory.population import communes as load_communes
from tikub_lab.territory.population import there
from tikub_lab.territory.scan import NEVER, Timetable, latest, walks

RANGES = (30, 45, 60)
"""Minutes before lessons at which a page counts who has left home."""
LONGEST = 120
"""Longer journeys are not looked for."""
AROUND = 20
"""Whom a lycée is near: young people of communes whose point is no more than so many km away."""


@dataclass(frozen=True)
class Network:
    """What runs on the morning of a day: tables such as ``territory/connections``."""

    jour: pd.Timestamp
    feeds: pd.DataFrame
    stops: pd.DataFrame
    trips: pd.DataFrame
    connections: pd.DataFrame
    transfers: pd.DataFrame


def network(jour: date | str | None = None) -> Network:
    """Load what runs on a day that was imported, by default the last one; a UsageError says which days there are.

    Examples
    --------
    >>> found = network()
    >>> str(found.jour.date()), found.feeds["periode"].tolist()
    ('2025-03-11', ['jour scolaire'])
    """
    names = ("feeds", "stops", "trips", "connections", "transfers")
    tables = {name: load(f"territory/{name}") for name in names}
    days = sorted(tables["feeds"]["jour"].unique())
    if not days:
        raise UsageError("territory/feeds has no row: import a timetable (GTFS, a zip).")
    day = pd.Timestamp(str(as_date(jour, "jour"))) if jour is not None else pd.Timestamp(days[-1])
    if day not in days:
        known = ", ".join(f"{each:%Y-%m-%d}" for each in days[-6:])
        raise UsageError(
            f"jour={day:%Y-%m-%d}: no timetable of that day was imported; there is {known}. To have another day, name "
            f"the feed network_jour-{day:%Y-%m-%d}.zip and import it."
        )
    for name in ("feeds", "trips", "connections"):
        tables[name] = tables[name][tables[name]["jour"] == day].reset_index(drop=True)
    return Network(day, **tables)


@once
def journeys(network: Network, lycees: pd.DataFrame, communes: pd.DataFrame, heure: str = "08:00") -> pd.DataFrame:
    """Find, for each commune and lycée, the latest departure from the commune's point that arrives in time.

    Parameters
    ----------
    network : Network
    lycees, communes : DataFrame
        As ``territory/lycees`` and ``territory/communes``; those without a point have no row.
    heure : str
        When one has to be there, at noon at the latest.

    Returns
    -------
    DataFrame, one row a commune and a lycée no more than ``LONGEST`` minutes apart
        code_uai, code_commune, minutes (from leaving to ``heure``, waiting at the lycée included), quitte (when one
        leaves), and of the first vehicle monte (when), premier_arret, ligne, mode; only mode, « à pied », where there
        is none.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> found = journeys(network(), tables.load("territory/lycees"), load_communes())
    >>> found.loc[found["code_commune"] == "29105", ["minutes", "ligne"]].values.tolist()[1:2]
    [[50, 'Car fictif 65']]
    """
    due, stops, lines = _seconds(heure), network.stops, network.connections
    lines = lines[(lines["depart"] >= due - LONGEST * 60) & (lines["arrivee"] <= due)].reset_index(drop=True)
    to, home, straight = walks(stops, lycees), walks(communes, stops), walks(communes, lycees)
    alight = np.full((len(stops), len(lycees)), NEVER)
    alight[to.here, to.there] = due - to.seconds
    leaves, by = latest(Timetable.of(stops, lines, network.transfers), alight)
    best = np.full((len(communes), len(lycees)), NEVER)
    best[straight.here, straight.there] = due - straight.seconds
    first = np.full(best.shape, -1)
    for commune, stop, seconds in zip(home.here, home.there, home.seconds, strict=True):
        better = leaves[stop] - seconds > best[commune]
        best[commune, better], first[commune, better] = leaves[stop, better] - seconds, by[stop, better]
    rows, columns = np.nonzero(best >= due - LONGEST * 60)
    quits, chosen = best[rows, columns], first[rows, columns]
    vehicle = lines.reindex(chosen).merge(network.trips.astype({"mode": "str"}), how="left", on=["jour", "trajet"])
    stop = vehicle["de"].map(stops.set_index("arret")["nom"])
    said = pd.DataFrame({"monte": _clock(vehicle["depart"]), "premier_arret": stop}).join(vehicle[["ligne", "mode"]])
    return pd.DataFrame(
        {
            "code_uai": lycees["code_uai"].to_numpy()[columns],
            "code_commune": communes["code_commune"].to_numpy()[rows],
            "minutes": -((quits - due) // 60),
            "quitte": _clock(pd.Series(quits)),
        }
    ).join(said.where(pd.Series(chosen >= 0)).fillna({"mode": "à pied"}))


def _seconds(heure: str) -> int:
    found = re.fullmatch(r"([01]?\d)[:h]([0-5]\d)", heure)
    seconds = int(found[1]) * 3600 + int(found[2]) * 60 if found else 0
    if not 0 < seconds <= 12 * 3600:
        raise UsageError(f"heure={heure!r}: a time is written 08:00, between 00:01 and 12:00.")
    return seconds


def _clock(seconds: pd.Series) -> pd.Series:
    """Write times of day in French, without a line break.

    >>> _clock(pd.Series([24_780])).str.split().tolist()
    [['6', 'h', '53']]
    """
    minutes = seconds.fillna(0).astype("int64") // 60
    return (minutes // 60).astype("str") + "\u00a0h\u00a0" + (minutes % 60).astype("str").str.zfill(2)


def clock(heure: str) -> str:
    """Write an hour such as 08:00 in French.

    Examples
    --------
    >>> clock("08:00").split(), clock("7:45").split()
    (['8', 'h'], ['7', 'h', '45'])
    """
    return str(_clock(pd.Series([_seconds(heure)]))[0]).removesuffix("\u00a000")


def reach(found: pd.DataFrame, lycees: pd.DataFrame, communes: pd.DataFrame) -> pd.DataFrame:
    """Say for each lycée who can be there in time, and what share that is of the young people around it.

    Parameters
    ----------
    found, lycees, communes : DataFrame
        What :func:`journeys` returns, and the tables that it was given.

    Returns
    -------
    DataFrame
        code_uai, lib_etablissement, ville, internat; for each of ``RANGES``: communes_30, jeunes_30 (young people of 15
        to 17 years in these communes); voisins (those of communes within ``AROUND`` km as the crow flies), part_30…
        (share of them that can be there); venus (communes from which one comes by a vehicle within the longest range).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> lycees, communes = tables.load("territory/lycees"), load_communes()
    >>> int((reach(journeys(network(), lycees, communes), lycees, communes)["venus"] == 0).sum())
    19
    """
    young = communes["population_15_17"].astype("float64").to_numpy()
    near = _km(communes, lycees) <= AROUND
    minutes = found.pivot(index="code_commune", columns="code_uai", values="minutes")
    lasts = minutes.reindex(index=communes["code_commune"], columns=lycees["code_uai"]).to_numpy("float64")
    table = lycees[["code_uai", "lib_etablissement", "ville", "internat"]].reset_index(drop=True)
    table["voisins"] = _people(young, near)
    for limit in RANGES:
        within = lasts <= limit
        table[f"communes_{limit}"] = within.sum(axis=0)
        table[f"jeunes_{limit}"] = _people(young, within)
        table[f"part_{limit}"] = _people(young, within & near) / table["voisins"].where(table["voisins"] > 0)
    came = found[(found["minutes"] <= max(RANGES)) & found["monte"].notna()].groupby("code_uai").size()
    return table.assign(venus=table["code_uai"].map(came).fillna(0).astype("int64"))


def by_commune(found: pd.DataFrame, lycees: pd.DataFrame, communes: pd.DataFrame) -> pd.DataFrame:
    """Say for each commune how many lycées can be reached in time, and which in the shortest time.

    Parameters
    ----------
    found, lycees, communes : DataFrame
        As for :func:`reach`.

    Returns
    -------
    DataFrame
        The communes' own columns; lycees_30, lycees_45, lycees_60; minutes, proche (the lycée that takes least; missing
        where there is none within ``LONGEST``); pension, the nearest lycée with boarding, as the crow flies.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> lycees, communes = tables.load("territory/lycees"), load_communes()
    >>> table = by_commune(journeys(network(), lycees, communes), lycees, communes)
    >>> table.loc[table["lycees_60"] == 0, "nom"].tolist()
    ['Guingamp', 'Paimpol', 'Plouha', 'Rostrenen', 'Carhaix-Plouguer', 'Carnac']
    """
    table, names = communes.set_index("code_commune"), lycees.set_index("code_uai")["lib_etablissement"]
    for limit in RANGES:
        counts = found[found["minutes"] <= limit].groupby("code_commune").size()
        table[f"lycees_{limit}"] = counts.reindex(table.index).fillna(0).astype("int64")
    first = found.sort_values(["minutes", "code_uai"]).drop_duplicates("code_commune").set_index("code_commune")
    table["minutes"] = first["minutes"].reindex(table.index).astype("Int64")
    table["proche"] = first["code_uai"].map(names).reindex(table.index)
    boarding = lycees[lycees["internat"].fillna(False).astype(bool)]
    km = pd.DataFrame(_km(communes, boarding), table.index, boarding["code_uai"]).dropna(how="all")
    table["pension"] = km.idxmin(axis=1).map(names) if km.size else None
    return table.reset_index()


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """Give the share of young people whose commune reaches a lycée in time, a row a range: communes, jeunes, part.

    Parameters
    ----------
    table : DataFrame
        What :func:`by_commune` returns.

    Examples
    --------
    >>> towns = {"population_15_17": [30, 10], "lycees_30": [1, 0], "lycees_45": [1, 1], "lycees_60": [1, 1]}
    >>> shares(pd.DataFrame(towns))["part"].tolist()
    [0.75, 1.0, 1.0]
    """
    young, within = table["population_15_17"].astype("float64"), [table[f"lycees_{limit}"] > 0 for limit in RANGES]
    counts = {"communes": [int(near.sum()) for near in within], "jeunes": [young[near].sum() for near in within]}
    found = pd.DataFrame(counts, index=pd.Index(RANGES, name="minutes")).reset_index()
    return found.assign(part=found["jeunes"] / young.sum())


def _people(young: Any, where: Any) -> Any:
    """Sum the people of communes by lycée; missing where they are known of none of them."""
    known = (where & np.isfinite(young)[:, None]).any(axis=0)
    return np.where(known | ~where.any(axis=0), np.nansum(young[:, None] * where, axis=0), np.nan)


def _km(communes: pd.DataFrame, lycees: pd.DataFrame) -> Any:
    ends = [frame[axis].to_numpy("float64") for frame in (communes, lycees) for axis in ("longitude", "latitude")]
    return haversine(ends[0][:, None], ends[1][:, None], ends[2], ends[3])


def access(uai: str) -> pd.Series | None:
    """Give one lycée's row of :func:`reach` at 8:00, with ``jour`` and ``repere``, the median of part_60.

    None where the data package lacks timetables or communes.

    Examples
    --------
    >>> row = access("0007614B")
    >>> int(row["communes_60"]), int(row["venus"]), float(row["part_45"].round(2)), float(row["repere"])
    (9, 8, 0.97, 1.0)
    """
    if not there("territory/connections", "territory/communes"):
        return None
    lycees, communes, day = load("territory/lycees"), load_communes(), network()
    table = reach(journeys(day, lycees, communes), lycees, communes)
    table = table.assign(jour=day.jour, repere=table["part_60"].median())
    return only(table, "uai", uai, "code_uai", "no such lycée").iloc[0]
