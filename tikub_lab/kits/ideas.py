"""``idees.md``: directions to go, each with the columns that it needs."""

from collections.abc import Sequence

from tikub_lab.kits.recipe import Idea, Recipe


def ideas(recipe: Recipe, tables: Sequence[str]) -> bytes:
    """Write the ideas of a recipe; one that needs a table that the kit has not says so."""
    head = (
        f"# Dix directions : {recipe.title[0].lower()}{recipe.title[1:]}\n\n"
        "Des pistes, pas des réponses. Chacune nomme les colonnes qu'il lui faut ; leur sens est dans "
        "`data/DICTIONNAIRE.md`."
    )
    parts = [_part(number, item, tables) for number, item in enumerate(recipe.ideas, 1)]
    return ("\n\n".join([head, *parts]) + "\n").encode("utf-8")


def _part(number: int, item: Idea, tables: Sequence[str]) -> str:
    by_table: dict[str, list[str]] = {}
    for column in item.columns:
        table, _, name = column.partition(".")
        by_table.setdefault(table, []).append(f"`{name}`")
    lines = [
        f"- `{table}` : {', '.join(names)}" + ("" if table in tables else " (table absente de ce kit)")
        for table, names in by_table.items()
    ]
    return f"## {number}. {item.title}\n\n{item.text}\n\n" + "\n".join(lines)
