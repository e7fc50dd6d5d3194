"""The use cases, found by name: what each brings of a given noun (``formats``, ``sample``…)."""

import shutil
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from tikub_lab import USE_CASES

if TYPE_CHECKING:
    from tikub_lab.tables.readers import Reader


def modules(noun: str) -> Iterator[ModuleType]:
    """Import the module of that name from each use case that has one.

    Examples
    --------
    >>> [module.__name__ for module in modules("sample")]
    ['tikub_lab.procurement.sample', 'tikub_lab.energy.sample']
    """
    for name in USE_CASES:
        full = f"tikub_lab.{name}.{noun}"
        if find_spec(full) is not None:
            yield import_module(full)


def readers() -> "tuple[Reader, ...]":
    """Return the readers of published files of every use case, in the order in which they are asked.

    Examples
    --------
    >>> "decp-2022-json" in {reader.name for reader in readers()}
    True
    """
    return tuple(reader for module in modules("formats") for reader in module.READERS)


def write_samples(into: Path, schemas: Path, scale: float, seed: int | None = None) -> None:
    """Write every use case's fictitious tables, and the data package that describes them.

    Parameters
    ----------
    into : Path
        Folder of the data package.
    schemas : Path
        The workbench's folder of Table Schemas, copied where the data package lies elsewhere.
    scale : float
        Size, 1 being the shipped one.
    seed : int, optional
        Another seed gives other tables; by default the shipped one.
    """
    from tikub_lab.tables.sampling import write_package

    target = into / "schemas"
    if target.resolve() != schemas.resolve():
        shutil.copytree(schemas, target, dirs_exist_ok=True)
    resources, created = [], ""
    for module in modules("sample"):
        resources += module.write_sample(into, scale, module.SEED if seed is None else seed)
        created = max(created, module.CREATED)
    write_package(into, resources, created)
