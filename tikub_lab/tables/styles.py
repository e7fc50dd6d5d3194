"""How a published column writes its values, decided by all of them, and the SQL that writes them as schemas do."""

import re
from typing import Any, NamedTuple

from tikub_lab.errors import UsageError
from tikub_lab.tables.casts import among, identifier
from tikub_lab.tables.database import quoted
from tikub_lab.tables.schema import Field, Schema

DATES = ("iso", "french", "american")
MACROS = r"""
CREATE TEMP MACRO cleaned(x) AS
    nullif(trim(regexp_replace(x, '[\x{a0}\x{202f}\x{2007}\x{2009}\x{feff}]', ' ', 'g'), E' \t\r\n'), '');
CREATE TEMP MACRO folded(x) AS
    trim(regexp_replace(replace(lower(strip_accents(x)), 'œ', 'oe'), '[^a-z0-9]+', ' ', 'g'));
CREATE TEMP MACRO compact(x) AS upper(regexp_replace(regexp_replace(x, '\.0+$', ''), '[ .-]', '', 'g'));
CREATE TEMP MACRO day(y, m, d) AS TRY_CAST(
    CASE WHEN length(y) = 2 THEN if(y < '69', '20', '19') ELSE '' END || y || '-' || lpad(m, 2, '0') || '-' ||
    lpad(d, 2, '0') AS DATE);
"""
_ISO = r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
_SLASHED = r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})"
_MIDNIGHT = r"(?:[T ]0?0:00(?::00(?:\.0+)?)?(?: ?(?:Z|\+00(?::?00)?))?)?"
_CLOCK = r"(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?: ?(Z|[+-]\d{2}(?::?\d{2})?))?)?"
_TRUE = ("oui", "o", "vrai", "true", "yes", "y", "1", "1 0", "x")
_FALSE = ("non", "n", "faux", "false", "no", "0", "0 0")


class Note(NamedTuple):
    """What is to be said of a whole column: an example, the rule, and how the example was read."""

    value: str
    rule: str
    replacement: str


def canonical(
    connection: Any, field: Field, schema: Schema, dates: str | None, decimal: str | None
) -> tuple[str, list[Note]]:
    """Write a column of the table ``cells`` in the form of the schema; what does not fit stays as it is.

    A column that contradicts itself is refused, with two rows of it.
    """
    text = identifier(field.name)
    if field.type in ("number", "integer"):
        return _number(connection, field, text, decimal)
    if field.type in ("date", "datetime"):
        return _moment(connection, field, text, dates)
    if field.type == "boolean":
        true, false = f"folded({text}) IN {among(_TRUE)}", f"folded({text}) IN {among(_FALSE)}"
        return f"CASE WHEN {true} THEN 'true' WHEN {false} THEN 'false' ELSE {text} END", []
    if field.type == "year":
        return rf"regexp_replace({text}, '^(\d{{4}})\.0+$', '\1')", []
    if allowed := field.constraints.get("enum"):
        likes = " ".join(f"WHEN folded({quoted(item)}) THEN {quoted(item)}" for item in allowed)
        return (
            f"CASE WHEN {text} IN {among(allowed)} THEN {text} ELSE CASE folded({text}) {likes} ELSE {text} END END",
            [],
        )
    return _identifier(field, schema, text), []


def _identifier(field: Field, schema: Schema, text: str) -> str:
    """Bring back what spreadsheets do to identifiers: capitals, spaces and points, ``.0``, a zero lost at the left."""
    fits = [f"{check.name.split('-')[1]}({{0}})" for check in schema.custom_checks if check.columns == (field.name,)]
    if pattern := field.constraints.get("pattern"):
        fits.append(f"regexp_full_match({{0}}, {quoted(pattern).replace('{', '{{').replace('}', '}}')})")
    if not fits:
        return text
    fit = " AND ".join(fits)
    forms = [text, f"upper({text})", f"compact({text})", f"'0' || compact({text})"]
    return "CASE " + " ".join(f"WHEN {fit.format(form)} THEN {form}" for form in forms) + f" ELSE {text} END"


def _number(connection: Any, field: Field, text: str, decimal: str | None) -> tuple[str, list[Note]]:
    if field.unit:
        signs = "|".join(re.escape(sign) for sign in (field.unit, field.unit.split()[0]))
        text = f"regexp_replace({text}, {quoted(f' ?({signs})$')}, '')"
    points, notes = {",": ".", ".": ","}, []
    if decimal is None:
        tells = [_tells(text, sign, group, field.type == "integer") for sign, group in points.items()]
        open_ = [f"regexp_full_match({text}, '[+-]?[1-9]\\d{{0,2}}[{sign}]\\d{{3}}')" for sign in points]
        comma, point, either, pointed = _examples(connection, text, *tells, *open_)
        if comma and point:
            _refuse(field, "--decimal , or --decimal .", (comma, "a decimal comma"), (point, "a decimal point"))
        decimal = "," if comma or (either and not point) else "."
        if not comma and not point and (either or pointed):
            value = (either or pointed or ("", 0))[0]
            rule = "number-read-as-french" if either else "point-read-as-decimal"
            notes.append(Note(value, rule, value.replace(",", ".")))
    group = points[decimal]
    form = rf"[+-]?(\d{{1,3}}([ {group}]\d{{3}})+|\d*)([{decimal}]\d*)?([eE][+-]?\d+)?"
    plain = f"replace(replace(replace({text}, ' ', ''), '{group}', ''), ',', '.')"
    if field.type == "integer":
        plain = rf"regexp_replace({plain}, '\.0*$', '')"
    return f"CASE WHEN regexp_full_match({text}, {quoted(form)}) THEN {plain} ELSE {text} END", notes


def _tells(text: str, sign: str, group: str, whole: bool) -> str:
    """Write the condition that a number can only be read with one decimal sign, the other one grouping thousands."""
    number = rf"[+-]?(\d{{1,3}}([ {group}]\d{{3}})+|\d*)[{sign}]\d*([eE][+-]?\d+)?"
    parts = [
        f"regexp_full_match({text}, {quoted(number)}) "
        rf"AND NOT regexp_full_match({text}, '[+-]?[1-9]\d{{0,2}}[{sign}]\d{{3}}')",
        rf"regexp_full_match({text}, '[+-]?\d{{1,3}}([{group}]\d{{3}}){{2,}}')",
    ]
    if whole:  # a whole number has no thousandths
        parts.append(
            rf"regexp_full_match({text}, '[+-]?[1-9]\d{{0,2}}[{group}]\d{{3}}') AND NOT ends_with({text}, '000')"
        )
    return " OR ".join(parts)


def _moment(connection: Any, field: Field, text: str, dates: str | None) -> tuple[str, list[Note]]:
    rest = _MIDNIGHT if field.type == "date" else _CLOCK
    iso, slashed, any_ = (quoted(f"^{form}{rest}$") for form in (_ISO, _SLASHED, f"(?:{_ISO}|{_SLASHED})"))

    def part(form: str, number: int) -> str:
        return f"regexp_extract({text}, {form}, {number})"

    first, second = (f"TRY_CAST({part(slashed, number)} AS INTEGER)" for number in (1, 2))
    days = [f"{first} BETWEEN 13 AND 31 AND {second} <= 12", f"{second} BETWEEN 13 AND 31 AND {first} <= 12"]
    unclear = f"{first} <= 12 AND {second} <= 12 AND {first} <> {second}"
    clock, zone = part(any_, 7), part(any_, 8)  # of a datetime; groups 1 to 6 are the day's
    zoneless = f"regexp_full_match({text}, {any_}) AND {zone} = ''" if field.type == "datetime" else "false"
    french, american, either, local = _examples(connection, text, *days, unclear, zoneless)
    notes = []
    if dates is None:
        if french and american:
            _refuse(field, "--dates french or --dates american", (french, "day first"), (american, "month first"))
        dates = "american" if american else "french"
        if either and not french and not american:
            notes.append(Note(either[0], "dates-read-as-french", "day first"))
    read = [f"WHEN regexp_full_match({text}, {iso}) THEN day({part(iso, 1)}, {part(iso, 2)}, {part(iso, 3)})"]
    if dates != "iso":
        month, date = (part(slashed, number) for number in ((1, 2) if dates == "american" else (2, 1)))
        read.append(f"WHEN regexp_full_match({text}, {slashed}) THEN day({part(slashed, 3)}, {month}, {date})")
    if field.type == "date":
        compact = ", ".join(f"substr({text}, {place}, {length})" for place, length in ((1, 4), (5, 2), (7, 2)))
        read.append(rf"WHEN regexp_full_match({text}, '(19|20)\d{{6}}') THEN day({compact})")
        serial = rf"TRY_CAST(regexp_extract({text}, '^([2-7]\d{{4}})(\.0+)?$', 1) AS INTEGER)"
        read.append(f"ELSE DATE '1899-12-30' + {serial}")  # the days of spreadsheets
        return f"coalesce((CASE {' '.join(read)} END)::VARCHAR, {text})", notes
    if local:
        notes.append(Note(local[0], "time-read-as-french", "Europe/Paris"))
    written = f"(CASE {' '.join(read)} END)::VARCHAR || ' ' || coalesce(nullif({clock}, ''), '00:00')"
    moment = (
        f"CASE WHEN {zone} = '' THEN timezone('Europe/Paris', TRY_CAST({written} AS TIMESTAMP)) "
        f"ELSE TRY_CAST({written} || {zone} AS TIMESTAMPTZ) END"
    )
    utc = rf"regexp_replace(strftime(timezone('UTC', {moment}), '%Y-%m-%dT%H:%M:%S.%f'), '\.0+$', '') || 'Z'"
    return f"coalesce({utc}, {text})", notes


def _examples(connection: Any, text: str, *conditions: str) -> list[tuple[str, int] | None]:
    """Find the first value that meets each condition, with its line."""
    found = [f"min_by({text}, _line) FILTER ({one}), min(_line) FILTER ({one})" for one in conditions]
    row = connection.execute(f"SELECT {', '.join(found)} FROM cells WHERE {text} IS NOT NULL").fetchall()[0]
    return [(row[at], row[at + 1]) if row[at] is not None else None for at in range(0, len(row), 2)]


def _refuse(field: Field, options: str, *examples: tuple[tuple[str, int], str]) -> None:
    rows = " and ".join(f"{value!r} in row {line}, {how}" for (value, line), how in examples)
    raise UsageError(
        f"column {field.name!r} contradicts itself: {rows}. Correct one of them, or say how to read all with {options}."
    )
