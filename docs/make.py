"""Write docs/api.md and docs/tables.md from docstrings and Table Schemas: `python -m docs.make`."""

import importlib
import inspect
from pathlib import Path
from typing import Any

from tikub_lab.tables import read_schema

MODULES = ("tables", "show", "procurement", "energy", "staffing", "bodies", "datathon", "territory")
API, TABLES = (Path(__file__).with_name(name) for name in ("api.md", "tables.md"))
SCHEMAS = Path(__file__).parent.parent / "data" / "schemas"
INTRODUCTION = """# What notebooks may call

Each name's first line; `help(name)` says the rest, with an example that runs. `python -m docs.make` writes this page.
"""


def names(module: str) -> list[str]:
    """Return the public functions and classes of a module, and of the modules that it offers."""
    found = importlib.import_module(f"tikub_lab.{module}")
    listed: list[str] = []
    for name in sorted(getattr(found, "__all__", None) or dir(found)):
        value = getattr(found, name, None)
        if inspect.ismodule(value) and value.__name__ == f"tikub_lab.{module}.{name}":
            listed += [f"{name}.{under}" for under in names(f"{module}.{name}")]
        elif name[0] != "_" and callable(value) and str(value.__module__).startswith("tikub_lab."):
            listed.append(name)
    return listed


def line(module: str, name: str) -> str:
    """Write one name: how it is called, and what it does."""
    value: Any = importlib.import_module(f"tikub_lab.{module}")
    for part in name.split("."):
        value = getattr(value, part)
    said = (inspect.getdoc(value) or "").split("\n")[0]
    if inspect.isclass(value):
        return f"- `{name}`: {said}"
    parameters = inspect.signature(value).parameters.values()
    called = ", ".join(f"{item.name}=…" if item.default is not item.empty else str(item.name) for item in parameters)
    return f"- `{name}({called})`: {said}"


def api() -> str:
    """Return the page of what notebooks may call."""
    parts = [INTRODUCTION]
    for module in MODULES:
        parts.append(f"\n## {module}\n\n" + "\n".join(line(module, name) for name in names(module)) + "\n")
    return "".join(parts)


def tables() -> str:
    """Return the page of all tables: what each holds, and its columns."""
    lines = [
        "# Tables\n\n`tikub data describe TABLE` says what each column means. Written by `python -m docs.make`.\n\n"
    ]
    lines.append("| table | what it holds | columns |\n|---|---|---|\n")
    for path in sorted(SCHEMAS.rglob("*.json")):
        schema = read_schema(path)
        name = path.relative_to(SCHEMAS).with_suffix("").as_posix()
        lines.append(f"| `{name}` | {schema.title} | {', '.join(f'`{column}`' for column in schema.names)} |\n")
    return "".join(lines)


if __name__ == "__main__":
    API.write_text(api(), encoding="utf-8")
    TABLES.write_text(tables(), encoding="utf-8")
