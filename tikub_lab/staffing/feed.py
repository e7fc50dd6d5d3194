"""What comes in: the nightly export of an HR system, and events by day, one JSON object a line."""

import tempfile
import uuid
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.staffing.events import CONTENT, KINDS, OPEN, Refused, Row, content
from tikub_lab.staffing.ledger import Ledger, Receipt
from tikub_lab.staffing.periods import Thing, by_thing, dated, spells, thing
from tikub_lab.tables.by_schema import lacking
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package, workbench
from tikub_lab.tables.schema import read_schema

TABLE = "staffing/export"
LOST = 5.0
"""Percent of positions and assignments that may be gone since the last one, unless that is confirmed."""
CHUNK = 2**17
"""Bytes of events that are put on disk together, at most."""
PARTS = {
    "poste": ("poste", "code_uai metier quotite=quotite_poste statut publication"),
    "affectation": ("agent", "agent quotite=quotite_agent contrat debut=debut_affectation fin=fin_affectation"),
    "absence": ("motif_absence", "motif=motif_absence debut=debut_absence fin=fin_absence"),
    "remplacement": (
        "remplacant",
        "agent=remplacant quotite=quotite_remplacant contrat=contrat_remplacant debut=debut_remplacement "
        "fin=fin_remplacement",
    ),
}
"""Of each kind of thing: the column of the export that has one, and what is said of it where."""


class SetAside(NamedTuple):
    """A line or row that was not taken, and why."""

    line: int
    reason: str


class Night(NamedTuple):
    """What an export changed: of its new events, how many end a thing."""

    rows: int
    new: int
    over: int
    aside: tuple[SetAside, ...]
    remarks: tuple[str, ...]


def import_export(ledger: Ledger, path: Path, at: date, lost: float = LOST) -> Night:
    """Compare a night's export with the ledger, and append the difference; the same export twice appends nothing.

    What is no more in it ends on that day. What came into the ledger by other ways (its key is none that the export can
    have) is left alone, and so is the position of a row that is set aside. An export that lacks columns, or more things
    than ``lost`` percent of those that were there, is refused.
    """
    table, aside, left = read_export(path)
    wanted = _wanted(table, at, aside, left)
    spans = spells(ledger.rows(after=at), at)
    there = by_thing(spell for spell in spans if spell["fin"] > at and spell["cle"] == _key(spell))
    over = {each for each in there.keys() - wanted.keys() if each[1].partition("/")[0] not in left}
    over = set() if "" in left else over  # a row without its position may be of any
    counted = [sum(kind in ("poste", "affectation") for kind, _ in things) for things in (over, there)]
    if counted[0] * 100 > lost * counted[1]:
        raise UsageError(
            f"{path}: of {counted[1]} positions and assignments known on {at}, {counted[0]} are not in it: more than "
            f"{lost:g} %. If that is right, say so with --lost {100 * counted[0] // counted[1] + 1}."
        )
    gone = (spell for each in over for spell in there[each])
    events = [_retracted(spell, max(at, spell["debut"]), spell["fin"]) for spell in gone]
    for row in sorted(wanted.values(), key=lambda row: [*KINDS].index(row["objet"])):  # parents first
        events += _changed(row, there.get(thing(row), []), at)
    receipts = ledger.append({**event, "id": uuid.uuid4().hex} for event in events)
    aside += [SetAside(0, text) for item in receipts if item.number is None for text in item.remarks]
    remarks = [text for item in receipts if item.number is not None for text in item.remarks]
    return Night(len(table), sum(item.new for item in receipts), len(over), tuple(aside), tuple(remarks))


def read_export(path: Path) -> tuple[pd.DataFrame, list[SetAside], set[str]]:
    """Read an export by its schema, as any published file; give what is set aside, and of which positions."""
    schemas = workbench() / "data" / "schemas"
    if not path.is_file():
        raise UsageError(f"{path}: no such file.")
    if missing := lacking(path, read_schema(schemas / f"{TABLE}.json")):
        raise UsageError(
            f"{path}: it lacks {', '.join(missing)}. `tikub data template {TABLE}` writes all columns that it has."
        )
    with tempfile.TemporaryDirectory() as folder:
        import_files([path], folder, (), TABLE, schemas)
        table = open_package(folder).load(TABLE)
        logs = [log for name in ("rejects", "repairs") for log in Path(folder).rglob(f"*.{name}.csv")]
        rows = [row for log in logs for row in pd.read_csv(log, dtype="str", na_filter=False).to_dict("records")]
    # a repair that blanked a value, such as an unknown reason, would end what it belongs to
    wrong = [row for row in rows if "replacement" not in row or (row["id"] and not row["replacement"])]
    said = (row.get("message") or f"{row['field']} is {row['value']!r}, which breaks {row['rule']}" for row in wrong)
    aside = [SetAside(int(row["line"]), text) for row, text in zip(wrong, said, strict=True)]
    return table, aside, {row["id"] for row in wrong}


def _wanted(table: pd.DataFrame, at: date, aside: list[SetAside], left: set[str]) -> dict[Thing, Row]:
    """Say what an export's rows say, by thing; note what is set aside, and which positions are left as they are."""
    wanted: dict[Thing, Row] = {}
    for line, cells in enumerate(table.astype(object).to_dict("records"), start=2):
        parent = ""
        for kind, (column, names) in PARTS.items():
            if pd.isna(cells[column]):
                break
            said = {name: cells[own or name] for name, _, own in (each.partition("=") for each in names.split())}
            row = {"verbe": "assert", "objet": kind, "rattachement": parent, "debut": at, "id": "-", **said}
            row["cle"] = cells["poste"] if kind == "poste" else _key(row)
            try:
                if kind != "poste" and not pd.isna(row["fin"]) and row["fin"].date() < OPEN:
                    row["fin"] += timedelta(days=1)  # HR's last day is included
                row = dated(content(row))
                if kind != "poste" and row["fin"] <= at:
                    break
                if wanted.get((kind, row["cle"]), row) != row:
                    raise Refused("another row says something else of the same thing")
            except Refused as error:
                aside.append(SetAside(line, f"{kind}: {error}"))
                left.add(cells["poste"])
                break
            wanted[kind, row["cle"]] = row
            parent = row["cle"]
    return wanted


def _key(row: Mapping[str, Any]) -> str:
    """Give the key of a thing of the export: position, assigned agent, replacing agent."""
    parts = [row["rattachement"], row.get("agent")]
    return str(row["cle"]) if row["objet"] == "poste" else "/".join(filter(None, parts))


def _changed(row: Row, there: list[Row], at: date) -> list[Row]:
    """Write the events after which the ledger says of a thing what the export does."""
    if not there:
        return [row]
    debut, fin = there[0]["debut"], there[0]["fin"]
    first = debut if row["objet"] == "poste" else row["debut"]
    same = all(row[name] == there[0][name] for name in CONTENT[7:])
    events = []
    if not same or first < debut or row["fin"] > fin:
        # what changed now did so today; what is only longer is said of all its days
        events.append({**row, "debut": max(at, first) if not same and first >= debut else first})
    gone = [(debut, first), (row["fin"], fin), *((spell["debut"], spell["fin"]) for spell in there[1:])]
    return events + [_retracted(row, begin, end) for begin, end in gone if begin < end]


def _retracted(row: Row, first: date, last: date) -> Row:
    return {"verbe": "retract", "objet": row["objet"], "cle": row["cle"], "debut": first, "fin": last}


def append_lines(ledger: Ledger, source: BinaryIO) -> Iterator[Receipt | SetAside]:
    """Append events written as JSON, one a line; a line that can't be read or is refused is set aside.

    What has come is put on disk together, before its receipts are given: who waits for each answer has one event a
    time on disk, who sends on does not wait for the disk at each.
    """
    last, rest = 0, b""
    for chunk in chain(iter(lambda: source.read1(CHUNK), b""), [b"\n"]):  # type: ignore[attr-defined]
        *lines, rest = (rest + chunk).split(b"\n")
        events = {number: line for number, line in enumerate(lines, start=last + 1) if line.strip()}
        for number, receipt in zip(events, ledger.append(events.values()) if events else (), strict=True):
            yield SetAside(number, receipt.remarks[0]) if receipt.number is None else receipt
        last += len(lines)
