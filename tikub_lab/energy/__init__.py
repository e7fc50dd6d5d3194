"""Energy: how each lycée's buildings perform, what changed and why, and what to do next."""

from tikub_lab.energy import alerts, challenge, gestures, law, performance, planning
from tikub_lab.energy.baseline.design import daily_usage
from tikub_lab.energy.baseline.forecast import predict
from tikub_lab.energy.baseline.many import fit_many, summary_table
from tikub_lab.energy.baseline.model import Baseline, fit
from tikub_lab.energy.baseline.quality import sufficiency
from tikub_lab.energy.climate import adjusted, of_sites
from tikub_lab.energy.consumption import by_meter, by_site
from tikub_lab.energy.published.days import loads_to_readings, temperatures_to_weather
from tikub_lab.energy.savings import Savings, by_month, day_kinds, keep_days, metered
from tikub_lab.energy.selection import Scope, scope
from tikub_lab.energy.uncertainty import interval, intervals_table, portfolio
from tikub_lab.energy.units import in_co2e, in_kwh
from tikub_lab.energy.valuation import valued

__all__ = [
    "Baseline", "Savings", "Scope", "adjusted", "alerts", "by_meter", "by_month", "by_site", "challenge",
    "daily_usage", "day_kinds", "fit", "fit_many", "gestures", "in_co2e", "in_kwh", "interval", "intervals_table",
    "keep_days", "law", "loads_to_readings", "metered", "of_sites", "performance", "planning", "portfolio",
    "predict", "scope", "sufficiency", "summary_table", "temperatures_to_weather", "valued",
]  # fmt: skip
