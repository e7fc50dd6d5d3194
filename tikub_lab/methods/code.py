"""Which files of the package a result can depend on, found without running anything, and one hash of them."""

import ast
import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import tikub_lab

ROOT = Path(tikub_lab.__file__).parent
GROUND = ("__init__.py", "errors.py", "tables", "methods", "show")
SUFFIXES = {".py", ".csv", ".toml", ".json", ".css", ".j2", ".mplstyle"}


def files(*parts: str) -> list[Path]:
    """List the files of the ground and of other parts of the package (``energy``): code, and the data beside it.

    Examples
    --------
    >>> {path.name for path in files("energy")} >= {"code.py", "errors.py", "valuation.py"}
    True
    """
    found = [path for part in {*GROUND, *parts} for path in _listed(ROOT / part)]
    return sorted(path for path in found if path.suffix in SUFFIXES)


def _listed(path: Path) -> Iterable[Path]:
    return path.rglob("*") if path.is_dir() else [path.with_suffix(".py")]


def digest(paths: Sequence[Path]) -> str:
    """Hash files by their place in the package and their bytes."""
    hashed = hashlib.blake2b(digest_size=20)
    for path in paths:
        hashed.update(
            f"{path.relative_to(ROOT).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode()
        )
    return hashed.hexdigest()


@lru_cache(maxsize=256)
def use_cases(source: str) -> tuple[str, ...]:
    """Name the parts of the package that the code of a cell imports, those of the ground left out.

    What can't be parsed, or imports by names made while it runs, counts as every use case.

    Examples
    --------
    >>> use_cases("from tikub_lab import energy, show")
    ('energy',)
    """
    try:
        tree = ast.parse(_plain(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return tikub_lab.USE_CASES
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    if "tikub_lab.*" in names or re.search(r"\b(import_module|__import__|importlib)\b", source):
        return tikub_lab.USE_CASES
    parts = {name.split(".")[1] for name in names if name.startswith("tikub_lab.")} - set(GROUND)
    return tuple(sorted(part for part in parts if (ROOT / part).is_dir() or (ROOT / f"{part}.py").is_file()))


def _plain(source: str) -> str:
    """Leave out what is IPython's own: a cell of another language, lines and values of magics and of the shell."""
    if source.startswith("%%") and not re.match(r"%%(capture|time|timeit|prun)\b", source):
        return ""
    lines = re.sub(r"^(\s*)(%|!|\?).*$|^(\s*)[\w.]+\?+$", r"\1\3pass", source, flags=re.M)
    return re.sub(r"=\s*[%!].*$", "= None", lines, flags=re.M)
