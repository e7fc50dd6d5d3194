"""The table of problems that every check returns."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DTYPES = {"row": "int64", "field": "str", "value": "str", "rule": "str"}
HEADER_ROWS = 2
"""The number of the first row of data: the header is row 1."""


class Problem(NamedTuple):
    """A rule that some rows break."""

    rows: NDArray[np.integer]
    field: str
    values: list[str]
    rule: str


class Problems:
    """Problems as they are found, to be told in the order of the file."""

    def __init__(self) -> None:
        self._parts: list[pd.DataFrame] = []

    def add(self, problem: Problem) -> None:
        """Add what one rule found."""
        if len(problem.rows):
            data = {"row": problem.rows, "field": problem.field, "value": problem.values, "rule": problem.rule}
            self._parts.append(pd.DataFrame(data))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add what several rules found."""
        for problem in problems:
            self.add(problem)

    def frame(self) -> pd.DataFrame:
        """Return a DataFrame with columns row, field, value, rule, by row and then in the order of the rules."""
        found = pd.concat(self._parts, ignore_index=True) if self._parts else pd.DataFrame(columns=list(DTYPES))
        return found.astype(DTYPES).sort_values("row", kind="stable", ignore_index=True)
