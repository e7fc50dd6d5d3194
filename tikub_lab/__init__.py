"""tikub-lab: a Jupyter workbench for prototyping public services on open data."""

__version__ = "0.1.0"

USE_CASES = ("procurement", "energy")
"""The use cases, in the order in which they are listed: a folder of ``tikub_lab/`` and a prefix of table names."""


class Secret(str):
    """Annotation of a notebook's parameter whose value must not leave the run: ``jeton: Secret = Secret("")``."""

    __slots__ = ()
