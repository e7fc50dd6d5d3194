"""A notebook's parameters: the annotations of its parameters cell are the contract, checked before anything runs.

papermill alone runs a notebook to its end with a misspelt name or a text where a number is meant (papermill#818, #667).
"""

import ast
import io
import json
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tikub_lab.errors import UsageError, nearest
from tikub_lab.reports.notebooks import Notebook

SIMPLE = {"int", "float", "bool", "str", "date", "Path"}
TRUE, FALSE = {"true", "oui", "1", "yes"}, {"false", "non", "0", "no"}
NONE = {"none", "null", ""}


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell.

    Attributes
    ----------
    name : str
    annotation : str
        As written: ``str | None``.
    default : Any
        Its default; None where the default is not a literal.
    help : str
        The comment at the end of the line.
    secret : bool
        Whether the value must not leave the run.
    """

    name: str
    annotation: str
    default: Any
    help: str
    secret: bool = False


def declared(notebook: Notebook) -> dict[str, Parameter]:
    """Read the parameters that a notebook declares.

    Raises
    ------
    UsageError
        A parameters cell that is not Python, or a line that is not ``name: type = default  # meaning``.

    Examples
    --------
    >>> source = "annee: int = 2025  # dernière année"
    >>> declared(Notebook("n", Path("n.ipynb"), "N", source, {}))
    {'annee': Parameter(name='annee', annotation='int', default=2025, help='dernière année', secret=False)}
    """
    source = notebook.parameters_source
    if source is None:
        return {}
    where = f"{notebook.path.name}, parameters cell"
    try:
        body = ast.parse(source).body
        comments = _comments(source)
    except (SyntaxError, tokenize.TokenError) as error:
        raise UsageError(f"{where}: not valid Python ({error}). Mend the cell.") from None
    found = {}
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            continue
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or node.value is None:
            raise UsageError(
                f"{where}, line {node.lineno}: {ast.unparse(node)!r} is not a typed parameter; "
                "write `name: type = default  # meaning`."
            )
        annotation = ast.unparse(node.annotation)
        _check_annotation(node.annotation, f"{where}, line {node.lineno}")
        default = _literal(node.value)
        found[node.target.id] = Parameter(
            node.target.id,
            annotation,
            default,
            comments.get(node.end_lineno or node.lineno, ""),
            "Secret" in annotation,
        )
    return found


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ").strip() for t in tokens if t.type == tokenize.COMMENT}


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"date", "Path", "Secret"}:
        arguments = [ast.literal_eval(argument) for argument in node.args]
        name = ast.unparse(node.func).split(".")[-1]
        return {"date": date, "Path": Path, "Secret": str}[name](*arguments)
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _check_annotation(node: ast.expr, where: str) -> None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        _check_annotation(node.left, where)
        _check_annotation(node.right, where)
        return
    if isinstance(node, ast.Constant) and node.value is None:
        return
    if isinstance(node, ast.Subscript):
        base = ast.unparse(node.value).split(".")[-1]
        if base == "Literal":
            return
        if base == "list":
            _check_annotation(node.slice, where)
            return
    if ast.unparse(node).split(".")[-1] in SIMPLE | {"Secret"}:
        return
    raise UsageError(
        f"{where}: type {ast.unparse(node)!r} is not one that parameters have; allowed: {', '.join(sorted(SIMPLE))}, "
        "Secret, Literal[...], list[...], and `X | None`."
    )


def check(notebook: Notebook, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check values against a notebook's parameters, and turn text into the declared types.

    Parameters
    ----------
    notebook : Notebook
    given : mapping of name to value
        Text as the command line has it, or values of the right type.

    Returns
    -------
    dict
        Only what was given, each of its declared type.

    Raises
    ------
    UsageError
        An unknown name (the allowed ones and the nearest are named) or a value of another type.
    """
    known = declared(notebook)
    checked = {}
    for name, value in given.items():
        if name not in known:
            raise UsageError(
                f"{notebook.name}: no parameter {name!r}.{nearest(name, known)} Allowed: {', '.join(known) or 'none'}."
            )
        parameter = known[name]
        node = ast.parse(parameter.annotation, mode="eval").body
        try:
            checked[name] = _convert(value, node)
        except ValueError as error:
            shown = "(secret)" if parameter.secret else repr(value)
            raise UsageError(
                f"{notebook.name}: {name}={shown} is not {parameter.annotation}"
                + ("" if parameter.secret else f" ({error})")
                + f". Say `tikub report {notebook.name} --help-parameters` for what is allowed."
            ) from None
    return checked


def _convert(value: Any, node: ast.expr) -> Any:
    """Turn a value into the type that an annotation names, or raise ValueError saying why not."""
    if isinstance(node, ast.BinOp):
        options = _options(node)
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
    if isinstance(node, ast.Constant):
        raise ValueError("only none would do")
    if isinstance(node, ast.Subscript):
        return _convert_generic(value, node)
    return _convert_simple(value, ast.unparse(node).split(".")[-1])


def _options(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return _options(node.left) + _options(node.right)
    return [node]


def _convert_generic(value: Any, node: ast.Subscript) -> Any:
    if ast.unparse(node.value).split(".")[-1] == "Literal":
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
        if isinstance(value, bool):
            return value
        text = str(value).strip().lower()
        if text in TRUE | FALSE:
            return text in TRUE
        raise ValueError("true or false")
    if isinstance(value, bool):
        raise ValueError(f"a {kind}, not a truth value")
    if kind in {"str", "Secret"}:
        if not isinstance(value, str):
            raise ValueError("a text")
        return str(value)
    if kind == "int":
        if isinstance(value, float) and not value.is_integer():
            raise ValueError("a whole number")
        return int(value)
    if kind == "float":
        return float(str(value).replace(",", "."))
    if kind == "date":
        if isinstance(value, date):
            return value
        return date.fromisoformat(str(value).strip())
    if not isinstance(value, str | Path) or "\0" in str(value):
        raise ValueError("a path")
    return Path(value)
