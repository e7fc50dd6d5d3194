"""A notebook's parameters, checked by their annotations before anything runs (papermill#818, papermill#667)."""

import ast
import io
import json
import os
import tokenize
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import isfinite
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from tikub_lab import Secret
from tikub_lab.errors import UsageError, nearest
from tikub_lab.reports.notebooks import Notebook

TYPES: dict[str, Any] = {kind.__name__: kind for kind in (Path, Secret, bool, date, float, int, str)}
TRUE, FALSE = {"true", "oui", "1", "yes"}, {"false", "non", "0", "no"}
NONE = {"none", "null", ""}
WORDS = {int: "a whole number such as 2025", float: "a number such as 1.5", date: "a date such as 2026-03-01"}
ODD = (ValueError, TypeError, SyntaxError, OverflowError, MemoryError, RecursionError)  # of odd text and values


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell; a ``computed`` default is None: nothing is evaluated."""

    name: str
    annotation: str
    kind: Any
    default: Any
    help: str
    secret: bool = False
    computed: bool = False


def declared(notebook: Notebook) -> dict[str, Parameter]:
    """Read the parameters that a notebook declares, or say which line is not ``name: type = default  # meaning``.

    >>> source = "annee: int = 2025  # dernière année"
    >>> declared(Notebook("n", Path("n.ipynb"), "N", source, {}))["annee"].help
    'dernière année'
    """
    return _declared(notebook.parameters_source or "", f"{notebook.path.name}, parameters cell")


@lru_cache(maxsize=64)
def _declared(source: str, where: str) -> dict[str, Parameter]:
    try:
        body = ast.parse(source).body
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (*ODD, tokenize.TokenError) as error:
        raise UsageError(f"{where}: not valid Python ({error}). Mend the cell.") from None
    comments = {t.start[0]: t.string.lstrip("# ").strip() for t in tokens if t.type == tokenize.COMMENT}
    found = {}
    for node in body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_text or isinstance(node, ast.Import | ast.ImportFrom):
            continue
        line = f"{where}, line {node.lineno}"
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or node.value is None:
            raise UsageError(
                f"{line}: {ast.unparse(node)!r} is not a typed parameter; write `name: type = default  # meaning`."
            )
        annotation, name = ast.unparse(node.annotation), node.target.id
        kind, (default, computed) = _type(node.annotation, line), _default(node.value, line)
        comment = comments.get(node.end_lineno or node.lineno, "")
        found[name] = Parameter(name, annotation, kind, default, comment, "Secret" in annotation, computed)
    return found


def _last(node: ast.expr) -> str:
    return ast.unparse(node).split(".")[-1]  # `date` of `datetime.date`


def _type(node: ast.expr, line: str) -> Any:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _type(node.left, line) | _type(node.right, line)
    if isinstance(node, ast.Constant) and node.value is None:
        return type(None)
    if isinstance(node, ast.Subscript) and _last(node.value) == "list":
        return list[_type(node.slice, line)]  # type: ignore[misc]
    if isinstance(node, ast.Subscript) and _last(node.value) == "Literal":
        with suppress(*ODD):
            return Literal[ast.literal_eval(node.slice)]
    if (name := _last(node)) in TYPES:
        return TYPES[name]
    raise UsageError(
        f"{line}: type {ast.unparse(node)!r} is not one that parameters have; allowed: {', '.join(TYPES)}, "
        "Literal[...], list[...], and `X | None`."
    )


def _default(node: ast.expr, line: str) -> tuple[Any, bool]:
    """Return a default that is a literal, or a simple type of literals; else None, and that it is computed."""
    called = TYPES.get(_last(node.func)) if isinstance(node, ast.Call) and not node.keywords else None
    try:
        if called is None:
            return ast.literal_eval(node), False
        arguments = [ast.literal_eval(argument) for argument in getattr(node, "args", [])]
    except ODD:
        return None, True
    try:
        return called(*arguments), False
    except ODD as error:
        raise UsageError(f"{line}: the default {ast.unparse(node)} is not possible ({error}). Mend the line.") from None


def secrets(notebook: Notebook, given: Mapping[str, Any], evaluate: bool = False) -> list[str]:
    """Return what must not leave a run; only the notebook's process evaluates defaults."""
    names = {name: parameter for name, parameter in declared(notebook).items() if parameter.secret}
    values = [given.get(name) for name in names] + [parameter.default for parameter in names.values()]
    space: dict[str, Any] = {"os": os, "Secret": Secret}
    for node in ast.parse(notebook.parameters_source or "").body if evaluate else []:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.AnnAssign):
            with suppress(Exception):  # the notebook meets it too, and its report says so
                exec(compile(ast.Module([node], []), "parameters", "exec"), space)
    values += map(space.get, names)
    flat = [item for value in values for item in (value if isinstance(value, list | tuple) else [value])]
    return [str(item) for item in flat if item]


def check(notebook: Notebook, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check values, and turn text, as the command line has it, into the declared types."""
    known = declared(notebook)
    checked = {}
    for name, value in given.items():
        if name not in known:
            allowed = ", ".join(known) or "none"
            raise UsageError(f"{notebook.name}: no parameter {name!r}.{nearest(name, known)} Allowed: {allowed}.")
        parameter = known[name]
        try:
            checked[name] = _convert(value, parameter.kind)
        except UsageError as error:
            raise UsageError(f"{notebook.name}: {name}: {error}") from None
        except ODD as error:
            shown, why = ("(secret)", "") if parameter.secret else (repr(value), f" ({error})")
            raise UsageError(
                f"{notebook.name}: {name}={shown} is not {parameter.annotation}{why}. "
                f"Say `tikub report {notebook.name} --help-parameters` for what is allowed."
            ) from None
    return checked


def _convert(value: Any, kind: Any) -> Any:
    """Turn a value into a type, or raise ValueError saying why not."""
    origin, options = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:  # the first that will do
        if type(None) in options and (value is None or (isinstance(value, str) and value.strip().lower() in NONE)):
            return None
        reasons = []
        for option in options:
            try:
                return _convert(value, option)
            except ValueError as error:
                reasons.append(str(error))
        raise ValueError(" or ".join(reasons))
    if origin is Literal:
        for option in options:
            if value == option or str(value) == str(option):
                return option
        raise ValueError(f"allowed: {', '.join(map(str, options))}")
    if origin is list:
        if isinstance(value, str) and value.lstrip().startswith("["):
            value = json.loads(value)
        elif isinstance(value, str):
            value = [item.strip() for item in value.split(",") if item.strip()]
        if not isinstance(value, list | tuple):
            raise ValueError("a list, such as a,b,c")
        return [_convert(item, options[0]) for item in value]
    if isinstance(value, str) and value != value.encode("utf-8", "replace").decode():
        raise ValueError("it holds a byte that is not UTF-8")
    return value if isinstance(value, kind) and kind not in {str, Secret, int} else _simple(value, kind)


def _simple(value: Any, kind: Any) -> Any:
    text = str(value).strip()
    if kind is bool:
        if text.lower() in TRUE | FALSE:
            return text.lower() in TRUE
        raise ValueError("true or false")
    if isinstance(value, bool) or kind is type(None):
        raise ValueError("none" if kind is type(None) else f"a {kind.__name__}, not a truth value")
    if kind in {str, Secret, Path}:
        if not isinstance(value, str) or (kind is Path and "\0" in value):
            raise ValueError("a path" if kind is Path else "a text")
        return _secret(value) if kind is Secret else kind(value)
    try:
        if kind is int and (not isinstance(value, float) or value.is_integer()):
            return int(value)
        if kind is date or (kind is float and isfinite(float(text.replace(",", ".")))):
            return date.fromisoformat(text) if kind is date else float(text.replace(",", "."))
    except ODD:
        pass  # Python's own words are no help
    raise ValueError(WORDS[kind])


def _secret(text: str) -> str:
    """Read a secret from where ``@FILE`` or ``env:NAME`` says: on the command line, all users see it."""
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise UsageError(f"the file that is named after @ could not be read ({why}).") from None
    if text.startswith("env:"):
        if value := os.environ.get(text[4:]):
            return value
        raise UsageError(f"the environment has no variable {text[4:]!r}, or it is empty. Set it, or write @FILE.")
    return text
