"""The floors of the house: what may import what, at the top, in a function, or by a name made at run time."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tikub_lab import USE_CASES

GROUND = ("tables", "methods", "show")
"""From the lowest to the highest: each knows those before it."""
FLOORS = {
    "errors": set(),
    **{part: {"errors", *GROUND[:place]} for place, part in enumerate(GROUND)},
    **{part: {"errors", *GROUND} for part in USE_CASES},
    "use_cases": {"errors", *GROUND, *USE_CASES},
    "reports": {"errors", "use_cases", *GROUND},
    "kits": {"errors", "use_cases", "reports", *GROUND},
    "checks": {"errors", "use_cases", "reports", *GROUND},
    "new": {"errors", *GROUND},
    "cli_data": {"errors", "use_cases", *GROUND},
    "night": {"errors", "use_cases", "reports", *GROUND},
    "cli": {"errors", "use_cases", "reports", "kits", "checks", "new", "night", "cli_data", *GROUND},
    "__main__": {"cli"},
    "__init__": set(),
}
"""What each part may import beside itself."""
AT_RUN_TIME = ("import_module", "__import__", "find_spec", "run_module", "lazy")
NAMES_MADE = {"tikub_lab.use_cases", "tikub_lab.methods.lazy"}
"""Who may import by a name made at run time: of use cases, and of what is below a package that calls."""


def part_of(name: str) -> str:
    return name.split(".")[1] if "." in name else "__init__"


def module_of(path: Path, package: Path) -> str:
    name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imports(text: str, name: str, modules: set[str]) -> set[str]:
    """Modules of the package that a module imports, wherever in its text; what only a type checker reads is none."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    calls = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("import_module", "__import__") and id(node) not in calls:
            found.add("tikub_lab.?")
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = name.split(".")[: -node.level] if node.level else []
                base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                found.add(full if full in modules else base)
        elif isinstance(node, ast.Call) and called(node) in AT_RUN_TIME and node.args:
            argument = node.args[0]
            if isinstance(argument, ast.Constant):
                found.add(str(argument.value))
            elif not own(argument) and (called(node) == "lazy" or not isinstance(argument, ast.Name)):
                found.add("tikub_lab.?")
    return {each for each in found if each in modules or each == "tikub_lab.?"}


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def own(argument: ast.expr) -> bool:
    """Tell a module's own name, and one below it: f"{__name__}.…"."""
    first = argument.values[0] if isinstance(argument, ast.JoinedStr) else argument
    return ast.unparse(first.value if isinstance(first, ast.FormattedValue) else first) == "__name__"


def graph(package: Path) -> dict[str, set[str]]:
    """What each module of a package imports of it."""
    paths = {module_of(path, package): path for path in package.rglob("*.py")}
    return {name: imports(path.read_text("utf-8"), name, {*paths}) - {name} for name, path in paths.items()}


def upwards(edges: dict[str, set[str]]) -> list[str]:
    wrong = []
    for name, imported in sorted(edges.items()):
        part = part_of(name)
        allowed = FLOORS.get(part, set()) | {part, "__init__"} | ({"?"} if name in NAMES_MADE else set())
        wrong += [f"{name} imports {each}" for each in sorted(imported) if part_of(each) not in allowed]
    return wrong


def cycles(edges: dict[str, set[str]]) -> list[str]:
    """Modules that lead back to themselves within their part."""

    def reached(start: str) -> set[str]:
        seen, next_ones = set[str](), [start]
        while next_ones:
            for each in edges.get(next_ones.pop(), ()):
                if each not in seen and part_of(each) == part_of(start):
                    seen.add(each)
                    next_ones.append(each)
        return seen

    return sorted(name for name in edges if name in reached(name))


@pytest.fixture(scope="module")
def edges(root):
    return graph(root / "tikub_lab")


def test_every_part_has_its_floor(edges):
    assert {part_of(name) for name in edges} <= {*FLOORS}


def test_each_floor_imports_only_what_is_below(edges):
    assert upwards(edges) == []


def test_no_modules_of_a_part_import_each_other_in_a_circle(edges):
    assert cycles(edges) == []


def test_no_two_modules_of_the_ground_have_one_name(edges):
    names = Counter(name.rpartition(".")[2] for name in edges if part_of(name) in GROUND and name.count(".") > 1)
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize(
    ("module", "text", "says"),
    [
        ("tables/a.py", "def f():\n    from tikub_lab.energy import units", "imports tikub_lab.energy.units"),
        (
            "tables/a.py",
            "import importlib\nimportlib.import_module(f'tikub_lab.{1}')",
            "imports tikub_lab.?",
        ),
        ("tables/a.py", "import importlib\nimportlib.import_module('tikub_lab.cli')", "imports tikub_lab.cli"),
        ("tables/a.py", "from importlib import import_module\nmap(import_module, [])", "imports tikub_lab.?"),
        (
            "energy/a.py",
            "from tikub_lab.methods.lazy import lazy\nlazy('tikub_lab.kits', {})",
            "imports tikub_lab.kits",
        ),
        ("tables/a.py", "from tikub_lab import show", "imports tikub_lab.show"),
        ("show/a.py", "from tikub_lab.reports import build", "imports tikub_lab.reports.build"),
        ("energy/a.py", "import tikub_lab.procurement", "imports tikub_lab.procurement"),
        ("energy/a.py", "from ..procurement import codes", "imports tikub_lab.procurement.codes"),
        ("kits/a.py", "from tikub_lab import cli", "imports tikub_lab.cli"),
        ("cli.py", "from tikub_lab.energy import units", "imports tikub_lab.energy.units"),
        ("use_cases.py", "import tikub_lab.reports.build", "imports tikub_lab.reports.build"),
    ],
)
def test_these_tests_can_fail(tmp_path, module, text, says):
    files = ("tables/__init__", "show/__init__", "reports/__init__", "reports/build", "procurement/__init__", "cli",
             "procurement/codes", "energy/__init__", "energy/units", "kits/__init__", "__init__")  # fmt: skip
    for name in (*files, module.removesuffix(".py")):
        path = tmp_path / "tikub_lab" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if f"{name}.py" == module else "")
    assert [line.split(" ", 1)[1] for line in upwards(graph(tmp_path / "tikub_lab"))] == [says]


def test_a_circle_hidden_in_a_function_is_seen():
    texts = {
        "tikub_lab.tables.a": "def f():\n    from tikub_lab.tables import b",
        "tikub_lab.tables.b": "import tikub_lab.tables.a",
    }
    assert cycles({name: imports(text, name, {*texts}) for name, text in texts.items()}) == [*texts]


def test_modules_stay_small(root):
    long = {
        str(p.relative_to(root)): n
        for p in (root / "tikub_lab").rglob("*.py")
        if (n := len(p.read_text().splitlines())) > 400
    }
    assert not long
