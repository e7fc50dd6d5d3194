"""The table ``procurement/records``: each record as it was published, with what the rules said of it.

One row a record of every publication, the rejected and the repeated
ones too, so that a publication can be judged and two publications
compared. The values are those of the staged parts: what was kept,
and under ``rejected/`` what was not; ``judged/lines`` has the rules
that a record broke. Only the verdict and the order are computed for
all records at once; wide rows are read again when the table is
written.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tikub_lab.procurement.published.fields import CONCESSION_FIELDS, CONTRACT_FIELDS, INSTEAD, ROW_FIELDS, SINCE, owed
from tikub_lab.tables.database import LINE_BITS, union, view
from tikub_lab.tables.readers import Staged

PARTY_FIELDS = ("_first", "_parties", "_list", "_changes")
"""What a staged contract says of its titulaires and amendments: the
first titulaire, all of them sorted, all of them as published, and
the amendments (amount, duration, date and titulaires of each)."""


def sql(name: str, **values: str | int) -> str:
    """Read a file of SQL that stands beside this one, and fill in its braces."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8").format(**values)


def publish(connection: Any, staged: Staged) -> str:
    """Write the query of ``procurement/records``, with the columns of the table, ``_position`` and ``_place``."""
    view(connection, "_lost_contracts", staged.get("rejected/contracts", []), CONTRACT_FIELDS, PARTY_FIELDS)
    view(connection, "_lost_concessions", staged.get("rejected/concessions", []), CONCESSION_FIELDS, PARTY_FIELDS)
    view(connection, "_lost_rows", staged.get("rejected/rows", []), ROW_FIELDS)
    lines = ["SELECT 0 AS source_index, 0 AS _line, NULL::VARCHAR AS id, NULL::VARCHAR AS regles"]
    lines[0] += ", NULL::VARCHAR AS reparations WHERE false"
    lines += [union(parts)] if (parts := staged.get("judged/lines")) else []
    values = {
        "contract_said": _said(CONTRACT_FIELDS),
        "contract_owed": _owed("contracts", "coalesce(_list, _parties)"),
        "concession_said": _said(CONCESSION_FIELDS),
        "concession_owed": _owed("concessions", "coalesce(_list, _parties)"),
        "row_said": _said(ROW_FIELDS),
        "row_owed": _owed("contracts", "titulaire_id"),
    }
    connection.execute(sql("records.sql", bits=LINE_BITS, lines=" UNION ALL BY NAME ".join(lines), **values))
    return f"""
        SELECT s.publication, s.reader AS format, v._key & {2**LINE_BITS - 1} AS ligne, type, acheteur_id, acheteur_nom,
            coalesce(p.id, j.id) AS id, objet, montant, dateNotification, datePublicationDonnees, dureeMois, codeCPV,
            procedure, titulaires, modifications, empreinte, attendus, manquants, etat, j.regles, j.reparations,
            _position, 0 AS _place
        FROM _verdicts v JOIN _sources s ON s.source_index = v._key >> {LINE_BITS}
        LEFT JOIN _as_published p ON p._key = v._key LEFT JOIN _judgements j ON j._key = v._key"""


def _said(fields: Iterable[str]) -> str:
    return ", ".join(f"coalesce(\"{field}\", '')" for field in fields if field != "source")


def _owed(table: str, firms: str) -> str:
    """Write how many mandatory fields a record owes by the regime of its day, and the list of those that are empty."""
    day = "dateNotification" if table == "contracts" else "dateSignature"
    recent = f"coalesce(coalesce({day}, datePublicationDonnees) >= '{SINCE.isoformat()}', false)"
    counts, lists = [], []
    for regime in ("2019", "2022"):
        names = owed(table, regime)
        values = {name: f'"{name}"' for name in names} | {"titulaires": firms, "concessionnaires": firms}
        if regime == "2019":
            values |= {name: f'coalesce("{name}", "{other}")' for name, other in INSTEAD.items()}
        empty = (f"CASE WHEN {values[name]} IS NULL THEN '{name}' END" for name in names)
        counts.append(len(names))
        lists.append(f"concat_ws('|', {', '.join(empty)})")
    return (
        f"CASE WHEN {recent} THEN {counts[1]} ELSE {counts[0]} END AS attendus, "
        f"nullif(CASE WHEN {recent} THEN {lists[1]} ELSE {lists[0]} END, '') AS manquants"
    )
