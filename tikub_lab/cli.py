"""`tikub`: parses, calls, prints. Nothing heavy is imported before a command needs it."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tikub_lab.errors import RunError, TikubError, UsageError

app = typer.Typer(
    name="tikub",
    help="The Ti Lab workbench: tables of open data, notebooks, reports.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(name="data", help="The tables of a data package.", no_args_is_help=True)
app.add_typer(data_app)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of the data package; the workbench's own by default."),
]


@app.callback()
def root(debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False) -> None:
    """Take the options that all commands have."""


@app.command()
def report(
    notebooks: Annotated[
        list[str] | None, typer.Argument(metavar="[NOTEBOOK]...", help="Which ones; all by default.")
    ] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter; may be repeated.")
    ] = None,
    data: DataOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where pages go; reports/ by default.")
    ] = None,
) -> None:
    """Execute notebooks into pages, with an index."""
    from tikub_lab.reports import build
    from tikub_lab.tables.package import open_package, workbench

    home = workbench()
    out = out or home / "reports"
    package = open_package(data)
    for name in package.resources:
        package.verify(name)  # a file that is not what the package says is refused before anything runs
    reports = build.plan(home / "notebooks", notebooks or [], _pairs(parameters or []), data)
    with _Progress(len(reports)) as progress:
        outcomes = build.build(reports, home, out, progress.tell)
    failed = [item for item in outcomes if item.status == "failed"]
    for item in failed:
        _say(f"Failed: {item.notebook}: {item.reason}")
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} reports made. Open {out / 'index.html'}")
    if failed:
        raise RunError(f"{len(failed)} of {len(outcomes)} reports failed; each page says which cell and why.")


@data_app.command("list")
def data_list(data: DataOption = None) -> None:
    """List tables: rows, origin, date, licence."""
    from rich.console import Console
    from rich.table import Table

    from tikub_lab.tables.package import open_package

    package = open_package(data)
    table = Table(
        "table", "rows", "origin", "date", "licence", title=str(package.raw.get("title", "")), title_justify="left"
    )
    for item in package.resources.values():
        table.add_row(item.name, "?" if item.rows is None else f"{item.rows:,}", item.origin, item.date, item.licence)
    Console(width=None if sys.stdout.isatty() else 120).print(table)


@data_app.command("import")
def data_import(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Published files, in any format that is known.")
    ],
    table: Annotated[
        str | None, typer.Option("--as", metavar="TABLE", help="The table that the files must fill.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Data package to write; data/import by default.")
    ] = None,
) -> None:
    """Read published files into tables; rejected rows go into .rejects.csv."""
    from tikub_lab.tables.imports import import_files
    from tikub_lab.tables.package import workbench
    from tikub_lab.use_cases import readers

    into = into or workbench() / "data" / "import"
    results = import_files(files, into, table, readers())
    for item in results:
        state = "unchanged, imported before" if item.unchanged else f"{item.kept:,} kept, {item.rejected:,} rejected"
        print(f"{item.file}: {item.reader}, {item.read:,} rows read: {state}")
        for rule, count in sorted(item.rejects_by_rule.items(), key=lambda pair: -pair[1]):
            print(f"    {count:>7,}  {rule}")
    print(f"Tables are in {into}. Use them with --data {into}")


@data_app.command("check")
def data_check(folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A data package.")] = None) -> None:
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


@data_app.command("sample")
def data_sample(
    scale: Annotated[float, typer.Option(min=0.01, max=1000, help="1 gives about 3,000 contracts.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Another seed gives another fictitious book.")] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Data package to write; data/ by default.")
    ] = None,
) -> None:
    """Write the fictitious sample; the same seed and scale give the same bytes."""
    from tikub_lab.tables.package import open_package, workbench
    from tikub_lab.use_cases import write_samples

    home = workbench()
    into = into or home / "data"
    write_samples(into, home / "data" / "schemas", scale, seed)
    for item in open_package(into).resources.values():
        print(f"{item.name}: {item.rows:,} rows")
    print(f"Fictitious sample written to {into}.")


def _pairs(items: list[str]) -> dict[str, Any]:
    pairs = {}
    for item in items:
        name, sign, value = item.partition("=")
        if not sign or not name.isidentifier():
            raise UsageError(f"-p {item!r} is not NAME=VALUE, such as -p annee_debut=2024.")
        pairs[name] = value
    return pairs


def _say(text: str) -> None:
    print(text, file=sys.stderr)


class _Progress:
    """A bar on a terminal, plain lines elsewhere."""

    def __init__(self, total: int):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        self.live = console.is_terminal
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console, disable=not self.live,
        )  # fmt: skip
        self.task = self.bar.add_task("Reports", total=total)

    def __enter__(self) -> "_Progress":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def tell(self, report: Any, outcome: Any) -> None:
        if outcome is None:
            self.bar.update(self.task, description=report.page.as_posix())
            return
        self.bar.advance(self.task)
        if not self.live:
            _say(f"{outcome.status:>6}  {outcome.page}  {outcome.seconds:.1f} s")


def main() -> None:
    """Run the command line: a :class:`TikubError` is one line and its exit code; --debug shows the traceback."""
    try:
        app()
    except TikubError as error:
        if "--debug" in sys.argv:
            raise
        _say(f"tikub: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        _say("tikub: interrupted.")
        raise SystemExit(130) from None
