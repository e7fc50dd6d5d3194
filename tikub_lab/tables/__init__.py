"""Ground floor: schemas, checks and the data package. Knows no use case.

- :func:`list` says which tables there are, :func:`describe` what the columns of one mean;
- :func:`load` gives a table as a typed DataFrame; :func:`used` says what was loaded;
- :func:`require` refuses a frame that lacks columns;
- :func:`check` compares rows with a Table Schema and returns the problems as a table;
- :func:`open_package` opens a data package; :func:`workbench` finds the workbench.

The names are found on first use (PEP 562): a build in which nothing changed reads hashes, and needs no pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tikub_lab.tables.check import check
    from tikub_lab.tables.columns import describe, list, require
    from tikub_lab.tables.package import Package, Resource, load, open_package, used, workbench
    from tikub_lab.tables.schema import Schema, read_schema

__all__ = [
    "Package", "Resource", "Schema", "check", "describe", "list", "load", "open_package", "read_schema", "require",
    "used", "workbench",
]  # fmt: skip

_HOMES = {"check": "check", "Schema": "schema", "read_schema": "schema"} | dict.fromkeys(
    ("describe", "list", "require"), "columns"
)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'package')}"), name)
    globals()[name] = value  # over the module of the same name, which the import has put there
    return value


def __dir__() -> Any:
    return sorted(__all__)
