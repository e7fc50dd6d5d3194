"""Rules across records and files: duplicates, and identifiers that a buyer used more than once; the table of records.

All of it is SQL over the staged parts of every source of a data package. Only keys are sorted and compared; wide rows
are joined at the end, so that memory stays bounded. Nothing depends on the order of imports.

A later file of the same name replaces what it repeats: the contracts of the same buyer with the same identifier.

Duplicates (Bercy): records of the same buyer with the same identifier, first titulaire, amount and date of notification
are one contract; the one published last stays, then the most complete (modifications count first), then the last read.
What is left of one identifier with another content is another contract: ``uid~2``, ``uid~3``… by date, amount and
titulaires. Rows of the tabular form are first put together as contracts: see ``states.sql``.

``procurement/records`` has one row a record of every publication, the rejected and the repeated ones too, so that a
publication can be judged and two publications compared. The values are those of the staged parts: what was kept, and
under ``rejected/`` what was not; ``judged/lines`` has the rules that a record broke. Only the verdict and the order are
computed for all records at once; wide rows are read again when the table is written.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tikub_lab.procurement.published.cpv import TABLE as CPV
from tikub_lab.procurement.published.fields import (
    AMENDMENT_FIELDS,
    CONCESSION_FIELDS,
    CONTRACT_FIELDS,
    INSTEAD,
    ROW_FIELDS,
    SINCE,
    SUPPLIER_FIELDS,
    owed,
)
from tikub_lab.procurement.published.rules import TEXTS
from tikub_lab.tables.database import LINE_BITS, files, superseded, union, view
from tikub_lab.tables.readers import Combined, Staged
from tikub_lab.tables.staging import PLAIN

PARTY_FIELDS = ("_first", "_parties", "_list", "_changes")
"""What a staged contract says of its titulaires, or concessionnaires, and amendments: the first one, all of them sorted
(rules on duplicates compare these), all as published, and the amendments (two publications are compared by these)."""


def sql(name: str, **values: str | int) -> str:
    """Read a file of SQL that stands beside this one, and fill in its braces."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8").format(**values)


def _filled(fields: Iterable[str], of: str = "") -> str:
    return " + ".join(f'({of}"{field}" IS NOT NULL)::INT' for field in fields)


def combine(connection: Any, staged: Staged) -> Combined:
    """Make the tables of public procurement from the parts of all sources."""
    view(connection, "_read_records", staged.get("procurement/contracts", []), CONTRACT_FIELDS, PARTY_FIELDS)
    view(connection, "_parties", staged.get("procurement/suppliers", []), SUPPLIER_FIELDS)
    view(connection, "_changes", staged.get("procurement/amendments", []), AMENDMENT_FIELDS, ("_number",))
    view(connection, "_concessions", staged.get("procurement/concessions", []), CONCESSION_FIELDS, PARTY_FIELDS)
    view(connection, "_read_rows", staged.get("procurement/rows", []), ROW_FIELDS)
    nomenclature = staged.get(PLAIN + CPV)
    known = f"SELECT DISTINCT code FROM {files(nomenclature)}" if nomenclature else "SELECT '' AS code WHERE false"
    connection.execute(sql("cpv.sql", known=known))
    _supersede(connection)
    _put_together(connection)
    contract, supplier = (", ".join(f'r."{name}"' for name in names) for names in (CONTRACT_FIELDS, SUPPLIER_FIELDS))
    connection.execute(sql("states.sql", filled=_filled(ROW_FIELDS, "r."), contract=contract, supplier=supplier))
    connection.execute("""
        CREATE TEMP VIEW _contracts AS
            SELECT * FROM _records ANTI JOIN (FROM _flat WHERE _key <> _owner) USING (_key)
            UNION ALL BY NAME SELECT * FROM _row_contracts;
        CREATE TEMP VIEW _suppliers AS SELECT * FROM _parties UNION ALL BY NAME SELECT * FROM _row_suppliers;
        CREATE TEMP VIEW _amendments AS SELECT * FROM _flat_changes UNION ALL BY NAME SELECT * FROM _row_amendments;
    """)
    pick = {
        "kind": "contract",
        "buyer": "acheteur_id",
        "amount": "montant",
        "date": "dateNotification",
        "changes": "SELECT _key, count(*) AS changes FROM _amendments GROUP BY _key",
    }
    connection.execute(sql("pick.sql", **pick, filled=_filled(CONTRACT_FIELDS)))
    pick = {
        "kind": "concession",
        "buyer": "autoriteConcedante_id",
        "amount": "valeurGlobale",
        "date": "dateDebutExecution",
        "changes": "SELECT _key, modifications::INT AS changes FROM _concessions",
    }
    connection.execute(sql("pick.sql", **pick, filled=_filled(CONCESSION_FIELDS)))
    connection.execute("""
        CREATE TEMP TABLE _owned AS
            SELECT _key, coalesce(_owner, _key) AS _owner FROM _records LEFT JOIN _flat USING (_key)
            UNION ALL SELECT _key, _owner FROM _row_owners;
        CREATE TEMP VIEW _left_out AS
            SELECT o._key, d.id FROM _owned o JOIN _contract_duplicates d ON o._owner = d._key
            UNION ALL SELECT _key, id FROM _concession_duplicates
            UNION ALL SELECT _key, id FROM _row_duplicates
            UNION ALL SELECT _key, id FROM _superseded;
        CREATE TEMP VIEW _stand AS
            SELECT o._key FROM _owned o JOIN _contract_picked p ON o._owner = p._key
            UNION ALL SELECT _key FROM _concession_picked;
    """)
    return Combined(
        tables={
            "procurement/contracts": "SELECT * FROM _contracts JOIN _contract_picked USING (_key)",
            "procurement/suppliers": "SELECT * FROM _suppliers JOIN _contract_picked USING (_key)",
            "procurement/amendments": (
                "SELECT * REPLACE (modification_id::BIGINT AS _place) "
                "FROM _amendments JOIN _contract_picked USING (_key)"
            ),
            "procurement/concessions": "SELECT * FROM _concessions JOIN _concession_picked USING (_key)",
            "procurement/records": _records(connection, staged),
        },
        rejects=f"""SELECT _key >> {LINE_BITS} AS source_index, _key & {2**LINE_BITS - 1} AS line, id, 'id' AS field,
            id AS value, 'duplicate' AS rule, '{TEXTS["duplicate"]["checks"]}' AS message FROM _left_out""",
        kept=f"SELECT _key >> {LINE_BITS} AS source_index, count(*) AS rows FROM _stand GROUP BY ALL",
        repairs=f"SELECT * EXCLUDE (_key), _key & {2**LINE_BITS - 1} AS line FROM _cpv_repairs",
    )


def _supersede(connection: Any) -> None:
    views = {"_records": "acheteur_id", "_concessions": "autoriteConcedante_id", "_rows": "acheteur_id"}
    rows = [
        superseded(f"(SELECT source_index, _key, id, {buyer} AS buyer FROM {name})", "buyer, id")
        for name, buyer in views.items()
    ]
    connection.execute(f"CREATE TEMP TABLE _superseded AS SELECT _key, id FROM ({' UNION ALL '.join(rows)})")


def _put_together(connection: Any) -> None:
    """Give the rows that are one contract, with an amendment each, to the one published last.

    Only the flattened national file is written so; a row that says the same as another is a duplicate.
    """
    same = "source_index, acheteur_id, id, _first, montant::DOUBLE, dateNotification"
    connection.execute(f"""
        CREATE TEMP TABLE _flat AS
        SELECT _key, first(_key) OVER (
            PARTITION BY {same} ORDER BY datePublicationDonnees DESC NULLS LAST, _key DESC
        ) AS _owner
        FROM (
            SELECT DISTINCT ON ({same}, _changes, _number) *
            FROM _records LEFT JOIN (SELECT DISTINCT ON (_key) _key, _number FROM _changes) USING (_key)
            SEMI JOIN (FROM _sources WHERE reader = 'decp-national') USING (source_index)
            ANTI JOIN _superseded USING (_key)
            ORDER BY datePublicationDonnees DESC NULLS LAST, _key DESC
        );
        CREATE TEMP VIEW _flat_changes AS
        SELECT * FROM _changes ANTI JOIN _flat USING (_key)
        UNION ALL BY NAME
        SELECT * EXCLUDE (_owner) REPLACE (_owner AS _key, (row_number() OVER (
            PARTITION BY _owner
            ORDER BY _number::DOUBLE, dateNotificationModification, datePublicationDonneesModification, _key
        ))::VARCHAR AS modification_id)
        FROM _changes JOIN _flat USING (_key);
    """)


def _records(connection: Any, staged: Staged) -> str:
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
