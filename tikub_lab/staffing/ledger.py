"""The ledger of positions and staff: each thing said of them, when it is true and when it was known.

An event asserts or retracts a thing (a position, an assignment, an absence, a replacement) from a day on, until
another day (excluded) or without end. **State on a day, as known at a moment**: of each thing, the last event known by
then that covers the day; the thing is there where that event asserts it. So a late event, or one out of order, is no
special case; one that replaces another voids it, on all days.

Events are chained: ``hash = H(previous hash, number, recorded, H(payload, salt))``. A changed row breaks the chain; a
purge deletes payloads and salts and leaves it whole. A row removed at the end shows only beside a noted head.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from tikub_lab.errors import UsageError
from tikub_lab.methods.law import Day, as_date
from tikub_lab.methods.waiting import waiting
from tikub_lab.staffing.events import CONTENT, KINDS, OPEN, Refused, Row, as_table, chained, content, digest, link
from tikub_lab.staffing.periods import NEVER, by_thing, dated, laid, periods, said, stages, thing
from tikub_lab.staffing.store import ABOUT, COLUMNS, EVENT, PERIOD, STAGES, Store

NAMED = sa.text("""
SELECT *, (SELECT value FROM staffing_ledger WHERE name = 'purged before') AS purged FROM staffing_event
WHERE number = (SELECT max(number) FROM staffing_event) OR id IN (:id, :remplace) OR remplace = :remplace
ORDER BY number""")
"""The last event, and those that an event names or that replace these."""
MET = sa.text("""
SELECT e.*, p.debut, p.fin, p.until
FROM staffing_event e JOIN staffing_period p ON p.number = e.number
WHERE (e.objet = :objet AND e.cle = :cle OR p.debut < :fin AND p.fin > :debut)
AND (e.objet = :objet AND e.cle = :cle OR e.objet = :parent AND e.cle = :rattachement
OR e.objet = :objet AND e.rattachement = :beside OR e.agent = :agent)""")
"""Periods of an event's thing; on its days, of what that belongs to, beside it there, of its agent."""
OF_THING = sa.text("SELECT * FROM staffing_event WHERE objet = :objet AND cle = :cle ORDER BY number")
RECORD, OPENED = EVENT.insert(), PERIOD.insert()
CLOSED = sa.text(f"UPDATE staffing_period SET until = :by WHERE number = :of AND debut = :first AND until = {NEVER}")
HELD = sa.text(f"""
SELECT e.*, p.debut, p.fin FROM staffing_period p JOIN staffing_event e ON e.number = p.number
WHERE p.until = {NEVER} AND :kinds LIKE '%' || e.objet || '%' AND (:after = :always OR (e.objet, e.cle) IN (
SELECT n.objet, n.cle FROM staffing_period o JOIN staffing_event n ON n.number = o.number
WHERE o.until = {NEVER} AND o.fin > :after))
AND (:since = 0 OR (e.objet, e.cle) IN (SELECT objet, cle FROM staffing_event WHERE number > :since))
ORDER BY e.number, p.debut""")
_TRUE = f"""
SELECT {", ".join(f"e.{name}" for name in (*CONTENT, "enregistre", "number"))}
FROM staffing_period p JOIN staffing_event e ON p.number = e.number
WHERE p.debut <= :day AND p.fin > :day AND p.since <= :by AND p.until"""
TRUE = sa.text(f"{_TRUE} = {NEVER} UNION ALL {_TRUE} > :by AND p.until < {NEVER}")
"""What is known still, and what is not any more: two parts of one index."""
_OVER = """
WHERE salt IS NOT NULL AND (fin <= :day AND (remplace IS NULL OR number <= :by)
OR EXISTS (SELECT 1 FROM staffing_event n WHERE n.remplace = staffing_event.id AND n.number <= :by)
OR NOT EXISTS (SELECT 1 FROM staffing_event o JOIN staffing_period p ON p.number = o.number
WHERE o.objet = staffing_event.objet AND o.cle = staffing_event.cle AND p.fin > :day AND p.until > :by))"""
"""Over by a day, replaced by then, or of a thing of which nothing is left; what replaces another is needed for as long
as that may be asked for."""
TOUCHED = sa.text(f"SELECT DISTINCT objet, cle FROM staffing_event {_OVER}")
BLANKS = ", ".join(f"{name} = NULL" for name in (*CONTENT[1:], "salt"))
PURGE = sa.text(f"UPDATE staffing_event SET {BLANKS} {_OVER}")
GONE = sa.text("DELETE FROM staffing_period WHERE number IN (SELECT number FROM staffing_event WHERE salt IS NULL)")
LIFTED = sa.text("DELETE FROM staffing_period WHERE number = :number")
FIRST: Row = {"number": 0, "hash": "", "enregistre": datetime.min.isoformat(), "purged": None}


def utc_now() -> datetime:
    """Now, UTC, without its zone: what the store has."""
    return datetime.now(UTC).replace(tzinfo=None)


class Receipt(NamedTuple):
    """What became of an event; without a number it was refused, and its remark says why."""

    id: str
    number: int | None
    new: bool = False
    remarks: tuple[str, ...] = ()


class Verified(NamedTuple):
    """What a verification found."""

    events: int
    purged: int
    head: str
    problems: tuple[str, ...]


class Ledger(Store):
    """A ledger in a file (SQLite) or a database (PostgreSQL).

    Parameters
    ----------
    place : path or str
        A file, or a URL such as ``postgresql://user@host/base``; ``sqlite://`` is one in memory.
    create : bool
        Whether to make one where there is none.
    clock : callable
        Gives the time, UTC without zone.

    Examples
    --------
    >>> ledger = Ledger("sqlite://")
    >>> what = {"objet": "poste", "cle": "P1", "code_uai": "0000001B", "metier": "cuisine", "quotite": 100}
    >>> ledger.append([{"id": "e1", "verbe": "assert", "debut": "2026-01-01", "statut": "ouvert", **what}])[0].number
    1
    >>> ledger.state("2026-03-01")[["cle", "metier", "quotite"]].values.tolist()
    [['P1', 'cuisine', 100.0]]
    >>> len(ledger.state("2025-03-01"))
    0
    """

    def __init__(self, place: Path | str, create: bool = True, clock: Callable[[], datetime] = utc_now):
        super().__init__(place, create)
        self.clock = clock

    def append(self, events: Iterable[Mapping[str, Any] | bytes]) -> list[Receipt]:
        """Append events, mappings or JSON, in one transaction: once it returns, what is accepted is on disk.

        An ``id`` comes from who sends the event, says nothing about anybody and outlives a purge: the same event twice
        is one. Others are not touched by one that is refused; where the store can't write, none is acknowledged.
        """
        receipts = []
        with self.writing() as connection:
            for event in events:
                try:
                    receipts.append(self._take(connection, content(event)))
                except Refused as error:
                    name = str(event.get("id"))[:80] if isinstance(event, Mapping) else ""
                    receipts.append(Receipt(name, None, remarks=(str(error),)))
        return receipts

    def _take(self, connection: sa.Connection, row: Row) -> Receipt:
        """Put an event behind the last one, and change the periods of its thing."""
        named = self.run(connection, NAMED, row)
        if (known := _known(row, named)) is not None:
            return Receipt(row["id"], known)
        head = named[-1] if named else FIRST
        if row["fin"] <= (head["purged"] or ""):
            raise Refused(f"it was over on {row['fin']}, and what was over by {head['purged']} is purged.")
        values = {**row, "parent": KINDS[row["objet"]][2]}
        values["beside"] = row["rattachement"] if row["objet"] == "affectation" else None
        # whether they hold still is asked here: in the query it would lead SQLite to the index of all that do
        met = [each for each in self.run(connection, MET, values) if each["until"] == NEVER]
        remarks = [*_remarks(row, met)]
        now, last = self.clock(), datetime.fromisoformat(head["enregistre"])
        if last - now > timedelta(seconds=1):
            remarks.append(f"the clock was set back to {now:%Y-%m-%d %H:%M:%S} UTC; recorded as the last event")
        new = chained(row, head, max(now, last))
        self.run(connection, RECORD, new)
        number = new["number"]
        before = [item for item in met if thing(item) == thing(row)]
        # what one that replaces another uncovers may be of any day
        after = laid(before, new) if row["remplace"] is None else periods(self.run(connection, OF_THING, row))
        was, will = ({*map(said, each)} for each in (before, after))
        for of, debut, _ in was - will:
            self.run(connection, CLOSED, {"of": of, "first": debut, "by": number})
        for item in will - was:
            self.run(connection, OPENED, dict(zip(STAGES.keys(), (*item, number, NEVER), strict=True)))
        return Receipt(row["id"], number, True, tuple(remarks))

    def state(self, valid: Day = None, known: datetime | date | str | None = None) -> pd.DataFrame:
        """Return what is true on a day, as known by a moment; a UsageError where something of it was purged.

        One row a thing: the columns of ``staffing/events``; ``fin`` is missing where no end is known.

        Parameters
        ----------
        valid : date or str, optional
            The day; today by default.
        known : datetime, date or str, optional
            UTC; a day means all of it. By default all that is known.
        """
        return as_table(self.things(valid, known))

    def things(self, valid: Day = None, known: datetime | date | str | None = None) -> list[Row]:
        """Return :meth:`state` as rows, in order of kind and key, their days as text."""
        day, until = as_date(valid) or self.clock().date(), _moment(known)
        with self.reading() as connection:
            purged = self.noted(connection, "purged before")
            if purged and min(str(day), until) < purged:
                raise UsageError(f"{self.name}: what was over by {purged} is purged. Ask for that day or a later one.")
            values = {"day": str(day), "by": last_of(connection, COLUMNS.enregistre <= until)}
            found = self.run(connection, TRUE, values)
        return sorted(found, key=thing)

    def rows(self, *kinds: str, after: date = date.min, since: int = 0) -> list[Row]:
        """Return what holds now: events, in their order, each with days on which it does.

        Of kinds; of things that are not over by a day, and of which something was said since an event.
        """
        asked = {"kinds": " ".join(kinds or KINDS), "after": str(after), "always": str(date.min), "since": since}
        with self.reading() as connection:
            return [dated(row) for row in self.run(connection, HELD, asked)]

    def verify(self) -> Verified:
        """Work all hashes and periods out again, and say which rows are not what was recorded."""
        problems, head, last, purged = list[str](), "", 0, 0
        with self.reading() as connection:
            noted = int(self.noted(connection, "purged") or 0)
            for found in connection.execute(sa.select(EVENT).order_by(COLUMNS.number)).mappings():
                row, number = dict(found), found["number"]
                if number != last + 1:
                    problems.append(f"event {last + 1} is missing")
                purged += row["salt"] is None
                if row["salt"] is not None and digest(row, row["salt"]) != row["digest"]:
                    problems.append(f"event {number}: its content is not what was recorded")
                if link(head, row) != row["hash"]:
                    problems.append(f"event {number}: its hash does not follow from the one before")
                head, last = row["hash"], number
            if not problems:
                left = sa.text("SELECT * FROM staffing_event WHERE salt IS NOT NULL ORDER BY objet, cle, number")
                things = groupby(connection.execute(left).mappings(), thing)
                due = {stage for _, rows in things for stage in stages(map(dict, rows))}
                astray = due ^ {*map(tuple, connection.execute(sa.select(PERIOD)))}
                numbers = sorted({number for number, *_ in astray})
                problems += [f"event {each}: its periods are not what the events come to" for each in numbers]
        if purged != noted:
            problems.append(f"{purged} events have no content, and {noted} were purged")
        return Verified(last, purged, head, tuple(problems))

    def lay(self, connection: sa.Connection, events: Iterable[Row]) -> None:
        """Record the periods that all events of some things come to."""
        found = (stage for rows in by_thing(events).values() for stage in stages(rows))
        self.many(connection, OPENED, (dict(zip(STAGES.keys(), stage, strict=True)) for stage in found))

    def purge(self, before: date | str) -> int:
        """Delete, for good, what events say that were over by a day or replaced by then; return how many.

        Numbers, times, ids and hashes stay: the chain still verifies, and no old event comes back.
        """
        day = as_date(before) or date.min
        if day > self.clock().date():
            raise UsageError(f"purge before {day}: that day is to come; only what is over may go.")
        with self.writing() as connection:
            asked = {"day": str(day), "by": last_of(connection, COLUMNS.enregistre < str(day))}
            touched = self.run(connection, TOUCHED, asked)
            count = connection.execute(PURGE, asked).rowcount
            connection.execute(GONE)
            left = [row for each in touched for row in self.run(connection, OF_THING, each)]
            self.many(connection, LIFTED, left)
            self.lay(connection, left)
            notes = {"purged before": max(str(day), self.noted(connection, "purged before") or ""),
                     "purged": str(count + int(self.noted(connection, "purged") or 0))}  # fmt: skip
            connection.execute(ABOUT.delete().where(ABOUT.c.name.in_(notes)))
            connection.execute(ABOUT.insert(), [{"name": name, "value": value} for name, value in notes.items()])
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            cleaned = [f"VACUUM FULL {table.name}" for table in (EVENT, PERIOD)]
            for clean in ["PRAGMA wal_checkpoint(TRUNCATE)"] if self.sqlite else cleaned:
                connection.exec_driver_sql(clean)  # nothing of it in old pages
        return count


@waiting()
def replay(events: pd.DataFrame, place: Path | str = "sqlite://") -> Ledger:
    """Make a ledger, where there is none, from a table of events that were accepted once, such as the sample's.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> events = tables.load("staffing/events")
    >>> len(replay(events).rows()) <= len(events)
    True
    """
    ledger, chain = Ledger(place), [FIRST]
    told = events[[*CONTENT, "enregistre"]].sort_values("enregistre", kind="stable")  # given in any order
    for row in told.astype(object).to_dict("records"):
        recorded = row.pop("enregistre").tz_convert(None).to_pydatetime()
        chain.append(chained(content(row), chain[-1], recorded))
    with ledger.writing() as connection:
        ledger.many(connection, RECORD, chain[1:])
        ledger.lay(connection, chain[1:])
    return ledger


def _known(row: Row, named: list[Row]) -> int | None:
    """Return the number of the same event; refuse another of its id, and what replaces none that stands."""
    by_id = {each["id"]: each for each in named}
    if same := by_id.get(row["id"]):
        if same["salt"] is not None and digest(row, same["salt"]) != same["digest"]:
            raise Refused(f"id {row['id']!r} is that of another event. A correction is a new one that replaces it.")
        return int(same["number"])
    if row["remplace"] is not None:
        old = by_id.get(row["remplace"])
        if old is None or thing(old) != thing(row):
            what = "no event" if old is None else "the event of another thing"
            raise Refused(f"remplace: {row['remplace']!r} is {what}; name one of {row['objet']} {row['cle']!r}.")
        if new := next((each["id"] for each in named if each["remplace"] == row["remplace"]), None):
            raise Refused(f"remplace: {row['remplace']!r} is replaced already, by {new!r}; replace that one.")
    return None


def _remarks(row: Row, met: list[Row]) -> Iterator[str]:
    """Refuse what belongs to nothing; say what is too much, which the law may allow for a time."""
    parent = KINDS[row["objet"]][2]
    if not parent or row["verbe"] == "retract":
        return
    there = [item for item in met if thing(item) == (parent, row["rattachement"])]
    if not there:
        days = f"from {row['debut']}" + (f" to {row['fin']}" if row["fin"] != str(OPEN) else "")
        missing = f"{row['objet']} without {parent}: no {row['rattachement']!r} known"
        raise Refused(f"{missing} {days}. Send it first.")
    if row["agent"] is None:
        return
    others = [item for item in met if thing(item) != thing(row)]
    if (share := _peak(row, others, "agent")) > 100:
        yield f"the agent is at {share:g} %, over 100 %"
    if parent == "absence" and row["debut"] < min(item["debut"] for item in there):
        yield "the replacement begins before the absence: two on one position for a time"
    most = max(item["quotite"] or 0 for item in there)  # an absence has none
    if parent == "poste" and (share := _peak(row, others, "rattachement")) > most:
        yield f"the position is at {share:g} %, over its {most:g} %"


def last_of(connection: sa.Connection, *when: sa.ColumnElement[bool]) -> int:
    """Return the number of the last event that was recorded by then."""
    last_first = COLUMNS.enregistre.desc(), COLUMNS.number.desc()  # in the index: the largest is not looked for
    return connection.scalar(sa.select(COLUMNS.number).where(*when).order_by(*last_first).limit(1)) or 0


def _peak(row: Row, others: list[Row], same: str) -> float:
    """Return the largest sum of shares of an agent or a position on a day of an event."""
    others = [item for item in others if item[same] == row[same]]
    days = {max(item["debut"], row["debut"]) for item in [*others, row]}
    sums = (sum(item["quotite"] for item in others if item["debut"] <= day < item["fin"]) for day in days)
    return float(row["quotite"] + max(sums))


def _moment(known: datetime | date | str | None) -> str:
    """Give the last moment of a day, or a moment, as the store has it; of nothing, one that never comes."""
    try:
        moment = datetime.fromisoformat(str(known or datetime.max))
    except ValueError:
        raise UsageError(f"{known!r} is no date or time; write it as 2026-05-03 or 2026-05-03T10:00.") from None
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    moment = datetime.combine(moment, time.max) if len(str(known)) == 10 else moment
    return moment.isoformat(timespec="microseconds")
