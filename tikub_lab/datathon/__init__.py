"""The Datathon: rules, applications, selection, two days, a jury whose doubt is said, what teams get back."""

from tikub_lab.methods.lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "bundle": "Contest contest",
        "panel": "of_role plan unread",
        "days": "as_ics clashes schedule sheet windows",
        "jury": "Ranking duels kemeny proposed ranking",
        "outcome": "as_idea feedback record verify",
    },
)
