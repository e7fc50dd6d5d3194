"""Real communes: where the fictitious bodies of the samples (buyers, suppliers, lycées) are placed.

``communes.csv`` holds public facts typed by hand: code, name, département and region of the Code officiel géographique
(INSEE), the town hall's postal code, longitude and latitude (WGS 84) rounded to two decimals, and the population in
thousands as a rough weight: 61 Breton communes, large and small, and 40 large towns elsewhere.
"""

from pathlib import Path

import pandas as pd

BRITTANY = "53"
"""INSEE code of the region Bretagne."""


def communes() -> pd.DataFrame:
    """Return the communes in which the sample takes place, ordered by code."""
    text = dict.fromkeys(("code", "nom", "departement", "region", "code_postal"), "str")
    return pd.read_csv(Path(__file__).with_name("communes.csv"), dtype=text, encoding="utf-8")
