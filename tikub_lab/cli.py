"""`tikub`: parses, calls, prints. Nothing heavy is imported before a command needs it."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from tikub_lab import USE_CASES
from tikub_lab.checks.command import check
from tikub_lab.cli_data import DataOption, data_app
from tikub_lab.errors import Interrupted, RunError, TikubError, UsageError

_which, _how, _result, _wheels = (
    partial(typer.Option, rich_help_panel=title)
    for title in ("Which pages", "How they run", "What comes out", "Without network")
)
"""Options in groups."""

WrongUse: Any = typer.BadParameter.__base__
"""What the parser raises: typer has click inside of it, or beside it, by its version."""


class _Commands(TyperGroup):
    """The commands of all, and those of each use case that has some: its ``commands.py``, imported once it is asked."""

    def list_commands(self, context: Any) -> list[str]:
        """List the use cases' after the others."""
        having = [name for name in USE_CASES if Path(__file__).with_name(name).joinpath("commands.py").is_file()]
        return [*super().list_commands(context), *having]

    def get_command(self, context: Any, name: str) -> Any:
        """Return a command; of a use case only its name, which is all that help needs."""
        if name in USE_CASES and name in self.list_commands(context):
            return TyperGroup(name=name, help=f"What {name} has of its own; `tikub {name} --help` lists it.")
        return super().get_command(context, name)

    def resolve_command(self, context: Any, arguments: list[str]) -> Any:
        """Import the commands of the use case that is asked."""
        name, command, rest = super().resolve_command(context, arguments)
        if name in USE_CASES:
            from tikub_lab.use_cases import commands

            command = _in_words(typer.main.get_command(commands(name)))
            context.obj = _serve
        return name, command, rest

    def invoke(self, context: Any) -> Any:
        """Run a command; Ctrl-C is one line, like any other end."""
        try:
            return super().invoke(context)
        except KeyboardInterrupt:
            raise Interrupted("interrupted.") from None


def _serve(parts: dict[str, Any], address: str, port: int, browser: bool) -> None:
    """Serve the live page of a use case, which says what is on it."""
    import gc

    from tikub_lab.reports.live import LivePage, serve
    from tikub_lab.reports.page import FICTITIOUS
    from tikub_lab.reports.publisher import read
    from tikub_lab.tables.package import used, workbench

    fictitious = any(item["origin"] == "sample" for item in used()) and FICTITIOUS
    page = LivePage(**parts, publisher=read(workbench()), fictitious=fictitious)
    gc.freeze()  # what is loaded stays: to go through it for garbage would take longer than to make the page
    serve(page, address, port, browser)


def _in_words(command: Any) -> Any:
    """Have the help of a command and of those under it say in words what a value is: a flag has none."""
    found = command.get_params

    def worded(context: Any) -> Any:
        for item in found(context):
            said = (item.metavar or "") if item.param_type_name == "option" else ""
            item.display_type_rich = lambda ctx, said=said: said  # arguments have their name beside them
        return found(context)

    command.get_params = worded
    for each in getattr(command, "commands", {}).values():
        _in_words(each)
    return command


app = typer.Typer(
    cls=_Commands,
    name="tikub",
    help="The Ti Lab workbench: tables of open data, notebooks, reports.",
    epilog="Example: `tikub report energy`, then `tikub open`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_app)
app.command(epilog="Example: `tikub check team.zip --page controle.html`.")(check)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"tikub-lab {version('tikub-lab')}")
        raise typer.Exit


@app.callback()
def root(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Take the options that all commands have."""


@app.command(epilog="Example: `tikub report procurement energy -p annee_fin=2024 --each --limit 20`.")
def report(
    notebooks: Annotated[list[str] | None, typer.Argument(metavar="NOTEBOOK", help="Which; all by default.")] = None,
    parameters: Annotated[
        list[str] | None, _which("-p", "--parameter", metavar="NAME=VALUE", help="A parameter; may be repeated.")
    ] = None,
    each: Annotated[
        str | None, _which(metavar="[NAME=A,B]", help="One report for each value that the notebook names, or some.")
    ] = None,
    where: Annotated[str | None, _which(metavar="CONDITION", help="Filters what --each goes through.")] = None,
    limit: Annotated[int | None, _which(min=1, metavar="NUMBER", help="Only the first of them.")] = None,
    only_failed: Annotated[bool, _which("--only-failed", help="Those that failed last time.")] = False,
    force: Annotated[bool, _which("--force", help="All, changed or not.")] = False,
    data: DataOption = None,
    jobs: Annotated[
        int | None, _how(min=1, max=256, metavar="NUMBER", help="Reports at once; the cores by default.")
    ] = None,
    engine: Annotated[str | None, _how(metavar="tikub|kernel", help="Warm processes, or papermill's kernel.")] = None,
    timeout: Annotated[float, _how(min=0.1, metavar="SECONDS", help="What a report may take.")] = 600,
    memory: Annotated[str, _how(metavar="SIZE", help="What a report may use, such as 800M or 4G.")] = "4G",
    cluster: Annotated[str | None, _how(metavar="tcp://...", help="A Dask scheduler that runs them.")] = None,
    out: Annotated[Path | None, _result("--out", metavar="DIR", help="Where pages go; reports/ by default.")] = None,
    pdf: Annotated[bool, _result("--pdf", help="Make a tagged PDF (PDF/UA) of each too.")] = False,
    listed: Annotated[bool, _result("--list", help="Say which pages would be made, and make none.")] = False,
    help_parameters: Annotated[bool, _result("--help-parameters", help="Print the parameters and leave.")] = False,
    quiet: Annotated[bool, _result("--quiet", "-q", help="No progress, only the last line.")] = False,
    as_json: Annotated[bool, _result("--json", help="Print the manifest.")] = False,
) -> None:
    """Execute notebooks into pages, with an index; only what changed."""
    from tikub_lab.reports import build
    from tikub_lab.reports.manifest import Manifest
    from tikub_lab.reports.notebooks import find, folder_of
    from tikub_lab.reports.plan import left_out, plan
    from tikub_lab.reports.progress import Progress
    from tikub_lab.tables.package import open_package, workbench

    home = workbench()
    out = out or home / "reports"
    folder = folder_of(home)
    if help_parameters:
        _print_parameters(home, notebooks or [])
        return
    settings = build.Settings(
        jobs or _cores(), _seconds(timeout), _size(memory), _engine(engine), force, only_failed, pdf, cluster
    )
    package = open_package(data)
    for name in package.resources:
        package.verify(name)  # a file that is not what the package says is refused before anything runs
    reports = plan(folder, notebooks or [], _pairs(parameters or []), package, each, where)
    if not notebooks and not quiet:
        for names, why in zip(
            left_out(find(folder), package), ("drafts", "the data has no table of theirs"), strict=True
        ):
            if names:
                _say(f"Left out ({why}): {', '.join(names)}.")
    if only_failed or listed:
        manifest = Manifest(out)
        reports = build.only_failed(reports, manifest) if only_failed else reports
    reports = reports[:limit]
    if listed:
        todo, current = build.split(reports, home, out, package, settings, manifest)
        for job in todo:
            print(job.report.page)
        print(f"{len(todo)} to make, {len(current)} unchanged, of {len(reports)} reports.")
        return
    with Progress(len(reports), quiet or as_json) as progress:
        try:
            document = build.build(reports, home, out, package, settings, progress.tell)
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted. {progress.summary()}; the same command goes on from there.") from None
    if as_json:
        import json

        print(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        print(f"{progress.summary()}. Open {_short(out / 'index.html')}")
    if progress.failed:
        raise RunError(f"{progress.failed} of {len(reports)} reports failed; each page says which cell and why.")


@app.command(epilog="Example: `tikub new energy_roofs --table territory/buildings`.")
def new(
    notebook: Annotated[
        str, typer.Argument(metavar="NOTEBOOK", help="Its name, such as energy_roofs; _… for a draft.")
    ],
    table: Annotated[str, typer.Option(metavar="TABLE", help="The table that it shows, such as energy/works.")],
    data: DataOption = None,
) -> None:
    """Write a notebook that runs: parameters, a table, a chart, a sentence, a check."""
    from tikub_lab.new import write_notebook
    from tikub_lab.reports.notebooks import folder_of
    from tikub_lab.tables.package import open_package, workbench

    path = _short(write_notebook(notebook, table, open_package(data), folder_of(workbench())))
    print(f"{path}: open it with `make lab`, make its page with `tikub report {notebook}`.")


@app.command("open", epilog="Example: `tikub open --out pages`.")
def open_pages(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where pages are; reports/ by default.")
    ] = None,
) -> None:
    """Open the index of the pages that were made in the browser."""
    import webbrowser

    from tikub_lab.tables.package import workbench

    index = (out or workbench() / "reports") / "index.html"
    if not index.is_file():
        raise UsageError(f"{_short(index)}: not there yet. Make the pages with `tikub report`.")
    print(f"{_short(index)}")
    if not webbrowser.open(index.resolve().as_uri()):
        raise RunError(f"No browser here; open {index.resolve().as_uri()} in one.")


@app.command(epilog="Example: `tikub night`, from a timer; what it does stands in workbench.toml, [night].")
def night(as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False) -> None:
    """Fetch, import, check, build and publish by one rename; say in French what changed, and who must act."""
    import json

    from tikub_lab.night import summary, tonight

    said = tonight()
    print(json.dumps(said, ensure_ascii=False, indent=1) if as_json else summary(said))
    if said["problems"]:
        raise RunError(f"Problems: {len(said['problems'])}; the summary says who must act.")


def _print_parameters(home: Path, names: list[str]) -> None:
    from tikub_lab.reports.notebooks import each_rules, find, folder_of
    from tikub_lab.reports.parameters import declared

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
    number, unit = (text, "") if text[-1:].isdigit() else (text[:-1], text[-1:].upper())
    try:
        size = int(float(number) * units[unit])
    except (ValueError, KeyError, OverflowError):
        raise UsageError(f"--memory {text!r} is not a size; write 800M or 4G.") from None
    if not 2**26 <= size < 2**50:
        raise UsageError(f"--memory {text!r}: 64M or more is allowed, and less than a million G.")
    return size


def _seconds(number: float) -> float:
    if not number <= 10**7:
        raise UsageError(f"--timeout {number:g}: seconds are allowed, at most 10 million.")
    return number


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


@app.command(epilog="Example: `tikub kit energy --zip --offline --for windows,macos,linux --python 3.11-3.13`.")
def kit(
    use_case: Annotated[str, typer.Argument(metavar="USE_CASE", help="One with a notebook and a kit.toml.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where the kit goes; kits/ by default.")
    ] = None,
    zipped: Annotated[bool, typer.Option("--zip", help="A zip of it too.")] = False,
    data: DataOption = None,
    offline: Annotated[bool, _wheels("--offline", help="With the wheels to install.")] = False,
    systems: Annotated[
        str,
        _wheels("--for", metavar="SYSTEM,...", help="Wheels for windows, macos or linux; this platform by default."),
    ] = "",
    pythons: Annotated[
        str,
        _wheels(
            "--python", metavar="VERSION", help="For these Pythons, such as 3.12 or 3.11-3.13; this one by default."
        ),
    ] = "",
) -> None:
    """Make the starter kit of a use case, without its solutions."""
    from importlib.util import find_spec

    if find_spec("tikub_lab.kits") is None:
        raise UsageError("Kits are made in a clone of the workbench; a kit makes none.")
    from tikub_lab.kits import make_kit, wheels
    from tikub_lab.tables.package import workbench

    home, targets = workbench(), wheels.targets(offline, systems, pythons)
    made = make_kit(use_case, home, out or home / "kits", zipped, targets, data)
    print(f"{made.left_out} solution cells stay home; both notebooks ran.", *made.said, sep="\n")
    print(f"{_short(made.folder)}: {made.bytes / 1e6:.1f} MB")
    if made.zip is not None:
        print(f"{_short(made.zip)}: {made.zip_bytes / 1e6:.1f} MB")


@app.command(epilog="Example: `tikub clean --cache`.")
def clean(
    cache: Annotated[bool, typer.Option("--cache", help="Results that notebooks computed once.")] = False,
) -> None:
    """Remove what can be made again."""
    if not cache:
        raise UsageError("clean: say what: --cache, the results that notebooks computed once and will compute again.")
    from tikub_lab.methods import once
    from tikub_lab.tables.package import workbench

    root, gone, size, left = once.clean(workbench())
    stay = f"; {left} stay, in use or not ours to remove" if left else ""
    print(f"{_short(root)}: {gone} file{'s' * (gone != 1)} of results removed, {size / 1e6:.1f} MB{stay}.")


def _pairs(items: list[str]) -> dict[str, Any]:
    pairs = {}
    for item in items:
        name, sign, value = item.partition("=")
        if not sign or not name.isidentifier():
            raise UsageError(f"-p {(name + '=…' if sign else item)!r} is not NAME=VALUE, such as -p annee_debut=2024.")
        if name in pairs:
            raise UsageError(f"-p {name} is given twice; give it once. Pages for several values: --each {name}=A,B.")
        pairs[name] = value
    return pairs


def _say(text: str) -> None:
    """Say something in one line, whatever a file or an error brought into it."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    print(" ".join(plain.split()).replace("?. ", "? "), file=sys.stderr)


def _bare_each(arguments: list[str]) -> list[str]:
    """Let `--each` stand alone: the parser wants a value, so an empty one is put behind it."""
    following = [*arguments[1:], ""]
    bare = [
        item == "--each" and (then.startswith("-") or "=" not in then)
        for item, then in zip(arguments, following, strict=False)
    ]
    return ["--each=" if alone else item for item, alone in zip(arguments, bare, strict=True)]


def main() -> None:
    """Run the command line: wrong use and a :class:`TikubError` are one line and an exit code; --debug shows more."""
    command = _in_words(typer.main.get_command(app))
    try:
        code = command(_bare_each(sys.argv[1:]), prog_name="tikub", standalone_mode=False)
    except WrongUse as error:
        if words := error.format_message().rstrip("."):  # a group that was called alone has shown its help
            inputs: list[Any] = getattr(error.__cause__, "errors", list)()
            found = f"; found {inputs[0]['input']!r}" if inputs else ""
            command_path = error.ctx.command_path if error.ctx else "tikub"
            _say(f"tikub: {words}{found}. `{command_path} --help` says what is allowed.")
        code = error.exit_code
    except TikubError as error:
        if "--debug" in sys.argv:
            raise
        _say(f"tikub: {error}")
        code = error.exit_code
    raise SystemExit(code or 0) from None
