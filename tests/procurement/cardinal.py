"""Releases as rows of a register, by the way that pages use, and settings and results in Cardinal's own form."""

import json
import tempfile
from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from tests.conftest import ROOT
from tikub_lab.errors import UsageError, nearest
from tikub_lab.procurement.flags.cardinal import COLUMNS, RedFlags
from tikub_lab.procurement.flags.register import TABLE
from tikub_lab.procurement.flags.settings import ALL, Settings
from tikub_lab.procurement.published.bids import BIDS_READERS
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import Package


def register(releases: Path | Iterable[Any]) -> pd.DataFrame:
    """Publish releases as lines, import the file, and read the table that comes of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = releases if isinstance(releases, Path) else Path(folder, "releases.jsonl")
        if not isinstance(releases, Path):
            about = {"releases": [], "fields": ["ocid"]}  # so that a file whose first line is no release is known too
            path.write_text("\n".join(map(json.dumps, [about, *releases])), encoding="utf-8")
        import_files([path], Path(folder, "into"), readers=BIDS_READERS, schemas=ROOT / "data" / "schemas")
        return Package(Path(folder, "into")).load(TABLE)


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


def cardinal_settings(sections: Mapping[str, Any]) -> Settings:
    """Read settings as Cardinal's own file has them: a section a flag, and only flags with one are looked for."""
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
    """Split a text at its bars, one at the end being no separator; keep lists."""
    if value is None:
        return ()
    if not isinstance(value, str):
        return tuple(value)
    return tuple(value.removesuffix("|").split("|")) if value else ()


def as_cardinal(found: RedFlags | pd.DataFrame, meta: bool = False) -> dict[str, Any]:
    """Write red flags in the form in which Cardinal prints them; what JSON has no number for is None."""
    table = found.table if isinstance(found, RedFlags) else found
    nested: dict[str, Any] = {}
    for group, identifier, flag, value in table[list(COLUMNS)].itertuples(index=False, name=None):
        nested.setdefault(group, {}).setdefault(identifier, {})[flag] = value if isfinite(value) else None
    if meta and isinstance(found, RedFlags):
        nested["Meta"] = {
            flag: {name: _rounded(value) for name, value in values.items()} for flag, values in found.meta.items()
        }
    return nested


def _rounded(value: float) -> float | None:
    """Round half away from zero to four decimals, as Rust does (Python rounds half to even)."""
    if not isfinite(value):
        return None
    scaled = abs(value) * 10_000
    whole = int(scaled)
    return (whole + (scaled - whole >= 0.5)) / 10_000 * (1 if value >= 0 else -1)
