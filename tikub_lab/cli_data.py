"""`tikub data`: the tables of a data package, what they are made of, and imports."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tikub_lab.errors import Interrupted, RunError, UsageError

data_app = typer.Typer(
    name="data",
    help="The tables of a data package.",
    epilog="Example: `tikub data list`, then `tikub data describe energy/works`.",
    no_args_is_help=True,
)
AS_READ = "How files are read"
"""A group of the options of ``tikub data import``."""
OVERLOOKED = {
    "column-left-out": "columns that the table has not, not read: .repairs.csv names them",
    "sheet-left-out": "further sheets not read: .repairs.csv names them; save each as a file of its own",
    "file-left-out": "further files of the zip not read: .repairs.csv names them",
    "formula-not-computed": "formulas that were never computed, read as empty: .repairs.csv names their cells; open "
                            "the workbook in a spreadsheet, save it, and import it again",
}  # fmt: skip
"""Rules of repairs that are about what was not read, and what an import says of them."""

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of the data package; the workbench's own by default."),
]


@data_app.command("list", epilog="Example: `tikub data list --sources --data data/import`.")
def data_list(
    data: DataOption = None,
    sources: Annotated[bool, typer.Option("--sources", help="What each imported table is made of.")] = False,
) -> None:
    """List tables: rows, origin, date, licence; or the files that they are made of."""
    from rich.console import Console
    from rich.table import Table

    from tikub_lab.tables.package import open_package

    package = open_package(data)
    title = str(package.raw.get("title", ""))
    if sources:
        from tikub_lab.tables.sources import INDEX, State

        names = ("table", "n°", "file", "sha256", "reader", "date", "read", "kept", "rejected")
        table = Table(*names, title=title, title_justify="left")
        for item in State.of(package.root).sources if INDEX in package.raw else []:
            counts = (f"{count:,}" for count in (item.read, item.kept, item.rejected))
            table.add_row(
                item.tables[0], str(item.sequence), item.file, item.sha256[:12], item.reader, item.date, *counts
            )
    else:
        table = Table("table", "rows", "origin", "date", "licence", title=title, title_justify="left")
        for each in package.resources.values():
            rows = "?" if each.rows is None else f"{each.rows:,}"
            table.add_row(each.name, rows, each.origin, each.date, each.licence)
    Console(width=None if sys.stdout.isatty() else 160 if sources else 120).print(table)


@data_app.command("describe", epilog="Example: `tikub data describe energy/works`.")
def data_describe(
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="Such as energy/works; or a portal's data set, as `search` names it.")
    ],
    data: DataOption = None,
) -> None:
    """Say what each column of a table means, or of a data set of a portal."""
    if "." in table.partition("/")[0]:
        from tikub_lab.tables.portals import describe as fields

        _print_table(table, ("column", "title", "type", "meaning"), fields(table))
        return
    from tikub_lab.tables.columns import describe

    columns = describe(table, data).drop(columns="title").reset_index()
    _print_table(table, tuple(columns.columns), columns.itertuples(index=False))


def _print_table(title: str, names: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(*names, title=title, title_justify="left")
    for row in rows:
        shown.add_row(*("" if item is None else str(item) for item in row))
    Console(width=None if sys.stdout.isatty() else 160).print(shown)


@data_app.command("search", epilog="Example: `tikub data search lycées effectifs`.")
def data_search(
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="All of them are looked for.")],
) -> None:
    """Search the portals that `data/sources.csv` names for data sets."""
    from tikub_lab.tables.portals import read_sources, search

    _print_table(" ".join(words), ("data set", "title", "rows", "date"), search(words, read_sources()))


IntoOption = Annotated[
    Path | None,
    typer.Option("--into", "--data", metavar="DIR", help="Data package to write; data/import by default."),
]


@data_app.command("import", epilog="Example: `tikub data import decp-2024.json --into data/import`.")
def data_import(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Published files, in any format that is known.")],
    table: Annotated[
        str | None,
        typer.Option("--as", metavar="TABLE", help="The table that the files must fill.", rich_help_panel=AS_READ),
    ] = None,
    dates: Annotated[
        str | None,
        typer.Option(metavar="iso|french|american", help="How a file by schema writes days.", rich_help_panel=AS_READ),
    ] = None,
    decimal: Annotated[
        str | None, typer.Option(metavar=",|.", help="Its decimal sign.", rich_help_panel=AS_READ)
    ] = None,
    into: IntoOption = None,
) -> None:
    """Read published files into tables; rejected rows go into .rejects.csv, mended values into .repairs.csv."""
    from tikub_lab.tables.imports import import_files
    from tikub_lab.tables.package import workbench
    from tikub_lab.use_cases import readers

    into = into or workbench() / "data" / "import"
    try:
        results = import_files(files, into, readers(), table, dates=dates, decimal=decimal)
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; {into} is whole, as it was or with the files in it.") from None
    for item in results:
        state = "unchanged, imported before" if item.unchanged else f"{item.kept:,} kept, {item.rejected:,} rejected"
        print(f"{item.file}: {item.reader}, {item.read:,} rows read: {state}")
        for rule, count in sorted(item.rejects_by_rule.items(), key=lambda pair: -pair[1]):
            print(f"    {count:>7,}  {rule}")
        if repairs := sum(item.repairs_by_rule.values()):
            print(f"    {repairs:>7,}  values mended, blanked or marked")
        for rule, what in OVERLOOKED.items():
            if rule in item.repairs_by_rule:
                print(f"    {item.repairs_by_rule[rule]:>7,}  {what}")
    if any(item.rejects_by_rule or item.repairs_by_rule for item in results):
        print("Each with its line and value: .rejects.csv and .repairs.csv beside the tables.")
    _print_missing(into)
    print(f"Tables are in {into}. Use them with --data {into}")


def _print_missing(folder: Path) -> None:
    """Say which rows name what no other table has."""
    from tikub_lab.tables.check import missing_partners
    from tikub_lab.tables.package import open_package

    tables = {item.name: (item.path, item.schema) for item in open_package(folder).resources.values()}
    for found in missing_partners(tables):
        table, fields, other, rows, example = found.values()
        print(f"{table}: {rows:,} rows name a {fields} that {other} has not, such as {example}")


@data_app.command("fetch", epilog="Example: `tikub data fetch bodies/grants`, or `tikub data fetch --all`.")
def data_fetch(
    tables: Annotated[list[str] | None, typer.Argument(metavar="TABLE", help="Such as bodies/grants.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that data/sources.csv names.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Take columns that a portal has changed.")] = False,
    into: IntoOption = None,
) -> None:
    """Download tables from portals of open data, where something changed; what fails leaves the table as it was."""
    from tikub_lab.tables.package import workbench
    from tikub_lab.tables.portals import Fetched, chosen, fetch, read_sources
    from tikub_lab.use_cases import readers

    if bool(tables) == every:
        raise UsageError("data fetch: name tables, or say --all.")
    home = workbench()
    into = into or home / "data" / "import"

    def tell(done: Fetched) -> None:
        print(f"{done.source.table}: {done.state}, {done.source.name}")
        for line in (done.said, *(change.said for change in done.changes)):
            print(f"    {line}" if line else "", end="\n" if line else "")

    done = fetch(
        chosen(read_sources(), tables or [], home / "data" / "schemas"), into, readers(), accept=accept, tell=tell
    )
    print(f"Tables are in {into}. Use them with --data {into}")
    if wrong := [item for item in done if item.state in ("failed", "changed")]:
        raise RunError(f"{len(wrong)} of {len(done)} sources could not be had; each says why above.")


@data_app.command("forget", epilog="Example: `tikub data forget decp-2024.json`.")
def data_forget(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Its name, or how its sha256 begins.")],
    into: IntoOption = None,
) -> None:
    """Take an imported file out again, and make its tables anew."""
    from tikub_lab.tables.imports import forget
    from tikub_lab.tables.package import workbench
    from tikub_lab.use_cases import readers

    into = into or workbench() / "data" / "import"
    gone = forget(file, into, readers())
    print(f"{gone[0].published}: {sum(item.read for item in gone):,} rows taken out of {into}.")
    _print_missing(into)


@data_app.command("template", epilog="Example: `tikub data template energy/meters --xlsx`.")
def data_template(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Such as energy/meters.")],
    xlsx: Annotated[bool, typer.Option("--xlsx", help="A workbook, with what columns mean on a second sheet.")] = False,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where it goes; here by default.")] = Path(),
) -> None:
    """Write the empty file of a table, for the service that owns the data."""
    from tikub_lab.tables.package import workbench
    from tikub_lab.tables.template import write_template

    for path in write_template(table, workbench() / "data" / "schemas", out, xlsx):
        print(path)


@data_app.command("check", epilog="Example: `tikub data check data/import`.")
def data_check(folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="A data package.")] = None) -> None:
    """Check every table against its schema, its hash and the tables that it refers to."""
    from tikub_lab.tables.audit import audit
    from tikub_lab.tables.package import open_package

    problems = audit(open_package(folder))
    for item in problems.head(50).itertuples(index=False):
        place = item.field or "whole row"
        print(f"{item.table!s}: row {item.row!s}, {place!s}: {item.value!r} breaks {item.rule!s}")
    if len(problems) > 50:
        print(f"… and {len(problems) - 50:,} more.")
    if len(problems):
        raise RunError(f"{len(problems):,} problems found.")
    print("No problem found.")


@data_app.command("sample", epilog="Example: `tikub data sample --scale 0.1 --into essai`.")
def data_sample(
    scale: Annotated[
        float, typer.Option(min=0.01, max=1000, metavar="NUMBER", help="1 gives about 3,000 contracts.")
    ] = 1.0,
    seed: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Another seed gives another fictitious book.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Data package to write; data/ by default.")
    ] = None,
) -> None:
    """Write the fictitious sample; the same seed and scale give the same bytes."""
    from tikub_lab.tables.package import open_package, workbench
    from tikub_lab.use_cases import write_samples

    home = workbench()
    into = into or home / "data"
    if (into / "datapackage.json").is_file() and any(
        item.origin != "sample" for item in open_package(into).resources.values()
    ):
        raise UsageError(f"{into}: holds real tables, beside which no sample stands. Choose another with --into.")
    write_samples(into, home / "data" / "schemas", scale, seed)
    for item in open_package(into).resources.values():
        print(f"{item.name}: {item.rows:,} rows")
    print(f"Fictitious sample written to {into}.")
