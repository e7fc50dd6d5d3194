"""Energy: how each lycée's buildings perform, what changed and why, and what to do next."""

from tikub_lab.energy.baseline import Baseline, fit
from tikub_lab.energy.baseline_design import daily_usage
from tikub_lab.energy.baseline_many import fit_many, summary_table
from tikub_lab.energy.baseline_predict import predict
from tikub_lab.energy.baseline_quality import sufficiency
from tikub_lab.energy.read_days import loads_to_readings, temperatures_to_weather
from tikub_lab.energy.savings import Savings, by_month, day_kinds, keep_days, metered
from tikub_lab.energy.uncertainty import interval, intervals_table, portfolio

__all__ = [
    "Baseline", "Savings", "by_month", "daily_usage", "day_kinds", "fit", "fit_many", "interval", "intervals_table",
    "keep_days", "loads_to_readings", "metered", "portfolio", "predict", "sufficiency", "summary_table",
    "temperatures_to_weather",
]  # fmt: skip
