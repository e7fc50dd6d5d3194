"""How long things last, those that are not over yet included."""

import warnings

import numpy as np
import pandas as pd
from scipy.stats import CensoredData, ecdf


def still(days: pd.Series, over: pd.Series) -> pd.DataFrame:
    """Estimate (Kaplan–Meier) how many are not over after so many days: jours, part, part_bas, part_haut (95 %)."""
    lasted, ended = days.to_numpy(np.float64), over.to_numpy(bool)
    start = pd.DataFrame({"jours": [0.0], "part": [1.0], "part_bas": [1.0], "part_haut": [1.0]})
    if not ended.any():
        return start
    curve = ecdf(CensoredData(uncensored=lasted[ended], right=lasted[~ended])).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where none is left, there is no interval
        bounds = curve.confidence_interval(method="log-log")
    found = pd.DataFrame({"jours": curve.quantiles, "part": curve.probabilities,
                          "part_bas": bounds.low.probabilities, "part_haut": bounds.high.probabilities})  # fmt: skip
    return pd.concat([start, found[np.isin(curve.quantiles, lasted[ended])]], ignore_index=True)
