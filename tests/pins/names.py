"""The public names of a use case, and which of them no pin holds."""

import types
from collections.abc import Iterator
from typing import Any

from tests.pins import books, values


def names(module: Any, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Go through the public names of a use case, those of its public modules too: full name, owner and object."""
    for name in module.__all__:
        value = getattr(module, name)
        if isinstance(value, types.ModuleType):
            yield from names(value, f"{prefix}{name}.")
        else:
            yield prefix + name, module, value


def unpinned(module: Any, book: str) -> list[str]:
    """Return the public names of which no pin holds anything: none at all, or only empty tables."""
    pins = values.read(books.STORED / book)
    pinned = {name.split(" @")[0].split("[")[0] for name, value in pins.items() if _says(value)}
    return sorted({name for name, _, _ in names(module)} - pinned)


def _says(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_says, value.values() if isinstance(value, dict) else value))
    return len(value) > 0 if isinstance(value, values.Frame) else value is not None
