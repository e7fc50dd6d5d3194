"""One compiled release of OCDS as rows of the bid register.

What the register has no place for is blanked and noted as a repair.
"""

import re
from typing import Any

from tikub_lab.procurement.flags.bids import LABELS, OPENINGS, STATUSES_FR, UNALLOTTED, utc
from tikub_lab.procurement.flags.ocds import moment, number


class Notes:
    """Repairs of one release."""

    def __init__(self, line: int, ocid: str, repairs: list[tuple[int, str, str, str, str]]):
        self.line, self.ocid, self.repairs = line, ocid, repairs

    def blank(self, field: str, value: Any, rule: str) -> None:
        """Note a value that the register has no place for."""
        self.repairs.append((self.line, self.ocid, field, str(value)[:200], rule))


def flattened(release: dict[str, Any], notes: Notes) -> list[dict[str, str]]:
    """Write a release as rows of the register: a bid and tenderer each, then suppliers without a bid."""
    head = _head(release, notes)
    active = [item for item in _list(release, "awards") if _text(item, "status") == "active"]
    suppliers = {_text(item, "id"): _text(item, "name") for award in active for item in _list(award, "suppliers")}
    suppliers.pop(None, None)
    rows: list[dict[str, str]] = []
    details = _list(_get(release, "bids"), "details")
    for order, bid in enumerate(details, 1):
        rows += _bid_rows(bid, order, head, notes)
    for who, name in suppliers.items():
        own = [row for row in rows if row.get("candidat_id") == who]
        valid = [row for row in own if row.get("statut") == "Recevable"]
        if not own:
            own = [head | _filled(offre=str(len(details) + 1), rang="1", candidat_id=who, candidat_nom=name)]
            details = [*details, None]
            rows += own
        for row in valid or own:
            row["retenue"] = "true"
    return rows or [head | {"offre": "1", "rang": "1"}]


def _head(release: dict[str, Any], notes: Notes) -> dict[str, str]:
    tender, buyer = _get(release, "tender"), _get(release, "buyer")
    entity, period = _get(tender, "procuringEntity"), _get(tender, "tenderPeriod")
    states = {_text(award, "status") for award in _list(release, "awards")} - {None}
    state = "Attribuée" if "active" in states else "Infructueuse" if states else None
    state = "En cours" if states - {"active", "cancelled", "unsuccessful"} else state
    state = "Sans suite" if _text(tender, "status") == "cancelled" else state
    active = [award for award in _list(release, "awards") if _text(award, "status") == "active"]
    codes = [_text(_get(item, "classification"), "id") for award in active for item in _list(award, "items")]
    declared = _get(tender, "numberOfTenderers")
    method = _text(tender, "procurementMethod")
    if method is not None and method not in OPENINGS.values():
        notes.blank("ouverture", method, "label")
    return _filled(
        consultation_id=_text(release, "ocid"),
        lot=UNALLOTTED,
        acheteur_id=_text(buyer, "id"),
        acheteur_nom=_text(buyer, "name"),
        passation_id=_text(entity, "id"),
        passation_nom=_text(entity, "name"),
        objet=_text(tender, "title") or _text(tender, "description"),
        codeCPV="|".join(dict.fromkeys(code.replace("|", " ") for code in codes if code)),
        procedure=_text(tender, "procurementMethodDetails"),
        ouverture=LABELS["ouverture"].get(method or ""),
        prixSeul={"priceOnly": "true", "lowestCost": "true"}.get(_text(tender, "awardCriteria") or ""),
        etat=state,
        datePublication=_moment(_get(period, "startDate"), "datePublication", notes),
        dateLimite=_moment(_get(period, "endDate"), "dateLimite", notes),
        nombreCandidats=str(declared) if type(declared) is int and declared >= 0 else None,
        source="OCDS",
    )


def _bid_rows(bid: Any, order: int, head: dict[str, str], notes: Notes) -> list[dict[str, str]]:
    status, value = _text(bid, "status"), _get(bid, "value")
    amount, currency = number(_get(value, "amount")), _text(value, "currency")
    if status is not None and status not in STATUSES_FR.values():
        notes.blank("statut", status, "label")
    if amount is None and _get(value, "amount") is not None:
        notes.blank("montant", _get(value, "amount"), "number")
    if currency is not None and not re.fullmatch("[A-Z]{3}", currency):
        notes.blank("devise", currency, "currency")
        currency = None
    own = head | _filled(
        offre=str(order),
        statut=LABELS["statut"].get(status or ""),
        montant=None if amount is None else repr(amount).removesuffix(".0"),
        devise=currency,
        dateReception=_moment(_get(bid, "date"), "dateReception", notes),
    )
    parties = _list(bid, "tenderers") or [None]
    return [
        own | _filled(rang=str(rank), candidat_id=_text(party, "id"), candidat_nom=_text(party, "name"))
        for rank, party in enumerate(parties, 1)
    ]


def _moment(value: Any, field: str, notes: Notes) -> str | None:
    if value is None:
        return None
    found = utc(value) if moment(value) else None
    if found is None:
        notes.blank(field, value, "moment")
    return found


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Any, name: str) -> str | None:
    found = _get(value, name)
    return found if isinstance(found, str) and found else None


def _list(value: Any, name: str) -> list[Any]:
    found = _get(value, name)
    return found if isinstance(found, list) else []


def _filled(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
