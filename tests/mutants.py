"""How good is the net: small changes of the code, drawn by seed, each tried against the tests of its area.

    python -m tests.mutants decisions scorecard --seed 11 --count 25
    python -m tests.mutants 'procurement/*splits*=procurement/test_splits*' --at splits.py:207

An area is a name of AREAS or SOURCES=TESTS: patterns of paths below tikub_lab/ and tests/ (`*` goes through folders,
commas between several). A mutant runs in a temporary copy of the tree, against the area's doctests and tests, the
shortest files first, until one fails. Beyond `--budget` seconds of processor the longest tests are left out.
"""

import argparse
import ast
import gc
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from copy import copy
from fnmatch import fnmatch
from itertools import accumulate
from pathlib import Path

import pytest

AREAS = {
    "decisions": "procurement/*decisions*=procurement/test_decisions*",
    "scorecard": "procurement/*scorecard*=procurement/test_scorecard*,procurement/test_publications*",
    "bids": "procurement/*bids*=procurement/test_bids*,procurement/test_flags*",
    "charts": "show/*charts*=show/test_charts*",
    "alerts": "energy/*alerts*=energy/test_alerts*",
    "law": "energy/*law*=energy/test_law*",
    "challenge": "energy/*challenge*=energy/test_challenge*",
}
HEAVY = ["numpy", "pandas", "pyarrow", "duckdb", "scipy.stats", "geopandas", "matplotlib.figure", "hypothesis"]
SIGNS = "FloorDiv Div, Mod Mult, Mult Div, Add Sub, BitAnd BitOr, And Or, Lt LtE, Gt GtE, Eq NotEq, In NotIn, Is IsNot"
NAMES = "eq ne, lt le, gt ge, sum mean, min max, any all, first last, cummin cummax, idxmin idxmax, floor ceil"
PLAIN = {"sort_values", "sort_index", "strip", "drop_duplicates", "abs", "dropna", "sorted", "round"}  # left out
SAME = {"isinstance", "max", "min"}  # in any order, or a crash
MOST = 4 << 30  # bytes a mutant may take
KEYED = {"groupby", "sort_values", "drop_duplicates", "duplicated", "merge"}
SLOTS = {"slice": "slice", "lower": "slice", "upper": "slice", "defaults": "default", "kw_defaults": "default"}


SIGN, TWIN = ({a: b for p in text.split(", ") for a, b in (p.split(), p.split()[::-1])} for text in (SIGNS, NAMES))
OTHER = {getattr(ast, a): getattr(ast, b) for a, b in SIGN.items()}


def edit(node: ast.AST, **fields: object) -> str:
    new = copy(node)
    vars(new).update(fields)
    return f"({ast.unparse(new)})"


def call(node: ast.Call) -> Iterator[tuple[str, ast.AST, str]]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    inner = getattr(node.func, "value", node.args[0] if node.args else None)
    if other := TWIN.get(name):
        yield "comparison" if len(name) == 2 else "aggregate", node.func, edit(node.func, attr=other, id=other)
    if name in PLAIN and inner:
        yield "round" if name == "round" else "aggregate", node, edit(inner)
    if len(node.args) > 1 and not any(isinstance(item, ast.Starred) for item in node.args) and name not in SAME:
        yield "swap", node, edit(node, args=[*node.args[1::-1], *node.args[2:]])
    if name in KEYED:
        keys = (item for item in ast.walk(node) if isinstance(item, ast.List) and len(item.elts) > 1)
        yield from (("key", item, edit(item, elts=item.elts[:-1])) for item in keys)


def expression(node: ast.expr, slot: str) -> Iterator[tuple[str, ast.AST, str]]:
    if isinstance(node, ast.Compare):
        for at in range(len(node.ops)):
            signs = [OTHER[type(op)]() if other == at else op for other, op in enumerate(node.ops)]
            yield "comparison", node, edit(node, ops=signs)
    elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in OTHER:
        yield "boolean" if isinstance(node, ast.BoolOp) else "arithmetic", node, edit(node, op=OTHER[type(node.op)]())
    elif isinstance(node, ast.UnaryOp):
        yield "arithmetic" if isinstance(node.op, ast.USub) else "boolean", node, edit(node.operand)
    elif isinstance(node, ast.Constant):
        kind, value = SLOTS.get(slot), node.value
        if isinstance(value, bool):
            yield kind or "boolean", node, str(not value)
        elif isinstance(value, int):
            yield from ((kind or "constant", node, f"({value + step})") for step in (-1, 1))
        elif isinstance(value, float):
            yield kind or "constant", node, repr(value * 1.1 if value else 0.1)
    elif isinstance(node, ast.Call):
        yield from call(node)
    if slot in ("test", "ifs"):
        yield "boolean", node, f"(not ({ast.unparse(node)}))"


def statement(node: ast.stmt, known: set[str]) -> Iterator[tuple[str, ast.AST, str]]:
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    again = isinstance(target, ast.Name) and target.id in {getattr(item, "id", "") for item in ast.walk(node.value)}
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if called or again or isinstance(target, ast.Subscript | ast.Attribute) or isinstance(node, ast.AugAssign):
        yield "drop", node, "pass"
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
        root = node.value
        while isinstance(root, ast.Call | ast.Attribute | ast.Subscript):
            root = root.func if isinstance(root, ast.Call) else root.value
        if isinstance(root, ast.Name) and root.id not in known:
            yield "drop", node, f"return {root.id}"


def mutants(path: Path) -> dict[int, list[tuple[str, str, str, bytes]]]:
    """The mutants of a file by line: kind, old text, new text, the file's new bytes."""
    source, found = path.read_bytes(), {}
    tree, lines = ast.parse(source), source.splitlines(keepends=True)
    known = {getattr(node, "asname", None) or node.name for node in ast.walk(tree) if hasattr(node, "name")}

    def visit(node: ast.AST, slot: str) -> None:
        changes = expression(node, slot) if isinstance(node, ast.expr) else statement(node, known)
        for kind, old, new in changes:
            begin = sum(map(len, lines[: old.lineno - 1])) + old.col_offset
            end = sum(map(len, lines[: old.end_lineno - 1])) + old.end_col_offset
            after = source[:begin] + new.encode() + source[end:]
            found.setdefault(old.lineno, []).append((kind, source[begin:end].decode(errors="replace"), new, after))
        if "TYPE_CHECKING" in ast.unparse(getattr(node, "test", [])):
            return
        for field, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and field not in ("annotation", "returns", "decorator_list"):
                    visit(child, field)

    visit(tree, "")
    return found


def differs(source: bytes, new: bytes) -> bool:
    """Whether the code is another; Python 3.11 is now and then wrong about a place within an f-string."""
    try:
        return ast.dump(ast.parse(source)) != ast.dump(ast.parse(new))
    except SyntaxError:
        return False


class Net:
    """pytest plugin: which tests run, in which order, what they cost and which one fails."""

    def __init__(self, known: dict[str, float], budget: float) -> None:
        self.known, self.budget, self.cost, self.failed, self.last = Counter(known), budget, Counter(), "", 0.0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        cheap = sorted(items, key=lambda item: self.known[item.nodeid])
        totals = accumulate(self.known[item.nodeid] for item in cheap)
        kept = {item for item, total in zip(cheap, totals, strict=True) if total <= self.budget}
        files = Counter()
        for item in kept:
            files[item.path] += self.known[item.nodeid]
        items[:] = sorted((item for item in items if item in kept), key=lambda item: files[item.path])
        self.last = sum(os.times()[:4])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.cost[report.nodeid] -= self.last - (now := sum(os.times()[:4]))
        self.last = now
        self.failed = self.failed or (report.nodeid if report.failed else "")


def work(paths: list[Path], net: Net, limit: float) -> None:
    signal.alarm(20 * int(limit))  # for what waits rather than works
    resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit) + 5))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST, MOST))  # an endless loop that appends took 22 GB once
    os.dup2(os.open(".mutant.log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC), 1)
    os.dup2(1, 2)
    code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *map(str, paths)], [net])
    Path(".mutant.json").write_text(json.dumps([net.cost, net.failed or f"exit {code}"]))
    os._exit(code)


def run(paths: list[Path], known: dict[str, float], budget: float, limit: float) -> tuple[str, dict[str, float]]:
    """Run tests in a fork: what failed ("" if all passed), and what each cost in seconds of processor."""
    Path(".mutant.json").write_text('[{}, "its time"]')
    child = os.fork() or work(paths, Net(known, budget), limit)  # which does not return
    _, ended = os.waitpid(child, 0)
    cost, failed = json.loads(Path(".mutant.json").read_text())
    return failed if ended else "", cost


def judge(area: str, asked: argparse.Namespace) -> list[int]:
    """Draw an area's mutants and try each: killed, survived."""
    tops = zip(("tikub_lab", "tests"), AREAS.get(area, area).split("="), strict=True)
    wanted = [f"{top}/{one}" for top, patterns in tops for one in patterns.split(",")]
    paths = [path for path in sorted(Path().glob("t*/**/*.py")) if any(fnmatch(path, one) for one in wanted)]
    failed, cost = run(paths, {}, 1e9, 3600)
    if failed:
        sys.exit(f"{area}: {failed} on unchanged code\n{Path('.mutant.log').read_text()}")
    chance, counts, drawn = random.Random(asked.seed), [0, 0], []
    for path in paths:
        for line, found in mutants(path).items() if path.parts[0] == "tikub_lab" else ():
            if not asked.at:
                drawn.append((path, line, chance.sample(found, len(found))))
            elif f"{path}:{line}".endswith(asked.at):
                drawn += [(path, line, [one]) for one in found]
    for path, line, choices in chance.sample(drawn, len(drawn)):
        source = path.read_bytes()
        kind, old, new, after = next((one for one in choices if differs(source, one[3])), ("", "", "", b""))
        if after and (asked.at or sum(counts) < asked.count):
            path.write_bytes(after)
            os.utime(path, (sum(counts), sum(counts)))  # Python knows what it compiled by its second and size
            failed, _ = run(paths, cost, asked.budget, 20 + 3 * min(asked.budget, sum(cost.values())))
            path.write_bytes(source)
            counts[not failed] += 1
            verdict = f"killed by {failed}" if failed else "SURVIVED"
            print(f"{path}:{line} ({kind}) `{old}` -> `{new}`: {verdict}", flush=True)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("areas", nargs="+", metavar="AREA")
    for name, usual in (("seed", 1), ("count", 25), ("budget", 25)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--at", metavar="FILE:LINE", help="every mutant of that line instead of a draw")
    asked, here = parser.parse_args(), Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        shutil.copytree(here, tree, symlinks=True, ignore=shutil.ignore_patterns(".git", "__pycache__", ".*_cache"))
        Path(folder, "shared").symlink_to((here.parent / "shared").resolve())
        os.chdir(tree)
        os.environ |= {"PYTHONPATH": str(tree), "OPENBLAS_NUM_THREADS": "1"}
        sys.path[:] = [str(tree), *(item for item in sys.path if Path(item or here) != here)]
        for name in HEAVY:
            __import__(name)
        gc.freeze()
        for area, (killed, survived) in [(area, judge(area, asked)) for area in asked.areas]:
            print(f"{area}: {killed + survived} mutants, {killed} killed, {survived} survived")
        os.chdir(here)


if __name__ == "__main__":
    main()
