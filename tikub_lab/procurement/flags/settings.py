"""What the red flags may be told: the settings of Cardinal 0.0.8, by the same names.

Source: https://cardinal.readthedocs.io/en/latest/cli/indicators/ (Open Contracting Partnership, MIT licence).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from tikub_lab.errors import UsageError, nearest

ALL = ("R003", "R018", "R024", "R025", "R028", "R030", "R035", "R036", "R038", "R048", "R058")
"""The eleven flags."""

_SECTIONS: dict[str, tuple[str, ...]] = {
    "R003": ("threshold", "procurement_methods", "procurement_method_details"),
    "R018": ("procurement_methods",),
    "R024": ("threshold",),
    "R025": ("percentile", "threshold"),
    "R028": (),
    "R030": (),
    "R035": ("threshold",),
    "R036": (),
    "R038": ("threshold", "minimum_submitted_bids", "minimum_contracting_processes"),
    "R048": ("digits", "threshold", "minimum_contracting_processes"),
    "R058": ("threshold",),
    "exclusions": ("procurement_method_details",),
}
_GENERAL = ("currency", "no_price_comparison_procurement_methods", "price_comparison_procurement_methods")
_LISTS = {*_GENERAL[1:], "procurement_methods"}
_INTEGERS = {
    "r003_threshold", "r025_percentile", "r035_threshold", "r038_minimum_submitted_bids",
    "r038_minimum_contracting_processes", "r048_digits", "r048_threshold", "r048_minimum_contracting_processes",
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Settings of the red flags; the defaults are Cardinal's.

    Attributes
    ----------
    flags : tuple of str
        The flags to look for. Which they are can decide the currency, see ``currency``.
    currency : str, optional
        Prices in another currency are left out of R024, R036 and R058. By default it is the first currency met in a
        bid that these flags look at.
    no_price_comparison_procurement_methods : tuple of str
        Procedures (``details``) that do not compare prices: R024, R028, R036 and R058 leave them out.
    price_comparison_procurement_methods : tuple of str
        Those that do; where some are named, only these count and the setting before has no effect.
    respect_criteria : bool
        Leave out too, for these flags, the processes that say that price is not their only criterion. Only a bid
        register says so: releases are judged as Cardinal does.
    excluded_procurement_method_details : tuple of str
        Procedures left out altogether.
    r003_threshold : int
        A submission period of fewer whole days is short.
    r003_procurement_methods : tuple of str
        Methods that R003 looks at; all where none is named.
    r003_procurement_method_details : mapping of str to int
        Thresholds of some procedures in the place of ``r003_threshold``.
    r018_procurement_methods : tuple of str
        Methods that R018 looks at; all where none is named.
    r024_threshold, r025_threshold, r038_threshold, r058_threshold : float, optional
        A ratio in the place of the fence that the data give.
    r025_percentile : int
        R025 looks at tenderers whose number of bids is at least this percentile.
    r035_threshold : int
        Tenderers disqualified, at least (never less than 1).
    r038_minimum_submitted_bids, r038_minimum_contracting_processes : int
        Bids that a tenderer, or a buyer or procuring entity, must have received or submitted to be looked at. Cardinal
        counts bids in both cases, in spite of the second name.
    r048_digits : int
        Digits of the classification that tell families apart: 2 for divisions of the CPV.
    r048_threshold : int, optional
        A number of families in the place of the fence.
    r048_minimum_contracting_processes : int
        Processes that a supplier must have won to be looked at.
    """

    flags: tuple[str, ...] = ALL
    currency: str | None = None
    no_price_comparison_procurement_methods: tuple[str, ...] = ()
    price_comparison_procurement_methods: tuple[str, ...] = ()
    respect_criteria: bool = True
    excluded_procurement_method_details: tuple[str, ...] = ()
    r003_threshold: int = 15
    r003_procurement_methods: tuple[str, ...] = ()
    r003_procurement_method_details: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    r018_procurement_methods: tuple[str, ...] = ("open", "selective")
    r024_threshold: float | None = None
    r025_percentile: int = 75
    r025_threshold: float | None = None
    r035_threshold: int = 1
    r038_threshold: float | None = None
    r038_minimum_submitted_bids: int = 2
    r038_minimum_contracting_processes: int = 2
    r048_digits: int = 2
    r048_threshold: int | None = None
    r048_minimum_contracting_processes: int = 20
    r058_threshold: float | None = None

    def __post_init__(self) -> None:
        unknown = [flag for flag in self.flags if flag not in ALL]
        if unknown:
            raise UsageError(
                f"flags: {unknown[0]!r} is no red flag.{nearest(unknown[0], ALL)} There are {', '.join(ALL)}."
            )
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name.startswith("r0") and isinstance(value, (int, float)) and value < 0:
                raise UsageError(f"{item.name}={value!r}: give zero or more.")


def cardinal_settings(sections: Mapping[str, Any]) -> Settings:
    """Read settings as Cardinal's own file has them: a section a flag, and only flags with a section are looked for.

    Parameters
    ----------
    sections : mapping
        Such as ``{"currency": "EUR", "exclusions": {"procurement_method_details": "Tirage"}, "R048": {"digits": 3}}``.
        Lists are written with bars, or are lists; numbers may be text.

    Raises
    ------
    UsageError
        For a section or a key that Cardinal has not, or a value that is not a number where one is due.

    Examples
    --------
    >>> found = cardinal_settings({"R003": {"procurement_methods": "open|limited", "threshold": "20"}})
    >>> found.flags, found.r003_procurement_methods, found.r003_threshold
    (('R003',), ('open', 'limited'), 20)
    >>> cardinal_settings({"R048": {"digit": 3}})
    Traceback (most recent call last):
    tikub_lab.errors.UsageError: settings of R048: no key 'digit'. Did you mean 'digits'? Known: digits, threshold, \
minimum_contracting_processes.
    """
    known = (*_GENERAL, *_SECTIONS)
    given: dict[str, Any] = {"flags": tuple(flag for flag in ALL if sections.get(flag) is not None)}
    for name, content in sections.items():
        if name not in known:
            raise UsageError(f"settings: no section {name!r}.{nearest(name, known)} Known: {', '.join(known)}.")
        if name in _GENERAL:
            given[name] = listed(content) if name in _LISTS else content
            continue
        for key, value in (content or {}).items():
            if key not in _SECTIONS[name]:
                allowed = ", ".join(_SECTIONS[name]) or "none"
                raise UsageError(
                    f"settings of {name}: no key {key!r}.{nearest(key, _SECTIONS[name])} Known: {allowed}."
                )
            target = f"excluded_{key}" if name == "exclusions" else f"{name.lower()}_{key}"
            given[target] = _value(target, key, value)
    return Settings(**given)


def _value(target: str, key: str, value: Any) -> Any:
    if target == "r003_procurement_method_details":
        return MappingProxyType({name: _number(target, days, int) for name, days in value.items()})
    if target == "excluded_procurement_method_details" or key in _LISTS:
        return listed(value)
    return _number(target, value, int if target in _INTEGERS else float)


def _number(target: str, value: Any, kind: type) -> Any:
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise UsageError(f"settings: {target}={value!r} is not a number ({kind.__name__}).") from None


def listed(value: Any) -> tuple[str, ...]:
    """Split a text at its bars, one at the end being no separator; keep lists.

    Examples
    --------
    >>> listed("open|selective"), listed("a|"), listed(""), listed(["a"])
    (('open', 'selective'), ('a',), (), ('a',))
    """
    if value is None:
        return ()
    if not isinstance(value, str):
        return tuple(value)
    return tuple(value.removesuffix("|").split("|")) if value else ()
