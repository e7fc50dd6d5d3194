"""The incubator and the Datathon: ideas weighed with their doubt, what was learnt, how long stages last."""

from tikub_lab.methods.lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "choice": "CRITERIA SURE Choice Smaa compare draws net_flows smaa turns",
        "ideas": "Incubator incubator",
        "portfolio": "drawn lengths passages published survival",
    },
)
