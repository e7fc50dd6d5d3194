"""Names of a package that are imported when they are first used (PEP 562): what is not used may be absent.

Each method that is had so says in one line which column a table lacks that it was given.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from functools import wraps
from importlib import import_module
from inspect import isfunction, signature
from traceback import walk_tb
from typing import Any

from tikub_lab.errors import UsageError, nearest

TEXTS = r"\.dt accessor|dtype=(str|object) and|format specifier '%|'str' object has no attribute '(date|tz_convert)'"
"""What pandas and Python say where a day is wanted and there is a text."""
ASIDE = r"dtype='\w*'|Column not found: "
"""What pandas says in its errors beside the names of columns."""


def lazy(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make a package's ``__getattr__``, ``__dir__`` and ``__all__``.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping of str to str
        The names that each of its modules gives, parted by spaces; a module without any is a name itself.
    """
    modules = {name: module for module, names in homes.items() for name in names.split()}
    modules |= {module: "" for module, names in homes.items() if not names}

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = import_module(f"{package}.{modules[name] or name}")
        value = _door(package, name, getattr(home, name)) if modules[name] else home
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: sorted(modules), sorted(modules)


def doors(module: str) -> None:
    """Have the methods of a module that is not lazy say which column a table lacks."""
    names = vars(sys.modules[module])
    names |= {name: _door(module, name, names[name]) for name in names["__all__"]}


def _door(package: str, name: str, value: Any) -> Any:
    if not isfunction(value):
        return value

    @wraps(value)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return value(*args, **kwargs)
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            method = f"{package.removeprefix('tikub_lab.')}.{name}"
            for said in (*_no_tables(method, value, args, kwargs), *_lacking(method, value, args, kwargs, error)):
                raise UsageError(said) from error
            raise

    return call


def _no_tables(method: str, function: Any, args: Any, kwargs: Any) -> Iterator[str]:
    """Say which argument should be a table and is none."""
    import pandas as pd

    with suppress(TypeError):  # too few or too many arguments: Python's own words say it
        for name, value in signature(function).bind(*args, **kwargs).arguments.items():
            wanted = signature(function).parameters[name].annotation is pd.DataFrame
            if wanted and not (hasattr(value, "columns") or is_dataclass(value) or isinstance(value, tuple)):
                yield f"{method}: {name} is a table; found {type(value).__name__}. help({method}) says which."


def _lacking(method: str, function: Any, args: Any, kwargs: Any, error: Exception) -> Iterator[str]:
    """Say which table lacks the columns that pandas did not find, where it is about a table that was given.

    That table has columns in common with the one that pandas was asked for them: other errors are the method's own.
    """
    import pandas as pd

    if re.search(TEXTS, str(error)):
        yield f"{method}: a column of days holds texts. tables.load gives days, and so does pd.to_datetime."
    if re.search("datetime64.[^]]*, |[Tt]z-(naive|aware)", str(error)):
        yield f"{method}: a column of days has a time zone. tables.load gives none; .dt.tz_localize(None) takes it off."
    if not isinstance(error, KeyError | AttributeError):
        return
    attribute = getattr(error, "name", None)
    names = [attribute] if attribute else re.findall(r"'([^']+)'", re.sub(ASIDE, "", str(error)))
    places = [frame.f_locals for frame, _ in walk_tb(error.__traceback__)]
    owners = (place.get("self") for place in places)
    owners = (getattr(owner, "__dict__", {}).get("obj", owner) for owner in owners)  # of what is grouped
    frames = [owner for owner in owners if isinstance(owner, pd.DataFrame | pd.Series)]
    rows = [getattr(error, "obj", None), *(places[-1].values() if isinstance(error, KeyError) else ())]  # or as dicts
    asked = {name for row in rows for name in getattr(row, "_fields", row if isinstance(row, dict) else ())}
    asked = {*frames[-1].axes[-1]} if frames else asked
    tables = [(len(asked & {*table.columns}), label, table) for label, table in _given(function, args, kwargs)]
    tables = [each for each in tables if each[0] and any(name not in each[2] for name in names)]
    for _, label, table in sorted(tables, key=lambda each: -each[0])[:1]:
        absent, columns = [name for name in names if name not in table], [*map(str, table.columns)]
        yield (
            f"{method}: {label} has no column {', '.join(absent)}.{nearest(absent[0], columns)} "
            f"Found: {', '.join(columns)}. help({method}) says what it needs."
        )


def _given(function: Any, args: Any, kwargs: Any) -> Iterator[tuple[str, Any]]:
    """Give the tables of a call by name, also of a list and of a bundle, which stands for the tables that it has."""
    names, bundle = [*signature(function).parameters], vars(args[0]) if args and is_dataclass(args[0]) else {}
    free = [name for name in names if name not in bundle]
    given = zip(free + free[-1:] * len(args), args[len(free) < len(names) :], strict=False)
    for name, value in [*bundle.items(), *given, *kwargs.items()]:
        for table in value if isinstance(value, list | tuple) else [value]:
            if hasattr(table, "columns"):
                yield name, table
