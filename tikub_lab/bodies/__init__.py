"""Outside bodies: who gets what, who sits where, what is due, what changed."""

from tikub_lab.methods.lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "conflicts": "conflicts_of session_of",
        "money": "Scope by changes identified inhabitants scope year_of",
        "duties": "compliance obligations",
        "bundle": "Portfolio body_of by_duty last_closed portfolio unmet yearly",
        "signals": "fragility",
        "watch": "Watch watched",
        "seats": "in_force load movements proposal state to_appoint",
    },
)
