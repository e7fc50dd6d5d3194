"""Notebooks executed from clean, twice, and a team's own tests, inside the walls: what fails, differs, takes long."""

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tikub_lab.checks import cells, intake
from tikub_lab.checks.findings import Finding, Measure, Run, Said, Subject, Unchecked
from tikub_lab.errors import UsageError
from tikub_lab.reports import notebooks, parameters
from tikub_lab.reports.outputs import KERNEL
from tikub_lab.reports.private import line

WHAT, TESTS = "Exécution des carnets", "Tests de l’équipe"
LARGEST, MOST = 100_000_000, 50
"""Bytes of a notebook that is read, and notebooks that are run: more would take a day."""
WALLS_MET = {"MemoryError": "mémoire", "OSError: [Errno 27]": "disque", "OSError: [Errno 28]": "disque",
             "BlockingIOError: [Errno 11]": "processus",
             "RuntimeError: can't start new thread": "processus"}  # fmt: skip
"""What a cell raises where the kernel's own limit was met before the watch saw it."""

NETWORK = re.compile(r"URLError|gaierror|Connect(ion)?Error|Max retries|[Nn]ame resolution|Network is unreachable")


@cache
def power() -> dict[str, Any]:
    """Return the watts that a run is said to draw, and their source."""
    return tomllib.loads(Path(__file__).with_name("energy.toml").read_text(encoding="utf-8"))


def check(subject: Subject) -> Iterator[Said]:
    """Run the notebooks that somebody worked on; of a kit as it was handed out, all."""
    if subject.kind in {"folder", "kit"}:
        size = sum(path.stat().st_size for paths in subject.files.values() for path in paths)
        yield Measure("", "Taille du dossier", size / 1e6, "Mo")
    for path in subject.own("notebook") or subject.files.get("notebook", []):
        place = subject.place(path)
        try:
            if path.stat().st_size > LARGEST:
                raise UsageError(f"({LARGEST / 1e6:.0f} Mo au plus)")
            notebook = notebooks.read(path)
            language = (notebook.node().metadata.get("kernelspec") or {}).get("language", "python")
        except Exception as error:
            reason = (re.findall(r"\((.+)\)", str(error)) or [str(error)])[0]
            yield Finding("unreadable", place, reason=line(reason, 200))
            continue
        try:
            parameters.declared(notebook)
        except UsageError as error:
            yield Finding("bare_parameters", place, reason=(re.findall(r"'(.+)'", str(error)) or ["?"])[0])
        if language.lower() != "python":
            yield Unchecked(WHAT, f"{place} : langage « {language} », et seul Python est exécuté")
        elif subject.walls is None:
            yield Unchecked(WHAT, f"{place} : rien n’a été exécuté, à la demande (--no-run)")
        elif len(subject.runs) >= MOST:
            yield Unchecked(WHAT, f"{place} : {MOST} carnets ont déjà été exécutés, c’est le plus")
        else:
            yield from _twice(subject, path)


def _twice(subject: Subject, path: Path) -> Iterator[Said]:
    place = subject.place(path)
    first = subject.runs[place] = _run(subject, path, 1)
    yield Measure(place, "Temps d’exécution", round(first.seconds, 1), "s")
    yield Measure(place, "Mémoire au plus", round(first.peak / 1e6), "Mo")
    yield Measure(place, "Énergie (estimation)", round(first.seconds * power()["watts"] / 3600, 3), "Wh")
    where = f"{place}, cellule {first.cell}" if first.cell else place
    if first.stopped:
        yield Finding("stopped", where, limit=first.stopped, allowed=_allowed(subject, first.stopped))
    elif missing := re.match(r"ModuleNotFoundError: No module named '([\w.]+)'", first.error):
        name = missing[1].split(".")[0]
        if name in _required(subject):
            yield Unchecked(WHAT, f"{where} : « {name} » est dans requirements.txt, mais pas installé ici")
        else:
            yield Finding("missing_package", where, name=name)
    elif first.error or first.notebook is None:
        kind = "needs_network" if NETWORK.search(first.error) else "cell_fails"
        yield Finding(kind, where, cell=first.cell or "?", error=line(first.error or "aucun résultat", 300))
    else:
        again = _run(subject, path, 2)
        if again.notebook is None or again.error or again.stopped:
            how = again.error or again.stopped or "rien"
            yield Finding("differs", where, cell=again.cell or "?", first="un résultat", second=line(how, 80))
        elif difference := _difference(first.notebook, again.notebook):
            cell, one, other = difference
            yield Finding("differs", f"{place}, cellule {cell}", cell=cell, first=one, second=other)


def _allowed(subject: Subject, wall: str) -> str:
    limits = subject.walls.limits
    return {
        "temps": f"{limits.seconds:.0f} s", "mémoire": f"{limits.memory / 1e9:.1f} Go",
        "disque": f"{limits.disk / 1e9:.1f} Go",
        "processus": f"{limits.processes} processus", "sortie": f"{limits.printed:,} caractères".replace(",", " "),
    }[wall]  # fmt: skip


def _required(subject: Subject) -> set[str]:
    path = subject.root / "requirements.txt"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() and not path.is_symlink() else ""
    return {name.lower().replace("-", "_") for name in re.findall(r"^([A-Za-z0-9][\w.-]*)", text, flags=re.M)}


def tests(subject: Subject) -> Iterator[Said]:
    """Run what somebody wrote to test their modules, once, all in one process."""
    places = [subject.place(path) for path in cells.tests(subject.own("code"))]
    if not places or subject.walls is None:
        return  # that nothing is run is said of notebooks
    if find_spec("pytest") is None:
        yield Unchecked(TESTS, "pytest n’est pas installé (pip install 'tikub-lab[check]')")
        return
    run = _executed(subject, "tests", {"tests": places})
    said = run.notebook or {}
    yield Measure("", "Tests réussis", int(said.get("passed", 0)))
    for failed in said.get("failed", [])[:MOST]:
        place, error = (line(str(item), 300) for item in [*failed, "", ""][:2])
        yield Finding("test_fails", place or places[0], error=error)
    if run.stopped:
        yield Finding("stopped", places[0], limit=run.stopped, allowed=_allowed(subject, run.stopped))
    elif run.error:
        yield Finding("test_fails", places[0], error=line(run.error, 300))
    elif not said.get("passed") and not said.get("failed"):
        yield Finding("no_tests", places[0], count=len(subject.own("code")) - len(places))


def _run(subject: Subject, path: Path, number: int) -> Run:
    order = {"notebook": subject.place(path), "kernel": KERNEL, "page": number == 1}
    return _executed(subject, f"run-{len(subject.runs)}-{number}", order)


def _executed(subject: Subject, name: str, order: dict[str, Any]) -> Run:
    """Carry out an order in a copy of the subject, and read what came out as what it is: somebody else's."""
    folder = subject.scratch / name
    for item in intake.work(subject.root):
        target = folder / "work" / item.relative_to(subject.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(item, target)
    ended = subject.walls.run(folder, order)
    out = folder.resolve() / "out"
    said, executed = (_read(out / name) for name in ("said.json", "executed.ipynb"))
    run = Run(executed if isinstance(executed, dict) else None, peak=ended.peak, stopped=ended.stopped)
    cell = _read(out / "cell")
    run.cell = cell if isinstance(cell, int) else None
    with suppress(ValueError, TypeError, KeyError):
        run.seconds, run.error, run.peak = float(said["seconds"]), str(said["error"]), int(said["peak"])
    if not run.error and run.notebook is None and not run.stopped:
        run.stopped = "sortie" if (out / "stopped").is_file() else ""
        run.error = ended.printed.strip().rpartition("\n")[2]
    run.stopped = run.stopped or next((wall for sign, wall in WALLS_MET.items() if run.error.startswith(sign)), "")
    if _plain(out / "page.html"):
        run.page = folder.with_suffix(".html")
        shutil.move(out / "page.html", run.page)
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):  # of folders in folders without end too, or closed ones
        subprocess.run([*command, folder], capture_output=True, check=False)
    return run


def _plain(path: Path) -> bool:
    """Tell whether a file is where it seems to be: what ran may have left links."""
    return path.resolve() == path and path.is_file()


def _read(path: Path) -> Any:
    with suppress(OSError, ValueError, RecursionError):
        if _plain(path) and path.stat().st_size < 200_000_000:
            return json.loads(path.read_text(encoding="utf-8"))
    return None


_NOISE = re.compile(
    r"0x[0-9a-fA-F]{6,}"  # addresses in memory
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b|\b[mp][0-9a-f]{10}\b|\bT_[0-9a-f]{5}"  # ids
    r"|(?:Wall time|CPU times):[^\n]*|\b\d+(?:[.,]\d+)?\s?(?:ns|µs|us|ms)\b|\b\d+[.,]\d+\s?(?:s|sec|secondes?)\b"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?[.\d]*|\b\d\d:\d\d:\d\d\b"  # the time of day
)
"""What differs from one run to the next and is no result."""


def _shown(cell: Any) -> str:
    """Write what a cell shows as one text."""
    parts = []
    for output in cell.get("outputs", []):
        data = {"": output.get("text", "")} if output.get("name") == "stdout" else output.get("data", {})
        for kind, value in sorted(data.items()):
            text = "".join(map(str, value)) if isinstance(value, list) else str(value)
            parts.append(f"une image {hash(text):x}" if kind in {"image/png", "image/jpeg"} else _NOISE.sub("…", text))
    return "".join(parts)


def _difference(one: Any, other: Any) -> tuple[int, str, str] | None:
    """Return the first cell whose outputs differ, from 1, and where they do."""
    cells: tuple[list[Any], ...] = tuple(list(item.get("cells", [])) for item in (one, other))
    for number, (first, second) in enumerate(zip_longest(*cells, fillvalue={}), 1):
        texts = _shown(first), _shown(second)
        if texts[0] != texts[1]:
            least = next((i for i, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
            start = max(least - 30, 0)
            before, after = (line(text[start : least + 30], 60) for text in texts)
            return number, before, after
    return None
