"""Staffing: positions and staff of the lycées, as they are and as they were known to be."""

from tikub_lab.methods.lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "ledger": "Ledger replay",
        "fragments": "",
        "replacements": "",
        "scale": "",
        "situation": "Situation known state_of",
        "state": "absences coverage history positions presence time_to_fill",
    },
)
