"""``donnees.xlsx``: the tables of a kit for those who don't code, a sheet each, after one that lists them."""

import datetime
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

import pandas as pd

from tikub_lab.kits.archive import EPOCH
from tikub_lab.kits.notebooks import warning
from tikub_lab.kits.recipe import Recipe
from tikub_lab.show.downloads import one_line
from tikub_lab.tables.package import Resource, read
from tikub_lab.tables.schema import Field
from tikub_lab.tables.template import HEADINGS, said

NAME, MOST_ROWS = "donnees.xlsx", 10_000
"""A laptop opens so many rows a sheet at once; the first sheet says where a table has more."""

LISTED = ("Feuille", "Ce qu'elle contient", "Lignes dans la feuille", "Lignes de la table", "Toutes les lignes",
          "Source", "Licence")  # fmt: skip
LACKING = f"{NAME} is not in it: openpyxl is not installed here. `pip install 'tikub-lab[xlsx]'`, then make it again."


def workbook(recipe: Recipe, tables: Sequence[Resource]) -> bytes | None:
    """Write the workbook of a kit's tables: the same tables give the same bytes. None where openpyxl is missing."""
    try:
        openpyxl = import_module("openpyxl")  # an extra, without types
    except ImportError:
        return None
    listed, columns = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    sheets = list[tuple[str, Sequence[str], Iterable[tuple[Any, ...]]]]()
    for place, table in enumerate(tables, 1):
        frame, name = read(table), re.sub(r"[\[\]:*?/\\]", " ", f"{place} {table.schema.title}")[:31].strip()
        fields = [field for field in table.schema.fields if field.name in frame]
        shown = frame[[field.name for field in fields]].head(MOST_ROWS)
        listed.append((name, table.schema.description, len(shown), len(frame), f"data/{table.raw['path']}",
                       " ; ".join(table.sources), table.licence))  # fmt: skip
        heads = [_heading(field, recipe.unit(table.name, field.name)) for field in fields]
        sheets.append((name, heads, shown.itertuples(index=False, name=None)))
        columns += [(name, *said(field)) for field in fields]
    listed.append((warning(tables).replace("**", ""),))
    book = openpyxl.Workbook(write_only=True)
    for name, headings, rows in [("Sommaire", LISTED, listed), *sheets, ("Colonnes", ("Feuille", *HEADINGS), columns)]:
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        letters = [openpyxl.utils.get_column_letter(number) for number in range(1, len(headings) + 1)]
        for letter in letters:
            sheet.column_dimensions[letter].width = 22
        for row in (headings, *rows):
            sheet.append([_value(openpyxl, sheet, value, bold=row is headings) for value in row])
    return _settled(book)


def _heading(field: Field, unit: str) -> str:
    title, unit = field.title or field.name, "heure de Paris" if field.type == "datetime" else unit
    return title if field.unit or not unit or unit.casefold() in title.casefold() else f"{title} ({unit})"


def _value(openpyxl: Any, sheet: Any, value: Any, bold: bool) -> Any:
    """Write a value as a spreadsheet has it: a text is never a formula, an hour has no zone."""
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    if isinstance(value, str):
        text = value if value.isprintable() else one_line(value)
        if not bold and not text.startswith(("=", "#")):
            return text
        cell = openpyxl.cell.WriteOnlyCell(sheet, text)
        cell.data_type, cell.font = "s", openpyxl.styles.Font(bold=bold)
        return cell
    if pd.isna(value):
        return None
    if pd.api.types.is_bool(value):
        return "oui" if value else "non"
    if isinstance(value, datetime.datetime):
        local = pd.Timestamp(value).tz_convert("Europe/Paris").tz_localize(None) if value.tzinfo else value
        return local.date() if local.time() == datetime.time() and not value.tzinfo else local
    return value


def _settled(book: Any) -> bytes:
    """Save a workbook with one time for whenever it is made."""
    saved, settled = io.BytesIO(), io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as sink:
        for name in source.namelist():
            text = source.read(name)
            if name == "docProps/core.xml":
                text = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"%d-01-01T00:00:00Z" % EPOCH[0], text)
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            sink.writestr(entry, text)
    return settled.getvalue()
