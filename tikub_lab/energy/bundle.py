"""The tables of energy as one bundle, and methods that take it in place of each table."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import wraps
from typing import Any, TypeVar, cast

import pandas as pd

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


def trusted(data: Bundle, alerts: pd.DataFrame) -> Bundle:
    """Leave out the daily readings of a time in which their meter did not measure, for methods that look at days.

    Bills stay: where bills are compared, an estimate is joined to the one that mends it.

    Parameters
    ----------
    data : Bundle
    alerts : DataFrame
        Of :func:`tikub_lab.energy.alerts.survey`; those « non mesuré » of daily readings count.

    Examples
    --------
    >>> from tikub_lab import energy
    >>> data = energy.load()
    >>> broken = pd.DataFrame({"compteur_id": ["G029"], "origine": "relevé", "debut": pd.to_datetime(["2025-03-01"]),
    ...                        "fin": pd.to_datetime(["2025-03-11"]), "sens": "non mesuré"})
    >>> len(data.readings) - len(trusted(data, broken).readings)
    10
    """
    blind = alerts[(alerts["sens"] == "non mesuré") & (alerts["origine"] == "relevé")]
    daily = data.readings["compteur_id"].isin(blind["compteur_id"]) & (data.readings["origine"] == "relevé")
    pairs = data.readings[daily].reset_index().merge(blind, on="compteur_id", suffixes=("", "_alert"))
    touched = (pairs["debut"] < pairs["fin_alert"]) & (pairs["fin"] > pairs["debut_alert"])
    return replace(data, readings=data.readings.drop(index=pairs.loc[touched, "index"].tolist()))


def bundled(method: _Method) -> _Method:
    """Let a method take a bundle first, then its other arguments in their order."""
    names = list(inspect.signature(method).parameters)

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not (args and isinstance(args[0], Bundle)):
            return method(*args, **kwargs)
        given = {name: getattr(args[0], name) for name in names if name in NAMES}
        return method(
            **given, **dict(zip((name for name in names if name not in given), args[1:], strict=False)), **kwargs
        )

    return cast(_Method, call)
