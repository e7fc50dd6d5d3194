"""The floors of the house: what may import what."""

import ast

from tikub_lab import USE_CASES

GROUND = {"tables", "methods", "show"}


def imported(path, root):
    """Parts of tikub_lab that a file imports: 'tables', 'procurement', 'cli'…"""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    parts = {name.split(".")[1] for name in names if name.startswith("tikub_lab.")}
    return {
        part for part in parts if (root / "tikub_lab" / part).exists() or (root / "tikub_lab" / f"{part}.py").exists()
    }


def test_each_floor_imports_only_what_is_below(root):
    wrong = []
    for path in (root / "tikub_lab").rglob("*.py"):
        part = path.relative_to(root / "tikub_lab").parts[0].removesuffix(".py")
        if part in GROUND:
            allowed = {part, "errors"} if part == "tables" else {part, "errors", "tables"}
        elif part in USE_CASES:
            allowed = {part, "errors", *GROUND}
        elif part == "reports":
            allowed = {part, "errors", "use_cases", *GROUND}
        else:
            continue
        extra = imported(path, root) - allowed
        wrong += [f"{path.relative_to(root)} imports {sorted(extra)}"] if extra else []
    assert not wrong


def test_modules_stay_small(root):
    long = {
        str(p.relative_to(root)): n
        for p in (root / "tikub_lab").rglob("*.py")
        if (n := len(p.read_text().splitlines())) > 400
    }
    assert not long
