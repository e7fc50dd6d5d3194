"""The fields of the tables of public procurement and their types; a test compares them with the Table Schemas."""

CONTRACT_FIELDS = {
    "id": "string",
    "acheteur_id": "string",
    "acheteur_nom": "string",
    "acheteur_departement": "string",
    "acheteur_region": "string",
    "nature": "string",
    "objet": "string",
    "codeCPV": "string",
    "techniques": "list",
    "modalitesExecution": "list",
    "idAccordCadre": "string",
    "marcheInnovant": "boolean",
    "ccag": "string",
    "offresRecues": "integer",
    "attributionAvance": "boolean",
    "tauxAvance": "number",
    "origineUE": "number",
    "origineFrance": "number",
    "typeGroupementOperateurs": "string",
    "procedure": "string",
    "lieuExecution_code": "string",
    "lieuExecution_typeCode": "string",
    "dureeMois": "integer",
    "dateNotification": "date",
    "datePublicationDonnees": "date",
    "montant": "number",
    "typesPrix": "list",
    "formePrix": "string",
    "sousTraitanceDeclaree": "boolean",
    "considerationsSociales": "list",
    "considerationsEnvironnementales": "list",
    "source": "string",
}
"""Fields of ``procurement/contracts`` but for ``uid``."""

CONCESSION_FIELDS = {
    "id": "string",
    "autoriteConcedante_id": "string",
    "autoriteConcedante_nom": "string",
    "nature": "string",
    "objet": "string",
    "procedure": "string",
    "dureeMois": "integer",
    "dateSignature": "date",
    "datePublicationDonnees": "date",
    "dateDebutExecution": "date",
    "valeurGlobale": "number",
    "montantSubventionPublique": "number",
    "concessionnaires": "list",
    "considerationsSociales": "list",
    "considerationsEnvironnementales": "list",
    "modifications": "integer",
    "source": "string",
}
SUPPLIER_FIELDS = {
    "titulaire_id": "string",
    "titulaire_typeIdentifiant": "string",
    "titulaire_nom": "string",
    "titulaire_categorie": "string",
    "titulaire_commune": "string",
    "titulaire_departement": "string",
    "titulaire_region": "string",
}
AMENDMENT_FIELDS = {
    "modification_id": "integer",
    "dateNotificationModification": "date",
    "datePublicationDonneesModification": "date",
    "dureeMois": "integer",
    "montant": "number",
    "titulaires": "list",
    "objetModification": "string",
}

STATE_FIELDS = {"modification_id": "integer", "donneesActuelles": "boolean", "objetModification": "string"}
ROW_FIELDS = {**CONTRACT_FIELDS, **SUPPLIER_FIELDS, **STATE_FIELDS}
"""Fields of a row of the tabular form, which is a contract, a
titulaire and a state at once."""

CONSIDERATIONS = {
    "considerationsSociales": "considerationSociale",
    "considerationsEnvironnementales": "considerationEnvironnementale",
}
LISTS = {
    "techniques": "technique",
    "modalitesExecution": "modaliteExecution",
    "typesPrix": "typePrix",
    **CONSIDERATIONS,
}
"""Plural names of 2022 and the singular names that wrap them, or
stand for them in some 2019 publications."""
