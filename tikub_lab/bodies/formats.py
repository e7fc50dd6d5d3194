"""The published files of outside bodies that can be imported."""

from tikub_lab.bodies.published import READERS

__all__ = ["READERS"]
