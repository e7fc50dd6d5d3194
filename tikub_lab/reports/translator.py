"""How parameters are written into a notebook: papermill's own way, and the types that it can't write."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from papermill.translators import PythonTranslator, papermill_translators


class Expression(str):
    """A value as Python source: text, which papermill can copy and store."""


def writable(value: Any) -> Any:
    """Turn values into what papermill takes: it stores them as JSON, and knows no date and no path.

    >>> writable({"jour": date(2026, 3, 1), "mots": ["été"]})
    {'jour': '__import__("datetime").date(2026, 3, 1)', 'mots': ["'été'"]}
    """
    if isinstance(value, Mapping):
        return {name: writable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [writable(item) for item in value]
    if isinstance(value, date):
        return Expression(f'__import__("datetime").date({value.year}, {value.month}, {value.day})')
    if isinstance(value, Path):
        return Expression(f'__import__("pathlib").Path({str(value)!r})')
    # papermill leaves line ends and quotes of some texts to chance
    return Expression(repr(value)) if isinstance(value, str) else value


class Translator(PythonTranslator):
    """papermill's Python translator, with our expressions."""

    @classmethod
    def translate(cls, val: Any) -> str:
        return str(val if isinstance(val, Expression) else super().translate(val))


papermill_translators.register("python", Translator)
papermill_translators.register("python3", Translator)
