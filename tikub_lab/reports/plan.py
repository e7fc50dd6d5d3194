"""Decide which reports a build makes: which notebooks, with which parameters, one for each of what."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tikub_lab import USE_CASES
from tikub_lab.errors import UsageError, nearest
from tikub_lab.reports.keys import digest
from tikub_lab.reports.notebooks import Notebook, each_rules, find
from tikub_lab.reports.parameters import check, declared
from tikub_lab.reports.run import Report
from tikub_lab.tables.package import Package

if TYPE_CHECKING:
    import pandas as pd

MAX_REPORTS = 20_000  # more are a mistake in --each or --where


def plan(
    folder: Path,
    names: Sequence[str],
    given: Mapping[str, Any],
    package: Package | None = None,
    each: str | None = None,
    where: str | None = None,
) -> list[Report]:
    """Decide which reports to make, refusing wrong parameters before anything runs.

    Of several notebooks, each takes the values that it declares, and one at least must declare each. ``each`` gives a
    report for each value: ``""`` for all those that a notebook's metadata names first, ``"famille="`` for all those of
    another parameter, ``"uai=a,b"`` for some; ``where`` keeps rows of their table: ``"departement == '29'"``.
    """
    notebooks = find(folder, list(names))
    if not names:
        without = {name for absent in left_out(notebooks, package) for name in absent}
        notebooks = [item for item in notebooks if item.name not in without] or notebooks
    if where is not None and each is None:
        raise UsageError("--where filters what --each goes through; say --each too.")
    several, name = len(notebooks) > 1, (each or "").partition("=")[0]
    known = sorted({parameter for notebook in notebooks for parameter in declared(notebook)})
    for odd in sorted({*given, *filter(None, [name])} - set(known)) if several else ():
        allowed = ", ".join(known) or "none"
        raise UsageError(f"No notebook has the parameter {odd!r}.{nearest(odd, known)} Allowed: {allowed}.")
    over = {item.name: _parameter(item, name) if each is not None else None for item in notebooks}
    if each is not None and not any(over.values()):
        check(notebooks[0], {name: ""} if name else {})  # says which names are allowed
        raise UsageError(
            f"{', '.join(over)}: the metadata names nothing to go through. Say --each NAME=VALUE,VALUE, or put "
            '{"tikub": {"each": {"parameter": …, "table": …, "column": …}}} into the notebook\'s metadata.'
        )
    reports: list[Report] = []
    for notebook in notebooks:
        values = {name: value for name, value in given.items() if not several or name in declared(notebook)}
        parameter, made = over[notebook.name], []
        if package and not parameter:
            values = _first(notebook, package) | values
        for item in _fan(notebook, values, package, parameter, each or "", where) if parameter else [values]:
            checked = check(notebook, item)
            slug = name_of(Report(notebook, checked, "").public_parameters()) or notebook.name
            made.append(Report(notebook, checked, slug))
        if package:
            _refuse_unknown(notebook, made, package)
        reports += made
    if len(reports) > MAX_REPORTS:
        raise UsageError(f"{len(reports):,} reports; at most {MAX_REPORTS:,} are made in one build. Use --where.")
    return reports


def left_out(notebooks: Sequence[Notebook], package: Package | None) -> tuple[list[str], list[str]]:
    """Name what a build that names no notebook leaves out: drafts, and those of which the data has no table.

    Where no notebook says its use case, only ``_name`` is a draft.
    """
    said = any("use_case" in item.needs for item in notebooks)
    present = {name.split("/")[0] for name in package.resources} if package else USE_CASES
    drafts = [item for item in notebooks if item.name.startswith("_") or (said and "use_case" not in item.needs)]
    lacking = [item for item in notebooks if item.use_case in USE_CASES and item.use_case not in present]
    return [item.name for item in drafts], [item.name for item in lacking if said and item not in drafts]


def _parameter(notebook: Notebook, name: str) -> str | None:
    """Return the parameter of a notebook that ``--each`` is about; None where it has none."""
    if name:
        return name if name in declared(notebook) else None
    return next(iter(each_rules(notebook)), None)


def _first(notebook: Notebook, package: Package) -> dict[str, Any]:
    """Return the package's first item where a page of one item is written for one that this package lacks."""
    found = {}
    for name, rule in each_rules(notebook).items():
        if name not in (has := declared(notebook)):
            raise UsageError(
                f"{notebook.name}: metadata tikub.each names the parameter {name!r}, which its cell of parameters has "
                f"not.{nearest(name, has)} It has: {', '.join(has) or 'none'}. Name one of them, or take it out."
            )
        default, table = has[name].default, package.named(rule["table"])
        cut = "prefix" in rule and "least" not in rule  # a family: what begins so is a selection, not an item
        if default and isinstance(default, str) and not cut and table in package.resources:
            known = _known(rule, package) or _known({**rule, "least": 1}, package)
            if known and default not in known:
                found[name] = known[0]
    return found


def _fan(
    notebook: Notebook, given: Mapping[str, Any], package: Package | None, parameter: str, each: str, where: str | None
) -> list[dict[str, Any]]:
    """Return the parameters of each report of a fan-out."""
    (name, sign, text), rules = each.partition("="), each_rules(notebook)
    if parameter in given:
        raise UsageError(f"{notebook.name}: {parameter} is set by -p and by --each; keep one of them.")
    if values := [item.strip() for item in text.split(",") if item.strip()]:
        if where is not None:
            raise UsageError("--where goes with all the values of --each, not with a list of them.")
    elif name and not sign:
        raise UsageError(f"--each {name!r}: write --each {name}=VALUE,VALUE, or --each {name}= for all values.")
    elif parameter not in rules or package is None:
        known = ", ".join(f"--each {known}=" for known in rules) or "none"
        raise UsageError(
            f"--each {each!r} names no value, and the metadata of {notebook.name} does not say where those of "
            f"{parameter} are; write --each {parameter}=VALUE,VALUE. All values are known of: {known}."
        )
    else:
        values = _values(rules[parameter], package, where)
    return [{**given, parameter: value} for value in dict.fromkeys(values)]


def _values(rule: Mapping[str, Any], package: Package, where: str | None) -> list[Any]:
    table, column = rule["table"], rule["column"]
    values = _known(rule, package, where)
    if not values:
        raise UsageError(f"--each: no value of {table}.{column} is left{f' by --where {where!r}' if where else ''}.")
    return values


def _known(rule: Mapping[str, Any], package: Package, where: str | None = None) -> list[Any]:
    """Return the values that a rule names, sorted.

    With ``least`` those of so many rows, the most frequent first; ``prefix`` then cuts numbers alone, such as a SIRET.
    """
    table, column, cut = rule["table"], rule["column"], rule.get("prefix")
    if where is None and "least" not in rule:
        values = package.values(table, column)
        return sorted({str(value)[:cut] for value in values}) if cut else values
    rows = package.load(table)
    rows = (rows if where is None else _filtered(rows, where, table))[column].dropna()
    if "least" not in rule:
        return sorted({str(value)[:cut] for value in rows} if cut else rows.unique().tolist())
    texts = rows.astype("str")
    counts = texts.mask(texts.str.isdecimal(), texts.str[:cut]).value_counts().sort_index()
    return counts[counts >= rule["least"]].sort_values(ascending=False, kind="stable").index.tolist()


def _filtered(frame: "pd.DataFrame", where: str, table: str) -> "pd.DataFrame":
    if "__" in where or "@" in where:
        raise UsageError(f"--where {where!r}: a comparison of columns is allowed, without '@' and '__'.")
    try:
        return frame.query(where, engine="python")
    except Exception:  # pandas's own words, of assignments and of Python's syntax, are no help
        raise UsageError(
            f"--where {where!r} can't be read. It compares columns of {table}, such as "
            f"\"{frame.columns[0]} == '…'\"; columns: {', '.join(map(str, frame.columns))}."
        ) from None


def _refuse_unknown(notebook: Notebook, reports: Sequence[Report], package: Package) -> None:
    """Refuse a value that is not in the column that metadata names for its parameter."""
    from tikub_lab.methods.scope import one_of  # not above: it needs pandas, and a build without news none

    for name, rule in each_rules(notebook).items():
        given = [report.parameters[name] for report in reports if report.parameters.get(name) is not None]
        if not given or package.named(rule["table"]) not in package.resources:
            continue
        known = {str(value) for value in package.values(rule["table"], rule["column"])}
        flat = {str(item) for items in given for item in (items if isinstance(items, list) else [items])}
        for value in flat - known:
            if not ("prefix" in rule and any(item.startswith(value) for item in known)):
                where = f"it is not in the column {rule['column']} of {rule['table']}"
                one_of(f"{notebook.name}: {name}", value, sorted(known)[:5000], where)


def name_of(parameters: Mapping[str, Any]) -> str:
    """Name a page from a report's parameters: readable, and never the same for two sets of values.

    Where a value can't be read back from its part of the name (accents, spaces, length), or where a file system that
    ignores case could take it for another (``abc``, ``ABC``), a short hash follows.

    >>> name_of({"uai": "0350001A", "annee": 2025})
    'uai-0350001A.annee-2025'
    >>> name_of({"commune": "Saint-Brieuc d'Armor"})
    'commune-saint-brieuc-d-armor-d4de44'
    """
    parts = []
    for name, value in parameters.items():
        text = str(value)
        if len(text) <= 40 and re.fullmatch(r"[a-z]+(-[a-z]+)*|(?=.*\d)[0-9A-Z]+(-[0-9A-Z]+)*", text):
            parts.append(f"{name}-{text}")
        else:
            plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
            slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
            parts.append(f"{name}-{slug}-{digest(text)[:6]}".replace("--", "-"))
    joined = ".".join(parts)
    return joined if len(joined) <= 120 else f"{joined[:100].rstrip('.-')}-{digest(joined)[:10]}"
