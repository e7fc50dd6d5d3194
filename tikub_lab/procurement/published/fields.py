"""The fields of the tables of public procurement: type, short French title, and by which law they are owed.

They are rows of ``fields.csv``; a test compares them with the Table Schemas. ``obligation`` names the formats that owe
a field in all cases: 2019 (format 1.5, arrêté of 14 April 2017) and 2022 (schema DECP 2.0.3, arrêté of 22 December
2022); or it says that the field is owed under a condition, ``à confirmer`` where the essential data themselves do not
say whether it holds, so that what we ask is an approximation.
"""

import csv
from datetime import date
from pathlib import Path

with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))

CONTRACT_FIELDS, CONCESSION_FIELDS, SUPPLIER_FIELDS, AMENDMENT_FIELDS, STATE_FIELDS = (
    {row["champ"]: row["type"] for row in ROWS if row["table"] == table and row["type"]}
    for table in ("contracts", "concessions", "suppliers", "amendments", "states")
)
ROW_FIELDS = {**CONTRACT_FIELDS, **SUPPLIER_FIELDS, **STATE_FIELDS}
"""Fields of a row of the tabular form, which is a contract, a titulaire and a state at once."""

TITLES = {row["champ"]: row["titre"] for row in ROWS if row["titre"]}

SINCE = date(2024, 1, 1)
"""First day of notification on which format 2022 is owed (decree of 22 December 2022, as changed on 22/12/2023)."""
INSTEAD = {"formePrix": "typesPrix"}
"""In 2019, a field that stands for another: the rule ``price-form-2019`` moves forms of price there."""


def owed(table: str, regime: str) -> tuple[str, ...]:
    """Name the fields that a contract (``contracts``) or a concession owes in all cases, in 2019 or 2022.

    Examples
    --------
    >>> [len(owed("contracts", regime)) for regime in ("2019", "2022")]
    [15, 25]
    """
    return tuple(row["champ"] for row in ROWS if row["table"] == table and regime in row["obligation"].split("|"))


CONSIDERATIONS = {
    "considerationsSociales": "considerationSociale",
    "considerationsEnvironnementales": "considerationEnvironnementale",
}
LISTS = {
    "techniques": "technique",
    "modalitesExecution": "modaliteExecution",
    "typesPrix": "typePrix",
    **CONSIDERATIONS,
}
"""Plural names of 2022 and the singular names that wrap them, or stand for them in some 2019 publications."""
