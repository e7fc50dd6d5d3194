"""tikub-lab: a Jupyter workbench for prototyping public services on open data."""

from pathlib import Path

__version__ = "0.1.0"

USE_CASES = tuple(
    name
    for name in ("procurement", "energy", "staffing", "bodies", "datathon", "territory")
    if (Path(__file__).parent / name / "__init__.py").is_file()
)
"""The use cases that are here (a kit has one), in their order: a folder of ``tikub_lab/``, a prefix of table names."""


class Secret(str):
    """Annotation of a notebook's parameter whose value must not leave the run: ``jeton: Secret = Secret("")``."""

    __slots__ = ()
