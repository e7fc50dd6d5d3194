"""The tables of energy as one bundle, and methods that take it in place of each table."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, TypeVar, cast

import pandas as pd

from tikub_lab.errors import UsageError

_Method = TypeVar("_Method", bound=Callable[..., Any])


@dataclass(frozen=True)
class Bundle:
    """Tables ``energy/sites``, ``energy/meters`` and so on, each under its own name."""

    sites: pd.DataFrame
    meters: pd.DataFrame
    readings: pd.DataFrame
    weather: pd.DataFrame
    calendar: pd.DataFrame
    works: pd.DataFrame
    prices: pd.DataFrame
    factors: pd.DataFrame


NAMES = tuple(field.name for field in fields(Bundle))


def load() -> Bundle:
    """Load the tables that the methods of energy need; most take the bundle in their place.

    Returns
    -------
    Bundle
        ``sites``, ``meters``, ``readings``, ``weather``, ``calendar``, ``works``, ``prices``, ``factors``.

    Examples
    --------
    >>> from tikub_lab import energy
    >>> data = energy.load()
    >>> len(energy.adjusted(data)) > len(data.sites)
    True
    """
    from tikub_lab import tables

    return Bundle(**{name: tables.load(f"energy/{name}") for name in NAMES})


def bundled(method: _Method) -> _Method:
    """Let a method take a bundle first, then its other arguments in their order."""
    names = list(inspect.signature(method).parameters)

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not (args and isinstance(args[0], Bundle)):
            return method(*args, **kwargs)
        given = {name: getattr(args[0], name) for name in names if name in NAMES}
        rest = [name for name in names if name not in given]
        if len(args) > 1 + len(rest):
            raise UsageError(
                f"{method.__name__}: {len(args) - 1} values after the bundle; it takes {len(rest)}: {rest}."
            )
        return method(**given, **dict(zip(rest, args[1:], strict=False)), **kwargs)

    return cast(_Method, call)
