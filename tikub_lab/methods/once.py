"""Results for the whole stock, computed once: the next report that asks for the same reads them from a file.

A key holds all that a result depends on: the function and the code that it can reach, the content of its arguments, the
versions of what computes.
"""

import functools
import hashlib
import inspect
import os
import pickle
import platform
import random
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from tikub_lab.methods import code, content
from tikub_lab.methods.waiting import waiting
from tikub_lab.tables import package

try:
    import fcntl
except ImportError:  # Windows: everything is computed each time
    fcntl = None  # type: ignore[assignment]

LIMIT = 512 * 2**20  # bytes that all entries may take; the least recently used go
_BEGAN = time.time() - 0.05  # what changed later is not what this process imported; the clocks of disks are coarse
_VERSIONS = [platform.python_version(), *map(version, ("pandas", "numpy", "scipy", "duckdb"))]
_PLACE, _FILE = re.compile(r"\w+(\.\w+)+"), re.compile(r"[0-9a-f]{40}(\.lock|\.\d+)?")
"""Names of the folder of a function, and of what an entry has there: itself, its lock, what a process writes."""
_Function = TypeVar("_Function", bound=Callable[..., Any])


def once(function: _Function) -> _Function:
    """Keep what a function of the package returns for the tables and plain values that it is given."""
    parts, name = function.__module__.split("."), function.__name__
    if parts[0] != "tikub_lab" or function.__qualname__ != name or inspect.isgeneratorfunction(function):
        raise TypeError(f"{function.__qualname__}: only a function of the package can be computed once.")
    signature = inspect.signature(function)

    @functools.wraps(function)
    @waiting()
    def call(*args: Any, **kwargs: Any) -> Any:
        root, (files, digest) = folder(), _code(parts[1])
        if root is None or any(os.stat(file).st_ctime > _BEGAN for file in files):  # noqa: PTH116 -- ten times faster
            return function(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        key = hashlib.sha256()  # twice as fast as others where processors know it
        content.feed(key, [*parts, name, digest, _VERSIONS, dict(bound.arguments)])
        entry = root / ".".join([*parts[1:], name]) / key.hexdigest()[:40]
        with _locked(entry):
            kept = _read(entry)
            if kept is None:
                kept = _computed(function, args, kwargs)
                _write(root, entry, kept)
        return pickle.loads(kept)  # the first caller gets what later ones get

    return cast(_Function, call)


def folder() -> Path | None:
    """Say where entries are: ``TIKUB_CACHE``, else in the workbench around the current folder; None where it is off."""
    said = os.environ.get("TIKUB_CACHE", "")
    homes = [home for home in (Path.cwd(), *Path.cwd().parents) if (home / "data" / package.DESCRIPTOR).is_file()]
    if fcntl is not None and said != "off" and (said or homes):
        root = _root(homes[0] if homes else Path())
        with suppress(OSError):
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if root.stat().st_uid == os.getuid() and not root.stat().st_mode & 0o077:
                return root  # pickles that nobody else has written
    return None


def _root(home: Path) -> Path:
    said = os.environ.get("TIKUB_CACHE", "")
    return Path(said) if said not in {"", "off"} else home / ".cache" / "tikub"


def clean(home: Path) -> tuple[Path, int, int, int]:
    """Remove the entries of a workbench, those that ``TIKUB_CACHE=off`` does not use too, and nothing else there.

    Returns where they were, how many files went, their bytes, and how many files stay: of an entry that a running
    report computes or reads, or that may not be removed.
    """
    root, gone, size = _root(home), 0, 0
    places = [place for place in root.glob("*") if _PLACE.fullmatch(place.name) and not place.is_symlink()]
    files = [file for place in places for file in place.glob("*") if _FILE.fullmatch(file.name) and file.is_file()]
    for entry, parts in groupby(sorted(files), lambda file: file.with_suffix("")):
        with suppress(OSError), entry.with_suffix(".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for file in parts:
                size, gone = size + file.stat().st_size, gone + 1
                file.unlink()
            Path(lock.name).unlink(missing_ok=True)
    for place in {file.parent for file in files}:
        with suppress(OSError):  # what is left there stays
            place.rmdir()
    return root, gone, size, len(files) - gone


@functools.lru_cache
def _code(part: str) -> tuple[list[str], str]:
    files = code.files(part)
    return [str(file) for file in files], code.digest(files)


def _computed(function: Callable[..., Any], args: Any, kwargs: Any) -> bytes:
    """Compute apart from what no key holds: to load a table raises, and so does to draw from a shared generator."""
    before = pickle.dumps((random.getstate(), np.random.get_state()))
    package.barred.append(function.__name__)
    try:
        result = function(*args, **kwargs)
    finally:
        package.barred.pop()
    if pickle.dumps((random.getstate(), np.random.get_state())) != before:
        raise TypeError(f"{function.__name__} draws at random: its result can't be kept.")
    return pickle.dumps(result, 5)


def _locked(entry: Path) -> AbstractContextManager[Any]:
    """Hold the lock of one entry, which who dies releases; go on without where none can be had (a full disk)."""
    try:
        entry.parent.mkdir(mode=0o700, exist_ok=True)
        lock = entry.with_suffix(".lock").open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock
    except OSError:
        return nullcontext()


def _read(entry: Path) -> bytes | None:
    with suppress(OSError):
        kept = entry.read_bytes()
        if hashlib.sha256(kept[32:]).digest() == kept[:32]:
            os.utime(entry)
            return kept[32:]
        entry.unlink()
    return None


def _write(root: Path, entry: Path, kept: bytes) -> None:
    """Write an entry beside and rename it, then drop the least recently used above the limit."""
    part = entry.with_suffix(f".{os.getpid()}")
    try:
        part.write_bytes(hashlib.sha256(kept).digest() + kept)
        part.replace(entry)
        files = sorted((file.stat().st_mtime, file.stat().st_size, file) for file in root.glob("*/*"))
        while sum(size for _, size, _ in files) > LIMIT:
            files.pop(0)[2].unlink()
    except OSError:  # the result is returned all the same
        with suppress(OSError):
            part.unlink(missing_ok=True)
