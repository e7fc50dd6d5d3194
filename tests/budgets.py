"""How large each part of the package is, beside what it may have: ``make lint`` prints the table, a test reads it."""

import ast
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = Path(__file__).with_suffix(".toml")
STYLES = (".js", ".j2", ".css", ".sql")


def lines(path):
    """Lines of a file that are not blank."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def counted(root):
    """Count what the budgets are about, in the same sections."""
    package = root / "tikub_lab"
    parts, statements, characters = defaultdict(int), 0, 0
    for path in package.rglob("*.py"):
        place = path.relative_to(package).parts
        own = lines(path)
        parts[place[0] if len(place) > 1 else "modules of the root"] += len(own)
        characters += sum(map(len, own))
        statements += sum(isinstance(node, ast.stmt) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    styles = [path for path in package.rglob("*") if path.suffix in STYLES]
    return {
        "parts": dict(parts),
        "outside": {
            "data/make": sum(len(lines(path)) for path in (root / "data" / "make").rglob("*.py")),
            " ".join(STYLES): sum(len(lines(path)) for path in styles),
        },
        "package": {"statements": statements, "mean_line": round(characters / max(sum(parts.values()), 1), 1)},
    }


def problems(found, budgets, before=None):
    """Say what is above its budget, what has none, and which budget rose without a reason since it was committed."""
    said = []
    for section, items in found.items():
        for name, count in items.items():
            budget = budgets[section].get(name)
            if budget is None:
                said.append(f"{name} has no budget: give it one in {FILE.name}, with its goal.")
            elif count > budget["now"]:
                said.append(f"{name}: {count:,}, and {budget['now']:,} are allowed. Make it smaller.")
    for section, items in budgets.items():
        for name, budget in items.items():
            old = (before or {}).get(section, {}).get(name, budget)["now"]
            if budget["now"] > old and not budget.get("why"):
                said.append(f"{name}: its budget rose from {old:,} to {budget['now']:,}; it only falls, but for a why.")
    return said


def committed(root, revision):
    """Read the budgets of a commit; None where git does not know them."""
    place = f"{revision}:{FILE.relative_to(ROOT).as_posix()}"
    ran = subprocess.run(["git", "show", place], cwd=root, capture_output=True, text=True, check=False)
    return tomllib.loads(ran.stdout) if ran.returncode == 0 else None


def table(found, budgets):
    """Write the table."""
    rows = [("", "lines", "now", "goal")]
    for section, items in budgets.items():
        for name, budget in items.items():
            count = found[section].get(name, 0)
            rows.append((name, *(f"{value:,}" for value in (count, budget["now"], budget["goal"]))))
        if section == "parts":
            sums = (sum(item[key] for item in items.values()) for key in ("now", "goal"))
            rows.append(("all parts", f"{sum(found[section].values()):,}", *(f"{value:,}" for value in sums)))
    return "\n".join(f"{name:<20}{count:>9}{now:>9}{goal:>9}" for name, count, now, goal in rows)


def main():
    """Print the table; leave with 1 where something is above its budget."""
    found, budgets = counted(ROOT), tomllib.loads(FILE.read_text(encoding="utf-8"))
    print(table(found, budgets))
    said = problems(found, budgets, committed(ROOT, "HEAD"))
    print("\n".join(said), file=sys.stderr, end="\n" if said else "")
    return bool(said)


if __name__ == "__main__":
    raise SystemExit(main())
