"""Energy in words: the French way, with three significant digits at most."""

import math

from tikub_lab.show import MISSING, number
from tikub_lab.show.french import NNBSP

ENERGY = ((1e9, 1e9, "TWh"), (1e7, 1e6, "GWh"), (1e4, 1e3, "MWh"), (0.0, 1.0, "kWh"))
"""From which amount, over how many, which unit."""
SURE = 3


def in_kwh(kwh: float) -> str:
    """Write an energy.

    Examples
    --------
    >>> [in_kwh(x).replace(chr(0x202F), " ") for x in (950, 41_234, 1_234_567, 45_678_901_234, float("nan"))]
    ['950 kWh', '41,2 MWh', '1 230 MWh', '45,7 TWh', 'n. d.']
    """
    if kwh is None or math.isnan(kwh):
        return MISSING
    over, unit = next((over, unit) for least, over, unit in ENERGY if abs(kwh) >= least)
    scaled = float(kwh) / over
    digits = SURE - len(str(int(abs(scaled))))
    text = number(round(scaled, digits), max(digits, 0)) if unit != "kWh" else number(scaled)
    text = text.rstrip("0").rstrip(",") if "," in text else text
    return text + NNBSP + unit
