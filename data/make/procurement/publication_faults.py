"""The faults and the changes that are planted in the fictitious publications: new values of a raw record's fields.

A share is of the contracts of the first publication; there is at least one of each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Raw = dict[str, Any]  # a record as published: an object of the format of 2022


@dataclass(frozen=True)
class Fault:
    """What is wrong in a record, and the rule that it breaks: none where no rule sees it."""

    share: float
    rule: str | None
    values: Callable[[Raw], Raw]
    copies: int = 1


@dataclass(frozen=True)
class Change:
    """What a record has from the publication ``since`` on, fields that a comparison must name, where it is ``gone``."""

    share: float
    fields: str = ""
    values: Callable[[Raw], Raw] = lambda record: {}
    since: int = 1
    gone: tuple[int, ...] = ()


def _set(**values: Any) -> Callable[[Raw], Raw]:
    return lambda record: values


def _wrong_buyer(record: Raw) -> Raw:
    """Change the last digit: no SIRET stays valid when one digit changes."""
    number = record["acheteur"]["id"]
    return {"acheteur": {**record["acheteur"], "id": number[:-1] + str((int(number[-1]) + 1) % 10)}}


def _wrong_firm(record: Raw) -> Raw:
    wrong = {"titulaire": {"id": "2" * 13 + "1", "typeIdentifiant": "SIRET"}}
    return {"titulaires": [wrong, *record["titulaires"][1:]]}


def _in_euros(record: Raw) -> Raw:
    return {"montant": f"{record['montant']:,.2f} €".replace(",", " ").replace(".", ",")}


def _in_a_zone(record: Raw) -> Raw:
    return {"dateNotification": record["dateNotification"] + "+02:00"}


def _amended(record: Raw) -> Raw:
    days = {"dateNotificationModification": "2025-04-15", "datePublicationDonneesModification": "2025-04-20"}
    return {"modifications": [{"modification": {"id": 1, **days, "montant": round(record["montant"] * 1.05, 2)}}]}


_BOTH = {"considerationSociale": ["Pas de considération sociale", "Clause sociale"]}

FAULTS: dict[str, Fault] = {
    "clé de l'acheteur": Fault(0.008, "buyer-siret", _wrong_buyer),
    "clé du titulaire": Fault(0.008, "supplier-siret", _wrong_firm),
    "montant nul": Fault(0.008, "amount-too-low", _set(montant=0)),
    "montant de remplissage": Fault(0.004, "amount-repeated-digit", _set(montant=999_999_999)),
    "montant de remplissage admis": Fault(0.004, None, _set(montant=99_999_999)),
    "montant d'un euro": Fault(0.01, None, _set(montant=1)),
    "sans date": Fault(0.01, "date-missing", _set(dateNotification=None, datePublicationDonnees=None)),
    "sans date de notification": Fault(0.008, "notification-from-publication", _set(dateNotification=None)),
    "durée en jours": Fault(0.01, "duration-range", lambda old: {"dureeMois": 30 * max(old["dureeMois"] or 0, 7)}),
    "code CPV tronqué": Fault(0.02, "cpv-repaired", lambda old: {"codeCPV": old["codeCPV"][:4]}),
    "zéro offre": Fault(0.01, "offers-zero", _set(offresRecues=0)),
    "date avec fuseau": Fault(0.02, "date-notation", _in_a_zone),
    "montant écrit avec devise": Fault(0.008, "number-notation", _in_euros),
    "sans titulaire": Fault(0.006, "supplier-missing", _set(titulaires=[])),
    "considérations contradictoires": Fault(0.006, "consideration-contradiction", _set(considerationsSociales=_BOTH)),
    "en double": Fault(0.012, "duplicate", _set(), copies=2),
}

CHANGES: dict[str, Change] = {
    "disparu": Change(0.012, gone=(1, 2)),
    "revenu": Change(0.006, gone=(1,)),
    "montant": Change(0.02, "montant", lambda old: {"montant": round(old["montant"] * 1.1, 2)}),
    "durée": Change(0.01, "dureeMois", lambda old: {"dureeMois": (old["dureeMois"] or 0) + 6}, since=2),
    "modification": Change(0.02, "modifications", _amended),
    "identifiant": Change(0.004, "id", lambda old: {"id": old["id"] + "B"}, since=2),
    "forme du prix": Change(
        0.008, "autre", lambda old: {"formePrix": "Unitaire" if old["formePrix"] == "Mixte" else "Mixte"}, since=2
    ),
}
