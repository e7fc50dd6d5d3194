"""Empty files for the service that owns the data: the headings of a table, and what each column means."""

import csv
import io
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from tikub_lab.errors import UsageError, nearest
from tikub_lab.tables.package import open_package
from tikub_lab.tables.schema import Field, Schema, aliases, read_schemas
from tikub_lab.tables.sheets import README

TYPES = {
    "string": "texte", "number": "nombre", "integer": "entier", "boolean": "oui ou non", "date": "date",
    "datetime": "date et heure", "year": "année", "list": "liste", "geojson": "géométrie", "any": "au choix",
}  # fmt: skip
"""What the types of fields are called in French."""
HEADINGS = ("Colonne", "Intitulé", "Sens", "Type", "Unité", "Valeurs permises", "Exemple")
_RULES = {
    "required": "obligatoire", "unique": "jamais deux fois la même", "enum": "{}", "minimum": "à partir de {}",
    "exclusiveMinimum": "plus de {}", "maximum": "jusqu'à {}", "exclusiveMaximum": "moins de {}",
    "minLength": "au moins {} caractères", "maxLength": "au plus {} caractères", "pattern": "de la forme `{}`",
}  # fmt: skip
_EXAMPLES = {"boolean": "true", "number": 1.5, "integer": 1, "date": "2025-01-31", "year": "2025",
             "datetime": "2025-01-31T12:00:00Z"}  # fmt: skip


class Holder(NamedTuple):
    """Who has a table that is missing, in French, and the command that asks for it."""

    table: str
    title: str
    who: str
    command: str


def holder(reason: str) -> Holder | None:
    """Return who has the table that an error says is missing; None for any other error."""
    from tikub_lab.tables.portals import UNKNOWN, read_sources

    if not (missing := re.search(r"No table '([^']+)' in", reason)):
        return None
    schemas = open_package().schemas()
    name, known = aliases(schemas).get(missing[1], missing[1]), read_schemas(schemas)
    if name not in known:
        return None
    listed = schemas.parent / "sources.csv"
    sources = read_sources(listed) if listed.is_file() else []
    portal = next((item.portal for item in sources if item.table == name and item.dataset != UNKNOWN), "")
    who = f"le portail {portal}" if portal else str(known[name].raw.get("holder", "le service qui la tient"))
    return Holder(name, known[name].title or name, who, f"tikub data {'fetch' if portal else 'template'} {name}")


def write_template(table: str, schemas: Path, folder: Path, xlsx: bool = False) -> list[Path]:
    """Write the empty file of a table, and beside it (or on its second sheet) what its columns mean.

    Headings are the names of the schema, which stay when a title is put better; the import reads both. A file
    that is there already is left alone.
    """
    table, tables = aliases(schemas).get(table, table), read_schemas(schemas)
    if table not in tables:
        raise UsageError(f"No table {table!r}.{nearest(table, tables)} Known tables: {', '.join(tables)}.")
    schema, name = tables[table], table.replace("/", "-")
    meanings = [HEADINGS, *map(said, schema.fields)]
    targets = [folder / f"{name}.xlsx"] if xlsx else [folder / f"{name}.csv", folder / f"{name}.{README}.csv"]
    for target in targets:
        if target.exists():
            raise UsageError(f"{target}: is there already. Move it, or write elsewhere with --out.")
    written = [_workbook(schema, meanings)] if xlsx else [_csv([schema.names]), _csv(meanings)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, data in zip(targets, written, strict=True):
            target.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{folder}: can't be written to ({error.strerror}). Choose another with --out.") from None
    return targets


def example(field: Field) -> Any:
    """Return a value that the schema allows."""
    allowed = field.constraints.get("enum", [_EXAMPLES.get(field.type, "texte")])
    return allowed[0] if field.example is None else field.example


def allowed(field: Field) -> str:
    """Say in words what a field's constraints allow."""
    rules = {name: rule for name, rule in field.constraints.items() if rule is not False}
    if "enum" in rules:
        rules["enum"] = " ; ".join(map(str, rules["enum"]))
    said = [words.format(rules[name]) for name, words in _RULES.items() if name in rules]
    if field.type == "list":
        said.append(f"valeurs séparées par {field.raw.get('delimiter', ',')}")
    return ", ".join(said)


def said(field: Field) -> tuple[Any, ...]:
    """Say what a column is: name, heading, meaning, type, unit, allowed values, an example."""
    kind = TYPES[field.type]
    return field.name, field.title, field.description, kind, field.unit, allowed(field), example(field)


def _csv(rows: Sequence[Sequence[Any]]) -> bytes:
    """Write CSV as spreadsheets in French open it."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _workbook(schema: Schema, meanings: Sequence[Sequence[Any]]) -> bytes:
    try:
        openpyxl = import_module("openpyxl")  # an extra, without types
    except ImportError:
        raise UsageError("A workbook needs openpyxl (pip install 'tikub-lab[xlsx]'). Or leave out --xlsx.") from None
    book, letter = openpyxl.Workbook(), openpyxl.utils.get_column_letter
    for sheet, rows in ((book.active, [schema.names]), (book.create_sheet(README), meanings)):
        for row in rows:
            sheet.append(row)
        sheet.freeze_panes = "A2"
        for number, cell in enumerate(sheet[1], 1):
            cell.font = openpyxl.styles.Font(bold=True)
            sheet.column_dimensions[letter(number)].width = 24
    book.active.title = schema.name.rpartition("/")[2][:31] or "table"
    for number, field in enumerate(schema.fields, 1):
        if field.type == "string":  # numbers keep their zeros at the left
            book.active.column_dimensions[letter(number)].number_format = "@"
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()
