"""What each of the twelve fictitious ideas of the incubator is there for (``data/make/ideas/*.csv``, written by hand).

Six are to be compared: two lead, and the order turns with the weight of the problem's size; one is worse than another
on every criterion; one comes out of a Datathon. One has no digital side, one lacks an assessment, four are under way
or stopped. The day on which all that holds is :data:`DAY`.
"""

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
NAMES = ("ideas", "assessments", "people", "stages", "adoption")
