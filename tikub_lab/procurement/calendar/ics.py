"""The calendar as files: iCalendar for a diary (RFC 5545), CSV for a spreadsheet.

Both are text that depends on nothing but what is given: same table, same day, same bytes.
"""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from tikub_lab.procurement.calendar.deadlines import Day, day_of
from tikub_lab.show.downloads import one_line, spreadsheet
from tikub_lab.show.french import day as written
from tikub_lab.show.french import euros

NAMESPACE = uuid.UUID("6f1d4c0e-3b0b-5d0c-9a55-9d3f0f6a7c21")
"""Drawn once. An event's UID is made of it and of the contract's uid, so that importing the file again replaces it."""
FICTITIOUS = "(données fictives)"
MOST = 500
"""Contracts in one file: a diary with more of them is of no help, and 500 weigh less than one megabyte."""
ALARMS = {"lancement": timedelta(days=-14), "fin": timedelta(days=-30)}

HEADINGS: dict[str, str] = dict(pd.read_csv(Path(__file__).with_name("headings.csv")).to_numpy().tolist())
"""Columns of the CSV file, in order, with their headings."""


def as_ics(plan: pd.DataFrame, today: Day, name: str = "Échéances des marchés", fictitious: bool = False) -> bytes:
    """Write the launches and the ends to come as all-day events of a calendar.

    A contract gives an event « À lancer » where it has a date for it, and an event « Fin ». A late launch stands on the
    day asked for, as « En retard ». Contracts that have ended, or whose end is unknown, give none, nor do those after
    the :data:`MOST` most urgent ones, which the description counts.

    Parameters
    ----------
    plan : DataFrame
        From :func:`~tikub_lab.procurement.calendar.launches.launches`.
    today : date, Timestamp or str
        From when on; also the stamp of the events (``DTSTAMP``, midnight UTC), for nothing here reads the clock.
    name : str
        The calendar's name.
    fictitious : bool
        Whether to say in each summary and description that the data is.

    Returns
    -------
    bytes
        UTF-8, lines ended by CRLF and folded at 75 octets.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> from tikub_lab.procurement.calendar.deadlines import ends
    >>> from tikub_lab.procurement.calendar.launches import launches
    >>> contracts, amendments = (tables.load(f"procurement/{name}") for name in ("contracts", "amendments"))
    >>> found = ends(contracts, amendments, "2026-01-01")
    >>> as_ics(launches(found, "2026-01-01"), "2026-01-01", fictitious=True).splitlines()[:2]
    [b'BEGIN:VCALENDAR', b'VERSION:2.0']
    """
    from icalendar import Calendar, vText

    now = day_of(today)
    coming = plan[plan["fin"] >= now].sort_values(["a_lancer_avant", "fin", "uid"], na_position="last")
    kept = coming.head(MOST)
    left = len(coming) - len(kept)
    more = f" ; {left} autres échéances, moins urgentes, n'y sont pas" if left else ""
    about = f"{len(kept)} marchés, au {written(now)}{more}. Dates calculées, à vérifier dans le marché."
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//tikub-lab//Échéances des marchés//FR")
    calendar.add("method", "PUBLISH")
    # Typed, for the library escapes no text of a property that it doesn't know.
    calendar.add("x-wr-calname", vText(f"{one_line(name)} {FICTITIOUS}" if fictitious else one_line(name)))
    calendar.add("x-wr-caldesc", vText(about))
    stamp = datetime.combine(now.date(), time(), tzinfo=UTC)
    for row in kept.to_dict("records"):
        what = one_line(row["objet"]) or f"marché {row['uid']}"
        what = what if len(what) <= 90 else what[:89].rstrip(" ,;") + "…"
        launch = row["a_lancer_avant"]
        if pd.notna(launch):
            summary = f"{'En retard' if launch < now else 'À lancer'} : {what}"
            calendar.add_component(_event(row, "lancement", max(launch, now).date(), summary, stamp, fictitious))
        calendar.add_component(_event(row, "fin", row["fin"].date(), f"Fin : {what}", stamp, fictitious))
    return bytes(calendar.to_ical(sorted=False))


def _event(row: dict[Any, Any], kind: str, on: date, summary: str, stamp: datetime, fictitious: bool) -> Any:
    from icalendar import Alarm, Event

    summary = f"{summary} {FICTITIOUS}" if fictitious else summary
    event = Event()
    event.add("uid", str(uuid.uuid5(NAMESPACE, f"{row['uid']}/{kind}")))
    event.add("dtstamp", stamp)
    event.add("dtstart", on)
    event.add("dtend", on + timedelta(days=1))
    event.add("summary", summary)
    event.add("description", _description(row, fictitious))
    event.add("categories", ["Marchés publics", "Lancement" if kind == "lancement" else "Fin de marché"])
    event.add("transp", "TRANSPARENT")  # a deadline doesn't make anyone busy
    if on + ALARMS[kind] > stamp.date():  # a reminder in the past would ring at once
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", summary)
        alarm.add("trigger", ALARMS[kind])
        event.add_component(alarm)
    return event


def _description(row: dict[Any, Any], fictitious: bool) -> str:
    lines = [
        f"Acheteur : {one_line(row['acheteur'])}",
        f"Titulaires : {one_line(row['titulaires'])}" if pd.notna(row["titulaires"]) else "",
        f"Montant initial : {euros(row['montant'])} HT",
        f"Fin : {written(row['fin'])} ({one_line(row['base'])})",
        f"À publier avant le {written(row['publier_avant'])}" if pd.notna(row["publier_avant"]) else "",
        f"{row['procedure_prevue']} : {one_line(row['base_lancement'])}" if row["base_lancement"] else "",
        one_line(row["incertitudes"]),
        f"Marché {row['uid']}",
        "Données fictives." if fictitious else "",
    ]
    return "\n".join(line[:400] for line in lines if line)


def as_csv(plan: pd.DataFrame, fictitious: bool = False) -> str:
    """Write the calendar as a CSV text for a French spreadsheet (:func:`tikub_lab.show.spreadsheet`).

    ``plan`` is from ``launches`` or ``ends``: columns that it lacks are left out. ``fictitious`` adds a column that
    says that the data is.

    Examples
    --------
    >>> plan = pd.DataFrame({"uid": ["001"], "objet": ["=1+1"], "montant": [1234.5]})
    >>> as_csv(plan).splitlines()[1]
    "'=1+1;1234,5;001"
    """
    return spreadsheet(plan, HEADINGS, ["uid"], fictitious)
