"""Rules across records and files: duplicates, and identifiers that a buyer used more than once.

All of it is SQL over the staged parts of every source of a data package. Only keys are sorted and compared; wide rows
are joined at the end, so that memory stays bounded. Nothing depends on the order of imports.

A later file of the same name replaces what it repeats: the contracts of the same buyer with the same identifier.

Duplicates (Bercy): records of the same buyer with the same identifier, first titulaire, amount and date of
notification are one contract; the one published last stays, then the most complete (modifications count first), then
the last read. What is left of one identifier with another content is another contract: ``uid~2``, ``uid~3``… by date,
amount and titulaires. Rows of the tabular form are first put together as contracts: see
:mod:`tikub_lab.procurement.published.states`.
"""

from collections.abc import Mapping
from typing import Any

from tikub_lab.procurement.published import states
from tikub_lab.procurement.published.fields import (
    AMENDMENT_FIELDS,
    CONCESSION_FIELDS,
    CONTRACT_FIELDS,
    ROW_FIELDS,
    SUPPLIER_FIELDS,
)
from tikub_lab.procurement.published.table import PARTY_FIELDS, publish
from tikub_lab.tables.database import LINE_BITS, superseded, view
from tikub_lab.tables.readers import Combined, Staged

DUPLICATE = (
    "A record of the same buyer, identifier, first titulaire, amount and date was published later or more completely."
)


def combine(connection: Any, staged: Staged) -> Combined:
    """Make the tables of public procurement from the parts of all sources.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Temporary tables and views are made in it.
    staged : dict
        Parts of ``procurement/contracts``, ``suppliers``, ``amendments``, ``concessions``, and of
        ``procurement/rows``: rows of the tabular form; the same of what was rejected, under ``rejected/``, and
        ``judged/lines``.

    Returns
    -------
    Combined
        Queries for the final tables, for the duplicates left out, and for the source rows kept.
    """
    view(connection, "_records", staged.get("procurement/contracts", []), CONTRACT_FIELDS, PARTY_FIELDS)
    view(connection, "_parties", staged.get("procurement/suppliers", []), SUPPLIER_FIELDS)
    view(connection, "_changes", staged.get("procurement/amendments", []), AMENDMENT_FIELDS)
    view(connection, "_concessions", staged.get("procurement/concessions", []), CONCESSION_FIELDS, PARTY_FIELDS)
    view(connection, "_rows", staged.get("procurement/rows", []), ROW_FIELDS)
    _supersede(connection)
    states.assemble(connection)
    connection.execute("""
        CREATE TEMP VIEW _contracts AS
            SELECT * FROM _records UNION ALL BY NAME SELECT * FROM _row_contracts;
        CREATE TEMP VIEW _suppliers AS SELECT * FROM _parties UNION ALL BY NAME SELECT * FROM _row_suppliers;
        CREATE TEMP VIEW _amendments AS SELECT * FROM _changes UNION ALL BY NAME SELECT * FROM _row_amendments;
    """)
    _pick(connection, "contract", CONTRACT_FIELDS, ("acheteur_id", "id", "_first", "montant", "dateNotification"))
    _pick(
        connection,
        "concession",
        CONCESSION_FIELDS,
        ("autoriteConcedante_id", "id", "_first", "valeurGlobale", "dateDebutExecution"),
    )
    connection.execute("""
        CREATE TEMP TABLE _owned AS
            SELECT _key, _key AS _owner FROM _records UNION ALL SELECT _key, _owner FROM _row_owners;
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
            "procurement/records": publish(connection, staged),
        },
        rejects=f"""SELECT _key >> {LINE_BITS} AS source_index, _key & {2**LINE_BITS - 1} AS line, id, 'id' AS field,
            id AS value, 'duplicate' AS rule, '{DUPLICATE}' AS message FROM _left_out""",
        kept=f"SELECT _key >> {LINE_BITS} AS source_index, count(*) AS rows FROM _stand GROUP BY ALL",
    )


def _supersede(connection: Any) -> None:
    """Find what a later file of the same name says anew: records of the same buyer with the same identifier."""
    views = {"_records": "acheteur_id", "_concessions": "autoriteConcedante_id", "_rows": "acheteur_id"}
    rows = [
        superseded(f"(SELECT source_index, _key, id, {buyer} AS buyer FROM {name})", "buyer, id")
        for name, buyer in views.items()
    ]
    connection.execute(f"CREATE TEMP TABLE _superseded AS SELECT _key, id FROM ({' UNION ALL '.join(rows)})")


def _pick(connection: Any, kind: str, fields: Mapping[str, str], key: tuple[str, ...]) -> None:
    """Set duplicates apart and give the others their uid, in tables ``_<kind>_duplicates`` and ``_<kind>_picked``."""
    buyer, number, _, amount, date = key
    filled = " + ".join(f'("{field}" IS NOT NULL)::INT' for field in fields)
    changes = "(SELECT _key, count(*) AS changes FROM _amendments GROUP BY _key)" if kind == "contract" else None
    connection.execute(f"""
        CREATE TEMP TABLE _{kind}_ranked AS
        SELECT _key, {buyer} AS buyer, id, {amount}::DOUBLE AS amount, {date} AS date, _parties AS parties,
            row_number() OVER (
                PARTITION BY {buyer}, {number}, _first, {amount}::DOUBLE, {date}
                ORDER BY datePublicationDonnees DESC NULLS LAST,
                    coalesce({"changes" if changes else "modifications::INT"}, 0) DESC, {filled} DESC, _key DESC
            ) AS rank
        FROM _{kind}s ANTI JOIN _superseded USING (_key) {f"LEFT JOIN {changes} USING (_key)" if changes else ""};
        CREATE TEMP TABLE _{kind}_duplicates AS SELECT _key, id FROM _{kind}_ranked WHERE rank > 1;
        CREATE TEMP TABLE _{kind}_picked AS
        WITH numbered AS (
            SELECT _key, buyer || id AS uid, row_number() OVER (
                PARTITION BY buyer, id ORDER BY date, amount, parties, _key
            ) AS lot FROM _{kind}_ranked WHERE rank = 1
        ), named AS (SELECT _key, uid || CASE WHEN lot > 1 THEN '~' || lot ELSE '' END AS uid FROM numbered)
        SELECT *, row_number() OVER (ORDER BY uid) - 1 AS _position FROM named;
        DROP TABLE _{kind}_ranked;
    """)
