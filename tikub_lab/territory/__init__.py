"""The territory, and what an open-data portal offers about it: how fresh, how complete, how well described."""

from tikub_lab.methods.lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "snapshots": "Catalog catalog changes",
        "criteria": "by_criterion completeness freshness scores to_write",
        "needs": "served",
    },
)
