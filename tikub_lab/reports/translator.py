"""How parameters are written into a notebook: papermill's own way, and the types that it can't write."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from papermill.translators import PythonTranslator, papermill_translators


class Expression(str):
    """A value that papermill can store, being text, and that the translator writes as Python source."""

    source: str

    def __new__(cls, text: str, source: str) -> "Expression":
        """Make text that stands for a Python expression."""
        made = super().__new__(cls, text)
        made.source = source
        return made

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # papermill copies parameters
        return str(self), self.source


def writable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Turn values into what papermill takes: it stores them as JSON, and knows no date and no path.

    Examples
    --------
    >>> writable({"jour": date(2026, 3, 1)})["jour"].source
    '__import__("datetime").date(2026, 3, 1)'
    """
    return {name: _writable(value) for name, value in parameters.items()}


def _writable(value: Any) -> Any:
    if isinstance(value, date):
        return Expression(str(value), f'__import__("datetime").date({value.year}, {value.month}, {value.day})')
    if isinstance(value, Path):
        return Expression(str(value), f'__import__("pathlib").Path({str(value)!r})')
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    if isinstance(value, str):
        return Expression(value, repr(str(value)))  # papermill leaves line ends and quotes of some texts to chance
    return value


class Translator(PythonTranslator):
    """papermill's Python translator, with our expressions."""

    @classmethod
    def translate(cls, val: Any) -> str:
        """Write a value as Python source."""
        return val.source if isinstance(val, Expression) else str(super().translate(val))


papermill_translators.register("python", Translator)
papermill_translators.register("python3", Translator)
