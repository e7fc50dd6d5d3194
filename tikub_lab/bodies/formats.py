"""The published files of outside bodies that can be imported."""

from tikub_lab.bodies.published.grants import GRANTS, is_grants, read_grants
from tikub_lab.bodies.published.registers import (
    COUNCILLORS,
    NOTICES,
    REGISTRY,
    has,
    is_councillors,
    notice,
    read_councillors,
    reader_of,
    registered,
)
from tikub_lab.tables.readers import Reader

READERS: tuple[Reader, ...] = (
    Reader("grants", "grants (CSV, xlsx: SCDL names or other headings)", (GRANTS,), is_grants, read_grants),
    Reader(
        "councillors", "Répertoire national des élus, regional councillors (CSV)", (COUNCILLORS,), is_councillors,
        read_councillors, publisher="Ministère de l'Intérieur",
    ),
    Reader(
        "bodacc", "BODACC notices (JSON of the portal)", (NOTICES,), has("familleavis", "registre"),
        reader_of(NOTICES, notice, ("annonce_id", "parution")), publisher="DILA",
    ),
    Reader(
        "joafe", "JOAFE notices, published accounts (JSON of the portal)", (NOTICES,), has("source", "dateparution"),
        reader_of(NOTICES, notice, ("annonce_id", "parution")), publisher="DILA",
    ),
    Reader(
        "recherche-entreprises", "answers of API Recherche d'entreprises (JSON)", (REGISTRY,),
        has("nom_complet", "etat_administratif"), reader_of(REGISTRY, registered, ("siren", "nom")), publisher="INSEE",
    ),
)  # fmt: skip
"""In the order in which they are asked whether they know a file."""
