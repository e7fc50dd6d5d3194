"""The quality rules in French: what a reader of a scorecard is told of each.

Names, checks and sources of the rules are those of :data:`tikub_lab.procurement.published.quality.RULES`, to which two
are added that look at a file or at several records: ``row-width`` and ``duplicate``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """What a rule is called, what it asks, and what the figures would be without it.

    Attributes
    ----------
    title : str
        A few words.
    asks : str
        What a record must be, as a sentence.
    without : str
        What would happen to the figures if the rule were not applied, as a sentence.
    """

    title: str
    asks: str
    without: str


_COUNTED = "Ces enregistrements entreraient dans les comptes."
_LOST = "Ces marchés seraient rejetés, faute d'une valeur lisible."
_UNREADABLE = "La valeur resterait illisible ; une fois vidée, elle compte comme manquante."

TEXTS: dict[str, Text] = {
    "not-communicated": Text(
        "Valeur non communiquée",
        "« NC », « MQ » et « CDL » tiennent lieu de valeur absente.",
        "Ces mentions passeraient pour des valeurs.",
    ),
    "unreadable-characters": Text(
        "Caractères perdus",
        "Le texte ne contient pas de caractère perdu avant la publication (�).",
        "Rien ne change : le texte est gardé et signalé.",
    ),
    "identifier-spacing": Text("Identifiant avec espaces", "Un identifiant s'écrit sans espace.", _LOST),
    "identifier-type-name": Text(
        "Type d'identifiant mal nommé", "Le type d'identifiant porte le nom du format (FRWF, HORS-UE, TVA…).", _LOST
    ),
    "price-form-2019": Text(
        "Forme de prix de 2019",
        "« Ferme », « actualisable » et « révisable » sont des types de prix depuis le format 2022.",
        "Les formes et les types de prix de deux formats se mêleraient.",
    ),
    "code-label": Text(
        "Libellé écrit autrement",
        "Un libellé s'écrit comme dans la liste du format 2022.",
        "Une même procédure compterait sous plusieurs noms.",
    ),
    "code-unknown": Text(
        "Libellé hors liste",
        "Un libellé figure dans la liste du format.",
        "Une catégorie inconnue apparaîtrait dans les répartitions.",
    ),
    "cpv-repaired": Text(
        "Code CPV réparé",
        "Un code CPV a huit chiffres et une division connue ; un code incomplet est ramené à sa division.",
        "Ces montants sortiraient de leur famille d'achats.",
    ),
    "date-notation": Text(
        "Date écrite autrement",
        "Une date s'écrit année-mois-jour, sans heure ni fuseau.",
        "Le total ne change pas ; sans lire ces dates, les comptes par année seraient faux.",
    ),
    "date-unreadable": Text("Date illisible", "Une date est un jour du calendrier, depuis 1950.", _UNREADABLE),
    "number-notation": Text(
        "Nombre écrit autrement", "Un nombre s'écrit avec un point décimal, sans espace ni devise.", _LOST
    ),
    "number-unreadable": Text("Nombre illisible", "Un nombre est un nombre ; un compte est entier.", _UNREADABLE),
    "boolean-word": Text("Oui ou non écrit autrement", "Oui et non s'écrivent true et false.", _UNREADABLE),
    "boolean-unreadable": Text("Oui ou non illisible", "La valeur est oui ou non.", _UNREADABLE),
    "offers-zero": Text(
        "Aucune offre reçue",
        "Un marché attribué a reçu au moins une offre : 0 veut dire que le nombre est inconnu.",
        "Le nombre moyen d'offres baisserait à tort.",
    ),
    "share-range": Text(
        "Taux hors de 0 à 1", "Un taux ou une part va de 0 à 1.", "Les moyennes de taux seraient fausses."
    ),
    "subsidy-negative": Text(
        "Subvention négative",
        "Une subvention publique n'est pas négative.",
        "Le total des subventions baisserait à tort.",
    ),
    "text-too-long": Text(
        "Objet trop long", "L'objet a au plus mille caractères.", "Rien ne change aux chiffres : le texte est coupé."
    ),
    "department-code": Text(
        "Code de département", "Un département porte son code officiel.", "Un département inconnu apparaîtrait."
    ),
    "region-code": Text("Code de région", "Une région porte son code officiel.", "Une région inconnue apparaîtrait."),
    "commune-code": Text(
        "Code de commune", "Une commune porte son code officiel.", "Une commune inconnue apparaîtrait."
    ),
    "notification-from-publication": Text(
        "Notification datée de la publication",
        "À défaut de date de notification, celle de la publication en tient lieu.",
        "Ces marchés n'auraient pas de date et sortiraient des comptes annuels.",
    ),
    "not-a-record": Text("Pas un enregistrement", "Un élément de la liste est un objet avec des champs.", _COUNTED),
    "row-width": Text("Ligne mal découpée", "Une ligne a autant de cellules que l'en-tête.", _COUNTED),
    "value-missing": Text(
        "Valeur indispensable absente",
        "Un marché a un identifiant, un acheteur, un montant, une durée ; un titulaire, un identifiant et son type.",
        _COUNTED,
    ),
    "supplier-missing": Text("Sans titulaire", "Un marché a au moins un titulaire.", _COUNTED),
    "date-missing": Text("Sans date", "Un marché a une date de notification ou de publication.", _COUNTED),
    "date-future": Text("Date à venir", "Une date n'est pas dans l'avenir le jour de l'import.", _COUNTED),
    "amount-too-low": Text("Montant inférieur à 1 €", "Un montant vaut au moins 1 €.", _COUNTED),
    "amount-too-high": Text(
        "Montant démesuré", "Un montant ne dépasse pas 3 milliards d'euros (concession : 15).", _COUNTED
    ),
    "amount-repeated-digit": Text(
        "Montant de remplissage (999999999)", "Au-delà de 100 M€, un montant n'est pas un chiffre répété.", _COUNTED
    ),
    "amount-sequence": Text(
        "Montant de remplissage (123456789)", "Au-delà de 100 M€, un montant ne commence pas par 123456789.", _COUNTED
    ),
    "buyer-siret": Text(
        "SIRET de l'acheteur faux", "Le SIRET de l'acheteur a quatorze chiffres et une clé juste.", _COUNTED
    ),
    "supplier-siret": Text(
        "SIRET d'un titulaire faux", "Le SIRET d'un titulaire a quatorze chiffres et une clé juste.", _COUNTED
    ),
    "supplier-type": Text(
        "Type d'identifiant inconnu", "Le type d'identifiant d'un titulaire est dans la liste.", _COUNTED
    ),
    "supplier-identifier": Text(
        "Identifiant mal formé", "Un identifiant TAHITI, RIDET, FRWF, IREP ou HORS-UE a la forme de son type.", _COUNTED
    ),
    "duration-range": Text(
        "Durée invraisemblable", "Un marché dure de 1 à 180 mois, une concession de 1 à 360.", _COUNTED
    ),
    "consideration-contradiction": Text(
        "Considérations contradictoires", "« Pas de considération… » ne va avec aucune autre valeur.", _COUNTED
    ),
    "id-form": Text(
        "Identifiant du marché mal formé",
        "L'identifiant a de 1 à 16 lettres sans accent, chiffres, espaces ou / - _ . #.",
        _COUNTED,
    ),
    "object-missing": Text("Sans objet ni code CPV", "Un marché dit ce qu'il achète.", _COUNTED),
    "supplier-repeated": Text(
        "Titulaire répété",
        "Un titulaire n'est nommé qu'une fois par marché.",
        "Sa part du montant serait comptée deux fois.",
    ),
    "duplicate": Text(
        "Doublon dans la publication",
        "Même acheteur, même identifiant, même premier titulaire, même montant et même date : un seul marché.",
        "Ces marchés compteraient deux fois.",
    ),
}

EFFECTS = {"reject": "rejeté", "repair": "réparé", "blank": "vidé", "mark": "signalé"}
"""What each effect of a rule is called."""
