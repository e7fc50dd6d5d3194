"""The books of pins: which results, which pages, from which data; made in a process of their own, then compared.

- ``procurement`` and ``energy``: the shipped sample, whole results and pages;
- ``decp-2019`` and ``decp-2024``: real publications, read in place. The project holds no copy of real rows, so that of
  a table only counts, sums and a hash of each column stay, and of each line of a page its figures and a hash: enough to
  see that something moved and where, not who sold what to whom;
- ``files``: what readers make of every real file; ``grades``: how well methods find what was planted;
- ``proof``: the same grades on large samples, many times (``make proof``).
"""

import difflib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.pins import values

STORED = Path(__file__).parent / "stored"
REAL = ("decp-2019", "decp-2024", "files")
BOOKS = ("procurement", "energy", *REAL, "grades", "proof")

REGION = "22004409300015"
"""The fictitious Région, the largest buyer of the sample."""
PAGES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "procurement": [
        ("procurement_quality", {}),
        ("procurement_quality", {"acheteur": REGION}),
        ("procurement_supplier", {}),
        ("procurement_supplier", {"fournisseur": "230032930"}),
    ],
    "energy": [
        ("energy", {}),
        ("energy_performance", {}),
        ("energy_law", {}),
        ("energy_alerts", {}),
        ("energy_challenge", {}),
        ("energy_works", {}),
        ("energy_alerts", {"emat": "EMAT fictive n° 1"}),
        ("energy_challenge", {"periode": "2023"}),
        ("energy_law", {"echeance": 2040, "reference_plan": 2019, "jour": "2024-02-15", "annee": 2022}),
    ],
    "decp-2019": [("procurement_quality", {})],
    "decp-2024": [("procurement_quality", {}), ("procurement", {})],
}
OTHERS = (
    "procurement",
    "procurement_competition",
    "procurement_responsible",
    "procurement_suppliers",
    "procurement_watch",
)
SCOPES = {
    "procurement": [
        {},
        {"acheteur": REGION},
        {"famille": "45"},
        {"region": "53", "annee_debut": 2023, "annee_fin": 2024},
    ],
    "decp-2019": [{}],
    "decp-2024": [{"region": "53"}],
}
LYCEES = ("0000505Z", "0002530A", "0005240W", "0000044Y")
"""Like most; a broken meter, so no score; heated by electricity; heated by wood, with bills alone."""


def pages_of(book: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the pages of a book: a notebook and its parameters."""
    found = list(PAGES.get(book, []))
    found += [(name, scope) for scope in SCOPES.get(book, []) for name in OTHERS]
    if book == "energy":
        found += [(name, {"uai": uai}) for name in ("energy_lycee", "energy_sheet") for uai in LYCEES]
    return found


# Making


def make(book: str, folder: Path) -> None:
    """Make the pins of a book in this process, which changes its environment for good: see :func:`made`."""
    opendata = Path(os.environ.get("TIKUB_OPENDATA") or ROOT.parent / "shared" / "opendata")
    with tempfile.TemporaryDirectory() as scratch:
        if book in {"grades", "proof", "files"}:
            pins = _apart(book, opendata)
        else:
            pins = _results_and_pages(book, opendata, Path(scratch, "data"), folder)
        values.write(pins, folder)


def _apart(book: str, opendata: Path) -> dict[str, Any]:
    from tests.pins import files, grades

    found = files.results(opendata) if book == "files" else grades.small() if book == "grades" else grades.large()
    return _plain(found)


def _plain(found: Iterator[tuple[str, Any]]) -> dict[str, Any]:
    pins: dict[str, Any] = {}
    for name, value in found:
        assert name not in pins, f"two pins are called {name}"
        pins[name] = values.plain(value)
    return pins


def _results_and_pages(book: str, opendata: Path, data: Path, folder: Path) -> dict[str, Any]:
    from tests.pins import calls_energy, calls_procurement, pages
    from tests.pins.memo import once
    from tikub_lab import energy, procurement
    from tikub_lab.tables.imports import import_files
    from tikub_lab.tables.package import open_package
    from tikub_lab.use_cases import readers

    os.environ["TIKUB_HOME"] = str(ROOT)
    real = book in REAL
    if real:
        pattern = {"decp-2019": "decp-2019/*.zip", "decp-2024": "decp_tabular_2024H2_*.csv"}[book]
        import_files(
            sorted((opendata / "procurement").glob(pattern)), data, readers(), schemas=ROOT / "data" / "schemas"
        )
    package = open_package(data if real else ROOT / "data")

    def load(name: str) -> Any:
        return package.load(name, optional=True)

    with once(procurement, energy):
        if book == "energy":
            pins = _plain(calls_energy.constants()) | _plain(calls_energy.results(load))
        else:
            pins = _plain(calls_procurement.results(load))
            if not real:
                pins |= _plain(calls_procurement.constants())
                own = _plain(calls_procurement.results(load, acheteur=REGION))
                pins |= {f"{name} @Région": value for name, value in own.items()}
        drawn, said = {}, {}
        for notebook, given in pages_of(book):
            name = " ".join([notebook, *(f"{key}={value}" for key, value in given.items())])
            with pages.drawings() as figures:
                html, files = pages.page(notebook, given, data if real else None)
            drawn[name] = figures
            said[name] = pages.lines(html) + [_file(name, text) for name, text in files.items()]
    if real:
        pins = {name: values.masked(value) for name, value in pins.items()}
        said = {name: values.hidden_lines(lines) for name, lines in said.items()}
    else:
        pins["drawings"] = drawn
    for name, lines in said.items():
        path = folder / "pages" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return pins


def _file(name: str, text: str) -> str:
    lines = text.splitlines()
    shown = lines[0].lstrip("\ufeff")
    return f"[file] {name}: {len(lines)} lines, {hashlib.sha256(text.encode()).hexdigest()[:12]}: {shown}"


# Comparing


def missing(book: str) -> str:
    """Say why a book can't be made here, or nothing."""
    folder = Path(os.environ.get("TIKUB_OPENDATA") or ROOT.parent / "shared" / "opendata")
    if book in REAL and not folder.is_dir():
        return f"real open data not found in {folder} (set TIKUB_OPENDATA)"
    return ""


def made(book: str, folder: Path) -> None:
    """Make the pins of a book in a process of its own, from this very checkout."""
    command = [sys.executable, "-m", "tests.pins", "make", book, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TZ": "Europe/Paris"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"The pins of {book} could not be made:\n{done.stderr[-4000:]}")


def compared(before: Path, after: Path) -> list[str]:
    """Say what differs between the pins of two folders."""
    old, new = values.read(before), values.read(after)
    found = []
    for name in dict.fromkeys([*old, *new]):
        digits = values.FITTED.get(name.split("[")[0].split(" @")[0], values.DIGITS)
        parts = ({name: pins[name]} if name in pins else {} for pins in (old, new))
        found += values.differences(*parts, digits=digits)
    names = sorted({path.name for folder in (before, after) for path in (folder / "pages").glob("*.txt")})
    for name in names:
        found += _lines(before / "pages" / name, after / "pages" / name)
    return found


def _lines(before: Path, after: Path) -> Iterator[str]:
    old, new = (path.read_text(encoding="utf-8").splitlines() if path.exists() else [] for path in (before, after))
    for line in list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]:
        if not line.startswith("@@"):
            yield f"{before.stem}: {line[0]} {line[1:]}"


def moved(book: str) -> list[str]:
    """Make the pins of a book and say what differs from those that are stored."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, book)
        made(book, folder)
        return compared(STORED / book, folder)


def remake(books: tuple[str, ...] = BOOKS) -> None:
    """Make pins anew, print what differs from those that are stored, and store them."""
    for book in books:
        if reason := missing(book):
            print(f"{book}: left as it is, {reason}")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch, book)
            made(book, folder)
            found = compared(STORED / book, folder)
            print("\n".join([f"{book}: {len(found) or 'no'} differences", *(f"  {line}" for line in found)]))
            if found:
                shutil.rmtree(STORED / book, ignore_errors=True)
                shutil.copytree(folder, STORED / book)
