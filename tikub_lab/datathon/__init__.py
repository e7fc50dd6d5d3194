"""The incubator and the Datathon: ideas weighed with their doubt, applications, a jury, what teams get back."""

from tikub_lab.methods.lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "weighing": "CRITERIA SURE Choice Smaa compare draws net_flows smaa turns",
        "ideas": "Incubator incubator",
        "portfolio": "drawn lengths passages published survival",
        "bundle": "Contest contest",
        "panel": "of_role plan unread",
        "timetable": "as_ics clashes schedule sheet windows",
        "jury": "Ranking duels kemeny proposed ranking",
        "outcome": "as_idea feedback record verify",
    },
)
