"""Fictitious records of published files, for the tests of readers and rules."""

from types import SimpleNamespace
from typing import Any

import pytest

BUYER = "23350001600040"
"""The Région Bretagne's own SIRET: public, and the same in every publication."""
FIRM, OTHER_FIRM, THIRD_FIRM = "90000001900019", "90000002700012", "90000003500015"
"""Invented, valid by Luhn."""


def contract(**changes: Any) -> dict[str, Any]:
    """A sound contract of the 2022 format, with changes."""
    return {
        "id": "2024-001",
        "acheteur": {"id": BUYER},
        "nature": "Marché",
        "objet": "Entretien des chaufferies (fictif)",
        "codeCPV": "50720000-8",
        "techniques": {"technique": ["Accord-cadre"]},
        "modalitesExecution": {"modaliteExecution": ["Bons de commande"]},
        "marcheInnovant": False,
        "ccag": "Travaux",
        "offresRecues": 3,
        "attributionAvance": True,
        "tauxAvance": 0.3,
        "typeGroupementOperateurs": "Solidaire",
        "procedure": "Appel d'offres ouvert",
        "lieuExecution": {"code": "35238", "typeCode": "Code commune"},
        "dureeMois": 24,
        "dateNotification": "2024-05-15",
        "datePublicationDonnees": "2024-06-02",
        "montant": 127000.5,
        "typesPrix": {"typePrix": ["Définitif révisable"]},
        "formePrix": "Unitaire",
        "origineUE": 0.8,
        "origineFrance": 0.5,
        "sousTraitanceDeclaree": False,
        "titulaires": [{"titulaire": {"id": FIRM, "typeIdentifiant": "SIRET"}}],
        "considerationsSociales": {"considerationSociale": ["Clause sociale"]},
        "considerationsEnvironnementales": {"considerationEnvironnementale": ["Critère environnemental"]},
        **changes,
    }


def concession(**changes: Any) -> dict[str, Any]:
    """A sound concession of the 2022 format, with changes."""
    return {
        "id": "C2024-1",
        "autoriteConcedante": {"id": BUYER},
        "nature": "Concession de service",
        "objet": "Exploitation d'un port (fictif)",
        "procedure": "Procédure négociée ouverte",
        "dureeMois": 120,
        "dateSignature": "2024-04-02",
        "datePublicationDonnees": "2024-04-12",
        "dateDebutExecution": "2024-05-01",
        "valeurGlobale": 300000,
        "montantSubventionPublique": 0,
        "concessionnaires": [{"concessionnaire": {"id": FIRM, "typeIdentifiant": "SIRET"}}],
        "considerationsSociales": {"considerationSociale": ["Concession réservée"]},
        **changes,
    }


def amended(**change: Any) -> dict[str, Any]:
    """A sound contract with one modification."""
    modification = {
        "id": 1,
        "dateNotificationModification": "2024-09-01",
        "datePublicationDonneesModification": "2024-09-10",
        "montant": 140000,
        "dureeMois": 36,
        **change,
    }
    return contract(modifications=[{"modification": modification}])


def party(identifier: str | None, kind: str | None = "SIRET", **more: Any) -> list[dict[str, Any]]:
    """A list with one titulaire."""
    return [{"titulaire": {"id": identifier, "typeIdentifiant": kind, **more}}]


@pytest.fixture(scope="session")
def published() -> SimpleNamespace:
    """Builders of fictitious records."""
    return SimpleNamespace(
        contract=contract,
        concession=concession,
        amended=amended,
        party=party,
        BUYER=BUYER,
        FIRM=FIRM,
        OTHER_FIRM=OTHER_FIRM,
        THIRD_FIRM=THIRD_FIRM,
    )
