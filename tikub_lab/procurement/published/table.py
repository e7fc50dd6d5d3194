"""The table ``procurement/records``: each record as it was published, with what the rules said of it.

One row a record of every publication, the rejected and the repeated ones too, so that a publication can be judged and
two publications compared. The values are those of the staged parts: what was kept, and under ``rejected/`` what was
not; ``judged/lines`` has the rules that a record broke. Only the verdict and the order are computed for all records at
once; wide rows are read again when the table is written.
"""

from collections.abc import Mapping
from typing import Any

from tikub_lab.procurement.published.fields import CONCESSION_FIELDS, CONTRACT_FIELDS, ROW_FIELDS
from tikub_lab.procurement.scorecard.fields import INSTEAD, REGIMES, SINCE, Kind
from tikub_lab.tables.database import LINE_BITS, union, view
from tikub_lab.tables.readers import Staged

PARTY_FIELDS = ("_first", "_parties", "_list", "_changes")
"""What a staged contract says of its titulaires and amendments: the first titulaire, all of them sorted, all of them
as published, and the amendments (amount, duration, date and titulaires of each)."""
OBJECT_LENGTH = 100
_CHANGES = "CASE WHEN _changes = '' THEN 0 ELSE len(string_split(_changes, '|')) END"
"""How many amendments a contract has; unknown in sources that were staged before they were noted."""


def publish(connection: Any, staged: Staged) -> str:
    """Write the query of ``procurement/records``.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the views ``_records``, ``_concessions``, ``_rows`` and ``_left_out`` of
        :func:`tikub_lab.procurement.published.combine.combine`, and ``_sources`` (``source_index``, ``publication``,
        ``reader``).
    staged : dict
        Parts of all sources.

    Returns
    -------
    str
        A query with the columns of the table, ``_position`` and ``_place``.
    """
    view(connection, "_lost_contracts", staged.get("rejected/contracts", []), CONTRACT_FIELDS, PARTY_FIELDS)
    view(connection, "_lost_concessions", staged.get("rejected/concessions", []), CONCESSION_FIELDS, PARTY_FIELDS)
    view(connection, "_lost_rows", staged.get("rejected/rows", []), ROW_FIELDS)
    _judgements(connection, staged)
    forms: dict[str, tuple[str, Kind, Mapping[str, str], tuple[str, str]]] = {
        "marché": (
            _contract("coalesce(_list, _parties)", _CHANGES),
            "contract",
            CONTRACT_FIELDS,
            ("_records", "_lost_contracts"),
        ),
        "concession": (_concession(), "concession", CONCESSION_FIELDS, ("_concessions", "_lost_concessions")),
        "ligne": (
            _contract("titulaire_id", f"try_cast({_number('modification_id')} AS BIGINT)"),
            "contract",
            ROW_FIELDS,
            ("_rows", "_lost_rows"),
        ),
    }
    parts = " UNION ALL ".join(
        f"SELECT _key, '{form}' AS type, {columns}, {_print(form, fields)} AS empreinte, {_owed(form, kind)} "
        f"FROM (SELECT * FROM {kept} UNION ALL BY NAME SELECT * FROM {lost})"
        for form, (columns, kind, fields, (kept, lost)) in forms.items()
    )
    connection.execute(f"""
        CREATE TEMP VIEW _as_published AS {parts};
        CREATE TEMP TABLE _verdicts AS
        WITH every AS (
            SELECT _key, 'retenu' AS etat FROM _records UNION ALL SELECT _key, 'retenu' FROM _concessions
            UNION ALL SELECT _key, 'retenu' FROM _rows UNION ALL SELECT _key, 'rejeté' FROM _rejected_lines
        )
        SELECT _key, CASE WHEN d._key IS NULL THEN etat ELSE 'doublon' END AS etat,
            row_number() OVER (ORDER BY _key) - 1 AS _position
        FROM every LEFT JOIN (SELECT DISTINCT _key FROM _left_out) d USING (_key);
    """)
    return f"""
        SELECT s.publication, s.reader AS format, v._key & {2**LINE_BITS - 1} AS ligne, type, acheteur_id, acheteur_nom,
            coalesce(p.id, j.id) AS id, objet, montant, dateNotification, datePublicationDonnees, dureeMois, codeCPV,
            procedure, titulaires, modifications, empreinte, attendus, manquants, etat, j.regles, j.reparations,
            _position, 0 AS _place
        FROM _verdicts v JOIN _sources s ON s.source_index = v._key >> {LINE_BITS}
        LEFT JOIN _as_published p ON p._key = v._key LEFT JOIN _judgements j ON j._key = v._key"""


def _judgements(connection: Any, staged: Staged) -> None:
    """Make the views of rules broken by line, from ``judged/lines``."""
    lines = staged.get("judged/lines")
    connection.execute(f"""
        CREATE TEMP VIEW _judgements AS
        SELECT (source_index::BIGINT << {LINE_BITS}) + _line AS _key, id, regles, reparations FROM (
            SELECT 0 AS source_index, 0 AS _line, NULL::VARCHAR AS id, NULL::VARCHAR AS regles,
                NULL::VARCHAR AS reparations WHERE false
            {f"UNION ALL BY NAME {union(lines)}" if lines else ""}
        );
        CREATE TEMP VIEW _rejected_lines AS SELECT _key FROM _judgements WHERE regles IS NOT NULL;
    """)


def _number(field: str) -> str:
    """Read a number that the rules may have refused: out of bounds is not a number."""
    return f"CASE WHEN isfinite(try_cast({field} AS DOUBLE)) THEN try_cast({field} AS DOUBLE) END"


def _columns(values: Mapping[str, str]) -> str:
    return ", ".join(f"{value} AS {name}" for name, value in values.items())


def _contract(firms: str, changes: str) -> str:
    return _columns(
        {
            "acheteur_id": "acheteur_id",
            "acheteur_nom": "acheteur_nom",
            "id": "id",
            "objet": f"left(objet, {OBJECT_LENGTH})",
            "montant": _number("montant"),
            "dateNotification": "try_cast(dateNotification AS DATE)",
            "datePublicationDonnees": "try_cast(datePublicationDonnees AS DATE)",
            "dureeMois": f"try_cast({_number('dureeMois')} AS BIGINT)",
            "codeCPV": "codeCPV",
            "procedure": "procedure",
            "titulaires": firms,
            "modifications": changes,
        }
    )


def _concession() -> str:
    return _columns(
        {
            "acheteur_id": "autoriteConcedante_id",
            "acheteur_nom": "autoriteConcedante_nom",
            "id": "id",
            "objet": f"left(objet, {OBJECT_LENGTH})",
            "montant": _number("valeurGlobale"),
            "dateNotification": "try_cast(coalesce(dateSignature, dateDebutExecution) AS DATE)",
            "datePublicationDonnees": "try_cast(datePublicationDonnees AS DATE)",
            "dureeMois": f"try_cast({_number('dureeMois')} AS BIGINT)",
            "codeCPV": "NULL::VARCHAR",
            "procedure": "procedure",
            "titulaires": "coalesce(_list, _parties)",
            "modifications": f"try_cast({_number('modifications')} AS BIGINT)",
        }
    )


def _print(form: str, fields: Mapping[str, str]) -> str:
    """Write a fingerprint of all that a record says, in whichever order and from whichever publication."""
    more = () if form == "ligne" else ("coalesce(_list, _parties)", "_changes")
    said = [f'"{field}"' for field in fields if field != "source"]
    return f"left(md5(concat_ws(chr(31), {', '.join(_or_nothing(value) for value in [*said, *more])})), 16)"


def _or_nothing(value: str) -> str:
    return f"coalesce({value}, '')"


def _owed(form: str, kind: Kind) -> str:
    """Write how many mandatory fields a record owes, and the list of those that are empty."""
    old, new = REGIMES
    day = "dateNotification" if kind == "contract" else "dateSignature"
    recent = f"coalesce(coalesce({day}, datePublicationDonnees) >= '{SINCE.isoformat()}', false)"
    firms = "titulaire_id" if form == "ligne" else "coalesce(_list, _parties)"

    def empty(field: str, instead: bool) -> str:
        value = firms if field in ("titulaires", "concessionnaires") else f'"{field}"'
        value = f'coalesce({value}, "{INSTEAD[field]}")' if instead and field in INSTEAD else value
        return f"CASE WHEN {value} IS NULL THEN '{field}' END"

    def missing(fields: tuple[str, ...], instead: bool) -> str:
        return f"concat_ws('|', {', '.join(empty(field, instead) for field in fields)})"

    old_fields, new_fields = old.fields(kind), new.fields(kind)
    return (
        f"CASE WHEN {recent} THEN {len(new_fields)} ELSE {len(old_fields)} END AS attendus, "
        f"nullif(CASE WHEN {recent} THEN {missing(new_fields, False)} ELSE {missing(old_fields, True)} END, '') "
        "AS manquants"
    )
