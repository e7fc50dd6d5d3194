"""Types: how values are written, read in Python (loading) and in SQL (checks, imports), and kept.

Loading does without DuckDB, which starts threads: a process that others are forked from may have none.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple, NoReturn

from tikub_lab.errors import UsageError
from tikub_lab.tables.database import quoted
from tikub_lab.tables.schema import Field

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
_NUMBER = r"\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:nan|-?inf))\s*"


class Kind(NamedTuple):
    """A type: the default format as a pattern, types in DuckDB, in stored tables and in memory, and a limit to these.

    From the limit on, memory has other digits than a file.
    """

    form: str
    sql: str
    stored: str
    dtype: str
    limit: str = ""


KINDS = {
    **dict.fromkeys(("string", "list", "geojson", "any"), Kind("", "VARCHAR", "VARCHAR", "")),
    "number": Kind(_NUMBER, "DOUBLE", "DOUBLE", "float64", "1e15"),
    "integer": Kind(r"\s*[+-]?[0-9]+\s*", "HUGEINT", "BIGINT", "Int64", "9223372036854775808"),
    "boolean": Kind("", "BOOLEAN", "BOOLEAN", "boolean"),
    "date": Kind(_DAY, "DATE", "DATE", "datetime64[s]"),
    "datetime": Kind(rf"{_DAY}T{_TIME}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?", "TIMESTAMPTZ", "VARCHAR", "datetime64[us, UTC]"),
    "year": Kind("[0-9]{4}", "SMALLINT", "VARCHAR", "Int64"),
}
"""The standard's integers have no bounds: 128 bits hold more than memory's 64."""
_NUMERIC = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?\b|FLOAT|DOUBLE|DECIMAL")
_PATTERNS = {kind: re.compile(form, re.ASCII) for kind, (form, *_) in KINDS.items()}


def words(field: Field) -> tuple[list[str], list[str]]:
    """Return the words for true and for false."""
    true, false = ["true", "True", "TRUE", "1"], ["false", "False", "FALSE", "0"]
    return list(field.raw.get("trueValues", true)), list(field.raw.get("falseValues", false))


def value(field: Field, text: str) -> Any:
    """Return what a text says, or raise `ValueError` where it is not of the type."""
    if field.type == "boolean":
        true, false = words(field)
        return text in true if text in true + false else _refuse()
    if field.format != "default":
        moment = datetime.strptime(text, field.format)
    elif not KINDS[field.type].form:
        return text
    elif not _PATTERNS[field.type].fullmatch(text):
        _refuse()
    elif field.type in ("date", "datetime"):
        moment = datetime.fromisoformat(text)
    else:
        return float(text) if field.type == "number" else int(text)
    return moment.date() if field.type == "date" else moment.replace(tzinfo=moment.tzinfo or UTC)


def _refuse() -> NoReturn:
    raise ValueError


def identifier(name: str) -> str:
    """Write a name of SQL."""
    return '"' + name.replace('"', '""') + '"'


def among(texts: Iterable[Any]) -> str:
    """Write texts for ``IN``; nothing is in an empty list."""
    return "(" + (", ".join(map(quoted, texts)) or "NULL") + ")"


def literal(field: Field, rule: str, limit: Any) -> str:
    """Write a value of the schema, such as a bound, as a cell is read; refuse another type."""
    text = str(limit).lower() if isinstance(limit, bool) and "trueValues" not in field.raw else str(limit)
    try:
        found = value(field, text)
    except ValueError:
        raise UsageError(f"field {field.name!r}: {rule} {limit!r} is not of the field's type, {field.type}.") from None
    return f"{quoted(found)}::{KINDS[field.type].sql}"


def is_text(kind: str) -> bool:
    """Tell whether DuckDB holds a column of some type as text."""
    return kind == "VARCHAR" or kind.startswith("ENUM")


def sql(field: Field, cell: str, kind: str = "VARCHAR") -> str:
    """Write the value of a cell in SQL: NULL where the cell is missing or not of the type.

    Values of a typed column are held to the same types: 1.0 is an integer, midnight a date.
    """
    form, target, *_ = KINDS[field.type]
    if field.type == "geojson":
        return f"CASE WHEN is_geojson({cell}) THEN {cell} END"
    if target == "VARCHAR":
        return cell if field.type == "any" or is_text(kind) else "NULL"
    if not is_text(kind):
        return f"CASE WHEN {_of_type(field, cell, kind)} THEN TRY_CAST({cell} AS {target}) END"
    if field.type == "boolean":
        true, false = words(field)
        return f"CASE WHEN {cell} IN {among(true)} THEN true WHEN {cell} IN {among(false)} THEN false END"
    if field.format != "default":
        return f"try_strptime({cell}, {quoted(field.format)})::{target}"
    fits, written = f"regexp_full_match({cell}, {quoted(form)})", cell
    if field.type in ("date", "datetime"):
        fits += f" AND {cell} >= '0001'"
    if field.type == "datetime":  # of UTC where no zone is written
        written = rf"regexp_replace({cell}, '(T[0-9:.]+)$', '\1Z')"
    return f"CASE WHEN {fits} THEN TRY_CAST({written} AS {target}) END"


def _of_type(field: Field, cell: str, kind: str) -> str:
    if _NUMERIC.match(kind):
        within = {"year": f" AND {cell} BETWEEN 0 AND 9999", "integer": ""}
        whole = f"{cell} = trunc({cell}){within.get(field.type)}" if field.type in within else "false"
        return "true" if field.type == "number" else whole
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return {"datetime": "true", "date": f"{cell} = date_trunc('day', {cell})"}.get(field.type, "false")
    return "true" if kind == "BOOLEAN" and field.type == "boolean" else "false"
