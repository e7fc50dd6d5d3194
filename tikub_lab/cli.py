"""`tikub`: parses, calls, prints. Nothing heavy is imported before a command needs it."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tikub_lab.errors import Interrupted, RunError, TikubError, UsageError

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
        list[str] | None, typer.Argument(metavar="[NOTEBOOK]...", help="Which; all by default.")
    ] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter; may be repeated.")
    ] = None,
    each: Annotated[
        str | None,
        typer.Option(metavar="[NAME=A,B]", help="One report for each value that the notebook names, or some."),
    ] = None,
    where: Annotated[str | None, typer.Option(metavar="CONDITION", help="Filters what --each goes through.")] = None,
    help_parameters: Annotated[bool, typer.Option("--help-parameters", help="Print the parameters and leave.")] = False,
    data: DataOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where pages go; reports/ by default.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, max=256, help="Reports at once; the cores by default.")] = None,
    engine: Annotated[
        str | None, typer.Option(metavar="tikub|kernel", help="Warm processes, or papermill's kernel.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that a report may take.")] = 600,
    memory: Annotated[
        str, typer.Option(metavar="SIZE", help="Memory that a report may use, such as 800M or 4G.")
    ] = "4G",
    force: Annotated[bool, typer.Option("--force", help="Make all reports, changed or not.")] = False,
    only_failed: Annotated[bool, typer.Option("--only-failed", help="Make those that failed last time.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Make a tagged PDF (PDF/UA) of each too.")] = False,
    cluster: Annotated[str | None, typer.Option(metavar="tcp://...", help="A Dask scheduler that runs them.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the last line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest.")] = False,
) -> None:
    """Execute notebooks into pages, with an index; only what changed."""
    from tikub_lab.reports import build
    from tikub_lab.reports.notebooks import folder_of
    from tikub_lab.reports.plan import left_out, plan
    from tikub_lab.reports.progress import Progress
    from tikub_lab.tables.package import open_package, workbench

    home = workbench()
    out = out or home / "reports"
    if help_parameters:
        _print_parameters(home, notebooks or [])
        return
    settings = build.Settings(
        jobs or _cores(), timeout, _size(memory), _engine(engine), force, only_failed, pdf, cluster
    )
    package = open_package(data)
    for name in package.resources:
        package.verify(name)  # a file that is not what the package says is refused before anything runs
    reports = plan(folder_of(home), notebooks or [], _pairs(parameters or []), data, each, where)
    if not notebooks and not quiet and (absent := left_out(folder_of(home), data)):
        _say(f"Left out, as the data has no table of theirs: {', '.join(absent)}.")
    with Progress(len(reports), quiet or as_json) as progress:
        try:
            manifest = build.build(reports, home, out, package, settings, progress.tell)
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted. {progress.summary()}; the same command goes on from there.") from None
    if as_json:
        import json

        print(json.dumps(manifest, ensure_ascii=False, indent=1))
    else:
        print(f"{progress.summary()}. Open {_short(out / 'index.html')}")
    if progress.failed:
        raise RunError(f"{progress.failed} of {len(reports)} reports failed; each page says which cell and why.")


def _print_parameters(home: Path, names: list[str]) -> None:
    from tikub_lab.reports.notebooks import find, folder_of
    from tikub_lab.reports.parameters import declared
    from tikub_lab.reports.plan import each_rules

    for notebook in find(folder_of(home), names):
        print(f"{notebook.name}: {notebook.title}")
        for parameter in declared(notebook).values():
            default = "(secret)" if parameter.secret else repr(parameter.default)
            print(f"  {parameter.name}: {parameter.annotation} = {default}  {parameter.help}".rstrip())
        for number, rule in enumerate(each_rules(notebook).values()):
            start = f", its first {rule['prefix']} characters" if "prefix" in rule else ""
            option = f"--each {rule['parameter']}=" if number else "--each"
            print(f"  {option} goes through {rule['parameter']}: {rule['table']}, column {rule['column']}{start}")


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _size(text: str) -> int:
    units = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
    number, unit = text[:-1], text[-1:].upper()
    number, unit = (text, "") if unit.isdigit() else (number, unit)
    try:
        size = int(float(number) * units[unit])
    except (ValueError, KeyError):
        raise UsageError(f"--memory {text!r} is not a size; write 800M or 4G.") from None
    if size < 2**26:
        raise UsageError(f"--memory {text!r} is too little for any report; 64M or more is allowed.")
    return size


def _engine(name: str | None) -> Literal["tikub", "kernel"]:
    if name is None:
        return "kernel" if sys.platform == "win32" else "tikub"
    if name == "kernel" or (name == "tikub" and sys.platform != "win32"):
        return name  # type: ignore[return-value]
    raise UsageError(f"--engine {name!r}: allowed are 'kernel' and, but on Windows, 'tikub'.")


def _short(path: Path) -> Path:
    """Write a path from here where that is shorter."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path


@app.command()
def kit(
    use_case: Annotated[str, typer.Argument(metavar="USE_CASE", help="One with a notebook and a kit.toml.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where the kit goes; kits/ by default.")
    ] = None,
    zipped: Annotated[bool, typer.Option("--zip", help="A zip of it too.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="With the wheels for this platform.")] = False,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="A data package to take the tables from.")
    ] = None,
) -> None:
    """Make the starter kit of a use case, without its solutions."""
    from tikub_lab.kits import make_kit
    from tikub_lab.tables.package import workbench

    home = workbench()
    made = make_kit(use_case, home, out or home / "kits", zipped, offline, data)
    print(f"{made.left_out} solution cells stay home; both notebooks ran.")
    print(f"{_short(made.folder)}: {made.bytes / 1e6:.1f} MB")
    if made.zip is not None:
        print(f"{_short(made.zip)}: {made.zip_bytes / 1e6:.1f} MB")


@data_app.command("list")
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


IntoOption = Annotated[
    Path | None,
    typer.Option("--into", "--data", metavar="DIR", help="Data package to write; data/import by default."),
]


@data_app.command("import")
def data_import(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Published files, in any format that is known.")
    ],
    table: Annotated[
        str | None, typer.Option("--as", metavar="TABLE", help="The table that the files must fill.")
    ] = None,
    dates: Annotated[
        str | None, typer.Option(metavar="iso|french|american", help="How a file by schema writes days.")
    ] = None,
    decimal: Annotated[str | None, typer.Option(metavar=",|.", help="Its decimal sign.")] = None,
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
    _print_missing(into)
    print(f"Tables are in {into}. Use them with --data {into}")


def _print_missing(folder: Path) -> None:
    """Say which rows name what no other table has."""
    from tikub_lab.tables.package import open_package
    from tikub_lab.tables.rebuild import missing_partners

    tables = {item.name: (item.path, item.schema) for item in open_package(folder).resources.values()}
    for found in missing_partners(tables):
        table, fields, other, rows, example = found.values()
        print(f"{table}: {rows:,} rows name a {fields} that {other} has not, such as {example}")


@data_app.command("forget")
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


@data_app.command("template")
def data_template(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Such as energy/sites.")],
    xlsx: Annotated[bool, typer.Option("--xlsx", help="A workbook, with what columns mean on a second sheet.")] = False,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where it goes; here by default.")] = Path(),
) -> None:
    """Write the empty file of a table, for the service that owns the data."""
    from tikub_lab.tables.package import workbench
    from tikub_lab.tables.template import write_template

    for path in write_template(table, workbench() / "data" / "schemas", out, xlsx):
        print(path)


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
    if (into / "datapackage.json").is_file() and any(
        item.origin != "sample" for item in open_package(into).resources.values()
    ):
        raise UsageError(f"{into}: holds real tables, beside which no sample stands. Choose another with --into.")
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
    print("".join(sign if sign.isprintable() else "\ufffd" for sign in text), file=sys.stderr)


def _bare_each(arguments: list[str]) -> list[str]:
    """Let `--each` stand alone: the parser wants a value, so an empty one is put behind it."""
    following = [*arguments[1:], ""]
    bare = [
        item == "--each" and (then.startswith("-") or "=" not in then)
        for item, then in zip(arguments, following, strict=False)
    ]
    return ["--each=" if alone else item for item, alone in zip(arguments, bare, strict=True)]


def main() -> None:
    """Run the command line: a :class:`TikubError` is one line and its exit code; --debug shows the traceback."""
    try:
        app(_bare_each(sys.argv[1:]))
    except TikubError as error:
        if "--debug" in sys.argv:
            raise
        _say(f"tikub: {error}")
        raise SystemExit(error.exit_code) from None
