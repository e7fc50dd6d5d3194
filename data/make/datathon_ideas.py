"""Twelve fictitious ideas of the incubator, written by hand in ``ideas/*.csv``: each is there for something.

Six are to be compared: two lead, and the order turns with the weight of the problem's size; one is worse than another
on every criterion; one comes out of a Datathon. One has no digital side, one lacks an assessment, four are under way
or stopped. :data:`PLANTED` says so for tests. The day on which all that holds is :data:`DAY`.
"""

from pathlib import Path

import pandas as pd

DAY = pd.Timestamp("2026-05-15")
PLANTED = {
    "not digital": "I07",
    "not assessed": "I08",
    "dominated": "I05",
    "leads": "I04",
    "leads when size weighs more": "I01",
    "decision overdue": "I10",
    "stopped": "I11",
    "spreads": "I12",
    "no designer": "I09",
}
FILES = Path(__file__).with_name("ideas")
NAMES = ("ideas", "assessments", "people", "stages", "adoption")


def ideas() -> dict[str, pd.DataFrame]:
    """Read the fictitious tables of ideas, by name, to be typed by their schemas."""
    return {name: pd.read_csv(FILES / f"{name}.csv") for name in NAMES}
