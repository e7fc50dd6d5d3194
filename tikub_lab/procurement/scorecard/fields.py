"""Which data a publication owes, by the law in force on the day of the contract.

Contracts notified until 31 December 2023 owe the data of the decree
of 14 April 2017 (format 1.5), those notified since the data of the
decree of 22 December 2022 (format 2.0). Some data are owed only
where something else is so; where that condition cannot be read from
the essential data themselves, ``status`` says so and no score
counts them.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["contract", "concession"]

SINCE = date(2024, 1, 1)
"""First day of notification on which format 2.0 is owed (decree of
22 December 2022, as changed on 22/12/2023)."""


@dataclass(frozen=True)
class Regime:
    """The data owed by contracts (and concessions) notified in a period.

    Attributes
    ----------
    name : str
        ``"2019"`` (format 1.5) or ``"2022"`` (format 2.0).
    source : str
        The text, in French, as a report would quote it.
    contract, concession : tuple of str
        Fields owed in all cases, named as in the tables.
    """

    name: str
    source: str
    contract: tuple[str, ...]
    concession: tuple[str, ...]

    def fields(self, kind: Kind) -> tuple[str, ...]:
        """Name the fields that a contract, or a concession, owes.

        Examples
        --------
        >>> [len(regime.fields("contract")) for regime in REGIMES]
        [15, 25]
        """
        return self.contract if kind == "contract" else self.concession


_CONTRACT_2019 = (
    "id",
    "acheteur_id",
    "acheteur_nom",
    "nature",
    "objet",
    "codeCPV",
    "procedure",
    "lieuExecution_code",
    "lieuExecution_typeCode",
    "dureeMois",
    "dateNotification",
    "datePublicationDonnees",
    "montant",
    "formePrix",
    "titulaires",
)
_CONTRACT_2022 = (
    "id",
    "acheteur_id",
    "nature",
    "objet",
    "codeCPV",
    "techniques",
    "modalitesExecution",
    "marcheInnovant",
    "ccag",
    "offresRecues",
    "attributionAvance",
    "typeGroupementOperateurs",
    "procedure",
    "lieuExecution_code",
    "lieuExecution_typeCode",
    "dureeMois",
    "dateNotification",
    "datePublicationDonnees",
    "montant",
    "typesPrix",
    "formePrix",
    "sousTraitanceDeclaree",
    "titulaires",
    "considerationsSociales",
    "considerationsEnvironnementales",
)
_CONCESSION_2019 = (
    "id",
    "autoriteConcedante_id",
    "autoriteConcedante_nom",
    "nature",
    "objet",
    "procedure",
    "dureeMois",
    "dateSignature",
    "datePublicationDonnees",
    "dateDebutExecution",
    "valeurGlobale",
    "montantSubventionPublique",
    "concessionnaires",
)
_CONCESSION_2022 = (
    *(name for name in _CONCESSION_2019 if name != "autoriteConcedante_nom"),
    "considerationsSociales",
    "considerationsEnvironnementales",
)

REGIMES: tuple[Regime, Regime] = (
    Regime("2019", "Arrêté du 14 avril 2017 modifié, format 1.5", _CONTRACT_2019, _CONCESSION_2019),
    Regime("2022", "Arrêté du 22 décembre 2022 modifié, schéma DECP 2.0.3", _CONTRACT_2022, _CONCESSION_2022),
)
"""Until the day before :data:`SINCE`, and from it on."""
INSTEAD = {"formePrix": "typesPrix"}
"""In the regime of 2019, a field that stands for another: the rule
``price-form-2019`` moves forms of price there."""


@dataclass(frozen=True)
class Condition:
    """A field that is owed only in some contracts of format 2.0.

    Attributes
    ----------
    field : str
        Its name.
    when : str
        In French, when it is owed.
    status : {'vérifiable', 'à confirmer'}
        Whether the essential data themselves say if it is owed; ``à
        confirmer`` is an approximation of ours.
    """

    field: str
    when: str
    status: Literal["vérifiable", "à confirmer"]


ORIGIN_CPV = ("15", "18", "33", "341")
"""Beginnings of CPV codes of which the origin of products is asked,
near the list annexed to the decree of 2022."""
_ORIGIN = (
    "denrées, véhicules, produits de santé, habillement : divisions CPV 15, 18 et 33 et groupe 341, à défaut de la "
    "liste annexée à l'arrêté"
)
CONDITIONS: tuple[Condition, ...] = (
    Condition("tauxAvance", "une avance est attribuée (attributionAvance)", "vérifiable"),
    Condition("idAccordCadre", "nature « Marché subséquent », que seul le format 2019 connaît", "à confirmer"),
    Condition("origineUE", _ORIGIN, "à confirmer"),
    Condition("origineFrance", _ORIGIN, "à confirmer"),
)

TITLES = {
    "id": "Identifiant",
    "acheteur_id": "SIRET de l'acheteur",
    "acheteur_nom": "Nom de l'acheteur",
    "nature": "Nature",
    "objet": "Objet",
    "codeCPV": "Code CPV",
    "techniques": "Techniques d'achat",
    "modalitesExecution": "Modalités d'exécution",
    "marcheInnovant": "Marché innovant",
    "ccag": "CCAG",
    "offresRecues": "Offres reçues",
    "attributionAvance": "Avance",
    "tauxAvance": "Taux de l'avance",
    "typeGroupementOperateurs": "Groupement",
    "procedure": "Procédure",
    "lieuExecution_code": "Lieu d'exécution",
    "lieuExecution_typeCode": "Type du lieu d'exécution",
    "dureeMois": "Durée",
    "dateNotification": "Date de notification",
    "datePublicationDonnees": "Date de publication",
    "montant": "Montant",
    "typesPrix": "Types de prix",
    "formePrix": "Forme du prix",
    "sousTraitanceDeclaree": "Sous-traitance déclarée",
    "titulaires": "Titulaires",
    "considerationsSociales": "Considérations sociales",
    "considerationsEnvironnementales": "Considérations environnementales",
    "idAccordCadre": "Accord-cadre d'origine",
    "origineUE": "Part d'origine UE",
    "origineFrance": "Part d'origine France",
    "autoriteConcedante_id": "SIRET de l'autorité concédante",
    "autoriteConcedante_nom": "Nom de l'autorité concédante",
    "dateSignature": "Date de signature",
    "dateDebutExecution": "Début d'exécution",
    "valeurGlobale": "Valeur globale",
    "montantSubventionPublique": "Subvention publique",
    "concessionnaires": "Concessionnaires",
    "acheteur_departement": "Département de l'acheteur",
    "acheteur_region": "Région de l'acheteur",
    "titulaire_id": "Identifiant d'un titulaire",
    "titulaire_typeIdentifiant": "Type d'identifiant d'un titulaire",
    "titulaire_nom": "Nom d'un titulaire",
    "titulaire_categorie": "Catégorie d'un titulaire",
    "titulaire_commune": "Commune d'un titulaire",
    "titulaire_departement": "Département d'un titulaire",
    "titulaire_region": "Région d'un titulaire",
    "modification_id": "Numéro de la modification",
    "dateNotificationModification": "Notification de la modification",
    "datePublicationDonneesModification": "Publication de la modification",
    "objetModification": "Objet de la modification",
    "modifications": "Modifications",
    "value": "Élément",
}
"""French titles of fields, short enough for an axis or a column."""
