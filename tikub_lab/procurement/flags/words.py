"""The red flags in words for a reader: what each one is, and what may be innocent about it.

Definitions: Open Contracting Partnership, Cardinal 0.0.8 (https://cardinal.readthedocs.io) and « Red Flags in Public
Procurement » (2024), whose codes they are. The innocent explanations are this workbench's own, for French contracts.
"""

import pandas as pd

# code: title, what is seen, what may be innocent about it, what is needed
_WORDS: dict[str, tuple[str, str, str, str]] = {
    "R003": (
        "Délai de remise des offres court",
        "Moins de quinze jours entiers entre l'ouverture de la consultation et la date limite de remise des offres : "
        "les entreprises qui n'étaient pas prévenues ont peu de temps pour répondre.",
        "En procédure adaptée, l'acheteur fixe librement un délai suffisant : quinze jours ne sont pas un minimum "
        "légal. Un besoin simple, une urgence justifiée ou une seconde consultation après infructuosité "
        "l'expliquent souvent.",
        "Dates de publication et limite de remise",
    ),
    "R018": (
        "Une seule offre en procédure ouverte",
        "Une procédure ouverte à la concurrence n'a reçu qu'une offre.",
        "Marché de niche, tension de la filière, lot peu attractif ou lieu éloigné. Une procédure adaptée peut aussi "
        "n'avoir été adressée qu'à une entreprise, ce que les données essentielles ne disent pas.",
        "Nombre d'offres reçues, procédure",
    ),
    "R024": (
        "Deuxième offre très proche de la gagnante",
        "L'écart entre l'offre retenue et la deuxième est anormalement faible par rapport aux autres consultations : "
        "l'une a pu être calée sur l'autre.",
        "Les prix sont serrés quand ils sont encadrés, publiés ou tirés d'un même catalogue. Une concurrence vive "
        "donne le même signe.",
        "Prix de toutes les offres recevables",
    ),
    "R025": (
        "Candidat habituel qui ne gagne presque jamais",
        "Un candidat qui répond souvent l'emporte anormalement peu : il peut déposer des offres de couverture.",
        "Entreprise nouvelle sur le secteur, prix trop élevés, réponses faites pour être connue de l'acheteur ; ou "
        "titulaire d'accords-cadres dont les marchés ne sont pas au registre.",
        "Candidats de toutes les consultations",
    ),
    "R028": (
        "Offres de même prix",
        "Des candidats différents ont remis des offres exactement du même montant dans la même consultation.",
        "Prix réglementés, tarifs publics ou prix imposés par un fournisseur commun. Un montant arrondi ou le maximum "
        "d'un accord-cadre, saisi à la place du prix, donne le même signe.",
        "Prix de toutes les offres déposées",
    ),
    "R030": (
        "Offre retenue arrivée hors délai",
        "L'offre retenue a été reçue après la date limite, alors qu'une offre tardive est éliminée "
        "(article R2151-5 du code de la commande publique).",
        "Date limite reportée sans mise à jour du registre, panne de la plateforme reconnue par l'acheteur, copie de "
        "sauvegarde ouverte plus tard, ou heure saisie dans un autre fuseau.",
        "Date limite et date de réception des offres",
    ),
    "R035": (
        "Toutes les offres éliminées sauf la gagnante",
        "Il ne reste qu'une offre recevable, celle du titulaire : toutes les autres ont été éliminées.",
        "Les éliminations peuvent être fondées : offres irrégulières, inacceptables, anormalement basses ou pièces "
        "manquantes malgré une demande de régularisation. Les motifs sont au rapport d'analyse des offres.",
        "Sort de chaque offre",
    ),
    "R036": (
        "Offre la plus basse éliminée",
        "L'offre la moins chère a été éliminée, et une offre plus chère retenue.",
        "Une offre anormalement basse doit être éliminée si ses justifications ne convainquent pas ; une offre basse "
        "peut aussi ne pas répondre au besoin.",
        "Prix et sort de chaque offre",
    ),
    "R038": (
        "Part élevée d'offres éliminées",
        "Un acheteur, une entité ou un candidat a une part d'offres éliminées anormalement élevée.",
        "Dossiers de consultation compliqués, candidats peu habitués à la commande publique, ou registre qui ne note "
        "que les consultations difficiles.",
        "Sort de chaque offre",
    ),
    "R048": (
        "Titulaire dans des familles très diverses",
        "Une entreprise gagne des marchés dans un nombre anormalement élevé de familles d'achat (divisions CPV).",
        "Grossistes, centrales d'achat, groupes à plusieurs métiers et entreprises adaptées vendent dans beaucoup de "
        "familles. Un code CPV choisi trop vite disperse aussi.",
        "Code CPV et titulaire de chaque marché",
    ),
    "R058": (
        "Offre retenue très loin de la deuxième",
        "L'écart entre l'offre retenue et la deuxième est anormalement grand : les autres offres ont pu être faites "
        "pour perdre.",
        "Savoir-faire ou matériel déjà amorti, erreur d'un concurrent, besoin compris autrement, ou offre anormalement "
        "basse qui restait à vérifier.",
        "Prix de toutes les offres recevables",
    ),
}

FLAGS: pd.DataFrame = pd.DataFrame.from_dict(
    _WORDS, orient="index", columns=["libelle", "explication", "innocent", "donnees"]
).rename_axis("drapeau").reset_index()  # fmt: skip
"""One row a flag: drapeau, libelle, explication (what is seen), innocent (what may be), donnees (what it needs)."""

GROUP_LABELS = {
    "OCID": "Consultation",
    "Buyer": "Acheteur",
    "ProcuringEntity": "Entité qui conduit la procédure",
    "Tenderer": "Candidat",
}
"""What the groups of Cardinal are called for a reader."""
