"""Code lists of the essential data (DECP), labels that stand for them, and the CPV nomenclature.

Lists: arrêté du 22 décembre 2022 relatif aux données essentielles des marchés publics, as the JSON schema 2.0.3 of
139bercy/format-commande-publique writes them; « Accord-cadre » and « Marché subséquent » come from the format of 2019.
CPV divisions and their labels: règlement (CE) n° 213/2008 de la Commission du 28 novembre 2007, annexe I.
"""

import csv
import unicodedata
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.law import Law
from tikub_lab.tables.readers import Batch, Head, Reader
from tikub_lab.tables.texts import opened

LAW = Law(Path(__file__).with_name("law.csv"))
"""Dated values of public procurement: thresholds, national targets and duties, time limits."""

CODES: dict[str, tuple[str, ...]] = {
    "nature": (
        "Marché",
        "Marché de partenariat",
        "Marché de défense ou de sécurité",
        "Accord-cadre",
        "Marché subséquent",
    ),
    "procedure": (
        "Procédure adaptée",
        "Appel d'offres ouvert",
        "Appel d'offres restreint",
        "Procédure avec négociation",
        "Marché passé sans publicité ni mise en concurrence préalable",
        "Dialogue compétitif",
    ),
    "techniques": (
        "Accord-cadre",
        "Concours",
        "Système de qualification",
        "Système d'acquisition dynamique",
        "Catalogue électronique",
        "Enchère électronique",
        "Sans objet",
    ),
    "modalitesExecution": ("Tranches", "Bons de commande", "Marchés subséquents", "Sans objet"),
    "ccag": (
        "Travaux",
        "Maitrise d'œuvre",
        "Fournitures courantes et services",
        "Marchés industriels",
        "Prestations intellectuelles",
        "Techniques de l'information et de la communication",
        "Pas de CCAG",
    ),
    "typesPrix": ("Définitif ferme", "Définitif actualisable", "Définitif révisable", "Provisoire"),
    "formePrix": ("Unitaire", "Forfaitaire", "Mixte"),
    "typeGroupementOperateurs": ("Conjoint", "Solidaire", "Pas de groupement"),
    "considerationsSociales": (
        "Clause sociale",
        "Critère social",
        "Marché réservé",
        "Pas de considération sociale",
    ),
    "considerationsEnvironnementales": (
        "Clause environnementale",
        "Critère environnemental",
        "Pas de considération environnementale",
    ),
    "lieuExecution_typeCode": (
        "Code postal",
        "Code commune",
        "Code arrondissement",
        "Code canton",
        "Code département",
        "Code région",
        "Code pays",
    ),
    "titulaire_typeIdentifiant": ("SIRET", "TVA", "TAHITI", "RIDET", "FRWF", "IREP", "HORS-UE"),
    "titulaire_categorie": ("PME", "ETI", "GE"),
}
"""The values that each coded field of a contract or a supplier may have."""

CONCESSION_CODES: dict[str, tuple[str, ...]] = {
    "nature": (
        "Concession de travaux",
        "Concession de service",
        "Concession de service public",
        "Délégation de service public",
    ),
    "procedure": (
        "Procédure négociée ouverte",
        "Procédure non négociée ouverte",
        "Procédure négociée restreinte",
        "Procédure non négociée restreinte",
    ),
    "considerationsSociales": (
        "Clause sociale",
        "Critère social",
        "Concession réservée",
        "Pas de considération sociale",
    ),
    "considerationsEnvironnementales": CODES["considerationsEnvironnementales"],
}

_WITHOUT_COMPETITION = "Marché passé sans publicité ni mise en concurrence préalable"
ALIASES: dict[str, dict[str, str]] = {
    "procedure": {
        "Procédure concurrentielle avec négociation": "Procédure avec négociation",
        "Procédure négociée avec mise en concurrence préalable": "Procédure avec négociation",
        "Marché négocié sans publicité ni mise en concurrence préalable": _WITHOUT_COMPETITION,
        "Marché public négocié sans publicité ni mise en concurrence préalable": _WITHOUT_COMPETITION,
    },
    "modalitesExecution": {"Marché subséquent": "Marchés subséquents"},
    "lieuExecution_typeCode": {name.removeprefix("Code "): name for name in CODES["lieuExecution_typeCode"]},
    "titulaire_typeIdentifiant": {
        "FRW": "FRWF",
        "TVA-INTRACOMMUNAUTAIRE": "TVA",
        "TVA INTRACOMMUNAUTAIRE": "TVA",
        "HORS UE": "HORS-UE",
    },
}
"""Labels of the format of 2019, and spellings met in publications, with what they mean in the lists of 2022."""

PRICE_FORMS_2019 = {
    "Ferme": "Définitif ferme",
    "Ferme et actualisable": "Définitif actualisable",
    "Révisable": "Définitif révisable",
}
"""Values of ``formePrix`` in 2019 that the format of 2022 moved to ``typesPrix``."""

NO_CONSIDERATION = {
    "considerationsSociales": "Pas de considération sociale",
    "considerationsEnvironnementales": "Pas de considération environnementale",
}

CPV_DIVISIONS: dict[str, str] = {
    "03000000-1": "Produits agricoles, de l'élevage, de la pêche, de la sylviculture et produits connexes",
    "09000000-3": "Produits pétroliers, combustibles, électricité et autres sources d'énergie",
    "14000000-1": "Produits d'exploitation des mines, métaux de base et produits connexes",
    "15000000-8": "Produits alimentaires, boissons, tabac et produits connexes",
    "16000000-5": "Machines agricoles",
    "18000000-9": "Vêtements, articles chaussants, bagages et accessoires",
    "19000000-6": "Produits en cuir et textiles, matériaux en plastique et en caoutchouc",
    "22000000-0": "Imprimés et produits connexes",
    "24000000-4": "Produits chimiques",
    "30000000-9": "Machines, matériel et fourniture informatique et de bureau, excepté les meubles et logiciels",
    "31000000-6": "Machines, appareils, équipements et consommables électriques\u202f; éclairage",
    "32000000-3": "Équipements et appareils de radio, de télévision, de communication, de télécommunication et "
    "équipements connexes",
    "33000000-0": "Matériels médicaux, pharmaceutiques et produits de soins personnels",
    "34000000-7": "Équipement de transport et produits auxiliaires pour le transport",
    "35000000-4": "Équipement de sécurité, de lutte contre l'incendie, de police et de défense",
    "37000000-8": "Instruments de musique, articles de sport, jeux, jouets, articles pour artisanat, articles "
    "pour travaux artistiques et accessoires",
    "38000000-5": "Équipements de laboratoire, d'optique et de précision (excepté les lunettes)",
    "39000000-2": "Meubles (y compris les meubles de bureau), aménagements, appareils électroménagers (à "
    "l'exclusion de l'éclairage) et produits de nettoyage",
    "41000000-9": "Eau collectée et purifiée",
    "42000000-6": "Machines industrielles",
    "43000000-3": "Équipement minier, équipement pour l'exploitation de carrières, matériel de construction",
    "44000000-0": "Matériaux et structures de construction\u202f; produits auxiliaires pour la construction (à "
    "l'exception des appareils électriques)",
    "45000000-7": "Travaux de construction",
    "48000000-8": "Logiciels et systèmes d'information",
    "50000000-5": "Services de réparation et d'entretien",
    "51000000-9": "Services d'installation (à l'exception des logiciels)",
    "55000000-0": "Services d'hôtellerie, de restauration et de commerce au détail",
    "60000000-8": "Services de transport (à l'exclusion du transport des déchets)",
    "63000000-9": "Services d'appui et services auxiliaires dans le domaine des transports, services des agences "
    "de voyages",
    "64000000-6": "Services des postes et télécommunications",
    "65000000-3": "Services publics",
    "66000000-0": "Services financiers et d'assurance",
    "70000000-1": "Services immobiliers",
    "71000000-8": "Services d'architecture, services de construction, services d'ingénierie et services d'inspection",
    "72000000-5": "Services de technologies de l'information, conseil, développement de logiciels, internet et appui",
    "73000000-2": "Services de recherche et développement et services de conseil connexes",
    "75000000-6": "Services de l'administration publique, de la défense et de la sécurité sociale",
    "76000000-3": "Services relatifs à l'industrie du pétrole et du gaz",
    "77000000-0": "Services agricoles, sylvicoles, horticoles, d'aquaculture et d'apiculture",
    "79000000-4": "Services aux entreprises\u00a0: droit, marketing, conseil, recrutement, impression et sécurité",
    "80000000-4": "Services d'enseignement et de formation",
    "85000000-9": "Services de santé et services sociaux",
    "90000000-7": "Services d'évacuation des eaux usées et d'élimination des déchets, services d'hygiénisation et "
    "services relatifs à l'environnement",
    "92000000-1": "Services récréatifs, culturels et sportifs",
    "98000000-3": "Autres services communautaires, sociaux et personnels",
}
"""The 45 divisions of the CPV 2008, by their code with its check digit."""


def simplified(label: str) -> str:
    """Reduce a label to what tells it from others: no case, accents, punctuation or spacing.

    Examples
    --------
    >>> simplified("CODE_DÉPARTEMENT") == simplified("Code  département")
    True
    """
    plain = unicodedata.normalize("NFKD", label.replace("œ", "oe").replace("Œ", "oe"))
    return " ".join("".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).lower().split())


def meanings(field: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """Map the simplified form of every known label of a field to the label of 2022.

    Examples
    --------
    >>> meanings("procedure", CODES["procedure"])["procedure concurrentielle avec negociation"]
    'Procédure avec négociation'
    """
    known = {simplified(label): label for label in allowed}
    return {simplified(old): new for old, new in ALIASES.get(field, {}).items()} | known


def repair_cpv(codes: pd.Series, nomenclature: pd.Series | None = None) -> pd.Series:
    """Bring CPV codes to eight digits with or without a check digit, the generic code of the division at worst.

    Parameters
    ----------
    codes : Series of str
        As published.
    nomenclature : Series of str, optional
        Every code of the CPV 2008 with its check digit (table ``procurement/cpv``). Without it only the 45 divisions
        are known: a code of eight digits in a known division is then taken as it is.

    Returns
    -------
    Series of str
        Missing where not even the division (the first two digits) is known. Seven digits are first tried with a zero in
        front, then with one behind. With a nomenclature the check digit is added or corrected, and an unknown code
        becomes its division's.

    Examples
    --------
    >>> repair_cpv(pd.Series(["45214200", "3111000", "4521", "99000000-1"], dtype="str")).tolist()
    ['45214200', '03111000', '45000000-7', nan]
    """
    divisions = {code[:2]: code for code in CPV_DIVISIONS}
    parts = codes.str.replace(r"\s+", "", regex=True).str.extract(r"^(\d+)(?:-(\d))?$")
    digits, key = parts[0].astype("str"), parts[1].astype("str")
    ninth = digits.str.fullmatch(r"\d{9}") & key.isna()
    key = key.mask(ninth, digits.str[8:])
    digits = digits.mask(ninth, digits.str[:8])
    known = None if nomenclature is None else pd.Series(nomenclature.to_numpy(), index=nomenclature.str[:8])

    def exists(candidate: pd.Series) -> pd.Series:
        return candidate.str[:2].isin(divisions) if known is None else candidate.isin(known.index)

    seven = digits.str.len() == 7
    front, behind = "0" + digits, digits + "0"
    digits = digits.mask(seven & exists(front), front).mask(seven & ~exists(front) & exists(behind), behind)
    complete = (digits.str.len() == 8) & exists(digits)
    kept = digits.where(key.isna() | seven, digits + "-" + key) if known is None else digits.map(known).astype("str")
    return kept.where(complete, codes.str.strip().str[:2].map(divisions).astype("str"))


def _recognises_cpv(head: Head) -> bool:
    first = head.text.lstrip().splitlines()[:1]
    return bool(first) and [name.strip().strip('"').upper() for name in first[0].split(",")] == ["CODE", "FR"]


def _read_cpv(path: Path) -> Iterator[Batch]:
    with opened(path) as file:
        rows = csv.DictReader(file)
        start = 2
        while chunk := list(islice(rows, 20_000)):
            names = {"CODE": "code", "FR": "libelle"}
            frame = pd.DataFrame(
                {new: pd.Series([r.get(old) for r in chunk], dtype="str") for old, new in names.items()}
            )
            frame.insert(0, "_line", range(start, start + len(chunk)))
            frame["_rows"] = 1
            bad = ~frame["code"].str.fullmatch(r"\d{8}-\d").fillna(False)
            rejects = pd.DataFrame(
                {
                    "line": frame.loc[bad, "_line"],
                    "id": frame.loc[bad, "code"],
                    "field": "code",
                    "value": frame.loc[bad, "code"],
                    "rule": "cpv-code",
                    "message": "A CPV code is eight digits, a hyphen and a check digit.",
                }
            )
            yield Batch(len(chunk), {"procurement/cpv": frame[~bad]}, rejects)
            start += len(chunk)
    if start == 2:
        raise UsageError(f"{path.name}: a CPV nomenclature without any code.")


CPV_READER = Reader(
    name="cpv-2008-csv",
    title="CPV 2008 nomenclature (CSV: CODE, FR)",
    tables=("procurement/cpv",),
    recognises=_recognises_cpv,
    read=_read_cpv,
    publisher="Office des publications de l'Union européenne",
    licence="CC-BY-4.0",
)
"""Reader of the full nomenclature, which is not shipped."""
