"""One meter as eemeter has it, Series of use and of temperatures, where baselines and savings take tables of many."""

import pandas as pd

from tikub_lab.energy import caltrack, savings
from tikub_lab.energy.uncertainty import portfolio


def readings_of(usage):
    """Readings of a Series of kWh by starts of periods, whose last row only marks the end of the last one."""
    if isinstance(usage, pd.DataFrame):
        return usage.assign(compteur_id="M")
    table = {"compteur_id": "M", "debut": usage.index[:-1], "fin": usage.index[1:], "kwh": usage.to_numpy()[:-1]}
    return pd.DataFrame(table)


def weather_of(temperature):
    if isinstance(temperature, pd.DataFrame):
        return temperature.assign(station="S")
    return pd.DataFrame({"station": "S", "jour": temperature.index, "tmoy": temperature.to_numpy()})


def fit(usage, temperature, **rules):
    found = caltrack.fit_many(readings_of(usage), weather_of(temperature), {"M": "S"}, **rules)
    return found.get("M", caltrack.Baseline("NO DATA"))


def metered(baseline, usage, temperature, kinds=None):
    return savings.metered(baseline, readings_of(usage), weather_of(temperature), kinds)


def interval(saving, level=0.9):
    return portfolio({"M": saving}, level)


def share(saving):
    return saving.saving / saving.predicted
