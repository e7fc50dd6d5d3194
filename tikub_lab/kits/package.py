"""What of the package travels: what a kit's commands and its use case import, less the use case's answers.

Nothing is listed by hand and nothing is asked of git: a module travels if one that travels imports it, a data file if
one names it. What merely lies about in the package's folder is neither.
"""

import ast
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import tikub_lab
from tikub_lab import USE_CASES
from tikub_lab.errors import RunError

ROOT = Path(tikub_lab.__file__).parent
STARTS = ("__main__", "cli", "reports.engine", "reports.preload", "show", "tables")
"""Modules that a kit begins with, or finds by their names in texts."""

MODULE = re.compile(r"[a-z_]\w*(\.[a-z_]\w*)*")
OF_USE_CASE = ("__init__", "formats", "commands")
ALWAYS = {".css", ".j2", ".js", "conf.json", "words.csv"}
"""Suffixes and names of what no module need name: templates and words. A module also has a file of its own name."""


def files(use_case: str, answers: Sequence[str]) -> dict[str, bytes | Path]:
    """Return the files of the package that travel with a use case's kit, by path in the kit."""
    sources = _sources(use_case, answers)
    names: dict[str, set[str]] = {}
    for path, source in sources.items():
        texts = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
        said = {PurePosixPath(text).name for text in texts if isinstance(text, str) and "." in text}
        names.setdefault(_part(path), set()).update(said | {path.stem + suffix for suffix in said & {".csv", ".sql"}})
    found: dict[str, bytes | Path] = {_place(path): path for path in sources}
    for part, said in names.items():
        for path in sorted((ROOT / part).rglob("*")) if part else ():
            hidden = any(name.startswith((".", "__pycache__")) for name in path.relative_to(ROOT).parts)
            if path.is_file() and not hidden and (path.name in said or {path.suffix, path.name} & ALWAYS):
                found[_place(path)] = path
    start = ROOT / use_case / "__init__.py"
    return found | {_place(start): sources[start].encode("utf-8"), "lancer.py": ROOT / "kits" / "launcher.py"}


def module(name: str) -> Path | None:
    """Return the file of a module of the package, by its name in it."""
    base = ROOT.joinpath(*name.split("."))
    return next((path for path in (base / "__init__.py", base.parent / f"{base.name}.py") if path.is_file()), None)


def _sources(use_case: str, answers: Sequence[str]) -> dict[Path, str]:
    """Follow imports from where a kit starts, and refuse those of an answer."""
    secret = tuple(f"{use_case}.{answer}" for answer in answers)
    stay = {"kits", *USE_CASES} - {use_case}
    begins = (*STARTS, *(f"{use_case}.{noun}" for noun in OF_USE_CASE if noun not in answers))
    waiting = [(name, "a kit") for name in begins]
    found: dict[Path, str] = {}
    while waiting:
        name, because = waiting.pop()
        path = module(name)
        if path is None or path in found or name.split(".")[0] in stay:
            continue
        if any(name == answer or name.startswith(f"{answer}.") for answer in secret):
            raise RunError(
                f"{because} imports tikub_lab.{name}, an answer by tikub_lab/{use_case}/kit.toml, and travels. List it "
                "among the answers too, or have it do without; no kit was written."
            )
        source = path.read_text(encoding="utf-8")
        found[path] = _without(source, answers) if path == ROOT / use_case / "__init__.py" else source
        waiting += [(item, _place(path)) for item in _imports(found[path], path)]
        waiting += [(".".join(name.split(".")[:-1]) or "__init__", _place(path))]
    return found


def _imports(source: str, path: Path) -> set[str]:
    """Name the modules of the package that a module may import: those of texts too, where names are lazy."""
    names = set()
    package = ".".join(path.parent.relative_to(ROOT.parent).parts)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and MODULE.fullmatch(node.value):
            lazy = path.name == "__init__.py" and path.parent != ROOT
            names |= {node.value, f"{package}.{node.value}" if lazy else ""}
    return {name.removeprefix("tikub_lab.") for name in names if name.startswith("tikub_lab.")}


def _without(source: str, answers: Sequence[str]) -> str:
    """Leave the lines out by which a package names its answers."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
            name = key.value if isinstance(key, ast.Constant) else ""
            if key and any(name == answer or str(name).startswith(f"{answer}.") for answer in answers):
                for number in range(key.lineno - 1, value.end_lineno or 0):
                    lines[number] = ""
    return "".join(lines)


def _part(path: Path) -> str:
    """Return the folder of the package that a file is in; empty for its root."""
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else ""


def _place(path: Path) -> str:
    return path.relative_to(ROOT.parent).as_posix()
