"""Compiled releases of the Open Contracting Data Standard (OCDS 1.1) as rows of the bid register.

Publications mix types: a number for an identifier, an object for a list, text for an amount. As in Cardinal, what is
not of the right type counts as absent; what the register has no place for is noted as a repair.

Source: https://standard.open-contracting.org/1.1/en/schema/reference/ and the extension Bids
(https://extensions.open-contracting.org/en/extensions/bids/).
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from sys import float_info
from typing import Any

import pandas as pd

from tikub_lab.procurement.flags.register import LABELS, OCDS, OPENINGS, STATUSES, UNALLOTTED
from tikub_lab.procurement.published.streams import Stream

_DATE = re.compile(
    r"(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)/(\d\d)/(\d{4}))(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?"
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
"""A date and time of RFC 3339."""
_CURRENCY = re.compile("[A-Z]{3}")
_ABOUT = re.compile(rb'"(releases|records)"\s*:\s*\[')
Row = dict[str, Any]
"""A row of the register as text; what is None or empty is absent."""
Note = Callable[[str, Any, str], None]
"""Takes a field, a value that the register has no place for, and the rule that says why."""


def compiled(item: Any) -> Iterator[Any]:
    """Give the compiled releases in an object: of a release package, of a record package, or the object itself."""
    package = item if isinstance(item, dict) and "ocid" not in item else {}
    if isinstance(package.get("records"), list):
        yield from (_get(record, "compiledRelease") for record in package["records"])
    elif isinstance(package.get("releases"), list):
        yield from package["releases"]
    else:
        yield item


def read_releases(path: Path) -> Iterator[Any]:
    r"""Read the compiled releases of a file, one by one."""
    yield from _streamed(path) if _package(path) else _lines(path)


def _package(path: Path) -> bool:
    """Tell a file that is one package from one whose lines are JSON of their own."""
    with path.open("rb") as file:
        first = file.readline(1 << 16)
        if json_of(first.decode("utf-8-sig", errors="replace")) is not None:
            return False
        return _ABOUT.search(first + file.read(1 << 18)) is not None


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as file:
        for line in file:
            if line.strip():
                yield from compiled(json_of(line))


def _streamed(path: Path) -> Iterator[Any]:
    with Stream(path, "releases") as file:
        for key in file.members():
            if key == "records":
                yield from (_get(record, "compiledRelease") for record in file.values())
            elif key == "releases":
                yield from file.values()
            else:
                file.value()


def json_of(line: str) -> Any:
    r"""Read a line of JSON; None where it is none, as with half of a surrogate pair. NaN and Infinity become text.

    Examples
    --------
    >>> json_of('{"a": 1}'), json_of('{"a": NaN}'), json_of('["\\ud800"]')
    ({'a': 1}, {'a': 'NaN'}, None)
    """
    try:
        value = json.loads(line, parse_constant=str)
        line.encode()
        if "\\u" in line:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # UnicodeEncodeError and JSONDecodeError are both ValueError
        return None
    return value


def utc(text: str, end: bool = False) -> str | None:
    """Write a moment in universal time; without a zone it is French time, without an hour the day's start (or end).

    A leap second is the second after it.

    Examples
    --------
    >>> utc("2024-04-02T12:00"), utc("02/04/2024", end=True), utc("2024-12-31T23:30:00-05:00"), utc("2024-02-30")
    ('2024-04-02T10:00:00Z', '2024-04-02T21:59:59Z', '2025-01-01T04:30:00Z', None)
    """
    match = _DATE.fullmatch(text)
    if not match:
        return None
    day = "-".join(match.group(1, 2, 3) if match[1] else match.group(6, 5, 4))
    hour, minute, second = match.group(7, 8, 9) if match[7] else ("23", "59", "59") if end else ("00", "00", "00")
    leap = second == "60"
    clock = f"{hour}:{minute}:{'59' if leap else second or '00'}{(match[10] or '')[:7]}"
    try:
        value = pd.Timestamp(f"{day}T{clock}{match[11] or ''}") + pd.Timedelta(seconds=int(leap))
        if value.tz is None:
            value = value.tz_localize("Europe/Paris", ambiguous=True, nonexistent="shift_forward")
        value = value.tz_convert("UTC")
        return value.isoformat().replace("+00:00", "Z") if 1 <= value.year <= 9999 else None
    except ValueError:
        return None


def number(value: Any) -> float | None:
    """Return a JSON number as a finite float; text and booleans are no numbers.

    Examples
    --------
    >>> number(3), number("3"), number(True), number(1e999)
    (3.0, None, None, None)
    """
    return float(value) if type(value) in (int, float) and abs(value) <= float_info.max else None


def flattened(release: dict[str, Any], note: Note) -> list[Row]:
    """Write a release as rows of the register: a bid and tenderer each, then suppliers without a bid."""
    active = [award for award in _list(release, "awards") if _text(award, "status") == "active"]
    head = _tender(release, note) | _awards(release, active)
    details = _list(_get(release, "bids"), "details")
    rows = [row for order, bid in enumerate(details, 1) for row in _bid(bid, order, head, note)]
    offers = len(details)
    for who, said in _suppliers(active).items():
        own = [row for row in rows if row["candidat_id"] == who]
        if not own:
            offers += 1
            own = [{**head, **_party(1, {"id": who, "name": said["candidat_nom"]}), "offre": str(offers)}]
            rows += own
        for row in [row for row in own if row.get("statut") == "Recevable"] or own:
            row |= {"retenue": "true"} | said
    return rows or [head | {"offre": "1", "rang": "1"}]


def _tender(release: dict[str, Any], note: Note) -> Row:
    tender, buyer = _get(release, "tender"), _get(release, "buyer")
    entity, period = _get(tender, "procuringEntity"), _get(tender, "tenderPeriod")
    declared, method = _get(tender, "numberOfTenderers"), _text(tender, "procurementMethod")
    counted = type(declared) is int and 0 <= declared < 1 << 63
    if declared is not None and not counted:
        note("nombreCandidats", declared, "integer")
    if method is not None and method not in OPENINGS.values():
        note("ouverture", method, "label")
    return {
        "consultation_id": _text(release, "ocid"),
        "lot": UNALLOTTED,
        "acheteur_id": _text(buyer, "id"),
        "acheteur_nom": _text(buyer, "name"),
        "passation_id": _text(entity, "id"),
        "passation_nom": _text(entity, "name"),
        "objet": _text(tender, "title") or _text(tender, "description"),
        "procedure": _text(tender, "procurementMethodDetails"),
        "ouverture": LABELS["ouverture"].get(method or ""),
        "prixSeul": {"priceOnly": "true", "lowestCost": "true"}.get(_text(tender, "awardCriteria") or ""),
        "datePublication": _moment(_get(period, "startDate"), "datePublication", note),
        "dateLimite": _moment(_get(period, "endDate"), "dateLimite", note),
        "nombreCandidats": str(declared) if counted else None,
        "source": OCDS,
    }


def _awards(release: dict[str, Any], active: list[Any]) -> Row:
    states = {_text(award, "status") for award in _list(release, "awards")} - {None}
    state = "Attribuée" if active else "Infructueuse" if states else None
    state = "En cours" if states - {"active", "cancelled", "unsuccessful"} else state
    state = "Sans suite" if _text(_get(release, "tender"), "status") == "cancelled" else state
    return {"codeCPV": _codes(active), "etat": state, "attributions": str(len(active))}


def _suppliers(active: list[Any]) -> dict[str, Row]:
    """Say of each supplier whether an award is its own, and what it supplies by those that are."""
    found: dict[str, Row] = {}
    alone: dict[str, list[Any]] = {}
    for award in active:
        suppliers = _list(award, "suppliers")
        for supplier in suppliers:
            if who := _text(supplier, "id"):
                found.setdefault(who, {"seul": "false", "candidat_nom": _text(supplier, "name")})
                if len(suppliers) == 1:
                    alone.setdefault(who, []).append(award)
    for who, awards in alone.items():
        found[who] |= {"seul": "true", "codeCPV": _codes(awards)}
    return found


def _codes(awards: list[Any]) -> str:
    codes = [_text(_get(item, "classification"), "id") for award in awards for item in _list(award, "items")]
    return "|".join(dict.fromkeys(code.replace("|", " ") for code in codes if code))


def _bid(bid: Any, order: int, head: Row, note: Note) -> Iterator[Row]:
    status, value = _text(bid, "status"), _get(bid, "value")
    stated, currency = _get(value, "amount"), _text(value, "currency")
    amount = number(stated)
    if status is not None and status not in STATUSES.values():
        note("statut", status, "label")
        status = "other"
    if amount is None and stated is not None:
        note("montant", stated, "number")
    if currency is not None and not _CURRENCY.fullmatch(currency):
        note("devise", currency, "currency")
        currency = None
    own = {
        "offre": str(order),
        "statut": LABELS["statut"].get(status or ""),
        "montant": None if amount is None else repr(amount).removesuffix(".0"),
        "devise": currency,
        "dateReception": _moment(_get(bid, "date"), "dateReception", note),
    }
    for rank, party in enumerate(_list(bid, "tenderers") or [None], 1):
        yield {**head, **own, **_party(rank, party)}


def _party(rank: int, party: Any) -> Row:
    return {"rang": str(rank), "candidat_id": _text(party, "id"), "candidat_nom": _text(party, "name")}


def _moment(value: Any, field: str, note: Note) -> str | None:
    found = None
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:  # twenty times as fast as pandas, which reads the rest: leap seconds, and what is no date
            found = datetime.fromisoformat(value.upper()).astimezone(UTC).isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError):
            found = utc(value.upper())
    if found is None and value is not None:
        note(field, value, "moment")
    return found


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Any, name: str) -> str | None:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) and found else None


def _list(value: Any, name: str) -> list[Any]:
    found = _get(value, name)
    return found if isinstance(found, list) else []
