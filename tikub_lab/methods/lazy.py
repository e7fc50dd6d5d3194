"""Names of a package that are imported when they are first used (PEP 562): what is not used may be absent."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make a package's ``__getattr__``, ``__dir__`` and ``__all__``.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping of str to str
        The names that each of its modules gives, parted by spaces; a module without any is a name itself.
    """
    modules = {name: module for module, names in homes.items() for name in names.split()}
    modules |= {module: "" for module, names in homes.items() if not names}

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = import_module(f"{package}.{modules[name] or name}")
        value = getattr(home, name) if modules[name] else home
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: sorted(modules), sorted(modules)
