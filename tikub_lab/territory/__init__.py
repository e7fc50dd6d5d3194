"""The territory: its communes, and what an open-data portal offers about it, how fresh, complete and well described."""

from tikub_lab.methods.lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "population": "by_area communes located there",
        "mergers": "current movements",
        "mobility": "Network access by_commune clock journeys network reach shares",
        "snapshots": "Catalog catalog changes",
        "criteria": "by_criterion completeness freshness scores to_write",
        "needs": "served",
    },
)
