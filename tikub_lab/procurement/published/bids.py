"""Readers of bid registers: a CSV in the columns of ``procurement/bids``, and OCDS compiled releases.

Of a register that is imported again, in whole or in part, each lot is replaced by what the last source says of it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from tikub_lab.procurement.codes import simplified
from tikub_lab.procurement.flags.register import LABELS, TABLE, UNALLOTTED, schema
from tikub_lab.procurement.published.combine import sql
from tikub_lab.procurement.published.ocds import Row, flattened, read_releases, utc
from tikub_lab.procurement.published.rows import BATCH, runs, with_columns
from tikub_lab.tables.database import view
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, Combined, Head, Reader, Staged, log
from tikub_lab.tables.schema import Field

NEEDED = {"consultation_id", "candidat_id", "statut"}
"""Columns by which the CSV is known; the others may be absent."""
is_csv = with_columns(NEEDED)
_BOOLEANS = dict.fromkeys(("true", "vrai", "oui", "1"), "true") | dict.fromkeys(("false", "faux", "non", "0"), "false")
_MESSAGES = {
    "required": "A consultation_id is needed.",
    "label": "Not one of the labels that the field has, nor the OCDS code of one.",
    "moment": "Not a date and time (2024-04-02T12:00, 02/04/2024 12:00 or with a zone).",
    "number": "Not a number.",
    "integer": "Not a whole number, or too small.",
    "boolean": "Not oui or non, true or false.",
    "currency": "A currency is three capital letters, such as EUR.",
    "not-a-release": "Not a compiled release: a JSON object with a text for ocid.",
}


class _Run:
    """Source rows that are judged together; the rows of a release stand for one source row."""

    def __init__(self, read: int):
        self.read = read
        self.kept: list[tuple[int, int, bool, Row]] = []
        self.rejects: list[tuple[Any, ...]] = []
        self.repairs: list[tuple[Any, ...]] = []

    def reject(self, line: int, key: str | None, field: str, value: str, rule: str) -> None:
        self.rejects.append((line, key, field, value, rule, _MESSAGES[rule]))

    def note(self, line: int, key: str, field: str, value: Any, rule: str) -> None:
        self.repairs.append((line, key, field, str(value)[:200], rule, None))

    def batch(self, *odd: pd.DataFrame) -> Batch:
        """``_rows`` counts each source row once, ``_whole`` tells releases from rows of a register."""
        tables = {}
        if self.kept:
            rows = [kept[3] for kept in self.kept]
            cells = {name: [row.get(name) or None for row in rows] for name in schema().names}
            marks = pd.DataFrame([kept[:3] for kept in self.kept], columns=["_line", "_rows", "_whole"])
            tables[TABLE] = pd.concat([pd.DataFrame(cells, dtype="str"), marks], axis=1)
        rejects = pd.DataFrame(self.rejects, columns=list(REJECTS))
        repairs = pd.DataFrame(self.repairs, columns=list(REPAIRS))
        return Batch(self.read, tables, log(REJECTS, [*odd, rejects]), log(REPAIRS, [repairs]))


def read_csv(path: Path) -> Iterator[Batch]:
    """Read a register in runs of rows.

    French labels and OCDS codes are read alike. A moment without a zone is French time; a deadline without an hour is
    the end of its day. Without a column ``offre`` each row is a bid; an amount without a currency is in euros.
    """
    counts: Counter[tuple[str, str]] = Counter()
    fields = {field.name: field for field in schema().fields}
    for rows in runs(path):
        run = _Run(rows.read)
        for line, cells in rows.rows():
            row: Row = {"lot": UNALLOTTED, "rang": "1"}
            key = cells.get("consultation_id")
            bad = [] if key else [("consultation_id", "", "required")]
            for name, cell in cells.items():
                if name in fields:
                    value, rule = _cell(fields[name], cell)
                    row[name] = value or ""
                    bad += [] if value else [(name, cell, rule)]
            for broken in bad:
                run.reject(line, key, *broken)
            if not bad:
                lot = (row["consultation_id"], row["lot"])
                counts[lot] += 1
                row.setdefault("offre", str(counts[lot]))
                if "montant" in row:
                    row.setdefault("devise", "EUR")
                run.kept.append((line, 1, False, row))
        yield run.batch(rows.odd)


def _cell(field: Field, cell: str) -> tuple[str | None, str]:
    if field.name in LABELS:
        return LABELS[field.name].get(simplified(cell)), "label"
    if field.name == "devise":
        return (cell.upper() if re.fullmatch("[A-Za-z]{3}", cell) else None), "currency"
    if field.type == "datetime":
        return utc(cell, end=field.name == "dateLimite"), "moment"
    if field.type == "boolean":
        return _BOOLEANS.get(simplified(cell)), "boolean"
    digits = re.sub(r"[\s\u00a0\u202f€]", "", cell).replace(",", ".")
    if field.type == "number":
        return (digits if re.fullmatch(r"-?\d+(\.\d+)?", digits) else None), "number"
    if field.type == "integer":
        whole = re.fullmatch(r"(\d+)(\.0+)?", digits)
        return (str(int(whole[1])) if whole and int(whole[1]) >= field.constraints["minimum"] else None), "integer"
    return cell, ""


def is_ocds(head: Head) -> bool:
    """Recognise OCDS releases: JSON with « ocid », and no DECP.

    Examples
    --------
    >>> is_ocds(Head(Path("a"), b'{"ocid": "a", "tender": {}}')), is_ocds(Head(Path("a"), b'{"marches": []}'))
    (True, False)
    """
    start = head.text.lstrip()
    return start.startswith("{") and '"ocid"' in start and '"marches"' not in start[:1000]


def read_ocds(path: Path) -> Iterator[Batch]:
    """Read compiled releases in runs; ``line`` is a release's position in the file, from 1."""
    releases = enumerate(read_releases(path), 1)
    while chunk := list(islice(releases, BATCH)):
        run = _Run(len(chunk))
        for line, release in chunk:
            ocid = release.get("ocid") if isinstance(release, dict) else None
            if not isinstance(ocid, str) or not ocid:
                run.reject(line, None, "ocid", str(ocid), "not-a-release")
                continue
            note = partial(run.note, line, ocid)
            run.kept += [(line, int(at == 0), True, row) for at, row in enumerate(flattened(release, note))]
        yield run.batch()


def combine(connection: Any, staged: Staged) -> Combined:
    """Make the register of the parts of all sources (see ``bids.sql``); what falls out is a reject, ``duplicate``."""
    view(connection, "_bids", staged.get(TABLE, []), schema().names, ("_whole",))
    connection.execute(sql("bids.sql"))
    key = "source_index, _line, consultation_id, lot, offre, rang"
    return Combined(
        tables={TABLE: f"SELECT * FROM _bids JOIN _bids_standing USING ({key})"},
        rejects="""SELECT source_index, _line AS line, any_value(consultation_id) AS id,
            'consultation_id, lot, offre, rang' AS field, any_value(consultation_id) AS value, 'duplicate' AS rule,
            'A later row or source says something else of this consultation and lot.' AS message
            FROM _bids ANTI JOIN _bids_standing USING (source_index, _line) GROUP BY source_index, _line""",
        kept="SELECT source_index, count(DISTINCT _line) AS rows FROM _bids_standing GROUP BY source_index",
    )


BIDS_READERS: tuple[Reader, ...] = (
    Reader(
        "bids-csv",
        "bid register (CSV: consultation_id, candidat_id, statut…)",
        (TABLE,),
        is_csv,
        read_csv,
        combine,
        licence="Non publié : secret des affaires",
    ),
    Reader(
        "ocds-releases",
        "OCDS compiled releases (JSON lines or package)",
        (TABLE,),
        is_ocds,
        read_ocds,
        combine,
        licence="Celle de la publication",
    ),
)
"""To be put in ``formats.READERS``."""
