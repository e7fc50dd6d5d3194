"""Fictitious records of published files, for the tests of readers and rules."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from tikub_lab.tables.frames import typed
from tikub_lab.tables.schema import read_schema

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


PLAIN = {
    "acheteur_id": BUYER,
    "acheteur_nom": "Acheteur (fictif)",
    "nature": "Marché",
    "codeCPV": "15500000-3",
    "procedure": "Procédure adaptée",
    "dateNotification": "2024-05-15",
    "montant": 10_000,
}
"""A plain purchase of milk products."""


@pytest.fixture(scope="session")
def worked(root):
    """Make the tables of contracts, suppliers and amendments from short rows: what differs from a plain purchase.

    ``firms`` names the holders, by default one for each contract; ``change`` is an amendment.
    """
    folder = root / "data" / "schemas" / "procurement"
    schemas = [read_schema(folder / f"{name}.json") for name in ("contracts", "suppliers", "amendments")]

    def written(value: Any) -> str | None:
        return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    def table(rows: list[dict[str, Any]], schema: Any) -> pd.DataFrame:
        texts = [{name: written(row.get(name)) for name in schema.names} for row in rows]
        return typed(pd.DataFrame(texts, columns=list(schema.names), dtype="str"), schema)

    def make(*rows: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        rows = [{**PLAIN, "uid": f"u{n}", "id": f"{n}", "objet": f"Achat {n}", **row} for n, row in enumerate(rows)]
        firms = [{"uid": row["uid"], "titulaire_id": firm, "titulaire_nom": f"{firm} (fictif)"}
                 for row in rows for firm in row.get("firms", [row["uid"]])]  # fmt: skip
        changes = [{"uid": row["uid"], "modification_id": 1, **row["change"]} for row in rows if "change" in row]
        return tuple(table(found, schema) for found, schema in zip((rows, firms, changes), schemas, strict=True))

    return make
