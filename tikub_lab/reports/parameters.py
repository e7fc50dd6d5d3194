"""A notebook's parameters: the annotations of its parameters cell are the contract, checked before anything runs.

papermill alone runs a notebook to its end with a misspelt name or a text where a number is meant (papermill#818, #667).
"""

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
from pathlib import Path
from typing import Any

from tikub_lab import Secret
from tikub_lab.errors import UsageError, nearest
from tikub_lab.reports.notebooks import Notebook

SIMPLE = {"int", "float", "bool", "str", "date", "Path"}
TRUE, FALSE = {"true", "oui", "1", "yes"}, {"false", "non", "0", "no"}
NONE = {"none", "null", ""}
CALLS: dict[str, Any] = {"date": date, "Path": Path, "Secret": str}
ODD = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError)
"""What `ast` raises on text that is no literal."""


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: ``name: annotation = default  # help``.

    ``default`` is None where it is not a literal (``computed``): nothing of a notebook is evaluated here.
    """

    name: str
    annotation: str
    default: Any
    help: str
    secret: bool = False
    computed: bool = False


def declared(notebook: Notebook) -> dict[str, Parameter]:
    """Read the parameters that a notebook declares, or say which line is not ``name: type = default  # meaning``.

    Examples
    --------
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
        if isinstance(node, ast.Import | ast.ImportFrom) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            continue
        line = f"{where}, line {node.lineno}"
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or node.value is None:
            raise UsageError(
                f"{line}: {ast.unparse(node)!r} is not a typed parameter; write `name: type = default  # meaning`."
            )
        annotation, name = ast.unparse(node.annotation), node.target.id
        _check_annotation(node.annotation, line)
        default, computed = _default(node.value, line)
        comment = comments.get(node.end_lineno or node.lineno, "")
        found[name] = Parameter(name, annotation, default, comment, "Secret" in annotation, computed)
    return found


def _last(node: ast.expr) -> str:
    """Return the last name of a dotted one: ``date`` of ``datetime.date``."""
    return ast.unparse(node).split(".")[-1]


def _default(node: ast.expr, line: str) -> tuple[Any, bool]:
    """Return a default that is a literal, or a simple type of literals; else None, and that it is computed."""
    call = isinstance(node, ast.Call) and _last(node.func) in CALLS and not node.keywords
    try:
        if not call:
            return ast.literal_eval(node), False
        assert isinstance(node, ast.Call)
        arguments = [ast.literal_eval(argument) for argument in node.args]
    except ODD:
        return None, True
    try:
        return CALLS[_last(node.func)](*arguments), False
    except (ValueError, TypeError, OverflowError) as error:
        raise UsageError(f"{line}: the default {ast.unparse(node)} is not possible ({error}). Mend the line.") from None


def _check_annotation(node: ast.expr, where: str) -> None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        _check_annotation(node.left, where)
        _check_annotation(node.right, where)
    elif isinstance(node, ast.Subscript) and _last(node.value) == "list":
        _check_annotation(node.slice, where)
    elif not (
        (isinstance(node, ast.Constant) and node.value is None)
        or (isinstance(node, ast.Subscript) and _last(node.value) == "Literal")
        or _last(node) in SIMPLE | {"Secret"}
    ):
        raise UsageError(
            f"{where}: type {ast.unparse(node)!r} is not one that parameters have; allowed: "
            f"{', '.join(sorted(SIMPLE))}, Secret, Literal[...], list[...], and `X | None`."
        )


def secrets(notebook: Notebook, given: Mapping[str, Any], evaluate: bool = False) -> list[str]:
    """Return the values that must not leave a run: those given for secret parameters, and the defaults of these.

    Only the process that runs the notebook may have computed defaults evaluated.
    """
    names = {name: parameter for name, parameter in declared(notebook).items() if parameter.secret}
    values = [given.get(name) for name in names] + [parameter.default for parameter in names.values()]
    space: dict[str, Any] = {"os": os, "Secret": Secret}
    for node in ast.parse(notebook.parameters_source or "").body if evaluate else []:
        with suppress(Exception):  # the notebook meets it too, and its report says so
            if isinstance(node, ast.Import | ast.ImportFrom):
                exec(compile(ast.Module([node], []), "parameters", "exec"), space)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                value = eval(compile(ast.Expression(node.value), "parameters", "eval"), space)
                space[node.target.id] = value
                values += [value] if node.target.id in names else []
    flat = [item for value in values for item in (value if isinstance(value, list | tuple) else [value])]
    return [str(item) for item in flat if item]


def check(notebook: Notebook, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check values, text as the command line has it or of the right type, and turn text into the declared types.

    An unknown name is refused with the nearest, a value of another type with what is allowed.
    """
    known = declared(notebook)
    checked = {}
    for name, value in given.items():
        if name not in known:
            raise UsageError(
                f"{notebook.name}: no parameter {name!r}.{nearest(name, known)} Allowed: {', '.join(known) or 'none'}."
            )
        parameter = known[name]
        try:
            checked[name] = _convert(value, ast.parse(parameter.annotation, mode="eval").body)
        except UsageError as error:
            raise UsageError(f"{notebook.name}: {name}: {error}") from None
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            shown = "(secret)" if parameter.secret else repr(value)
            raise UsageError(
                f"{notebook.name}: {name}={shown} is not {parameter.annotation}"
                + ("" if parameter.secret else f" ({error})")
                + f". Say `tikub report {notebook.name} --help-parameters` for what is allowed."
            ) from None
    return checked


def _convert(value: Any, node: ast.expr) -> Any:
    """Turn a value into the type that an annotation names, or raise ValueError saying why not."""
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("it holds a byte that is not UTF-8") from None
    if isinstance(node, ast.BinOp):
        return _convert_union(value, _options(node))
    if isinstance(node, ast.Constant):
        raise ValueError("only none would do")
    if isinstance(node, ast.Subscript):
        return _convert_generic(value, node)
    return _convert_simple(value, _last(node))


def _options(node: ast.expr) -> list[ast.expr]:
    return _options(node.left) + _options(node.right) if isinstance(node, ast.BinOp) else [node]


def _convert_union(value: Any, options: list[ast.expr]) -> Any:
    if any(isinstance(option, ast.Constant) for option in options) and (
        value is None or (isinstance(value, str) and value.strip().lower() in NONE)
    ):
        return None
    reasons = []
    for option in options:
        try:
            return _convert(value, option)
        except ValueError as error:
            reasons.append(str(error))
    raise ValueError("; ".join(reasons))


def _convert_generic(value: Any, node: ast.Subscript) -> Any:
    if _last(node.value) == "Literal":
        allowed = ast.literal_eval(node.slice)
        allowed = allowed if isinstance(allowed, tuple) else (allowed,)
        for option in allowed:
            if value == option or str(value) == str(option):
                return option
        raise ValueError(f"allowed: {', '.join(map(str, allowed))}")
    if isinstance(value, str):
        value = (
            json.loads(value)
            if value.lstrip().startswith("[")
            else [item.strip() for item in value.split(",") if item.strip()]
        )
    if not isinstance(value, list | tuple):
        raise ValueError("a list, such as a,b,c")
    return [_convert(item, node.slice) for item in value]


def _convert_simple(value: Any, kind: str) -> Any:
    if kind == "bool":
        text = str(value).strip().lower()
        if isinstance(value, bool) or text in TRUE | FALSE:
            return text in TRUE
        raise ValueError("true or false")
    if isinstance(value, bool):
        raise ValueError(f"a {kind}, not a truth value")
    if kind in {"str", "Secret"}:
        if not isinstance(value, str):
            raise ValueError("a text")
        return _secret(value) if kind == "Secret" else str(value)
    if kind == "int":
        if isinstance(value, float) and not value.is_integer():
            raise ValueError("a whole number")
        return int(value)
    if kind == "float":
        return float(str(value).replace(",", "."))
    if kind == "date":
        return value if isinstance(value, date) else date.fromisoformat(str(value).strip())
    if not isinstance(value, str | Path) or "\0" in str(value):
        raise ValueError("a path")
    return Path(value)


def _secret(text: str) -> str:
    """Read a secret from where ``@FILE`` or ``env:NAME`` says: on the command line, all users see it."""
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise UsageError(f"the file that is named after @ could not be read ({why}).") from None
    if text.startswith("env:"):
        name = text[4:]
        if not os.environ.get(name):
            raise UsageError(f"the environment has no variable {name!r}, or it is empty. Set it, or write @FILE.")
        return os.environ[name]
    return text
