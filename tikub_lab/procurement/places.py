"""Real communes, which other use cases place their samples in too: see :mod:`tikub_lab.tables.places`."""

from tikub_lab.tables.places import BRITTANY, communes

__all__ = ["BRITTANY", "communes"]
