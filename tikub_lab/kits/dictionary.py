"""``DICTIONNAIRE.md``: what each column of a kit means, from the schemas."""

from collections.abc import Sequence

from tikub_lab.kits.data import personal_fields
from tikub_lab.kits.recipe import Recipe
from tikub_lab.show.french import day, plural
from tikub_lab.tables.package import Resource
from tikub_lab.tables.template import TYPES, allowed

ORIGINS = {
    "sample": "exemple fictif, livré avec l'établi",
    "import": "fichier publié, importé",
    "portal": "téléchargement d'un portail de données ouvertes",
}

HEADINGS = ("Colonne", "Sens", "Type", "Unité", "Valeurs permises", "Exemple")


def dictionary(recipe: Recipe, tables: Sequence[Resource]) -> bytes:
    """Write the dictionary of a kit's tables, with the recipe's units."""
    parts = [
        f"# Dictionnaire : {recipe.title[0].lower()}{recipe.title[1:]}",
        'Une partie par table. Le nom d\'une colonne est celui que le code écrit : `table["colonne"]`. Une case '
        "vide dans un fichier veut dire « inconnu », jamais zéro.",
    ]
    parts += [_table(recipe, table) for table in tables]
    return ("\n\n".join(parts) + "\n").encode("utf-8")


def _table(recipe: Recipe, table: Resource) -> str:
    schema = table.schema
    rows = "" if table.rows is None else f" {plural(table.rows, 'ligne')}."
    facts = [
        f"- Origine : {ORIGINS[table.origin]}, {day(table.date)}.{rows}",
        f"- Licence : {table.licence or 'non précisée'}.",
        f"- Source : {' ; '.join(table.sources) or 'non précisée'}.",
        f"- Fichier : `data/{table.raw['path']}`.",
    ]
    if schema.primary_key:
        facts.append(f"- Une ligne se reconnaît à : {', '.join(f'`{name}`' for name in schema.primary_key)}.")
    for key in schema.foreign_keys:
        other = key.resource or table.name
        facts.append(f"- {', '.join(f'`{name}`' for name in key.fields)} renvoie à la table `{other}`.")
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + " --- |" * len(HEADINGS)]
    marked = {field.name for field in personal_fields(schema)}
    for field in schema.fields:
        meaning = f"{field.title}. {field.description}" if field.title else field.description
        if field.name in marked:
            meaning += " **À ne pas publier.**"
        example = "" if field.example is None else f"`{_code(field.example)}`"
        cells = [f"`{field.name}`", meaning, TYPES[field.type], recipe.unit(table.name, field.name), allowed(field)]
        lines.append("| " + " | ".join([*map(_cell, cells), example]) + " |")
    head = f"## {schema.title} : `{table.name}`\n\n{schema.description}"
    return "\n\n".join([head, "\n".join(facts), "\n".join(lines)])


def _cell(text: str) -> str:
    """Write a text as a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def _code(value: object) -> str:
    return str(value).replace("|", "\\|").replace("`", "'")
