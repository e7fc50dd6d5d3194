"""The ledger of positions and staff: each thing said of them, when it is true and when it was known.

An event asserts or retracts a thing (a position, an assignment, an absence, a replacement) from a day on, until
another day (excluded) or without end. **State on a day, as known at a moment**: of each thing, the last event known by
then that covers the day and was not replaced by then; the thing is there where that event asserts it. So a late event,
one out of order or a correction is no special case. An event that replaces another voids it, on all days.

Events are chained: ``hash = H(previous hash, number, recorded, H(payload, salt))``. A changed row breaks the chain; a
purge deletes payloads and salts and leaves it whole. A row removed at the end shows only beside a noted head.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from tikub_lab.errors import UsageError
from tikub_lab.methods.law import Day, as_date
from tikub_lab.staffing.events import (
    CONTENT,
    KINDS,
    NEVER,
    OPEN,
    Period,
    Refused,
    Row,
    as_table,
    chained,
    content,
    digest,
    link,
    periods,
)
from tikub_lab.staffing.store import ABOUT, COLUMNS, EVENT, LIVE, Store

LAST = sa.select(COLUMNS.number, COLUMNS.hash, COLUMNS.enregistre).order_by(COLUMNS.number.desc()).limit(1)
BY_ID = sa.select(EVENT).where(COLUMNS.id == sa.bindparam("name"))
INSERT = EVENT.insert()
"""Written once: building a statement takes longer than running it."""


def utc_now() -> datetime:
    """Now, UTC, without its zone: what the store has."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Receipt:
    """What became of an event: its number where the ledger has it, whether it is new, what to know about it."""

    id: str
    number: int | None
    new: bool = False
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verified:
    """What a verification found: how many events, how many of them purged, the last hash, and what is wrong."""

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

    def append(self, events: Iterable[Mapping[str, Any]]) -> list[Receipt]:
        """Append events, in one transaction: once it returns, what is accepted is on disk.

        Parameters
        ----------
        events : iterable of mappings
            The columns of ``staffing/events`` but ``enregistre``. An ``id`` comes from who sends the event, says
            nothing about anybody and outlives a purge: the same event twice is one.

        Returns
        -------
        list of Receipt
            One an event. Without a number it was refused, its remark says why; others are not touched by that.

        Raises
        ------
        RunError
            The store could not write: nothing is acknowledged, nothing before is lost.
        """
        with self.writing() as connection:
            last = connection.execute(LAST).mappings().first()
            head: Row = dict(last) if last else {"number": 0, "hash": "", "enregistre": datetime.min}
            purged = date.fromisoformat(self.noted(connection, "purged before") or "0001-01-01")
            receipts = []
            for event in events:
                try:
                    row = content(event)
                    if known := self._known(connection, row):
                        receipts.append(Receipt(row["id"], known))
                        continue
                    if row["fin"] <= purged:
                        raise Refused(f"it was over on {row['fin']}, and what was over by {purged} is purged.")
                    self._replaceable(connection, row)
                    remarks = self._remarks(connection, row)
                except Refused as error:
                    receipts.append(Receipt(str(event.get("id"))[:80], None, remarks=(str(error),)))
                    continue
                now = self.clock()
                if head["enregistre"] - now > timedelta(seconds=1):
                    remarks.append(f"the clock was set back to {now:%Y-%m-%d %H:%M:%S} UTC; recorded as the last event")
                head = chained(row, head, max(now, head["enregistre"]))
                connection.execute(INSERT, head)
                if row["remplace"] is not None:
                    voids = EVENT.update().where(COLUMNS.id == row["remplace"])
                    connection.execute(voids.values(voided=head["number"]))
                receipts.append(Receipt(row["id"], head["number"], True, tuple(remarks)))
        return receipts

    def _known(self, connection: sa.Connection, row: Row) -> int | None:
        """Return the number of the same event; another one of the same id is refused."""
        found = connection.execute(BY_ID, {"name": row["id"]}).mappings().first()
        if found is None:
            return None
        if found["salt"] is not None and digest(row, found["salt"]) != found["digest"]:
            raise Refused(f"id {row['id']!r} is that of another event. A correction is a new event that replaces it.")
        return int(found["number"])

    def _replaceable(self, connection: sa.Connection, row: Row) -> None:
        """Refuse a correction of what is not there, of another thing, or of what is replaced already."""
        if row["remplace"] is None:
            return
        old = connection.execute(BY_ID, {"name": row["remplace"]}).mappings().first()
        if old is None or (old["objet"], old["cle"]) != (row["objet"], row["cle"]):
            what = "no event" if old is None else "the event of another thing"
            raise Refused(f"remplace: {row['remplace']!r} is {what}; name one of {row['objet']} {row['cle']!r}.")
        if old["voided"] != NEVER:
            new = connection.scalar(sa.select(COLUMNS.id).where(COLUMNS.number == old["voided"]))
            raise Refused(f"remplace: {row['remplace']!r} is replaced already, by {new!r}; replace that one.")

    def _remarks(self, connection: sa.Connection, row: Row) -> list[str]:
        """Refuse what belongs to nothing; say what is more than it should be, which the law may allow for a time."""
        parent, remarks = KINDS[row["objet"]][2], list[str]()
        if not parent or row["verbe"] == "retract":
            return remarks
        there = self._during(connection, row, objet=parent, cle=row["rattachement"])
        if not there:
            days = f"from {row['debut']}" + (f" to {row['fin']}" if row["fin"] != OPEN else "")
            missing = f"{row['objet']} without {parent}: no {row['rattachement']!r} known"
            raise Refused(f"{missing} {days}. Send it first.")
        if row["agent"] is None:
            return remarks
        if (share := _peak(row, self._during(connection, row, agent=row["agent"]))) > 100:
            remarks.append(f"the agent is at {share:g} %, over 100 %")
        if parent == "absence":
            if row["debut"] < min(item.debut for item in there):
                remarks.append("the replacement begins before the absence: two on one position for a time")
            return remarks
        beside = self._during(connection, row, objet="affectation", rattachement=row["rattachement"])
        if (share := _peak(row, beside)) > (most := max(item.row["quotite"] for item in there)):
            remarks.append(f"the position is at {share:g} %, over its {most:g} %")
        return remarks

    def _during(self, connection: sa.Connection, row: Row, **which: str) -> list[Period]:
        """Periods of other things of which this is said, that have a day in common with an event."""
        said = [COLUMNS[name] == value for name, value in which.items()]
        things = sa.select(COLUMNS.objet, COLUMNS.cle).where(*said)
        asked = sa.select(EVENT).where(sa.tuple_(COLUMNS.objet, COLUMNS.cle).in_(things)).order_by(COLUMNS.number)
        # whether they stand is asked here: in the query it would lead SQLite to the index of all that stand
        rows = [dict(item) for item in connection.execute(asked).mappings() if item["voided"] == NEVER]
        others = [item for item in rows if (item["objet"], item["cle"]) != (row["objet"], row["cle"])]
        return [
            item
            for item in periods(others)
            if item.debut < row["fin"] and item.fin > row["debut"] and which.items() <= item.row.items()
        ]

    def state(self, valid: Day = None, known: datetime | date | str | None = None) -> pd.DataFrame:
        """Return what is true on a day, as known by a moment.

        Parameters
        ----------
        valid : date or str, optional
            The day; today by default.
        known : datetime, date or str, optional
            UTC; a day means all of it. By default all that is known.

        Returns
        -------
        DataFrame
            One row a thing: the columns of ``staffing/events``; ``fin`` is missing where no end is known.

        Raises
        ------
        UsageError
            A day of which something was purged, or no date.
        """
        return as_table(self.things(valid, known))

    def things(self, valid: Day = None, known: datetime | date | str | None = None) -> list[Row]:
        """Return :meth:`state` as rows, in order of kind and key."""
        day, until = as_date(valid) or self.clock().date(), _moment(known)
        number = sa.select(sa.func.coalesce(sa.func.max(COLUMNS.number), 0))
        if until is not None:
            number = number.where(COLUMNS.enregistre <= until)
        by = number.scalar_subquery()
        last = sa.func.row_number().over(partition_by=(COLUMNS.objet, COLUMNS.cle), order_by=COLUMNS.number.desc())
        covering = (COLUMNS.voided > by, COLUMNS.fin > day, COLUMNS.debut <= day, COLUMNS.number <= by)
        each = sa.select(EVENT, last.label("place")).where(*covering).subquery()
        asked = sa.select(each).where(each.c.place == 1, each.c.verbe == "assert")
        with self.reading() as connection:
            purged = self.noted(connection, "purged before")
            if purged and min(day, (until or datetime.max).date()) < date.fromisoformat(purged):
                raise UsageError(f"{self.name}: what was over by {purged} is purged. Ask for that day or a later one.")
            rows = [dict(row) for row in connection.execute(asked).mappings()]
        return sorted(rows, key=lambda row: (row["objet"], row["cle"]))

    def rows(self, *kinds: str, key: str | None = None, after: date | None = None) -> list[Row]:
        """Return the events that stand, in their order: of kinds, of one thing, of what is not over by a day."""
        asked = sa.select(EVENT).where(LIVE, COLUMNS.objet.in_(kinds or tuple(KINDS)))
        asked = asked if key is None else asked.where(COLUMNS.cle == key)
        asked = asked if after is None else asked.where(COLUMNS.fin > after)
        with self.reading() as connection:
            return [dict(row) for row in connection.execute(asked.order_by(COLUMNS.number)).mappings()]

    def verify(self) -> Verified:
        """Work all hashes out again, and say which rows are not what was recorded."""
        problems, head, last, purged = list[str](), "", 0, 0
        new = EVENT.alias()
        unsaid = sa.select(new.c.number).where(new.c.remplace == COLUMNS.id, new.c.number != COLUMNS.voided)
        voiding = new.c.number == COLUMNS.voided
        right = sa.or_(new.c.salt.is_(None), new.c.remplace == COLUMNS.id)
        wrong = sa.select(COLUMNS.number).where(COLUMNS.voided != NEVER, ~sa.exists().where(voiding, right))
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
            problems += [f"event {number}: what it replaces does not say so" for number in connection.scalars(unsaid)]
            problems += [f"event {number}: what replaces it does not say so" for number in connection.scalars(wrong)]
        if purged != noted:
            problems.append(f"{purged} events have no content, and {noted} were purged")
        return Verified(last, purged, head, tuple(problems))

    def purge(self, before: date | str) -> int:
        """Delete, for good, what events say that were over by a day or replaced by then; return how many.

        Numbers, times, ids and hashes stay, so that the chain still verifies and no old event comes back.
        """
        day = as_date(before) or date.min
        if day > self.clock().date():
            raise UsageError(f"purge before {day}: that day is to come; only what is over may go.")
        voiding = EVENT.alias()
        replaced = sa.exists().where(voiding.c.number == COLUMNS.voided, voiding.c.enregistre < day)
        gone = EVENT.update().where(COLUMNS.salt.is_not(None), sa.or_(COLUMNS.fin <= day, replaced))
        with self.writing() as connection:
            count = connection.execute(gone.values(dict.fromkeys((*CONTENT[1:], "salt")))).rowcount
            notes = {"purged before": max(str(day), self.noted(connection, "purged before") or ""),
                     "purged": str(count + int(self.noted(connection, "purged") or 0))}  # fmt: skip
            connection.execute(ABOUT.delete().where(ABOUT.c.name.in_(notes)))
            connection.execute(ABOUT.insert(), [{"name": name, "value": value} for name, value in notes.items()])
        with self.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:  # nothing in old pages
            clean = "PRAGMA wal_checkpoint(TRUNCATE)" if self.sqlite else f"VACUUM FULL {EVENT.name}"
            connection.exec_driver_sql(clean)
        return count


def replay(events: pd.DataFrame) -> Ledger:
    """Make a ledger in memory from a table of events that were accepted once, such as the sample's.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> events = tables.load("staffing/events")
    >>> len(replay(events).rows()) <= len(events)
    True
    """
    ledger, said = Ledger("sqlite://"), events[[*CONTENT]].astype(object)
    head: Row = {"number": 0, "hash": "", "enregistre": datetime.min}
    rows: dict[str, Row] = {}
    for recorded, values in zip(events["enregistre"], said.itertuples(index=False, name=None), strict=True):
        row = content(dict(zip(CONTENT, values, strict=True)))
        head = rows[row["id"]] = chained(row, head, recorded.tz_convert(None).to_pydatetime())
        if head["remplace"] is not None:
            rows[head["remplace"]]["voided"] = head["number"]
    if rows:
        with ledger.writing() as connection:
            connection.execute(EVENT.insert(), list(rows.values()))
    return ledger


def _peak(row: Row, others: Sequence[Period]) -> float:
    """Return the largest sum of shares on a day of an event, its own included: on the first day of one of them."""
    shares = [item for item in others if item.row["objet"] in ("affectation", "remplacement")]
    days = {max(item.debut, row["debut"]) for item in shares} | {row["debut"]}
    sums = (sum(item.row["quotite"] for item in shares if item.debut <= day < item.fin) for day in days)
    return float(row["quotite"] + max(sums))


def _moment(known: datetime | date | str | None) -> datetime | None:
    if known is None:
        return None
    try:
        moment = datetime.fromisoformat(str(known))
    except ValueError:
        raise UsageError(f"{known!r} is no date or time; write it as 2026-05-03 or 2026-05-03T10:00.") from None
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return datetime.combine(moment, time.max) if len(str(known)) == 10 else moment
