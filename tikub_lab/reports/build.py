"""A build: a set of reports, with an index page and a manifest."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from tikub_lab.errors import UsageError
from tikub_lab.reports import page
from tikub_lab.reports.files import write_atomic
from tikub_lab.reports.notebooks import Notebook, find
from tikub_lab.reports.parameters import check, declared
from tikub_lab.reports.run import Execution, Report, execute
from tikub_lab.show import french

MANIFEST = "build.json"


@dataclass(frozen=True)
class Outcome:
    """What a manifest says of one report."""

    notebook: str
    page: str
    title: str
    subtitle: str
    status: str
    reason: str
    seconds: float
    bytes: int
    parameters: dict[str, str] = field(default_factory=dict)
    tables: list[dict[str, Any]] = field(default_factory=list)


def slug(text: str) -> str:
    """Make a readable file name: lower case, no accent, words joined by hyphens.

    Examples
    --------
    >>> slug("acheteur=Lycée de l'Élorn à Landerneau")
    'acheteur-lycee-de-l-elorn-a-landerneau'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-") or "rapport"


def plan(folder: Path, names: Sequence[str], given: Mapping[str, Any], data: Path | None = None) -> list[Report]:
    """Decide which reports to make, refusing wrong parameters before anything runs.

    Parameters
    ----------
    folder : Path
        The folder of notebooks.
    names : sequence of str
        Which notebooks; none means all of them.
    given : mapping
        Values of parameters. With several notebooks, each takes those that it declares, and each value must be
        declared by one of them at least.

    Raises
    ------
    UsageError
    """
    notebooks = find(folder, list(names))
    if len(notebooks) == 1:
        return [_report(notebooks[0], given, data)]
    known = {name for notebook in notebooks for name in declared(notebook)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise UsageError(
            f"No notebook has the parameter {unknown[0]!r}. Allowed: {', '.join(sorted(known)) or 'none'}."
        )
    return [_report(item, {k: v for k, v in given.items() if k in declared(item)}, data) for item in notebooks]


def _report(notebook: Notebook, given: Mapping[str, Any], data: Path | None) -> Report:
    parameters = check(notebook, given)
    public = Report(notebook, parameters, "", data).public_parameters()
    name = "-".join(slug(f"{key} {value}") for key, value in public.items())
    return Report(notebook, parameters, name or notebook.name, data)


def build(
    reports: Sequence[Report], home: Path, out: Path, tell: Callable[[Report, Outcome | None], None]
) -> list[Outcome]:
    """Make reports one after the other, then the index and the manifest.

    Parameters
    ----------
    reports : sequence of Report
    home : Path
        The workbench.
    out : Path
        The folder of the build.
    tell : callable
        Told of a report when it starts (with None) and when it ends (with its outcome).
    """
    outcomes = []
    for report in reports:
        tell(report, None)
        outcome = make(report, home, out)
        outcomes.append(outcome)
        tell(report, outcome)
    _finish(outcomes, out)
    return outcomes


def make(report: Report, home: Path, out: Path) -> Outcome:
    """Execute a report and write its page."""
    execution = execute(report, home)
    html, title, subtitle = page.render(report, execution)
    size = page.save(out / report.page, html)
    return _outcome(report, execution, title, subtitle, size)


def _outcome(report: Report, execution: Execution, title: str, subtitle: str, size: int) -> Outcome:
    failure = execution.failure
    return Outcome(
        notebook=report.notebook.name,
        page=report.page.as_posix(),
        title=title,
        subtitle=subtitle,
        status="failed" if failure else "done",
        reason=failure.reason if failure else "",
        seconds=round(execution.seconds, 2),
        bytes=size,
        parameters={name: str(value) for name, value in report.public_parameters().items()},
        tables=execution.used,
    )


def _finish(outcomes: Sequence[Outcome], out: Path) -> None:
    """Write the manifest and the index, keeping what earlier builds made in the same folder."""
    path = out / MANIFEST
    old = json.loads(path.read_text(encoding="utf-8"))["reports"] if path.exists() else []
    merged = {item["page"]: item for item in old if (out / item["page"]).is_file()}
    merged.update({item.page: asdict(item) for item in outcomes})
    reports = [merged[name] for name in sorted(merged)]
    write_atomic(path, (json.dumps({"reports": reports}, ensure_ascii=False, indent=1) + "\n").encode())
    write_atomic(out / "index.html", index(reports).encode())


def index(reports: Sequence[Mapping[str, Any]]) -> str:
    """Make the index page of a build, failures first."""
    failed = [item for item in reports if item["status"] == "failed"]
    done = [item for item in reports if item["status"] != "failed"]
    parts = [f"<p>{french.plural(len(done), 'rapport')} à lire, {french.plural(len(failed), 'échec')}.</p>"]
    if any(table["origin"] == "sample" for item in reports for table in item["tables"]):
        parts.append(
            '<p class="fictitious"><strong>Données fictives</strong> dans les rapports marqués « fictif ».</p>'
        )
    if failed:
        parts += ["<h2>Échecs</h2>", _list(failed, "failed")]
    for name in dict.fromkeys(item["notebook"] for item in done):
        parts += [
            f"<h2>{escape(name.capitalize())}</h2>",
            _list([item for item in done if item["notebook"] == name], ""),
        ]
    return page.shell("Les rapports du Ti Lab", "\n".join(parts))


def _list(items: Sequence[Mapping[str, Any]], css: str) -> str:
    lines = []
    for item in items:
        fictitious = " (fictif)" if any(table["origin"] == "sample" for table in item["tables"]) else ""
        under = item["reason"] or item["subtitle"]
        link = f'<a href="{escape(item["page"])}">{escape(item["title"])}</a>{fictitious}'
        more = f"<br><small>{escape(under)}</small>" if under else ""
        lines.append(f"<li{css and f' class={css}'}>{link}{more}</li>")
    return f'<ul class="reports">{"".join(lines)}</ul>'
