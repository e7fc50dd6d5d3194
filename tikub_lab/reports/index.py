"""The index of a build: for each use case a card a question, its overview first, and lists of the pages of items."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby, takewhile
from typing import Any

from tikub_lab.reports import links, page
from tikub_lab.reports.fragments import slug
from tikub_lab.reports.outputs import short
from tikub_lab.reports.publisher import NOBODY, Publisher
from tikub_lab.show import french, pieces

Entry = Mapping[str, Any]
Line = dict[str, Any]


def render(entries: Sequence[Entry], publisher: Publisher = NOBODY) -> str:
    """Make the index page of reports as they stand in ``build.json``, at the end of a build."""
    entries = [{**entry, "use_case": entry.get("use_case") or entry["notebook"]} for entry in entries]
    known = sorted(entries, key=links.overview_first)
    done = [entry for entry in known if entry["status"] == "done"]
    failed = [_line(entry, known) for entry in known if entry["status"] != "done"]
    order = [*page.SUBJECTS, *sorted({entry["use_case"] for entry in done})]
    subjects = sorted({entry["use_case"] for entry in done}, key=order.index)
    samples = ["sample" in _origins(entry) for entry in done]
    only = "" if all(samples) else "Elles sont dites « exemple fictif » ci-dessous. "
    lead = f"{french.plural(len(done), 'page')} à lire" if done else "Aucun rapport n'a encore été fait"
    lead += f", sur {french.plural(len(subjects), 'sujet')}" if len(subjects) > 1 else ""
    return page.fill(
        "index.html.j2",
        publisher,
        contents=2,
        title=publisher.site,
        description=f"{lead}.",
        lead=f"{lead}{', ' + french.plural(len(failed), 'échec') if failed else ''}.",
        failed=failed,
        groups=[_group(name, [entry for entry in done if entry["use_case"] == name]) for name in subjects],
        fictitious=any(samples) and only + page.FICTITIOUS,
        by=_by,
    )


def _origins(entry: Entry) -> list[str]:
    return list(dict.fromkeys(i["origin"] for i in entry.get("tables") or [] if i["origin"] != "absent"))


def _data(entry: Entry) -> str:
    tables = entry.get("tables") or []
    data = "Données : " + ", ".join(pieces.ORIGINS.get(origin, origin) for origin in _origins(entry)) if tables else ""
    dates = [item["date"] for item in tables if item.get("date")]
    return f"{data} du {french.day(max(dates))}" if dates else data


def _line(entry: Entry, among: Sequence[Entry]) -> Line:
    where = f"cellule n° {entry['cell']} : " if entry.get("cell") else ""
    old = f"page du {french.day(datetime.fromisoformat(entry['made']))}" if entry.get("failed") else ""
    notes = [old, *(entry.get("defects") or [])]
    lead = str(entry.get("lead") or entry.get("subtitle") or "")
    whole = re.match(r".{1,240}[.!?](?=\s|$)", lead)  # sentences
    if entry["status"] != "done":
        notes = [short(f"{page.subject(entry['use_case'])}, {where}{entry['reason']}", 240)]
    return {
        "title": links.called(entry, among),
        "page": str(entry["page"]),
        "lead": whole[0] if whole else short(lead, 240),
        "figure": entry.get("figure"),
        "about": entry.get("about"),
        "data": _data(entry),
        "notes": " · ".join(filter(None, notes)),
        "overview": False,
    }


def _group(use_case: str, entries: Sequence[Entry]) -> Line:
    """Return the section of a use case: cards, and lists of items; what data all have is said once."""
    cards = [_line(entry, entries) for entry in entries if not entry.get("item")]
    data = {_data(entry) for entry in entries}
    for card in cards if len(data) > 1 else ():
        card["notes"] = " · ".join(filter(None, (card["data"], card["notes"])))
    if len(cards) > 1 and not links.overview_first(entries[0])[0]:
        cards[0]["overview"] = True
    notebooks = dict.fromkeys(entry["notebook"] for entry in entries if entry.get("item"))
    lists = [_list([e for e in entries if e.get("item") and e["notebook"] == name]) for name in notebooks]
    said = data.pop() if len(data) == 1 else ""
    return {"anchor": slug(use_case), "name": page.subject(use_case), "data": said, "cards": cards, "lists": lists}


def _list(entries: Sequence[Entry]) -> Line:
    """Return the pages of a notebook that are about one item each, by département and commune where these are known."""
    names = [links.item_name(entry).split() for entry in entries]
    start, end = _alike(names), _alike([name[::-1] for name in names])
    lines = []
    for entry, name in zip(entries, names, strict=True):
        others = names.count(name) > 1 and links.parameters_of(entry)
        said = " ".join(name[start : len(name) - end] or name) + (f", {others}" if others else "")
        group, place = entry["item"].get("group", ""), entry["item"].get("place", "")
        lines.append({"name": said, "page": entry["page"], "group": group, "place": place})
    lines.sort(key=lambda line: [links.natural(line[key]) for key in ("group", "place", "name")])
    kinds = (("par département", "group"), ("par commune", "place"))
    order = " puis ".join(word for word, key in kinds if any(line[key] for line in lines))
    said = ", ".join(filter(None, [french.plural(len(lines), "page"), order]))
    anchor = f"{slug(entries[0]['notebook'])}-pages"
    return {"anchor": anchor, "title": entries[0]["title"], "said": said, "lines": lines}


def _by(lines: Sequence[Line], key: str) -> list[tuple[str, list[Line]]]:
    """Group lines that are sorted; Jinja's own filter would sort them again, accents last."""
    return [(name, list(found)) for name, found in groupby(lines, lambda line: line[key])]


def _alike(names: Sequence[Sequence[str]]) -> int:
    """Count the words that all names begin with."""
    return len(list(takewhile(lambda words: len(set(words)) == 1, zip(*names, strict=False)))) if len(names) > 1 else 0
