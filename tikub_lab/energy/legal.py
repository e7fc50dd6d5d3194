"""What the « décret tertiaire » (éco-énergie tertiaire) says: its dated values.

The text in force on a given day is the one that counts for what is declared that day. Left out, since nothing here
works them out: modulations for technical, architectural, patrimonial or economic reasons, and for the volume of
activity (arrêté of 10 April 2020, art. 6 to 11), and sanctions.
"""

from pathlib import Path

from tikub_lab.methods.law import Day, Law

LAW = Law(Path(__file__).with_name("law.csv"))
"""Dated values of energy: the décret tertiaire's, the plan of the Région (its targets), temperatures of rooms."""


def milestones(day: Day = None) -> dict[int, float]:
    """Return the milestones and the share by which use must have fallen, of the law of a day or the last one.

    Examples
    --------
    >>> milestones()
    {2030: 0.4, 2040: 0.5, 2050: 0.6}
    """
    return {int(cut.key[1]): cut.number for cut in LAW.values("réduction", day=day)}


def reference_years(day: Day = None) -> list[int]:
    """Return the years that can be chosen as reference."""
    names = ("première année", "dernière année", "année écartée")
    first, last, out = (int(LAW.value("référence", name, day=day).number) for name in names)
    return [year for year in range(first, last + 1) if year != out]
