"""Readers of bid registers: a CSV in the columns of ``procurement/bids``, and OCDS compiled releases.

Of a register that is imported again, in whole or in part, each lot
is replaced by what the last source says of it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from tikub_lab.procurement.codes import simplified as plain
from tikub_lab.procurement.flags.bids import FIELDS, LABELS, UNALLOTTED, utc
from tikub_lab.procurement.flags.ocds import read_releases
from tikub_lab.procurement.published.bids_release import Notes, flattened
from tikub_lab.procurement.published.table import sql
from tikub_lab.tables.database import union
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, Combined, Head, Reader, Staged, log
from tikub_lab.tables.texts import records

TABLE = "procurement/bids"
BATCH = 20_000
NEEDED = {"consultation_id", "candidat_id", "statut"}
"""Columns by which the CSV is known; the others may be absent."""
_BOOLEANS = {"true": "true", "vrai": "true", "oui": "true", "1": "true"} | {
    "false": "false", "faux": "false", "non": "false", "0": "false",
}  # fmt: skip
Rejected = tuple[str, str, str]  # field, value, rule

_MESSAGES = {
    "required": "A consultation_id is needed.",
    "label": "Not one of the labels that the field has, nor the OCDS code of one.",
    "moment": "Not a date and time (2024-04-02T12:00, 02/04/2024 12:00 or with a zone).",
    "number": "Not a number.",
    "integer": "Not a whole number, or too small.",
    "boolean": "Not oui or non, true or false.",
    "currency": "A currency is three capital letters, such as EUR.",
    "row-width": "A row has as many cells as the header.",
    "not-a-release": "Not a compiled release: a JSON object with a text for ocid.",
}


def is_csv(head: Head) -> bool:
    """Recognise the CSV by the names in its first line."""
    return bool(head.text) and {name.strip() for name in head.columns} >= NEEDED


def is_ocds(head: Head) -> bool:
    """Recognise OCDS releases: JSON with « ocid », and no DECP.

    Examples
    --------
    >>> is_ocds(Head(Path("a"), b'{"ocid": "a", "tender": {}}')), is_ocds(Head(Path("a"), b'{"marches": []}'))
    (True, False)
    """
    start = head.text.lstrip()
    return start.startswith("{") and '"ocid"' in start and '"marches"' not in start[:1000]


def read_csv(path: Path) -> Iterator[Batch]:
    r"""Read a register in runs of rows; ``line`` is a row's number in a spreadsheet, the header being 1.

    French labels and OCDS codes are read alike. A moment without a
    zone is French time; a deadline without an hour is the end of
    its day. Without a column ``offre`` each row is a bid; an amount
    without a currency is in euros.
    """
    counts: Counter[tuple[str, str]] = Counter()
    rows = records(path)
    names = [name.strip() for name in next(rows)]
    line = 2
    while chunk := list(islice(rows, BATCH)):
        yield _batch_of_lines(chunk, line, names, counts)
        line += len(chunk)


def _batch_of_lines(chunk: list[list[str]], start: int, names: list[str], counts: Counter[tuple[str, str]]) -> Batch:
    kept: list[tuple[int, bool, bool, dict[str, str]]] = []
    rejects: list[tuple[Any, ...]] = []
    read = 0
    for line, cells in enumerate(chunk, start):
        if not cells:
            continue
        read += 1
        if len(cells) != len(names):
            rejects.append((line, None, "", f"{len(cells)} cells", "row-width"))
            continue
        row, broken = _judged({n: c.strip() for n, c in zip(names, cells, strict=True) if n in FIELDS and c.strip()})
        if broken:
            rejects += [(line, row.get("consultation_id"), *what) for what in broken]
            continue
        key = (str(row["consultation_id"]), str(row["lot"]))
        counts[key] += 1
        row.setdefault("offre", str(counts[key]))
        kept.append((line, True, False, row))
    return _batch(read, kept, rejects, [])


def _judged(cells: dict[str, str]) -> tuple[dict[str, str], list[Rejected]]:
    row, broken = {"lot": UNALLOTTED, "rang": "1"}, []
    if "consultation_id" not in cells:
        broken.append(("consultation_id", "", "required"))
    for name, cell in cells.items():
        value, rule = _cell(name, cell)
        if value is None:
            broken.append((name, cell, rule))
        else:
            row[name] = value
    if "montant" in row:
        row.setdefault("devise", "EUR")
    return row, broken


def _cell(name: str, cell: str) -> tuple[str | None, str]:
    kind = FIELDS[name]
    if name in LABELS:
        return LABELS[name].get(plain(cell)), "label"
    if name == "devise":
        return (cell.upper() if re.fullmatch("[A-Za-z]{3}", cell) else None), "currency"
    if kind == "datetime":
        return utc(cell, end=name == "dateLimite"), "moment"
    if kind == "boolean":
        return _BOOLEANS.get(plain(cell)), "boolean"
    if kind in ("number", "integer"):
        digits = re.sub(r"[\s\u00a0\u202f€]", "", cell).replace(",", ".")
        if kind == "number":
            return (digits if re.fullmatch(r"-?\d+(\.\d+)?", digits) else None), "number"
        least = 0 if name == "nombreCandidats" else 1
        whole = re.fullmatch(r"(\d+)(\.0+)?", digits)
        return (str(int(whole[1])) if whole and int(whole[1]) >= least else None), "integer"
    return cell, ""


def read_ocds(path: Path) -> Iterator[Batch]:
    """Read compiled releases in runs; ``line`` is a release's position in the file, from 1.

    What the register has no place for is blanked and noted as a
    repair: amounts that are no numbers, statuses that the code list
    has not, moments that are none. Several awards of a release
    become one, to all their suppliers.
    """
    releases = enumerate(read_releases(path), 1)
    while chunk := list(islice(releases, BATCH)):
        kept: list[tuple[int, bool, bool, dict[str, str]]] = []
        rejects: list[tuple[Any, ...]] = []
        repairs: list[tuple[int, str, str, str, str]] = []
        for line, release in chunk:
            ocid = release.get("ocid") if isinstance(release, dict) else None
            if not isinstance(ocid, str) or not ocid:
                rejects.append((line, None, "ocid", str(ocid), "not-a-release"))
                continue
            noted = Notes(line, ocid, repairs)
            rows = flattened(release, noted)
            kept += [(line, at == 0, True, row) for at, row in enumerate(rows)]
        yield _batch(len(chunk), kept, rejects, repairs)


def _batch(
    read: int,
    kept: list[tuple[int, bool, bool, dict[str, str]]],
    rejects: list[tuple[Any, ...]],
    repairs: list[tuple[int, str, str, str, str]],
) -> Batch:
    """Make a batch; ``_rows`` counts each source row once, ``_whole`` tells releases from rows of a register."""
    tables = {}
    if kept:
        frame = pd.DataFrame({name: pd.Series([row.get(name) for *_, row in kept], dtype="str") for name in FIELDS})
        frame["_line"] = [line for line, *_ in kept]
        frame["_rows"] = [int(first) for _, first, *_ in kept]
        frame["_whole"] = [whole for _, _, whole, _ in kept]
        tables[TABLE] = frame
    lost = pd.DataFrame(
        [(*what, _MESSAGES[what[-1]]) for what in rejects],
        columns=pd.Index(["line", "id", "field", "value", "rule", "message"]),
    )
    mended = pd.DataFrame(repairs, columns=pd.Index(["line", "id", "field", "value", "rule"])).assign(replacement=None)
    return Batch(read, tables, log(REJECTS, [lost]), log(REPAIRS, [mended]))


def combine(connection: Any, staged: Staged) -> Combined:
    """Make the register of the parts of all sources: each lot as its last source says it.

    Of rows of one source with the same consultation, lot, bid and
    rank the last stays; of releases with the same ``ocid`` the last
    one, whole. What falls out is a reject of the rule
    ``duplicate``.
    """
    parts = staged.get(TABLE, [])
    columns = ", ".join(f'NULL::VARCHAR AS "{name}"' for name in FIELDS)
    query = f"SELECT 0 AS source_index, 0 AS _line, false AS _whole, {columns} WHERE false"
    query = f"{query} UNION ALL BY NAME {union(parts)}" if parts else query
    connection.execute(sql("bids.sql", query=query))
    key = "source_index, _line, consultation_id, lot, offre, rang"
    return Combined(
        tables={TABLE: f"SELECT *, 0 AS _place FROM _bids JOIN _bids_standing USING ({key})"},
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
