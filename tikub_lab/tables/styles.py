"""How a published column writes its values, and the SQL that writes them as schemas do."""

import re
from typing import Any

from tikub_lab.errors import UsageError
from tikub_lab.tables.casts import identifier
from tikub_lab.tables.database import quoted
from tikub_lab.tables.schema import Field, Schema

DATES = ("iso", "french", "american")
MACROS = r"""
CREATE TEMP MACRO cleaned(x) AS
    nullif(trim(regexp_replace(x, '[\x{a0}\x{2007}-\x{200f}\x{202f}\x{2060}\x{feff}]', ' ', 'g'), E' \t\r\n'), '');
CREATE TEMP MACRO folded(x) AS
    trim(regexp_replace(replace(lower(strip_accents(x)), 'œ', 'oe'), '[^a-z0-9]+', ' ', 'g'));
CREATE TEMP MACRO compact(x) AS upper(regexp_replace(regexp_replace(x, '\.0+$', ''), '[ .''’-]', '', 'g'));
CREATE TEMP MACRO day(y, m, d) AS TRY_CAST(
    CASE WHEN length(y) = 2 THEN if(y < '69', '20', '19') ELSE '' END || y || '-' || lpad(m, 2, '0') || '-' ||
    lpad(d, 2, '0') AS DATE);
"""
NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
"""How a number is written that a workbook or JSON holds as a number."""
SERIAL = r"([2-7]\d{4})(?:\.0+)?"
"""How spreadsheets write a day as a number."""
_DAY = r"(?:(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2}))"
_MIDNIGHT = r"(?:[T ]0?0:00(?::00(?:\.0+)?)?(?: ?(?:Z|\+00(?::?00)?))?)?"
_CLOCK = r"(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?: ?(Z|[+-]\d{2}(?::?\d{2})?))?)?"
_WORDS = dict.fromkeys(("oui", "o", "vrai", "true", "yes", "y", "1", "1.0", "x"), "true")
_WORDS |= dict.fromkeys(("non", "n", "faux", "false", "no", "0", "0.0"), "false")
Note = tuple[str, str, str]
"""What is to be said of a whole column: an example, the rule, and how the example was read."""


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
    if field.type == "year":
        return rf"regexp_replace({text}, '^(\d{{4}})\.0+$', '\1')", []
    meant = _WORDS if field.type == "boolean" else {item: item for item in field.constraints.get("enum", ())}
    if not meant:
        return _identifier(field, schema, text), []
    said = " ".join(f"WHEN {quoted(word)} THEN {quoted(value)}" for word, value in meant.items())
    alike = " ".join(f"WHEN folded({quoted(word)}) THEN {quoted(value)}" for word, value in meant.items())
    return f"CASE {text} {said} ELSE CASE folded({text}) {alike} ELSE {text} END END", []


def _identifier(field: Field, schema: Schema, text: str) -> str:
    """Undo what spreadsheets do to identifiers: case, spaces, points, ``.0``, a lost zero."""
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
    comma, point = (f"regexp_full_match({text}, {quoted(_form(sign))})" for sign in ",.")
    decimals = "0*" if field.type == "integer" else r"\d*"  # a whole number has no thousandths: 1,234 is 1234
    may = {sign: f"regexp_full_match({text}, {quoted(_form(sign, decimals))})" for sign in ",."}
    both = [f"{may[',']} AND {may['.']} AND contains({text}, '{sign}')" for sign in ",."]
    cell = "false" if field.type == "integer" else f"number_cell({text})"  # it says nothing of how texts are written
    sure = f"{comma} AND NOT {may['.']}", f"{point} AND NOT {may[',']}"
    among_texts = (f"NOT {cell} AND {condition}" for condition in (*sure, *both))
    french, english, either, pointed, number = _examples(connection, text, *among_texts, f"{cell} AND {both[1]}")
    if decimal is None and french and english:
        _refuse(field, "--decimal , or --decimal .", (french, "a decimal comma"), (english, "a decimal point"))
    unsure = decimal is None and not french and not english
    decimal = decimal or ("," if french or (either and not english) else ".")
    notes = list[Note]()
    if example := (either or pointed) if unsure else (number if decimal == "," else None):
        rule = "number-read-as-french" if example is either else "point-read-as-decimal"
        notes.append((example[0], rule, example[0].replace(",", ".")))
    fits, group = (comma, ".") if decimal == "," else (point, ",")
    plain = f"replace(replace(replace({text}, ' ', ''), '{group}', ''), ',', '.')"
    if field.type == "integer":
        plain = rf"regexp_replace({plain}, '\.0*$', '')"
    return f"CASE WHEN {fits} AND NOT {cell} THEN {plain} ELSE {text} END", notes


def _form(sign: str, decimals: str = r"\d*") -> str:
    """Write the form of numbers with a decimal sign; the other one, or a space, groups thousands."""
    thousands = rf"[1-9]\d{{0,2}}(?:(?: \d{{3}})+|(?:[{',' if sign == '.' else '.'}]\d{{3}})+)"
    rest = f"(?:[{sign}]{decimals})?"
    return rf"[+-]?(?:{thousands}{rest}|\d*{rest}(?:[eE][+-]?\d+)?)"


def _moment(connection: Any, field: Field, text: str, dates: str | None) -> tuple[str, list[Note]]:
    form = f"^{_DAY}{_MIDNIGHT if field.type == 'date' else _CLOCK}$"

    def part(number: int, form: str = form) -> str:
        return f"regexp_extract({text}, {quoted(form)}, {number})"

    first, second = (f"TRY_CAST({part(number)} AS INTEGER)" for number in (4, 5))
    days = [f"{first} BETWEEN 13 AND 31 AND {second} <= 12", f"{second} BETWEEN 13 AND 31 AND {first} <= 12"]
    unclear = f"{first} <= 12 AND {second} <= 12 AND {first} <> {second}"
    zoneless = f"regexp_full_match({text}, {quoted(form)}) AND {part(8)} = ''" if field.type == "datetime" else "false"
    french, american, either, local = _examples(connection, text, *days, unclear, zoneless)
    notes = list[Note]()
    if dates is None:
        if french and american:
            _refuse(field, "--dates french or --dates american", (french, "day first"), (american, "month first"))
        dates = "american" if american else "french"
        if either and not french and not american:
            notes.append((either[0], "dates-read-as-french", "day first"))
    orders = {"iso": [(1, 2, 3)], "french": [(1, 2, 3), (6, 5, 4)], "american": [(1, 2, 3), (6, 4, 5)]}
    read = [f"day({', '.join(map(part, order))})" for order in orders[dates]]
    if field.type == "date":
        compact = (part(number, r"^((?:19|20)\d{2})(\d{2})(\d{2})$") for number in (1, 2, 3))
        serial = part(1, f"^{SERIAL}$")
        read += [f"day({', '.join(compact)})", f"DATE '1899-12-30' + TRY_CAST({serial} AS INTEGER)"]
        return f"coalesce(coalesce({', '.join(read)})::VARCHAR, {text})", notes
    if local:
        notes.append((local[0], "time-read-as-french", "Europe/Paris"))
    written = f"coalesce({', '.join(read)})::VARCHAR || ' ' || coalesce(nullif({part(7)}, ''), '00:00')"
    moment = (
        f"CASE WHEN {part(8)} = '' THEN timezone('Europe/Paris', TRY_CAST({written} AS TIMESTAMP)) "
        f"ELSE TRY_CAST({written} || {part(8)} AS TIMESTAMPTZ) END"
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
