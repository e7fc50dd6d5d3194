"""How events lie over each other: the periods of a thing, and from when to when each was known."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import reduce
from operator import itemgetter
from typing import Any

from tikub_lab.staffing.events import DAYS, Row

Thing = tuple[str, str]
Stage = tuple[int, str, str, int, int]
"""The number of an event, the days on which it holds, and since and until which event that was known."""
NEVER = 2**31 - 1
"""The number of the event until which a period is known that none has ended yet."""
thing: Callable[[Any], Thing] = itemgetter("objet", "cle")
"""Give the kind and the key of what an event is of."""
said: Callable[[Row], tuple[int, str, str]] = itemgetter("number", "debut", "fin")


def by_thing(rows: Iterable[Row]) -> dict[Thing, list[Row]]:
    found = dict[Thing, list[Row]]()
    for row in rows:
        found.setdefault(thing(row), []).append(row)
    return found


def laid(there: list[Row], row: Row) -> list[Row]:
    """Lay an event over the periods of its thing: it holds on its days, they on all others."""
    first, last = row["debut"], row["fin"]
    kept = [{**item, "fin": min(item["fin"], first)} for item in there if item["debut"] < first]
    kept += [{**item, "debut": max(item["debut"], last)} for item in there if item["fin"] > last]
    return sorted([*kept, row] if row["verbe"] == "assert" else kept, key=itemgetter("debut"))


def periods(rows: Sequence[Row]) -> list[Row]:
    """Lay a thing's events over each other, in their order; those that others replace are void, on all days."""
    void = {row["remplace"] for row in rows}
    return reduce(laid, (row for row in rows if row["id"] not in void), [])


def stages(rows: Iterable[Row]) -> Iterator[Stage]:
    """Work out from a thing's events all periods that it has or had."""
    heard, there, since = list[Row](), list[Row](), dict[Any, int]()
    for row in rows:
        heard.append(row)
        there = laid(there, row) if row["remplace"] is None else periods(heard)
        now = {*map(said, there)}
        yield from ((*item, since.pop(item), row["number"]) for item in since.keys() - now)
        since |= dict.fromkeys(now - since.keys(), int(row["number"]))
    yield from ((*item, number, NEVER) for item, number in since.items())


def spells(periods: Iterable[Row], day: date = date.min) -> list[Row]:
    """Join periods of a thing that follow each other; each says what holds on a day, or the nearest."""
    found = list[Row]()
    for row in (row for each in by_thing(periods).values() for row in sorted(each, key=itemgetter("debut"))):
        last = found[-1] if found else row
        if (*thing(row), row["debut"]) == (*thing(last), last["fin"]):
            found[-1] = {**(last if day < last["fin"] else row), "debut": last["debut"], "fin": row["fin"]}
        else:
            found.append(row)
    return found


def dated(row: Mapping[str, Any]) -> Row:
    """Give an event its days, of which the store has the text."""
    return {**row, **{name: date.fromisoformat(row[name]) for name in DAYS if row[name] is not None}}
