"""The faults and the changes that are planted in the fictitious publications, each a function of one raw record."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Raw = dict[str, Any]
"""A record as published: an object of the format of 2022."""


@dataclass(frozen=True)
class Fault:
    """A fault of a record.

    Attributes
    ----------
    share : float
        Of the contracts of the first publication; there is at least one.
    rule : str or None
        The rule that it breaks, None where no rule sees it.
    plant : callable
        Of a sound record: what is published in its place, one record or two.
    """

    share: float
    rule: str | None
    plant: Callable[[Raw], list[Raw]]


@dataclass(frozen=True)
class Change:
    """What happens to a record from one publication on.

    Attributes
    ----------
    share : float
        Of the contracts of the first publication; there is at least one.
    gone : tuple of int
        Publications, from 0, that do not have the record.
    since : int
        The first publication that has the change.
    fields : str
        Fields that a comparison must name, separated by bars.
    make : callable
        Of a sound record: the changed one.
    """

    share: float
    gone: tuple[int, ...] = ()
    since: int = 1
    fields: str = ""
    make: Callable[[Raw], Raw] = dict


def _with(**values: Any) -> Callable[[Raw], list[Raw]]:
    return lambda record: [{**record, **values}]


def _wrong_key(identifier: str) -> str:
    """Change the last digit: no SIRET stays valid when one digit changes."""
    return identifier[:-1] + str((int(identifier[-1]) + 1) % 10)


def _wrong_buyer(record: Raw) -> list[Raw]:
    return [{**record, "acheteur": {**record["acheteur"], "id": _wrong_key(record["acheteur"]["id"])}}]


def _wrong_firm(record: Raw) -> list[Raw]:
    first, *others = record["titulaires"]
    wrong = {"titulaire": {"id": _wrong_key("2" * 13 + "0"), "typeIdentifiant": "SIRET"}}
    return [{**record, "titulaires": [wrong, *others]}] if first else [record]


def _written(amount: float) -> str:
    return f"{amount:,.2f} €".replace(",", " ").replace(".", ",")


FAULTS: dict[str, Fault] = {
    "clé de l'acheteur": Fault(0.008, "buyer-siret", _wrong_buyer),
    "clé du titulaire": Fault(0.008, "supplier-siret", _wrong_firm),
    "montant nul": Fault(0.008, "amount-too-low", _with(montant=0)),
    "montant de remplissage": Fault(0.004, "amount-repeated-digit", _with(montant=999_999_999)),
    "montant de remplissage admis": Fault(0.004, None, _with(montant=99_999_999)),
    "montant d'un euro": Fault(0.01, None, _with(montant=1)),
    "sans date": Fault(0.01, "date-missing", _with(dateNotification=None, datePublicationDonnees=None)),
    "sans date de notification": Fault(0.008, "notification-from-publication", _with(dateNotification=None)),
    "durée en jours": Fault(0.01, "duration-range", lambda r: [{**r, "dureeMois": 30 * max(r["dureeMois"] or 0, 7)}]),
    "code CPV tronqué": Fault(0.02, "cpv-repaired", lambda record: [{**record, "codeCPV": record["codeCPV"][:4]}]),
    "zéro offre": Fault(0.01, "offers-zero", _with(offresRecues=0)),
    "date avec fuseau": Fault(
        0.02, "date-notation", lambda record: [{**record, "dateNotification": record["dateNotification"] + "+02:00"}]
    ),
    "montant écrit avec devise": Fault(
        0.008, "number-notation", lambda record: [{**record, "montant": _written(record["montant"])}]
    ),
    "sans titulaire": Fault(0.006, "supplier-missing", _with(titulaires=[])),
    "considérations contradictoires": Fault(
        0.006,
        "consideration-contradiction",
        _with(considerationsSociales={"considerationSociale": ["Pas de considération sociale", "Clause sociale"]}),
    ),
    "en double": Fault(0.012, "duplicate", lambda record: [record, dict(record)]),
}

CHANGES: dict[str, Change] = {
    "disparu": Change(0.012, gone=(1, 2)),
    "revenu": Change(0.006, gone=(1,)),
    "montant": Change(
        0.02, fields="montant", make=lambda record: {**record, "montant": round(record["montant"] * 1.1, 2)}
    ),
    "durée": Change(
        0.01, since=2, fields="dureeMois", make=lambda record: {**record, "dureeMois": (record["dureeMois"] or 0) + 6}
    ),
    "modification": Change(
        0.02,
        fields="modifications",
        make=lambda record: {
            **record,
            "modifications": [
                {
                    "modification": {
                        "id": 1,
                        "dateNotificationModification": "2025-04-15",
                        "datePublicationDonneesModification": "2025-04-20",
                        "montant": round(record["montant"] * 1.05, 2),
                    }
                }
            ],
        },
    ),
    "identifiant": Change(0.004, since=2, fields="id", make=lambda record: {**record, "id": record["id"] + "B"}),
    "forme du prix": Change(
        0.008,
        since=2,
        fields="autre",
        make=lambda record: {**record, "formePrix": "Mixte" if record["formePrix"] != "Mixte" else "Unitaire"},
    ),
}
