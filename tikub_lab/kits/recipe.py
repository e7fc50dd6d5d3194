"""What a use case says of its kit: ``tikub_lab/<use case>/kit.toml``, read and checked against its schemas."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tikub_lab
from tikub_lab import USE_CASES
from tikub_lab.errors import UsageError, nearest
from tikub_lab.kits.package import module
from tikub_lab.tables.schema import Schema

QUESTIONS, IDEAS = 3, 10
"""How many a kit has."""

NUMBERS = {"number", "integer"}


@dataclass(frozen=True)
class Idea:
    """A direction to go: a title, a text, and the columns that it needs (``procurement/contracts.montant``)."""

    title: str
    text: str
    columns: tuple[str, ...]

    def by_table(self) -> dict[str, list[str]]:
        """Return the columns of each table."""
        found: dict[str, list[str]] = {}
        for table, _, name in (column.partition(".") for column in self.columns):
            found.setdefault(table, []).append(name)
        return found


@dataclass(frozen=True)
class First:
    """The first map or chart that a team sees: what it shows, in words and in code, and how many figures it makes."""

    text: str
    code: str


@dataclass(frozen=True)
class Recipe:
    """What is particular to one use case's kit: the subject and the problem in French, and what it takes and leaves.

    ``tables`` has variable and shown columns by table, in the order of the tour; ``units`` the unit of each number, by
    column or by table and column. Of the tables, ``without`` stay home and ``shared`` are not the use case's alone; of
    the use case's modules, ``answers`` stay home.
    """

    use_case: str
    title: str
    problem: str
    first: First
    questions: tuple[str, ...]
    ideas: tuple[Idea, ...]
    tables: dict[str, Mapping[str, Any]]
    without: tuple[str, ...]
    units: dict[str, str]
    shared: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()

    def carries(self, table: str) -> bool:
        """Whether a table travels, where the data package has it."""
        return (table.startswith(f"{self.use_case}/") or table in self.shared) and table not in self.without

    def unit(self, table: str, column: str) -> str:
        """Return the unit of a column; empty where it has none."""
        return self.units.get(f"{table}.{column}", self.units.get(column, ""))

    def ordered(self, names: list[str]) -> list[str]:
        """Put tables into the order of the tour: those of the recipe first."""
        return [name for name in self.tables if name in names] + [name for name in names if name not in self.tables]


def path_of(use_case: str) -> Path:
    """Return where a use case's recipe is, whether it exists or not."""
    return Path(tikub_lab.__file__).parent / use_case / "kit.toml"


def available(home: Path) -> list[str]:
    """Return the use cases that kits can be made of: those with a notebook of their name and a recipe."""
    return [name for name in USE_CASES if notebook_of(home, name).is_file() and path_of(name).is_file()]


def notebook_of(home: Path, use_case: str) -> Path:
    """Return where a use case's own notebook is."""
    return home / "notebooks" / f"{use_case}.ipynb"


def known(home: Path, use_case: str) -> str:
    """Return a use case that a kit can be made of.

    Raises
    ------
    UsageError
        Another name (the nearest is suggested), or a use case without notebook or without recipe.
    """
    names = available(home)
    if use_case in names:
        return use_case
    listed = f"Kits can be made of: {', '.join(names) or 'none'}."
    if use_case in USE_CASES:
        lacking = [path for path in (notebook_of(home, use_case), path_of(use_case)) if not path.is_file()]
        raise UsageError(f"Use case {use_case!r} has no {lacking[0].name} yet, which its kit is made from. {listed}")
    raise UsageError(f"No use case {use_case!r}.{nearest(use_case, names)} {listed}")


def read_recipe(path: Path, use_case: str, schemas: Mapping[str, Schema]) -> Recipe:
    """Read a ``kit.toml`` and compare it with all schemas and with the package.

    Raises
    ------
    UsageError
        A key that is missing, a number of questions or ideas other than what kits have, a table, a column or a module
        that is nowhere, a number without unit.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        ideas = tuple(Idea(item["title"], item["text"].strip(), tuple(item["columns"])) for item in raw["ideas"])
        recipe = Recipe(
            use_case,
            raw["title"],
            raw["problem"].strip(),
            First(raw["first"]["text"].strip(), raw["first"]["code"].strip()),
            tuple(raw["questions"]),
            ideas,
            dict(raw.get("tables", {})),
            tuple(raw.get("without", ())),
            dict(raw.get("units", {})),
            tuple(raw.get("shared", ())),
            tuple(raw["answers"]),
        )
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: not readable as TOML ({error}).") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}: {error} is missing or of another kind; it has title, problem, questions, first.text, first.code, "
            "ideas (title, text, columns), answers (modules), and may have tables, units, shared, without."
        ) from None
    _check(recipe, str(path), schemas)
    return recipe


def _check(recipe: Recipe, place: str, schemas: Mapping[str, Schema]) -> None:
    for word, found, wanted in (
        ("questions", len(recipe.questions), QUESTIONS),
        ("ideas", len(recipe.ideas), IDEAS),
    ):
        if found != wanted:
            raise UsageError(f"{place}: {found} {word}; a kit has {wanted}.")
    for answer in recipe.answers:
        if module(f"{recipe.use_case}.{answer}") is None:
            raise UsageError(f"{place}: no module tikub_lab.{recipe.use_case}.{answer} is there to be an answer.")
    for name in [*recipe.tables, *recipe.shared, *recipe.without]:
        if name not in schemas:
            raise UsageError(f"{place}: no schema of a table {name!r}.{nearest(name, schemas)}")
    for name, said in recipe.tables.items():
        for column in said.get("columns", ()):
            check_column(f"{name}.{column}", schemas, f"{place}: tables")
    for idea in recipe.ideas:
        if not idea.columns:
            raise UsageError(f"{place}: idea {idea.title!r} names no column that it needs.")
        for column in idea.columns:
            check_column(column, schemas, f"{place}: idea {idea.title!r}")
            if not recipe.carries(column.partition(".")[0]):
                raise UsageError(f"{place}: idea {idea.title!r} needs {column}, whose table stays home.")
    for name, schema in schemas.items():
        for field in schema.fields:
            if field.type in NUMBERS and recipe.carries(name) and not recipe.unit(name, field.name):
                raise UsageError(f"{place}: units does not say what {name}.{field.name} is counted in.")


def check_column(column: str, schemas: Mapping[str, Schema], place: str) -> None:
    """Refuse ``table.column`` that no schema has."""
    table, _, name = column.partition(".")
    if table not in schemas:
        raise UsageError(f"{place} needs {column!r}, and there is no table {table!r}.{nearest(table, schemas)}")
    names = schemas[table].names
    if name not in names:
        raise UsageError(f"{place} needs {column!r}, and {table} has no column {name!r}.{nearest(name, names)}")
