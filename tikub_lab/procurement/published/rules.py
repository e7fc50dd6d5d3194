"""What a quality rule is: a row of ``rules.csv``, the fields that it looks at, and a test of one column.

``rules.csv`` has the rules in the order in which they are applied:
name, effect, the text or programme that it comes from, what it asks
(English, for the logs of an import), and in French its title, what
it asks, and what the figures would be without it. Two of them look
at a file or at several records, not at a value.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tikub_lab.procurement.published.fields import AMENDMENT_FIELDS, CONCESSION_FIELDS, CONTRACT_FIELDS, STATE_FIELDS

with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _file:
    TEXTS = {row["regle"]: row for row in csv.DictReader(_file)}
"""The rows of ``rules.csv`` by name."""

Fields = Mapping[str, tuple[str, ...]]
Tests = dict[str, tuple[Fields, Callable[[pd.DataFrame, str], pd.Series]]]
"""By rule, the fields that it looks at, by frame (``contracts``,
``concessions``, ``suppliers``, ``holders``, ``amendments``,
``amendment_suppliers``), and a function of a frame and a field:
True where the value breaks the rule (reject, mark), or the values
as they should be (repair, blank)."""


@dataclass(frozen=True)
class Rule:
    """One rule on values; ``effect`` is reject, repair, blank or mark, ``checks`` what it asks, as a sentence."""

    name: str
    effect: str
    checks: str
    fields: Fields
    test: Callable[[pd.DataFrame, str], pd.Series]


def ruled(tests: Tests) -> tuple[Rule, ...]:
    """Give each test its row of ``rules.csv``, in the order of the file."""
    rows = [row for name, row in TEXTS.items() if name in tests]
    return tuple(Rule(row["regle"], row["effet"], row["checks"], *tests[row["regle"]]) for row in rows)


FIELDS = {
    "contracts": CONTRACT_FIELDS,
    "concessions": CONCESSION_FIELDS,
    "amendments": AMENDMENT_FIELDS,
    "states": STATE_FIELDS,
}
PARTIES = ("suppliers", "holders", "amendment_suppliers")


def number(values: pd.Series) -> pd.Series:
    """Return text as float64, NaN where it is no number."""
    return pd.to_numeric(values, errors="coerce").astype("float64")
