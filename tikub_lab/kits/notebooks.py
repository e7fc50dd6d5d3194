"""The two notebooks of a kit: ``demarrage.ipynb`` (the tables, then the use case's own notebook) and ``projet.ipynb``.

Nothing of whoever makes the kit is in them: no output, no execution count, no metadata but what a page or a build
needs, and identifiers of cells that come from their content.
"""

import hashlib
import json
import keyword
from collections.abc import Mapping, Sequence
from typing import Any

from tikub_lab.errors import UsageError
from tikub_lab.kits.recipe import Recipe
from tikub_lab.kits.solutions import STEPS, Cell
from tikub_lab.tables.package import Resource

KEPT_METADATA = ("tags", "folded_title", "alt")
MOST_COLUMNS = 6
"""Columns of a table that the tour shows where the recipe does not say which."""

FICTITIOUS = (
    "**Ces données sont fictives** : elles ont la forme des vraies, mais personnes, organismes et chiffres y "
    "sont inventés. Rien de ce qu'elles montrent ne vaut pour un organisme réel."
)

REAL = (
    "**Ces données sont réelles.** Certaines lignes peuvent se rapporter à une personne, tel un entrepreneur "
    "individuel : montrez des ensembles, jamais le profil de quelqu'un."
)

Item = dict[str, Any]


def warning(tables: Sequence[Resource]) -> str:
    """Say what the tables of a kit are: invented, if only one is, or real."""
    return FICTITIOUS if any(table.origin == "sample" for table in tables) else REAL


def starting(recipe: Recipe, cells: Sequence[Cell], needs: Mapping[str, Any], tables: Sequence[Resource]) -> bytes:
    """Make ``demarrage.ipynb`` from the use case's notebook, checked, its metadata ``tikub`` and the kit's tables."""
    parameters = [cell for cell in cells if "parameters" in cell.tags]
    made = [markdown(_introduction(recipe, tables)), *map(_copied, parameters)]
    made += [code("from tikub_lab import show, tables"), *_first(recipe), markdown(_questions(recipe))]
    made += _tour(recipe, tables)
    made.append(markdown("## Un carnet à compléter\n\n" + _COMPLETE))
    rest = [cell for cell in cells[1:] if cell not in parameters and "folded" not in cell.tags]
    made += _kept(rest)
    names = {name for table in tables for name in [table.name, *table.schema.raw.get("aliases", ())]}
    known = {item["parameter"]: item for item in _rules(needs) if item["table"] in names}
    tikub: Item = {"use_case": recipe.use_case, "figures": 1, "tables": len(tables)}
    return written(made, tikub | ({"each": list(known.values())} if known else {}))


_COMPLETE = (
    "Ce qui suit est le carnet du Ti Lab sur ce sujet, moins ses solutions. Il s'exécute tel quel ; là où est écrit "
    "« À vous », une cellule a été retirée."
)


_YOURS = "> **À vous.** Cette étape est laissée à votre équipe."

_CHANGE = (
    "**À vous, une ligne à changer.** Dans la cellule ci-dessus, remplacez une colonne par une autre, ou le nombre de "
    "lignes montrées, puis relancez-la (Maj + Entrée)."
)


def _introduction(recipe: Recipe, tables: Sequence[Resource]) -> str:
    text = (
        "Exécutez ce carnet d'un bout à l'autre (menu *Run*, *Run All Cells*), puis changez-le. La cellule qui suit "
        "contient les paramètres du carnet, chacun avec son type et son sens."
    )
    return "\n\n".join([f"# Démarrer : {recipe.title[0].lower()}{recipe.title[1:]}", text, warning(tables)])


def _tour(recipe: Recipe, tables: Sequence[Resource]) -> list[Item]:
    made = [
        markdown(
            '## Les tables\n\n`tables.list()` dit quelles tables il y a, `tables.describe("…")` ce que veut dire '
            "chaque colonne ; `data/DICTIONNAIRE.md` aussi."
        )
    ]
    for table in tables:
        variable = variable_of(recipe, table.name)
        columns = recipe.tables.get(table.name, {}).get("columns") or table.schema.names[:MOST_COLUMNS]
        made.append(markdown(f"### {table.schema.title}\n\n{table.schema.description}"))
        made.append(
            code(
                f"{variable} = tables.load({_text(table.name)})\n"
                "show.table(\n"
                f"    {variable}, {_text(f'{table.name} : {{n:ligne}}, dont les premières')},\n"
                f"    {_text(columns)}, rows=3, n=len({variable}),\n"
                ")"
            )
        )
    return made


def variable_of(recipe: Recipe, table: str) -> str:
    """Return the variable that holds a table in the tour."""
    name = str(recipe.tables.get(table, {}).get("name", table.rpartition("/")[2]))
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError(f"The kit of {recipe.use_case}: {name!r} is no name for the table {table}; give it another.")
    return name


def _first(recipe: Recipe) -> list[Item]:
    return [markdown(f"## Un premier constat\n\n{recipe.first.text}"), code(recipe.first.code), markdown(_CHANGE)]


def _questions(recipe: Recipe) -> str:
    listed = "\n".join(f"{number}. {question}" for number, question in enumerate(recipe.questions, 1))
    return f"## Trois questions à poser à ces tables\n\n{listed}\n\nD'autres directions sont dans `idees.md`."


def _kept(cells: Sequence[Cell]) -> list[Item]:
    """Copy cells, a hint in the place of each solution; solutions without a hint share one word."""
    made: list[Item] = []
    hinted = False
    for cell in cells:
        if not cell.left_out:
            made.append(_copied(cell))
            hinted = False
        elif cell.solution and (cell.hint or not hinted):
            made.append(markdown("\n\n".join([_YOURS, *_folded(cell.hint)])))
            hinted = True
    return made


def _folded(hint: Sequence[str]) -> list[str]:
    """Fold the steps of a hint, so that a team opens one after the other."""
    texts = [*hint[:-1], *(f"```python\n{line}\n```" for line in hint[-1:])]
    return [
        f"<details><summary>{step}</summary>\n\n{text}\n\n</details>" for step, text in zip(STEPS, texts, strict=False)
    ]


def _copied(cell: Cell) -> Item:
    metadata = {key: cell.metadata[key] for key in KEPT_METADATA if key in cell.metadata}
    return _cell(cell.kind, cell.source, metadata)


def _rules(needs: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    said = needs.get("each") or []
    return [said] if isinstance(said, Mapping) else list(said)


def project(recipe: Recipe, tables: Sequence[Resource]) -> bytes:
    """Make ``projet.ipynb``: one sentence, one chart and one table to copy, and already a page that a jury can read."""
    table = tables[0]
    variable = variable_of(recipe, table.name)
    columns = recipe.tables.get(table.name, {}).get("columns") or table.schema.names[:MOST_COLUMNS]
    made = [
        markdown(f"# Notre projet : {recipe.title[0].lower()}{recipe.title[1:]}\n\n{warning(tables)}"),
        code('equipe: str = "Notre équipe"  # nom de l\'équipe, en tête de la page', ["parameters"]),
        code(f"from tikub_lab import {recipe.use_case}, show, tables\n\n{variable} = tables.load({_text(table.name)})"),
        code(
            f"show.title({_text(f'{recipe.title} : ce que nous proposons')}, equipe)\n"
            "show.sentence(\n"
            "    \"Écrire ici la réponse : ce que l'on voit dans {n:ligne} de données, et ce qu'il faut faire.\",\n"
            f"    lead=True, n=len({variable}),\n"
            ")"
        ),
        markdown(f"## Ce que montrent les données\n\n{recipe.first.text}"),
        code(recipe.first.code),
        code(
            f'show.table(\n    {variable}, "Quelques lignes de ce que nous avons utilisé",\n'
            f"    {_text(columns)}, rows=6,\n)"
        ),
        code("show.data_used()"),
    ]
    return written(made, {"use_case": recipe.use_case, "figures": 1, "tables": 1})


def markdown(source: str) -> Item:
    """Make a Markdown cell."""
    return _cell("markdown", source, {})


def code(source: str, tags: Sequence[str] = ()) -> Item:
    """Make a code cell."""
    return _cell("code", source, {"tags": list(tags)} if tags else {})


def _cell(kind: str, source: str, metadata: Mapping[str, Any]) -> Item:
    cell: Item = {"cell_type": kind, "metadata": dict(metadata), "source": source.splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def written(cells: Sequence[Item], tikub: Mapping[str, Any]) -> bytes:
    """Write a notebook: the same cells give the same bytes."""
    seen: dict[str, int] = {}
    named = []
    for cell in cells:
        text = json.dumps([cell["cell_type"], cell["source"]], ensure_ascii=False)
        digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        named.append(cell | {"id": digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"})
    notebook = {
        "cells": named,
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "tikub": dict(tikub),
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8")


def _text(value: str | Sequence[str]) -> str:
    """Write a text, or a list of some, as Python."""
    return json.dumps(value, ensure_ascii=False)
