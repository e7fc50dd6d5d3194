"""Energy: how each lycée's buildings perform, what changed and why, and what to do next."""

from tikub_lab.methods.lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "actions": "",
        "alerts": "",
        "alerts.report": "trusted",
        "bundle": "load",
        "caltrack": "fit_many",
        "challenge": "",
        "climate": "adjusted of_sites",
        "consumption": "by_meter by_site",
        "curves": "",
        "days": "day_kinds",
        "gestures": "",
        "law": "",
        "performance": "",
        "planning": "",
        "published.days": "loads_to_readings temperatures_to_weather",
        "savings": "metered",
        "selection": "Scope scope year_of",
        "uncertainty": "portfolio",
        "valuation": "valued",
    },
)
