"""Decide which reports a build makes: which notebooks, with which parameters, one for each of what."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tikub_lab.errors import UsageError, nearest
from tikub_lab.reports.keys import digest
from tikub_lab.reports.notebooks import Notebook, find
from tikub_lab.reports.parameters import check, declared
from tikub_lab.reports.run import Report
from tikub_lab.tables.package import open_package

if TYPE_CHECKING:
    import pandas as pd

MAX_REPORTS = 20_000
"""A build of more reports is a mistake in ``--each`` or ``--where``."""


def plan(
    folder: Path,
    names: Sequence[str],
    given: Mapping[str, Any],
    data: Path | None = None,
    each: str | None = None,
    where: str | None = None,
) -> list[Report]:
    """Decide which reports to make, refusing wrong parameters before anything runs.

    Parameters
    ----------
    folder : Path
        The folder of notebooks.
    names : sequence of str
        Which notebooks; none means all of them, but those of :func:`left_out`.
    given : mapping
        Values of parameters. With several notebooks, each takes those that it declares, and each value must be
        declared by one of them at least.
    data : Path, optional
        Folder of the data package.
    each : str, optional
        One report for each value: ``""`` for all those that the notebook's metadata names first, ``"famille="`` for
        all those that it names for another parameter, ``"uai=a,b"`` for some.
    where : str, optional
        Keeps the rows of the table that ``each`` is about for which this holds: ``"departement == '29'"``.

    Raises
    ------
    UsageError
    """
    notebooks = find(folder, list(names))
    if not names:
        absent = set(left_out(folder, data))
        notebooks = [item for item in notebooks if item.name not in absent] or notebooks
    if where is not None and each is None:
        raise UsageError("--where filters what --each goes through; say --each too.")
    if each is not None:
        if len(notebooks) != 1:
            raise UsageError(
                f"--each goes with one notebook; found {len(notebooks)}. Name it: tikub report NOTEBOOK --each."
            )
        return [_report(notebooks[0], item, data) for item in _fan(notebooks[0], given, data, each, where)]
    if len(notebooks) > 1:
        known = {name for notebook in notebooks for name in declared(notebook)}
        unknown = sorted(set(given) - known)
        if unknown:
            near = nearest(unknown[0], known)
            raise UsageError(
                f"No notebook has the parameter {unknown[0]!r}.{near} Allowed: {', '.join(sorted(known)) or 'none'}."
            )
        return [_report(item, {k: v for k, v in given.items() if k in declared(item)}, data) for item in notebooks]
    return [_report(notebooks[0], given, data)]


def left_out(folder: Path, data: Path | None) -> list[str]:
    """Name the notebooks of use cases of which a data package has no table: nothing to report on.

    A package of imported contracts is no reason to say that every notebook on energy failed.

    Parameters
    ----------
    folder : Path
        The folder of notebooks.
    data : Path, optional
        Folder of the data package.
    """
    present = {name.split("/")[0] for name in open_package(data).resources}
    return [item.name for item in find(folder) if "use_case" in item.needs and item.use_case not in present]


def _fan(
    notebook: Notebook, given: Mapping[str, Any], data: Path | None, each: str, where: str | None
) -> list[dict[str, Any]]:
    """Return the parameters of each report of a fan-out."""
    name, sign, text = each.partition("=")
    rules = each_rules(notebook)
    parameter = name or next(iter(rules), None)
    if not parameter:
        raise UsageError(
            f"{notebook.name}: its metadata names nothing to go through. Say --each NAME=VALUE,VALUE, or put "
            '{"tikub": {"each": {"parameter": …, "table": …, "column": …}}} into the notebook\'s metadata.'
        )
    if parameter in given:
        raise UsageError(f"{notebook.name}: {parameter} is set by -p and by --each; keep one of them.")
    if parameter not in declared(notebook):
        check(notebook, {parameter: ""})  # says which names are allowed
    values: list[Any] = [item.strip() for item in text.split(",") if item.strip()]
    if values:
        if where is not None:
            raise UsageError("--where goes with all the values of --each, not with a list of them.")
    elif name and not sign:
        raise UsageError(f"--each {name!r}: write --each {name}=VALUE,VALUE, or --each {name}= for all values.")
    elif parameter not in rules:
        known = ", ".join(f"--each {known}=" for known in rules) or "none"
        raise UsageError(
            f"--each {each!r} names no value, and the metadata of {notebook.name} does not say where those of "
            f"{parameter} are; write --each {parameter}=VALUE,VALUE. All values are known of: {known}."
        )
    else:
        values = _values(notebook, rules[parameter], data, where)
    if len(values) > MAX_REPORTS:
        raise UsageError(
            f"--each gives {len(values):,} reports; at most {MAX_REPORTS:,} are made in one build. Use --where."
        )
    return [{**given, parameter: value} for value in dict.fromkeys(values)]


def each_rules(notebook: Notebook) -> dict[str, Mapping[str, Any]]:
    """Return what a notebook's metadata says it may be fanned out by: a rule, or a list of them, by parameter.

    A rule has ``parameter``, ``table``, ``column``, and may have ``prefix``: that many first characters are the value.
    """
    said = notebook.needs.get("each") or []
    rules = [said] if isinstance(said, Mapping) else list(said)
    for rule in rules:
        lacking = sorted({"parameter", "table", "column"} - set(rule))
        if lacking or not isinstance(rule.get("prefix", 1), int):
            raise UsageError(
                f"{notebook.name}: metadata tikub.each {f'lacks {lacking[0]!r}' if lacking else 'has an odd prefix'}; "
                "it needs parameter, table, column, and takes prefix, a whole number."
            )
    return {rule["parameter"]: rule for rule in rules}


def _values(notebook: Notebook, rule: Mapping[str, Any], data: Path | None, where: str | None) -> list[Any]:
    """Read the values that a fan-out goes through from its table."""
    table, column = rule["table"], rule["column"]
    package = open_package(data)
    values = package.values(table, column)
    if where is not None:
        values = sorted(_filtered(package.load(table), where, table)[column].dropna().unique().tolist())
    if "prefix" in rule:
        values = sorted({str(value)[: rule["prefix"]] for value in values})
    if not values:
        raise UsageError(
            f"--each: no value of {table}.{column} is left" + (f" by --where {where!r}." if where else ".")
        )
    return values


def _filtered(frame: "pd.DataFrame", where: str, table: str) -> "pd.DataFrame":
    if "__" in where or "@" in where:
        raise UsageError(f"--where {where!r}: a comparison of columns is allowed, without '@' and '__'.")
    try:
        return frame.query(where, engine="python")
    except Exception as error:
        raise UsageError(
            f"--where {where!r}: {type(error).__name__}: {error}. It compares columns of {table}, such as "
            f"\"{frame.columns[0]} == '…'\"; columns: {', '.join(map(str, frame.columns))}."
        ) from None


def _report(notebook: Notebook, given: Mapping[str, Any], data: Path | None) -> Report:
    parameters = check(notebook, given)
    public = Report(notebook, parameters, "", data).public_parameters()
    return Report(notebook, parameters, name_of(public) or notebook.name, data)


def name_of(parameters: Mapping[str, Any]) -> str:
    """Name a page from a report's parameters: readable, and never the same for two sets of values.

    Where a value can't be read back from its part of the name (accents, spaces, length), or where a file system that
    ignores case could take it for another (``abc``, ``ABC``), a short hash follows.

    Examples
    --------
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
            parts.append(f"{name}-{slug(text)}-{digest(text)[:6]}".replace("--", "-"))
    joined = ".".join(parts)
    return joined if len(joined) <= 120 else f"{joined[:100].rstrip('.-')}-{digest(joined)[:10]}"


def slug(text: str) -> str:
    """Make a readable part of a file name: lower case, no accent, words joined by hyphens.

    Examples
    --------
    >>> slug("Lycée de l'Élorn à Landerneau")
    'lycee-de-l-elorn-a-landerneau'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
