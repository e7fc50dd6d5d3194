"""Starter kits: the folder that a Datathon team receives for one use case, and runs within five minutes.

:func:`make_kit` makes one. A use case's own words are in its ``kit.toml``; what a team starts from is made from the use
case's own notebook, less its solutions, so that it never drifts from it:

- code cells tagged ``solution`` stay home, and a hint (``hint`` in their metadata) stands in their place;
- cells tagged ``nbval-check-output`` (figures that we check) and ``folded`` (the method of the whole page) stay home;
- a kept cell that needs one that stays home is an error, and so is any line of a solution in any file of the kit;
- of the package travel the ground and the use case's modules, but for those that ``kit.toml`` calls answers.
"""

import re
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path

from tikub_lab import __version__
from tikub_lab.errors import UsageError
from tikub_lab.kits import archive, data, launcher, licences, notebooks, package, solutions, trial, wheels
from tikub_lab.kits.dictionary import dictionary
from tikub_lab.kits.ideas import ideas
from tikub_lab.kits.recipe import Recipe, available, known, notebook_of, path_of, read_recipe
from tikub_lab.tables.package import Package, Resource, open_package
from tikub_lab.tables.schema import read_schemas

__all__ = ["Kit", "available", "make_kit"]

Files = dict[str, bytes | Path]

PROJECT = ("[build-system]", "[project]", "[project.scripts]", "[project.entry-points", "[tool.flit")
"""Sections of ``pyproject.toml`` by which the package is installed; the others are about tools and extras."""


@dataclass(frozen=True)
class Kit:
    """A kit that was made: where, its bytes and those of its zip, and how many cells of the notebook stayed home."""

    folder: Path
    zip: Path | None
    bytes: int
    zip_bytes: int
    left_out: int


def make_kit(
    use_case: str,
    home: Path,
    out: Path,
    zipped: bool = False,
    offline: bool = False,
    other_data: Path | None = None,
) -> Kit:
    """Make a kit: a folder ``tikub-kit-<use case>`` in ``out``, whole or not at all.

    ``zipped`` makes a zip beside it too, ``offline`` adds the wheels for this platform, and ``other_data`` is a data
    package to take the tables from, rather than the workbench's own.

    Raises
    ------
    UsageError
        A use case without notebook or recipe, a solution that kept cells need, tables that are unsound or about
        persons, a folder that is taken.
    RunError
        A kit that would give a solution away or would not run, wheels that can't be had.
    """
    name = f"tikub-kit-{known(home, use_case)}"
    target, zip_path = out / name, out / f"{name}.zip"
    archive.refuse_occupied(target, use_case)
    if zipped:
        archive.refuse_other_zip(zip_path, name)
    recipe = read_recipe(path_of(use_case), use_case, read_schemas(home / "data" / "schemas"))
    cells = solutions.read_cells(notebook_of(home, use_case))
    solutions.check(cells, notebook_of(home, use_case).name)
    source = open_package(other_data or home / "data")
    tables = data.choose(source, recipe, checked=other_data is not None)
    files = _files(home, recipe, cells, source, tables, offline)
    with archive.staging(out) as scratch:
        made = scratch / name
        archive.write(made, files)
        data.verify_copied(made / "data")
        fetched = wheels.fetch(made / "requirements.txt", made / wheels.FOLDER) if offline else []
        archive.write(made, {"LICENCES.md": _licences(tables, licences.wheels_section(fetched))})
        facts = {"kit": use_case, "tikub_lab": __version__, "offline": offline}
        archive.seal(made, facts | {"tables": {item.name: item.sha256 for item in tables}})
        _refuse_leaks(made, cells)
        trial.run(made, ["demarrage", "projet"])
        if zipped:
            archive.zip_folder(made, name, scratch / zip_path.name)
        archive.put_in_place(made, target)
        if zipped:
            (scratch / zip_path.name).replace(zip_path)
    left = sum(cell.solution for cell in cells)
    zip_bytes = zip_path.stat().st_size if zipped else 0
    return Kit(target, zip_path if zipped else None, archive.size_of(target), zip_bytes, left)


def _files(
    home: Path,
    recipe: Recipe,
    cells: list[solutions.Cell],
    source: Package,
    tables: list[Resource],
    offline: bool,
) -> Files:
    """Gather all files of a kit but for wheels and what is said of them, by path."""
    from tikub_lab.reports.notebooks import read

    needs = read(notebook_of(home, recipe.use_case)).needs
    return {
        **package.files(recipe.use_case, recipe.answers),
        **data.files(source, recipe, home / "data" / "schemas"),
        "LISEZMOI.md": _readme(recipe, tables, offline),
        "demarrage.ipynb": notebooks.starting(recipe, cells, needs, tables),
        "projet.ipynb": notebooks.project(recipe, tables),
        "idees.md": ideas(recipe, [item.name for item in tables]),
        "data/DICTIONNAIRE.md": dictionary(recipe, tables),
        "requirements.txt": home / "requirements.txt",
        "pyproject.toml": _project(home / "pyproject.toml"),
        "environment.yml": _text("environment.yml", use_case=recipe.use_case),
        "postBuild": _text("postBuild"),
        "Makefile": _text("Makefile"),
        ".gitignore": _text("gitignore"),
        "reports/LISEZMOI.md": _text("reports.md"),
        "LICENSE": home / "LICENSE",
    }


def _project(path: Path) -> bytes:
    """Write the ``pyproject.toml`` of a kit: the workbench's, less what is not about installing the package."""
    sections = re.split(r"^(?=\[)", path.read_text(encoding="utf-8"), flags=re.M)
    kept = "".join(text for text in sections if text.startswith(PROJECT))
    return kept.replace('readme = "README.md"', 'readme = "LISEZMOI.md"').encode("utf-8")


def _refuse_leaks(made: Path, cells: list[solutions.Cell]) -> None:
    """Look for solutions in every file of a kit but the wheels, which are other people's."""
    paths = [path for path in archive.listed(made) if path.suffix != ".whl"]
    lines = solutions.secret_lines(cells)
    solutions.refuse_leaks(lines, ((path.relative_to(made).as_posix(), path.read_bytes()) for path in paths))


def _text(name: str, **values: str) -> bytes:
    """Fill a text of ``texts/`` in: each ``{{name}}`` is replaced, and each value has its place."""
    text = resources("tikub_lab.kits").joinpath(f"texts/{name}").read_text(encoding="utf-8")
    for key, value in values.items():
        place = "{{" + key + "}}"
        if place not in text:
            raise UsageError(f"tikub_lab/kits/texts/{name}: no place {place}.")
        text = text.replace(place, value)
    return text.encode("utf-8")


def _readme(recipe: Recipe, tables: list[Resource], offline: bool) -> bytes:
    titles = [item.schema.title.lower() for item in tables]
    here = launcher.this_platform()
    made_for = f"{here['systeme']} {here['machine']} et Python {here['python']}"
    room = "1,5 Go" if offline else "1 Go"
    failures = _text("failures.md", room=room).decode("utf-8")
    if offline:
        failures = _text("failures_offline.md").decode("utf-8") + failures
    return _text(
        "LISEZMOI.md",
        title=f"{recipe.title[0].lower()}{recipe.title[1:]}",
        problem=recipe.problem,
        warning=notebooks.warning(tables),
        network=f" ; aucun réseau sous {made_for}, sinon le réseau une fois" if offline else ", et le réseau une fois",
        tables=f"les tables ({', '.join(titles)})",
        wheels_row=f"| `wheels/` | les paquets à installer sans réseau, pour {made_for} |\n" if offline else "",
        wheels_word=", des paquets" if offline else "",
        failures=failures.strip(),
    )


def _licences(tables: list[Resource], wheels_section: str) -> bytes:
    return _text(
        "LICENCES.md", data=licences.data_table(tables), mention=licences.mention(tables), wheels=wheels_section
    )
