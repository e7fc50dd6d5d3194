"""The ledger of positions and staff: events a second that are on disk, beside plain SQLite in the same run; the state
of 2,600 positions after a million events; a night's export of 3,000 agents. ``python benchmarks/bench_staffing.py
[EVENTS]``.

Rounds of both writers alternate, so that what else the machine does meets them alike. The million events are those of
thirty-odd years: people come and go, are ill, and are replaced; some of it is corrected later.
"""

import argparse
import io
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from tikub_lab import tables
from tikub_lab.staffing.events import CONTENT, chained, content
from tikub_lab.staffing.feed import append_lines, import_export
from tikub_lab.staffing.ledger import Ledger, replay

POSITIONS, FIRST = 2600, date(1993, 1, 1)
RATIO, STATE = 0.8, 0.1
ROUNDS, EACH = 100, 20


def main() -> None:
    """Print each figure beside its aim."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events", nargs="?", type=int, default=1_000_000)
    count = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder:
        missed = [durable(Path(folder)), state(Path(folder, "large.sqlite"), count), night(Path(folder))]
    if any(missed):
        raise SystemExit("an aim was missed")


def durable(folder: Path) -> bool:
    """Write the same events one a commit: with the ledger, and with nothing but a table and its rows."""
    events = [
        {"id": f"e{n}", "verbe": "assert", "objet": "poste", "cle": f"P{n}", "debut": "2026-01-01", "quotite": 100.0,
         "code_uai": "0000001B", "metier": "cuisine", "statut": "ouvert"} for n in range(ROUNDS * EACH)
    ]  # fmt: skip
    ledger = Ledger(folder / "ledger.sqlite")
    plain = sqlite3.connect(folder / "plain.sqlite", isolation_level=None)
    head = {"number": 0, "hash": ""}
    for setting in ("journal_mode = WAL", "synchronous = FULL"):
        plain.execute(f"PRAGMA {setting}")
    row = chained(content(events[0]), head, datetime(2026, 1, 1))
    plain.execute(f"CREATE TABLE event ({', '.join(row)}, PRIMARY KEY (number), UNIQUE (id))")
    insert = f"INSERT INTO event VALUES ({', '.join('?' * len(row))})"
    rates: dict[str, list[float]] = {"ledger": [], "plain": []}
    for turn in range(ROUNDS):
        part = events[turn * EACH : (turn + 1) * EACH]
        start = time.perf_counter()
        for event in part:
            ledger.append([event])
        rates["ledger"].append(EACH / (time.perf_counter() - start))
        rows = []
        for event in part:
            head = chained(content(event), head, datetime(2026, 1, 1))
            rows.append([str(value) if isinstance(value, date) else value for value in head.values()])
        start = time.perf_counter()
        for values in rows:
            plain.execute(insert, values)
        rates["plain"].append(EACH / (time.perf_counter() - start))
    ledger.engine.dispose()
    plain.close()
    lines = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    start = time.perf_counter()
    taken = sum(1 for _ in append_lines(Ledger(folder / "stream.sqlite"), io.BytesIO(lines)))
    print(f"staffing: {taken / (time.perf_counter() - start):,.0f} durable events/s of a sender who does not wait")
    ours, theirs = (statistics.median(each) for each in rates.values())
    print(f"staffing: {ours:,.0f} durable events/s, plain SQLite {theirs:,.0f}: {ours / theirs:.2f} × (aim {RATIO} ×)")
    return ours / theirs < RATIO


def state(place: Path, count: int) -> bool:
    """Ask for the state of today, of a past day, and of that day as known then."""
    events = pd.DataFrame(islice(history(), count), columns=["enregistre", *CONTENT])
    start = time.perf_counter()
    ledger = replay(events, place)
    print(f"staffing: {len(events):,} events laid down in {time.perf_counter() - start:.0f} s")
    last = events["enregistre"].iloc[-1].date()
    past = last - timedelta(days=5 * 365)
    worst = 0.0
    for name, asked in {"today": (last,), "5 years ago": (past,), "as known then": (past, past)}.items():
        seconds = []
        for _ in range(7):
            start = time.perf_counter()
            table = ledger.state(*asked)
            seconds.append(time.perf_counter() - start)
        worst = max(worst, statistics.median(seconds))
        print(f"    state {name}: {statistics.median(seconds) * 1000:.0f} ms, {len(table):,} things (aim 100 ms)")
    ledger.engine.dispose()
    return worst > STATE


def night(folder: Path) -> bool:
    """Take an export of some 3,000 agents into a ledger that is empty, and the same again."""
    export = tables.load("staffing/export")
    more = export.head(500).assign(poste=[f"Q{n:05d}" for n in range(500)])
    table = pd.concat([export, more], ignore_index=True)
    table.to_csv(folder / "export.csv", index=False)
    ledger = Ledger(folder / "night.sqlite")
    for name in ("first", "same again"):
        start = time.perf_counter()
        done = import_export(ledger, folder / "export.csv", date(2025, 12, 31))
        seconds = time.perf_counter() - start
        print(f"staffing: a night's export, {name}: {done.rows:,} rows, {done.new:,} events in {seconds:.1f} s")
    ledger.engine.dispose()
    return False


def history() -> Iterator[tuple[Any, ...]]:
    """Give events in the order in which they were recorded, day by day, for as long as one asks."""
    rng, number = random.Random(1), 0
    agents: dict[int, tuple[str, int]] = {}
    away: dict[int, int] = {}
    for day in range(100_000):
        today = FIRST + timedelta(days=day)
        recorded = pd.Timestamp(today, tz="UTC") + pd.Timedelta(hours=9)

        def event(kind: str, key: str, first: int, last: int | None = None, verb: str = "assert", **more: Any) -> Any:
            nonlocal number
            number += 1
            said = {"id": f"e{number}", "verbe": verb, "objet": kind, "cle": key, **more}
            said |= {"debut": FIRST + timedelta(days=first), "fin": last and FIRST + timedelta(days=last)}
            return (recorded, *(said.get(name) for name in CONTENT))  # noqa: B023 - used within this turn

        for post in range(POSITIONS):
            key = f"P{post:05d}"
            luck = rng.random() if day else 0.0
            if not day or luck > 0.9995:
                yield event("poste", key, day, quotite=100.0, statut="ouvert", metier="cuisine",
                            code_uai=f"{post % 115:07d}A")  # fmt: skip
            stay = f"{key}/{agents[post][0]}" if post in agents else ""
            if not stay and (not day or luck < 0.02):
                agents[post] = f"A{number:07d}", day
                yield event("affectation", f"{key}/{agents[post][0]}", day,
                            rattachement=key, agent=agents[post][0], quotite=100.0, contrat="titulaire")  # fmt: skip
            elif stay and luck < 0.0012 and away.get(post, 0) <= day:
                yield event("affectation", stay, day, verb="retract")
                del agents[post]
            elif stay and luck < 0.028 and away.get(post, 0) <= day:
                length = 1 + int(60 * rng.random() ** 8)
                away[post] = day + length
                yield event("absence", stay, day, day + length, rattachement=stay, motif="maladie")
                if rng.random() < 0.15:
                    yield event("absence", stay, day, day + 2, rattachement=stay, motif="maladie",
                                remplace=f"e{number}")  # fmt: skip
                    away[post] = day + 2
                elif length > 15:
                    other = f"R{rng.randrange(200):04d}"
                    yield event("remplacement", f"{stay}/{other}", day + 1, day + length, rattachement=stay,
                                agent=other, quotite=100.0, contrat="pool")  # fmt: skip


if __name__ == "__main__":
    main()
