"""`tikub check`: what comes back, measured."""

from pathlib import Path
from typing import Annotated

import typer

from tikub_lab.errors import RunError, UsageError


def check(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A folder, a .zip, an .ipynb or an .html; this folder by default.")
    ] = Path(),
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write the results as a page in French.")
    ] = None,
    as_json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the results as JSON.")] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run notebooks though nothing here can keep them apart.")
    ] = False,
    no_run: Annotated[bool, typer.Option("--no-run", help="Run no notebook and no tests.")] = False,
    seconds: Annotated[
        float, typer.Option("--timeout", min=1, max=86_400, metavar="SECONDS", help="What one run may take.")
    ] = 300,
) -> None:
    """Measure what a team sent by the jury's criteria, all but relevance."""
    import json

    from tikub_lab.checks import cells, intake, results, walls
    from tikub_lab.checks.findings import Finding, Unchecked, collect
    from tikub_lab.checks.registry import CHECKS
    from tikub_lab.tables.atomic import write_atomic

    for target in (page, as_json):
        if target is not None and not target.resolve().parent.is_dir():
            raise UsageError(f"{target}: its folder is not there. Make it, or name another file.")
    with intake.opened(path) as subject:
        if not no_run and (subject.files.get("notebook") or cells.tests(subject.own("code"))):
            subject.walls = walls.find(trust, walls.Limits(seconds=seconds))
        said, through = collect(CHECKS, subject)
        found = results.document(subject, path.resolve().stem or "/", said, through)
        for item in said:
            if isinstance(item, Finding):
                print(f"{item.place}: {item.title}. {item.how}")
            elif isinstance(item, Unchecked):
                print(f"(not checked) {item.what} : {item.reason}")
    if as_json:
        write_atomic(as_json, json.dumps(found, ensure_ascii=False, indent=1).encode("utf-8") + b"\n")
    if page:
        write_atomic(page, results.html(found).encode("utf-8"))
    if found["findings"]:
        count = len(found["findings"])
        raise RunError(f"{count} finding{'s' * (count > 1)}; relevance stays with the jury.")
    print("No finding; relevance stays with the jury.")
