"""The two days: who presents when and before whom, a check that needs no trust in how that was found, and a diary."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, vstack

from tikub_lab.datathon.edition import PARIS
from tikub_lab.errors import UsageError

NAMESPACE = uuid.UUID("1b1f8a52-6a0e-5c58-8f0b-0c1f4e6d7a90")
"""Drawn once: a presentation's UID is made of it, of the edition and of the team, so that a new file replaces it."""
Window = tuple[pd.Timestamp, pd.Timestamp]
LIMIT = 15  # minutes, by the press release of 2019: a presentation takes less


def windows(days: Iterable[date], hours: tuple[str, str] = ("09:00", "12:30")) -> list[Window]:
    """Return the hours of each day, in Europe/Paris.

    Examples
    --------
    >>> [str(moment) for moment in windows([date(2019, 6, 15)])[0]]
    ['2019-06-15 09:00:00+02:00', '2019-06-15 12:30:00+02:00']
    """
    try:
        clock = [datetime.strptime(hour, "%H:%M").time() for hour in hours]
    except ValueError as error:
        raise UsageError(f"hours={hours}: two times of a day, written as 09:00.") from error
    ends = [[pd.Timestamp(datetime.combine(day, hour)).tz_localize(PARIS) for hour in clock] for day in days]
    return [(first, last) for first, last in ends]


def schedule(
    panel: pd.DataFrame, hours: Sequence[Window], minutes: int = 12, pause: int = 8, rooms: int = 1, seed: int = 0,
    limit: int = LIMIT,
) -> pd.DataFrame:  # fmt: skip
    """Draw an order of presentations in which no juror has to be in two rooms at once, the earliest that there is.

    It has equipe_id, debut, fin (Europe/Paris), salle and jures (« J1|J2 »).

    Parameters
    ----------
    panel, hours : DataFrame, sequence of pairs of Timestamp
        Who hears which team, from :func:`~tikub_lab.datathon.plan`; from :func:`windows`.
    minutes, pause, rooms : int
        Of a presentation, and between two; how many are heard at once.
    seed, limit : int
        What draws the order, which no one chooses; a presentation takes less than so many minutes.

    Examples
    --------
    >>> panel = pd.DataFrame({"juge_id": ["J1", "J1"], "equipe_id": ["E1", "E2"]})
    >>> schedule(panel, windows([date(2019, 6, 15)]), rooms=2)["debut"].dt.strftime("%H:%M").tolist()
    ['09:00', '09:20']
    """
    if pause < 0:
        raise UsageError(f"pause={pause}: minutes between two presentations, 0 or more.")
    if not 0 < minutes < limit:
        raise UsageError(f"minutes={minutes}: a presentation takes from 1 to {limit - 1} minutes. Shorten it.")
    length, step = pd.Timedelta(minutes=minutes), pd.Timedelta(minutes=minutes + pause)
    starts = [start for first, last in hours for start in pd.date_range(first, last - length, freq=step)]
    teams, judges = sorted({*panel["equipe_id"]}), sorted({*panel["juge_id"]})
    at, slots = len(teams) * len(starts), len(starts)
    team, slot = (part.ravel() for part in np.indices((len(teams), slots)))
    once = coo_array((np.ones(at), (team, np.arange(at))), (len(teams), at))
    room = coo_array((np.ones(at), (slot, np.arange(at))), (slots, at))
    seats = pd.crosstab(panel["juge_id"], panel["equipe_id"]).reindex(index=judges, columns=teams).to_numpy() > 0
    judge, heard = np.nonzero(seats[:, team])
    alone = coo_array((np.ones(len(judge)), (judge * slots + slot[heard], heard)), (len(judges) * slots, at))
    high = np.concatenate([np.full(slots, rooms), np.ones(len(judges) * slots)])
    drawn = np.random.default_rng(abs(seed)).random(at) / (len(teams) + 1)
    solved = milp(
        (slot + drawn) if at else np.zeros(1), integrality=1, bounds=Bounds(0, 1),
        constraints=[LinearConstraint(once, 1, 1), LinearConstraint(vstack([room, alone]), -np.inf, high)],
    ) if slots * rooms >= len(teams) > 0 else None  # fmt: skip
    if solved is None or solved.x is None:
        raise UsageError(
            f"{len(teams)} teams, {slots} times in {rooms} rooms: too few, for nobody hears two teams at once. "
            "Add hours or rooms, or share the jurors out anew."
        )
    chosen = np.flatnonzero(solved.x > 0.5)
    table = pd.DataFrame({"equipe_id": np.take(teams, team[chosen]), "debut": [starts[n] for n in slot[chosen]]})
    table = table.sort_values(["debut", "equipe_id"], ignore_index=True)
    table["fin"] = table["debut"] + length
    table["salle"] = "Salle " + (table.groupby("debut").cumcount() + 1).astype("str")
    table["jures"] = table["equipe_id"].map(panel.sort_values("juge_id").groupby("equipe_id")["juge_id"].agg("|".join))
    return table


def clashes(table: pd.DataFrame, teams: Iterable[str], aside: pd.DataFrame, limit: int = LIMIT) -> pd.DataFrame:
    """List what is wrong with an order of presentations, whoever made it; no row proves that nothing is.

    Parameters
    ----------
    table, teams : DataFrame, iterable of str
        As from :func:`schedule`, or table ``datathon/schedule``; who has to present.
    aside, limit : DataFrame, int
        Who may not hear which team; a presentation takes less than so many minutes.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> planned = tables.load("datathon/schedule")
    >>> clashes(planned, [*planned["equipe_id"], "E99"], pd.DataFrame(columns=["juge_id", "equipe_id"])).values.tolist()
    [['E99', 'ne présente pas']]
    """
    rows = table.to_dict("records")
    wanted, found = {*teams}, list[tuple[str, str]]()
    counts = table["equipe_id"].value_counts()
    found += [(team, "ne présente pas") for team in sorted(wanted - {*counts.index})]
    found += [(team, "présente sans être retenue") for team in sorted({*counts.index} - wanted)]
    found += [(str(team), "présente deux fois") for team in counts.index[counts > 1]]
    never = {*zip(aside["juge_id"], aside["equipe_id"], strict=True)}
    for at, row in enumerate(rows):
        jurors, team = _listed(row["jures"]), row["equipe_id"]
        lasts = (row["fin"] - row["debut"]).total_seconds()
        said = [] if 0 < lasts < 60 * limit else ["dure trop, ou pas du tout"]
        said += [] if jurors else ["sans juré"]
        said += [f"{who} doit se déporter" for who in jurors if (who, team) in never]
        for other in rows[:at]:
            if row["debut"] < other["fin"] and other["debut"] < row["fin"]:
                there = other["equipe_id"]
                said += [f"{who} est déjà devant {there}" for who in sorted({*jurors} & {*_listed(other["jures"])})]
                said += [f"{row['salle']} est prise par {there}"] if row["salle"] == other["salle"] else []
        found += [(team, problem) for problem in said]
    return pd.DataFrame(found, columns=["equipe_id", "probleme"], dtype="str")


def _listed(jurors: Any) -> list[str]:
    return [*filter(None, jurors.split("|"))] if isinstance(jurors, str) else []


def sheet(table: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Write an order of presentations as it is printed: jour, heure, salle, equipe, jures, in local time.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> sheet(tables.load("datathon/schedule"), pd.Series(dtype="str")).iloc[0][["jour", "heure"]].tolist()
    ['15/06/2019', '09:00']
    """
    rows = table.sort_values(["debut", "salle"], ignore_index=True)
    local = rows["debut"].dt.tz_convert(PARIS)
    about = {"jour": local.dt.strftime("%d/%m/%Y"), "heure": local.dt.strftime("%H:%M"), "salle": rows["salle"]}
    teams = [names.get(code, code) for code in rows["equipe_id"]]
    return pd.DataFrame(about | {"equipe": teams, "jures": rows["jures"].str.replace("|", ", ")})


def as_ics(table: pd.DataFrame, names: pd.Series, edition: str = "2019", fictitious: bool = False) -> bytes:
    """Write the presentations as a calendar (RFC 5545), in Europe/Paris; nothing in it depends on when it is made.

    Parameters
    ----------
    table, names : DataFrame, Series of str
        As from :func:`schedule`; names of teams by code.
    edition, fictitious : str, bool
        Whether to say in each summary that data is fictitious.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> as_ics(tables.load("datathon/schedule"), pd.Series(dtype="str")).count(b"BEGIN:VEVENT")
    12
    """
    from icalendar import Calendar, Event, vText

    calendar = Calendar()
    head = {"version": "2.0", "prodid": "-//tikub-lab//Datathon//FR", "method": "PUBLISH"}
    for name, value in (head | {"x-wr-calname": vText(f"Datathon {edition}")}).items():
        calendar.add(name, value)
    first, said = table["debut"].min(), " (données fictives)" if fictitious else ""
    stamp = datetime.combine(first.date(), time(), tzinfo=UTC) if len(table) else None
    for row in table.to_dict("records"):
        event = Event()
        event.add("uid", str(uuid.uuid5(NAMESPACE, f"{edition}/{row['equipe_id']}")))
        event.add("dtstamp", stamp)
        for name, end in (("dtstart", "debut"), ("dtend", "fin")):
            event.add(name, row[end].to_pydatetime().astimezone(PARIS))
        event.add("summary", f"{names.get(row['equipe_id'], row['equipe_id'])}{said}")
        event.add("location", row["salle"])
        event.add("description", f"Jurés : {', '.join(_listed(row['jures']))}")
        calendar.add_component(event)
    if len(table):
        calendar.add_missing_timezones(first.date(), table["fin"].max().date())
    return bytes(calendar.to_ical(sorted=False))
