"""Outside bodies: who gets what, who sits where, what is due, what changed."""

from tikub_lab.methods.lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "conflicts": "conflicts_of session_of",
        "money": "Scope by changes identified inhabitants scope year_of",
        "duties": "obligations",
        "bundle": "Portfolio body_of last_closed portfolio yearly",
        "verdicts": "by_duty compliance owed unmet",
        "signals": "fragility",
        "watch": "Watch watched",
        "seats": "in_force load movements proposal state to_appoint",
    },
)
