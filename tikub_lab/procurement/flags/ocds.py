"""Compiled releases of the Open Contracting Data Standard (OCDS 1.1), read into processes.

Publications mix types: a number for an identifier, an object for a
list, text for an amount. As in Cardinal, what is not of the right
type counts as absent, and a release without a text for ``ocid`` is
no process at all.

Source:
https://standard.open-contracting.org/1.1/en/schema/reference/ and
the extension Bids
(https://extensions.open-contracting.org/en/extensions/bids/).
"""

import calendar
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import ijson

from tikub_lab.errors import UsageError
from tikub_lab.procurement.flags.processes import IN_TIME, LATE, STATUSES, UNKNOWN, Processes, assemble
from tikub_lab.procurement.published.lenient import Lenient

BUFFER = 1 << 20
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+\-\u2212])(\d\d):(\d\d))", re.ASCII
)
_ABOUT = re.compile(rb'"(releases|records)"\s*:\s*\[')
MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
SECOND = 1_000_000_000
DAY = 86_400 * SECOND


def from_releases(releases: Iterable[Any]) -> Processes:
    """Make processes of compiled releases."""
    rows = _Rows()
    for item in releases:
        for release in compiled(item):
            rows.add(release)
    return rows.processes()


def compiled(item: Any) -> Iterator[Any]:
    """Give the compiled releases in an object: of a release package, of a record package, or the object itself."""
    if isinstance(item, dict) and "ocid" not in item:
        if isinstance(item.get("records"), list):
            yield from (_field(record, "compiledRelease") for record in item["records"])
            return
        if isinstance(item.get("releases"), list):
            yield from item["releases"]
            return
    yield item


def read_releases(path: Path) -> Iterator[Any]:
    r"""Read the compiled releases of a file, one by one."""
    whole = _package(path)
    yield from _streamed(path, whole) if whole else _lines(path)


def _package(path: Path) -> str:
    """Name the list of releases of a file that is one package; nothing where each line is JSON of its own."""
    with path.open("rb") as file:
        first = file.readline(1 << 16)
        if json_of(first.decode("utf-8-sig", errors="replace")) is not None:
            return ""
        found = _ABOUT.search(first + file.read(1 << 18))
    return {b"records": "records.item.compiledRelease", b"releases": "releases.item"}[found[1]] if found else ""


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as file:
        for line in file:
            if line.strip():
                yield from compiled(json_of(line))


def _streamed(path: Path, prefix: str) -> Iterator[Any]:
    done = 0
    with Lenient(path) as file:
        try:
            for release in ijson.items(file, prefix, use_float=True, buf_size=BUFFER):
                done += 1
                yield release
        except (ijson.JSONError, UnicodeDecodeError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"{path}: not complete JSON: {reason} after {done} releases. Download it again.") from None


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


def moment(value: Any) -> tuple[int, int] | None:
    """Read a date and time of RFC 3339; None for anything else, dates included.

    Examples
    --------
    >>> moment("1970-01-02T01:00:00.5+01:00"), moment("1970-01-02"), moment(2)
    ((86400, 500000000), None, None)
    """
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    if not 1 <= month <= 12 or hour > 23 or minute > 59 or second > 60:
        return None
    if not 1 <= day <= MONTHS[month - 1] + (month == 2 and calendar.isleap(year)):
        return None
    away = 0
    if found[8]:
        if int(found[9]) > 23 or int(found[10]) > 59:
            return None
        away = (int(found[9]) * 60 + int(found[10])) * (1 if found[8] == "+" else -1)
    past = year - 1 if month < 3 else year  # years that begin in March, so that the leap day is the last
    days = 365 * past + past // 4 - past // 100 + past // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 719_469
    fraction = int((found[7] or "0")[:9].ljust(9, "0"))
    seconds = (days * 1440 + hour * 60 + minute - away) * 60 + min(second, 59)
    return seconds, fraction + (SECOND if second == 60 else 0)


def whole_days(start: Any, end: Any) -> float | None:
    """Count the whole days between two moments, towards zero; None where one of them is no moment.

    A leap second is taken for real, as chrono does: it lasts where
    the other moment lies beyond it on the clock.

    Examples
    --------
    >>> whole_days("2024-01-01T00:00:00Z", "2024-01-02T23:59:59Z"), whole_days("2024-01-01", "2024-01-31")
    (1.0, None)
    """
    first, last = moment(start), moment(end)
    if first is None or last is None:
        return None
    span = (last[0] - first[0]) * SECOND + last[1] - first[1]
    clock = last[0] % 86_400 - first[0] % 86_400
    if clock > 0 and first[1] >= SECOND:
        span += SECOND
    elif clock < 0 and last[1] >= SECOND:
        span -= SECOND
    return float(abs(span) // DAY * (1 if span >= 0 else -1))


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Any, name: str) -> str | None:
    found = _field(value, name)
    return found if isinstance(found, str) else None


def _list(value: Any, name: str) -> list[Any] | None:
    found = _field(value, name)
    return found if isinstance(found, list) else None


def number(value: Any) -> float | None:
    """Return a JSON number as a finite float; text and booleans are no numbers.

    Examples
    --------
    >>> number(3), number("3"), number(True), number(1e999)
    (3.0, None, None, None)
    """
    if type(value) not in (int, float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if abs(found) != float("inf") and found == found else None


class _Rows:
    """Columns that grow by one release at a time."""

    def __init__(self) -> None:
        columns = "ocid cancelled method details price_only days tenderers final awarded winner buyer entity"
        self.tenders: dict[str, list[Any]] = {name: [] for name in columns.split()}
        self.bids: dict[str, list[Any]] = {
            name: [] for name in ("process", "status", "amount", "currency", "tenderer", "late")
        }
        self.tenderers: tuple[list[int], list[int]] = ([], [])
        self.suppliers: tuple[list[int], list[int]] = ([], [])
        self.items: tuple[list[int], list[int], list[str]] = ([], [], [])
        self.codes: dict[str, int] = {}
        self.skipped = 0

    def processes(self) -> Processes:
        links = {"tenderers": self.tenderers, "suppliers": self.suppliers, "items": self.items}
        return assemble(self.tenders, self.bids, links, self.codes, self.skipped)

    def code(self, identifier: str | None) -> int:
        return -1 if identifier is None else self.codes.setdefault(identifier, len(self.codes))

    def add(self, release: Any) -> None:
        ocid = _text(release, "ocid")
        if ocid is None:
            self.skipped += 1
            return
        process = len(self.tenders["ocid"])
        tender, awards = _field(release, "tender"), _list(release, "awards")
        period = _field(tender, "tenderPeriod")
        details = _list(_field(release, "bids"), "details")
        active = [award for award in awards or [] if _text(award, "status") == "active"]
        open_ones = {_text(award, "status") for award in awards or []} - {None, "active", "cancelled", "unsuccessful"}
        final = awards is not None and details is not None and not open_ones
        declared = _field(tender, "numberOfTenderers")
        row = {
            "ocid": ocid,
            "cancelled": _text(tender, "status") == "cancelled",
            "method": _text(tender, "procurementMethod"),
            "details": _text(tender, "procurementMethodDetails"),
            "price_only": None,
            "days": whole_days(_field(period, "startDate"), _field(period, "endDate")),
            "tenderers": float(declared) if type(declared) is int and 0 <= declared < 1 << 64 else None,
            "final": final,
            "awarded": bool(active),
            "winner": self.code(_only(_list(active[0], "suppliers")) if final and len(active) == 1 else None),
            "buyer": self.code(_text(_field(release, "buyer"), "id")),
            "entity": self.code(_text(_field(tender, "procuringEntity"), "id")),
        }
        for name, value in row.items():
            self.tenders[name].append(value)
        self._awards(process, active)
        for bid in details or []:
            self._bid(process, bid, _text(period, "endDate"))

    def _awards(self, process: int, active: list[Any]) -> None:
        for award in active:
            suppliers = _list(award, "suppliers")
            for supplier in suppliers or []:
                if (identifier := _text(supplier, "id")) is not None:
                    self.suppliers[0].append(process)
                    self.suppliers[1].append(self.code(identifier))
            # All suppliers of a joint award do not supply all its items.
            if (only := _only(suppliers)) is None:
                continue
            for item in _list(award, "items") or []:
                if (classification := _text(_field(item, "classification"), "id")) is not None:
                    self.items[0].append(process)
                    self.items[1].append(self.code(only))
                    self.items[2].append(classification)

    def _bid(self, process: int, bid: Any, deadline: str | None) -> None:
        parties, value, date = _list(bid, "tenderers"), _field(bid, "value"), _text(bid, "date")
        status = _text(bid, "status")
        position = len(self.bids["process"])
        known = date is not None and deadline is not None
        row = {
            "process": process,
            "status": status if status is None or status in STATUSES[:5] else "other",
            "amount": number(_field(value, "amount")),
            "currency": _text(value, "currency"),
            "tenderer": self.code(_only(parties)),
            # As texts, which is how Cardinal compares them: right where
            # both are written in one way.
            "late": (LATE if date > deadline else IN_TIME) if known else UNKNOWN,  # type: ignore[operator]
        }
        for name, found in row.items():
            self.bids[name].append(found)
        for party in parties or []:
            if (identifier := _text(party, "id")) is not None:
                self.tenderers[0].append(position)
                self.tenderers[1].append(self.code(identifier))


def _only(parties: list[Any] | None) -> str | None:
    return _text(parties[0], "id") if parties and len(parties) == 1 else None
