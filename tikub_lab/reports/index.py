"""The index of a build: which reports there are, which failed, and what their data is.

No script searches it: one line a report, in alphabetical order, so that the browser's own search finds a place or a
buyer; a use case of many reports is cut into parts, each named by its first and last report, with links to them. A line
is two elements, so that three hundred of them are still a light page; a report's PDF is linked from its page.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any
from urllib.parse import quote

from tikub_lab.reports import fragments, page
from tikub_lab.show import french, pieces

PART = 50
"""Reports under one heading, at most."""

NAMES = {
    "procurement": "Achats publics",
    "bodies": "Organismes publics",
    "energy": "Énergie des lycées",
    "staffing": "Affectation des personnels",
    "datathon": "Datathon",
}
"""What a reader calls a use case; one without a name is called as its notebook is."""

Entry = Mapping[str, Any]


def render(entries: Sequence[Entry], built: datetime) -> str:
    """Make the index page.

    Parameters
    ----------
    entries : sequence of mappings
        Reports as they stand in ``build.json``.
    built : datetime
        When the build ended.

    Returns
    -------
    str
        HTML.
    """
    groups: dict[str, list[Entry]] = {}
    failed: list[Entry] = []
    for item in sorted(entries, key=_order):
        (failed if item["status"] == "failed" else groups.setdefault(_use_case(item), [])).append(item)
    known = [*NAMES]
    order = sorted(groups, key=lambda name: (known.index(name) if name in NAMES else len(known), name))
    fictitious = [_is_fictitious(item) for item in entries]
    html = page.fill(
        "index.html.j2",
        title="Les rapports du Ti Lab",
        failed=[{"page": _page(item), "title": _title(item), "said": _failure(item)} for item in failed],
        groups=[_group(name, groups[name]) for name in order],
        total=len(entries),
        fictitious_where=any(fictitious) and ("all" if all(fictitious) else "some"),
        built=french.day(built),
        plural=french.plural,
    )
    return fragments.typeset(html)


def _order(item: Entry) -> tuple[list[str], str]:
    """Alphabetical as a French reader expects: accents and capitals do not count, 2 comes before 10."""
    return [word.zfill(15) if word.isdecimal() else word for word in re.split(r"(\d+)", plain(_title(item)))], item[
        "page"
    ]


def plain(text: str) -> str:
    """Return a text without accents and capitals, as it is sorted.

    Examples
    --------
    >>> sorted(["Zola", "Évariste", "eole"], key=plain)
    ['eole', 'Évariste', 'Zola']
    """
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()


def _title(item: Entry) -> str:
    return str(item.get("heading") or item["title"])


def _use_case(item: Entry) -> str:
    return str(item.get("use_case") or item["notebook"])


def _name(use_case: str) -> str:
    return NAMES.get(use_case) or use_case[:1].upper() + use_case[1:]


def _page(item: Entry) -> str:
    return quote(str(item["page"]))


def _is_fictitious(item: Entry) -> bool:
    return any(table["origin"] == "sample" for table in item.get("tables", []))


def _failure(item: Entry) -> str:
    where = f"cellule n° {item['cell']} : " if item.get("cell") else ""
    return _short(f"{_name(_use_case(item))}, {where}{item['reason']}")


def _short(text: str, longest: int = 240) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _group(use_case: str, items: Sequence[Entry]) -> dict[str, Any]:
    """Return the section of a use case; what all its reports share is said once."""
    several, anchor = len(items) > 1, _anchor(use_case)
    shared = {key: _shared(items, key) if several else "" for key in (_data, _subtitle, _grade)}
    said = [french.plural(len(items), "rapport"), *filter(None, shared.values())]
    parts = [
        {"anchor": f"{anchor}-{number}", "range": _range(items, part), "lines": [_line(item, shared) for item in part]}
        for number, part in enumerate(_parts(items), 1)
    ]
    name = _name(use_case)
    return {
        "anchor": anchor,
        "name": name,
        "count": len(items),
        "said": ". ".join(said) if several else "",
        "parts": parts,
    }


def _parts(items: Sequence[Entry]) -> list[Sequence[Entry]]:
    """Cut a long list into parts of about the same length."""
    count = -(-len(items) // PART)
    return [items[i * len(items) // count : (i + 1) * len(items) // count] for i in range(count)]


def _shared(items: Sequence[Entry], say: Any) -> str:
    texts = {say(item) for item in items}
    return texts.pop() if len(texts) == 1 else ""


def _line(item: Entry, shared: Mapping[Any, str]) -> dict[str, str]:
    said = [say(item) for say in (_subtitle, _data, _grade) if not shared[say]]
    said += [", ".join(item.get("defects") or [])]
    return {"page": _page(item), "title": _title(item), "said": " · ".join(filter(None, said))}


def _subtitle(item: Entry) -> str:
    return str(item.get("subtitle") or "")


def _grade(item: Entry) -> str:
    return f"EcoIndex {item['ecoindex_grade']}" if item.get("ecoindex_grade") else ""


def _data(item: Entry) -> str:
    """Say the origin and the date of a report's data in a few words: the origins, and the latest date."""
    tables = item.get("tables") or []
    if not tables:
        return ""
    there = [table["origin"] for table in tables if table["origin"] != "absent"]
    origins = list(dict.fromkeys(pieces.ORIGINS.get(origin, origin) for origin in there))
    dates = [table["date"] for table in tables if table.get("date")]
    return f"Données : {', '.join(origins)}" + (f" du {french.day(max(dates))}" if dates else "")


def _range(items: Sequence[Entry], part: Sequence[Entry]) -> str:
    """Name a part by its first and last report, less the words that all titles of the use case begin with."""
    common = takewhile(lambda words: len(set(words)) == 1, zip(*(_title(item).split() for item in items), strict=False))
    shared = len(list(common))
    first, last = (_short(" ".join(_title(item).split()[shared:]), 40) for item in (part[0], part[-1]))
    return f"De « {first} » à « {last} »" if len(part) > 1 else f"« {first} »"


def _anchor(use_case: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in plain(use_case)) or "autres"
