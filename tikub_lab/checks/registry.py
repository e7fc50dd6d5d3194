"""The checks, in their order: runs come first, for others look at what came of them."""

from tikub_lab.checks import intake, requirements, runs
from tikub_lab.checks.findings import Check

CHECKS: tuple[tuple[str, Check], ...] = (
    ("Exécution des carnets", runs.check),
    ("Dossier reçu", intake.check),
    ("Paquets requis", requirements.check),
)
"""What each is called in French, and the function."""
