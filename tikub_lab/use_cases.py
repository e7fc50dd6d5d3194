"""The use cases, found by name: what each brings of a given noun (``formats``…), and what draws its sample."""

import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from tikub_lab import USE_CASES
from tikub_lab.errors import UsageError

MAKERS = Path(__file__).parents[1] / "data" / "make"
"""What draws the samples, beside the package of the same version; only a clone of the workbench has it."""

if TYPE_CHECKING:
    from typer import Typer

    from tikub_lab.tables.readers import Reader


def modules(noun: str) -> Iterator[ModuleType]:
    """Import the module of that name from each use case that has one.

    Examples
    --------
    >>> [module.__name__ for module in modules("formats")][:2]
    ['tikub_lab.procurement.formats', 'tikub_lab.energy.formats']
    """
    for name in USE_CASES:
        full = f"tikub_lab.{name}.{noun}"
        if find_spec(full) is not None:
            yield import_module(full)


def sample(name: str) -> ModuleType:
    """Load the module of ``data/make/`` that draws a use case's sample, as ``data.make.<name>``.

    Examples
    --------
    >>> sample("energy").SEED
    20261124
    """
    package = "data.make"
    if package not in sys.modules:
        if not MAKERS.is_dir():
            raise UsageError(f"{MAKERS} is not there: only a clone of the workbench can make the sample, a kit can't.")
        spec = spec_from_file_location(package, MAKERS / "__init__.py", submodule_search_locations=[str(MAKERS)])
        assert spec is not None
        assert spec.loader is not None
        sys.modules[package] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[package])
    return import_module(f"{package}.{name}")


def import_all() -> None:
    """Import every use case with its names, which are lazy, for those who will fork."""
    for module in map(import_module, (f"tikub_lab.{name}" for name in USE_CASES)):
        for name in module.__all__:
            getattr(module, name)


def commands(name: str) -> "Typer":
    """Import the commands of a use case that has some."""
    app: Typer = import_module(f"tikub_lab.{name}.commands").app
    return app


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
    write_package = sample("sampling").write_package
    makers = [sample(name) for name in USE_CASES if find_spec(f"data.make.{name}")]
    target = into / "schemas"
    if target.resolve() != schemas.resolve():
        shutil.copytree(schemas, target, dirs_exist_ok=True)
    resources, created = [], ""
    for maker in makers:
        resources += maker.write_sample(into, scale, maker.SEED if seed is None else seed)
        created = max(created, maker.CREATED)
    write_package(into, resources, created)
