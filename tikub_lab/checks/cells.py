"""Code: names that don't exist, files that nobody else has, cells that nobody follows. Style is a matter of taste."""

import ast
import builtins
import json
import re
import symtable
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

from tikub_lab.checks.findings import Finding, Said, Subject, collect
from tikub_lab.checks.patterns import RULES, pattern

LONG_CELL, LONG_FUNCTION, DEEP = 50, 25, 4
"""Lines of a cell, of a function in a cell; loops and conditions in each other."""

GIVEN = {*dir(builtins), "display", "get_ipython", "In", "Out", "_", "exit", "quit", "WindowsError"}
Trees = list[tuple[str, ast.AST]]


def check(subject: Subject) -> Iterator[Said]:
    """Read code without running it: each notebook and module by itself, then whether anything tests them."""
    notebooks, modules = subject.own("notebook"), subject.own("code")
    yield from collect([(subject.place(path), partial(_notebook, path)) for path in notebooks], subject)[0]
    yield from collect([(subject.place(path), partial(_module, path)) for path in modules], subject)[0]
    untested = [path for path in modules if "def " in path.read_text("utf-8", "replace")]
    if untested and not tests(subject.files.get("code", ())):
        yield Finding("no_tests", subject.place(untested[0]), count=len(untested))


def tests(paths: Iterable[Path]) -> list[Path]:
    """Return those files that pytest takes for tests."""
    return [path for path in paths if re.search("^test_|_test$", path.stem)]


def _notebook(path: Path, subject: Subject) -> Iterator[Said]:
    from IPython.core.inputtransformer2 import TransformerManager

    place, notebook = subject.place(path), json.loads(path.read_bytes())
    cells = [(f"{place}, cellule {at}", cell, "".join(cell["source"])) for at, cell in enumerate(notebook["cells"], 1)]
    if not any(cell["cell_type"] == "markdown" and re.search("^#+ ", text, re.M) for _, cell, text in cells):
        yield Finding("untitled_notebook", place)
    if subject.kind == "kit" and not any("parameters" in cell["metadata"].get("tags", ()) for _, cell, _ in cells):
        yield Finding("no_parameters", place)
    python = str((notebook["metadata"].get("kernelspec") or {}).get("language", "python")).lower() == "python"
    code = [item for item in cells if item[1]["cell_type"] == "code" and python]
    counts = [(where, cell["execution_count"]) for where, cell, _ in code if cell.get("execution_count")]
    for (_, before), (where, count) in pairwise(counts):
        if count < before:
            yield Finding("out_of_order", where, count=count, before=before)
            break
    for where, cell, text in code:
        if any(output.get("output_type") == "error" for output in cell.get("outputs", ())):
            yield Finding("stored_error", where)
        if (lines := len(re.findall(r"^.*\S", text, re.M))) > LONG_CELL:
            yield Finding("long_cell", where, lines=lines, most=LONG_CELL)
    plain = TransformerManager().transform_cell
    timed = r"\A\s*%%(time|timeit|capture|prun).*"
    trees = yield from _code([(where, text, plain(re.sub(timed, "", text))) for where, _, text in code], path, subject)
    for where, node in ((where, node) for where, tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef) and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONG_FUNCTION:
            yield Finding("function_in_cell", where, name=node.name, lines=lines)


def _module(path: Path, subject: Subject) -> Iterator[Said]:
    text = path.read_text("utf-8")
    yield from _code([(subject.place(path), text, text)], path, subject)


def _code(pieces: list[tuple[str, str, str]], path: Path, subject: Subject) -> Generator[Said, None, Trees]:
    """Say what is wrong with pieces of code that follow each other, as written and as Python; return their trees."""
    trees: Trees = []
    whole, reads = "\n".join(python for _, _, python in pieces), pattern(RULES["words"]["file_read"])
    for where, text, python in pieces:
        for kind, rule in RULES["code"].items():
            if found := pattern(rule).search(text):
                yield Finding(kind, where, text=(found.groupdict().get("text") or found[0])[:100])
        for name in set(reads.findall(text)):  # one that is said elsewhere too may be written there
            there = any((folder / name).exists() for folder in (path.parent, subject.root))
            if not there and whole.count(name) == reads.findall(whole).count(name):
                yield Finding("missing_file", where, path=name)
        try:
            flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            trees.append((where, compile(python, "cell", "exec", flags, dont_inherit=True)))
        except (SyntaxError, ValueError) as error:
            yield Finding("syntax_error", where, reason=str(error))
            continue
        if (deep := _depth(trees[-1][1])) > DEEP:
            yield Finding("deep_nesting", where, levels=deep, most=DEEP)
    if len(trees) == len(pieces) and not pattern(RULES["words"]["gives_names"]).search(whole):
        for name in sorted(_unknown(whole)):
            used = [where for where, tree in trees if any(getattr(node, "id", "") == name for node in ast.walk(tree))]
            yield Finding("unknown_name", used[0], name=name)
    return trees


def _depth(node: ast.AST) -> int:
    """Count loops and conditions that are in each other; `elif` is no level."""
    inside = max(map(_depth, ast.iter_child_nodes(node)), default=0)
    chained = isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
    return inside + (isinstance(node, ast.For | ast.While | ast.If) and not chained)


def _unknown(text: str) -> set[str]:
    """Return the names that are used and that nothing gives, in whichever order cells run."""
    scopes = [symtable.symtable(text, "cell", "exec")]
    for scope in scopes:
        scopes += scope.get_children()
    symbols = [(scope is scopes[0], item) for scope in scopes for item in scope.get_symbols()]
    outer = [item for top, item in symbols if top or item.is_global()]
    made = {item.get_name() for item in outer if item.is_assigned() or item.is_imported() or item.is_namespace()}
    used = {item.get_name() for item in outer if item.is_referenced()}
    return {name for name in used - made - GIVEN if not name.startswith("__")}
