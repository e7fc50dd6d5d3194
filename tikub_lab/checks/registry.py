"""The checks, in their order: runs come first, for others look at what came of them."""

from tikub_lab.checks import cells, intake, pages, persons, provenance, requirements, runs
from tikub_lab.checks.findings import Check

CHECKS: tuple[tuple[str, Check], ...] = (
    ("Exécution des carnets", runs.check),
    ("Tests de l’équipe", runs.tests),
    ("Dossier reçu", intake.check),
    ("Paquets requis", requirements.check),
    ("Pages", pages.check),
    ("Personnes et secrets", persons.check),
    ("Origine des tables", provenance.check),
    ("Code", cells.check),
)
"""What each is called in French, and the function."""
