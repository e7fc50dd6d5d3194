"""How papermill writes parameters into a notebook: its own way, and the types that it can't write."""

from datetime import date
from pathlib import Path
from typing import Any

from papermill.translators import PythonTranslator, papermill_translators


class Translator(PythonTranslator):
    """papermill's Python translator, with dates, paths, tuples and sets."""

    @classmethod
    def translate(cls, val: Any) -> str:
        """Write a value as Python source."""
        if isinstance(val, date):
            return f'__import__("datetime").date({val.year}, {val.month}, {val.day})'
        if isinstance(val, Path):
            return f'__import__("pathlib").Path({str(val)!r})'
        if isinstance(val, tuple | set | frozenset):
            return cls.translate_list(list(val))
        return str(super().translate(val))


papermill_translators.register("python", Translator)
papermill_translators.register("python3", Translator)
