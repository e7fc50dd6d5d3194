"""Each public function computed once for the same arguments, while pins are made.

Notebooks and the table of calls ask for the same alerts, challenge and plan: made once, they cost half. What a call
returns is a copy, so that nobody changes what the next one gets. Arguments are compared by all that they hold.
"""

import copy
import dataclasses
import functools
import hashlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from tests.pins.names import names

UNTOLD = {"time_limit"}
"""Arguments that change no result where the time is enough; calls give a slow machine ten times more than pages do."""


@contextmanager
def once(*modules: Any) -> Iterator[None]:
    """Let the public functions of use cases compute once for the same arguments."""
    changed = [(owner, name.split(".")[-1], value) for module in modules for name, owner, value in names(module)]
    changed = [item for item in changed if inspect.isfunction(item[2])]
    for owner, name, function in changed:
        setattr(owner, name, _once(function))
    try:
        yield
    finally:
        for owner, name, function in changed:
            setattr(owner, name, function)


def _once(function: Any) -> Any:
    kept: dict[str, Any] = {}

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        hashed = hashlib.sha256()
        try:
            given = inspect.signature(function).bind(*args, **kwargs).arguments
            _add(hashed, {name: value for name, value in given.items() if name not in UNTOLD})
        except TypeError:
            return function(*args, **kwargs)
        key = hashed.hexdigest()
        if key not in kept:
            found = function(*args, **kwargs)
            if isinstance(found, Iterator):
                return found
            kept[key] = copy.deepcopy(found)
            return found
        return copy.deepcopy(kept[key])

    return call


def _add(hashed: Any, value: Any) -> None:
    """Add a value to a hash; TypeError where it is of a kind not known here."""
    hashed.update(f"{type(value).__name__}:".encode())
    if isinstance(value, pd.DataFrame):
        _add(hashed, [list(map(str, value.columns)), [str(kind) for kind in value.dtypes]])
        hashed.update(pd.util.hash_pandas_object(value).to_numpy().tobytes())
    elif isinstance(value, pd.Series):
        hashed.update(f"{value.name} {value.dtype}".encode())
        hashed.update(pd.util.hash_pandas_object(value).to_numpy().tobytes())
    elif isinstance(value, np.ndarray):
        hashed.update(f"{value.dtype} {value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, dict):
        for key, item in value.items():
            hashed.update(str(key).encode())
            _add(hashed, item)
    elif isinstance(value, list | tuple):
        hashed.update(f"{len(value)}".encode())
        for item in value:
            _add(hashed, item)
    elif dataclasses.is_dataclass(value):
        _add(hashed, {item.name: getattr(value, item.name) for item in dataclasses.fields(value)})
    elif value is None or isinstance(value, str | int | float | np.generic) or hasattr(value, "isoformat"):
        hashed.update(repr(value).encode())
    else:
        raise TypeError(type(value).__name__)
