"""The index of a build: one light line a report, in alphabetical order, for the browser's own search."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from tikub_lab.reports import fragments, page
from tikub_lab.reports.outputs import short
from tikub_lab.show import french, pieces

PART = 50  # reports under one heading, at most

NAMES = {
    "procurement": "Achats publics",
    "bodies": "Organismes publics",
    "energy": "Énergie des lycées",
    "staffing": "Affectation des personnels",
    "datathon": "Datathon",
}
"""What a reader calls a use case; one without a name is called as its notebook is."""

Entry = Mapping[str, Any]
Line = dict[str, Any]


def render(entries: Sequence[Entry], built: datetime) -> str:
    """Make the index page of reports as they stand in ``build.json``, at the end of a build."""
    lines = sorted(map(_line, entries), key=lambda line: (line["order"], line["page"]))
    groups: dict[str, list[Line]] = {}
    for line in lines:
        if not line["failed"]:
            groups.setdefault(line["use_case"], []).append(line)
    known = [*NAMES, *sorted(groups)]
    fictitious = [line["fictitious"] for line in lines]
    html = page.fill(
        "index.html.j2",
        title="Les rapports du Ti Lab",
        failed=[line for line in lines if line["failed"]],
        groups=[_group(name, groups[name]) for name in sorted(groups, key=known.index)],
        total=len(lines),
        fictitious_where=any(fictitious) and ("all" if all(fictitious) else "some"),
        built=french.day(built),
        plural=french.plural,
    )
    return fragments.typeset(html)


def _line(entry: Entry) -> Line:
    title, use_case = str(entry.get("heading") or entry["title"]), str(entry.get("use_case") or entry["notebook"])
    name = NAMES.get(use_case) or use_case[:1].upper() + use_case[1:]
    tables = entry.get("tables") or []
    origins = dict.fromkeys(item["origin"] for item in tables if item["origin"] != "absent")
    data = "Données : " + ", ".join(pieces.ORIGINS.get(origin, origin) for origin in origins) if tables else ""
    if dates := [item["date"] for item in tables if item.get("date")]:
        data += f" du {french.day(max(dates))}"
    where = f"cellule n° {entry['cell']} : " if entry.get("cell") else ""
    return {
        "title": title,
        "page": str(entry["page"]),
        "use_case": use_case,
        "name": name,
        # Accents and capitals do not count, 2 comes before 10.
        "order": [word.zfill(15) if word.isdecimal() else word for word in re.split(r"(\d+)", plain(title))],
        "fictitious": "sample" in origins,
        "data": data,
        "subtitle": str(entry.get("subtitle") or ""),
        "grade": f"EcoIndex {entry['ecoindex_grade']}" if entry.get("ecoindex_grade") else "",
        "defects": ", ".join(entry.get("defects") or []),
        "old": f"page du {french.day(datetime.fromisoformat(entry['made']))}" if entry.get("failed") else "",
        "failed": entry["status"] == "failed",
        "said": short(f"{name}, {where}{entry['reason']}", 240),
    }


def _group(use_case: str, lines: Sequence[Line]) -> Line:
    """Return the section of a use case, where what all reports share is said once."""
    several = len(lines) > 1
    shared = [key for key in ("data", "subtitle", "grade") if several and len({line[key] for line in lines}) == 1]
    for line in lines:
        own = [line[key] for key in ("old", "subtitle", "data", "grade", "defects") if key not in shared]
        line["said"] = " · ".join(filter(None, own))
    count, anchor = -(-len(lines) // PART), "".join(c if c.isalnum() else "-" for c in plain(use_case)) or "autres"
    parts = [lines[n * len(lines) // count : (n + 1) * len(lines) // count] for n in range(count)]
    said = [french.plural(len(lines), "rapport"), *filter(None, (lines[0][key] for key in shared))]
    return {
        "anchor": anchor,
        "name": lines[0]["name"],
        "count": len(lines),
        "said": ". ".join(said) if several else "",
        "parts": [{"range": _range(lines, part), "lines": part} for part in parts],
    }


def _range(lines: Sequence[Line], part: Sequence[Line]) -> str:
    """Name a part by its first and last report, less the words that all titles of the use case begin with."""
    titles = [line["title"].split() for line in lines]
    alike = len(list(takewhile(lambda words: len(set(words)) == 1, zip(*titles, strict=False))))
    first, last = (short(" ".join(line["title"].split()[alike:]), 40) for line in (part[0], part[-1]))
    return f"De « {first} » à « {last} »" if len(part) > 1 else f"« {first} »"


def plain(text: str) -> str:
    """Return a text without accents and capitals, as it is sorted."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
