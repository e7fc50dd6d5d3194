"""`tikub staffing`: the ledger of positions and staff, what comes into it and what it says."""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from tikub_lab import staffing
from tikub_lab.errors import RunError, UsageError
from tikub_lab.tables.package import load, workbench

app = typer.Typer(name="staffing", help="The ledger of positions and staff of the lycées.", no_args_is_help=True)

LedgerOption = Annotated[
    str | None,
    typer.Option(metavar="PLACE", envvar="TIKUB_LEDGER", help="File or PostgreSQL URL; else data/staffing.sqlite."),
]
AtOption = Annotated[str | None, typer.Option(metavar="DATE", help="Such as 2026-05-03; today by default.")]
OutOption = Annotated[Path, typer.Option(metavar="FILE", help="Where it goes, as CSV.")]
KeyOption = Annotated[Path, typer.Option(metavar="KEYFILE", help="The key of pseudonyms.")]
DataOption = Annotated[Path | None, typer.Option(metavar="DIR", help="A data package with staffing/agents.")]


def _ledger(place: str | None, create: bool = False) -> Any:
    return staffing.Ledger(place or workbench() / "data" / "staffing.sqlite", create)


def _day(text: str | None) -> date:
    from tikub_lab.methods.law import as_date

    return as_date(text) or staffing.ledger.utc_now().date()


@app.command("import")
def import_(
    export: Annotated[Path, typer.Argument(metavar="EXPORT", help="A night's export: the columns of staffing/export.")],
    at: Annotated[str, typer.Option(metavar="DATE", help="The day of which it tells.")],
    lost: Annotated[float, typer.Option(min=0, max=100, help="Percent that may be gone since the last one.")] = 5.0,
    ledger: LedgerOption = None,
) -> None:
    """Compare a night's export with the ledger, and append the difference."""
    from tikub_lab.staffing.feed import import_export

    done = import_export(_ledger(ledger, create=True), export, _day(at), lost)
    print(f"{export}: {done.rows:,} rows; {done.new:,} events appended, {done.over:,} things are over.")
    for text, count in sorted(Counter(done.remarks).items()):
        print(f"    {count:>7,}  {text}")
    _set_aside(export, done.aside)


@app.command()
def append(
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="JSON lines; - or nothing reads from a pipe.")] = "-",
    ledger: LedgerOption = None,
) -> None:
    """Append events, one JSON object a line; from a pipe each line is answered once it is on disk."""
    import json

    from tikub_lab.staffing.feed import append_lines

    piped = file == "-"
    if not piped and not Path(file).is_file():
        raise UsageError(f"{file}: no such file. Give a file of JSON lines, or - for a pipe.")
    taken, aside = Counter[bool](), []
    with sys.stdin.buffer if piped else Path(file).open("rb") as lines:
        for item in append_lines(_ledger(ledger, create=True), lines):
            if hasattr(item, "reason"):
                aside.append(item)
            else:
                taken[item.new] += 1
            if piped or getattr(item, "remarks", False):
                print(json.dumps(item._asdict(), ensure_ascii=False), flush=True)
    print(f"{taken[True]:,} events appended, {taken[False]:,} known before.", file=sys.stderr if piped else sys.stdout)
    _set_aside(file, aside)


def _set_aside(place: str | Path, aside: Sequence[Any]) -> None:
    for item in aside[:50]:
        print(f"{place}, line {item.line}: {item.reason}", file=sys.stderr)
    if aside:
        raise RunError(f"{place}: {len(aside):,} lines set aside, all others taken. Mend those and send them again.")


@app.command()
def state(
    at: AtOption = None,
    known: Annotated[str | None, typer.Option(metavar="DATE", help="As it was known by then; now by default.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="All of it; it tells of persons.")] = None,
    ledger: LedgerOption = None,
) -> None:
    """Say how many positions are covered on a day, as known by a day."""
    day, found = _day(at), _ledger(ledger)
    table = found.state(day, known)
    if out is not None:
        _write(table, out, "staffing/events")
    trades = staffing.coverage(staffing.positions(table), "metier")
    posts, due, there = trades[["postes", "etp", "couverts"]].sum()
    print(f"{found.name} on {day}: {posts:,.0f} positions, {there:,.1f} of {due:,.1f} full-time equivalents covered.")
    for row in trades.itertuples(index=False):
        print(f"    {row.couverts:>8,.1f} of {row.etp:>8,.1f}  {row.metier}")


@app.command()
def verify(ledger: LedgerOption = None) -> None:
    """Work all hashes of the ledger out again."""
    place = _ledger(ledger)
    found = place.verify()
    for problem in found.problems[:50]:
        print(problem, file=sys.stderr)
    if found.problems:
        raise RunError(f"{place.name}: {len(found.problems):,} problems; compare it with a copy made before.")
    print(f"{place.name}: {found.events:,} events, {found.purged:,} of them purged, one chain. Its head: {found.head}")


@app.command()
def purge(
    before: Annotated[str, typer.Option(metavar="DATE", help="What was over by then goes, for good.")],
    ledger: LedgerOption = None,
) -> None:
    """Delete what events say that were over by a day; the chain still verifies."""
    place = _ledger(ledger)
    print(f"{place.name}: {place.purge(_day(before)):,} events purged. Copies of the file made before still have them.")


@app.command()
def live(
    context: typer.Context,
    ledger: LedgerOption = None,
    address: Annotated[
        str, typer.Option(metavar="ADDRESS", help="One of this machine that others reach; else none does.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="NUMBER", help="A free one by default.")] = 0,
    browser: Annotated[bool, typer.Option(help="Whether to open it here.")] = True,
) -> None:
    """Show positions on a page that stays up to date, with nothing of absences; Ctrl-C ends it."""
    from tikub_lab.staffing.live import parts

    context.obj(parts(_ledger(ledger)), address, port, browser)  # the command line hands what serves pages


@app.command()
def alerts(out: OutOption, key: KeyOption, at: AtOption = None, ledger: LedgerOption = None) -> None:
    """Write the law's clocks that run out, with pseudonyms; a key is made where there is none."""
    from tikub_lab.methods.privacy import read_key
    from tikub_lab.staffing.alerts import alerts as found

    table = found(_ledger(ledger), _day(at), read_key(key, create=True))
    _write(table, out)
    print(f"{out}: {len(table):,} alerts. `tikub staffing names {out} --key {key}` says who.")


@app.command()
def propose(
    out: OutOption,
    key: KeyOption,
    at: AtOption = None,
    days: Annotated[int, typer.Option(min=1, help="How many days to look ahead.")] = 30,
    minutes: Annotated[float, typer.Option(min=0, help="Longest way to work, one way; an estimate.")] = 60.0,
    ledger: LedgerOption = None,
    data: DataOption = None,
) -> None:
    """Write who of the pool could replace where, with pseudonyms, and what it costs not to."""
    from tikub_lab.methods.privacy import read_key

    tables = load("staffing/agents", data), load("territory/lycees", data)
    plan = staffing.replacements.Choice.of(_ledger(ledger), *tables, _day(at), days, minutes).best()
    _write(plan.proposals(read_key(key, create=True)), out)
    totals, proven = plan.totals, "proven the best" if plan.proven else f"within {plan.gap:.1%} of the best"
    print(f"{out}: {totals['servis']:,} of {totals['besoins']:,} needs served, {proven}. "
          f"`tikub staffing names {out} --key {key}` says who.")  # fmt: skip


@app.command()
def names(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What alerts wrote, or proposals: with pseudonyms.")],
    key: KeyOption,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="By default FILE.names.csv.")] = None,
    data: DataOption = None,
) -> None:
    """Say whom pseudonyms are of, where the key and the table of agents are."""
    import pandas as pd

    from tikub_lab.methods.privacy import pseudonyms, read_key

    if not file.is_file():
        raise UsageError(f"{file}: no such file. `tikub staffing alerts --out {file}` writes it.")
    agents = load("staffing/agents", data)
    agents.index = pd.Index(pseudonyms(agents["agent"], read_key(key)))
    try:
        table = pd.read_csv(file, dtype="str")
    except ValueError:  # no text, no table: what pandas makes of it may cite a line
        raise UsageError(f"{file}: not a CSV in UTF-8, as `tikub staffing alerts` and `propose` write it.") from None
    if "personne" not in table:
        raise UsageError(f"{file}: no column personne, which has the pseudonyms.")
    table = table.join(agents[["agent", "nom"]], on="personne")
    out = out or file.with_suffix(".names.csv")
    _write(table, out)
    print(f"{out}: {table['nom'].notna().sum():,} of {len(table):,} rows have a name. Delete it once it is read.")


def _write(table: Any, path: Path, name: str = "") -> None:
    """Write a table about persons, for its owner's eyes; by its schema where it has one."""
    from tikub_lab.tables.atomic import write_atomic
    from tikub_lab.tables.frames import write_csv
    from tikub_lab.tables.schema import read_schema

    if name:
        write_csv(table, path, read_schema(workbench() / "data" / "schemas" / f"{name}.json"))
    else:
        write_atomic(path, table.to_csv(index=False).encode())
    path.chmod(0o600)
