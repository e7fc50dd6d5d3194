"""The index of a build: which reports there are, which failed, and what their data is.

No script searches it: one line a report, in alphabetical order, so that the browser's own search finds a place or a
buyer; a use case of many reports is cut into parts, each named by its first and last report, with links to them. A line
is two elements, so that three hundred of them are still a light page; a report's PDF is linked from its page.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
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
    failed = sorted((item for item in entries if item["status"] == "failed"), key=_order)
    done = [item for item in entries if item["status"] != "failed"]
    groups: dict[str, list[Entry]] = {}
    for item in sorted(done, key=_order):
        groups.setdefault(_use_case(item), []).append(item)
    order = sorted(groups, key=lambda name: (_rank(name), name))
    body = [_totals(entries, failed, groups), _fictitious(entries)]
    if failed:
        body.append(f'<h2 id="echecs">Échecs</h2><ul class="reports">{"".join(map(_failure, failed))}</ul>')
    body += [part for name in order for part in _group(name, groups[name])]
    if not entries:
        body.append("<p>Aucun rapport n'a encore été fait.</p>")
    foot = f'<p>Construit le {french.day(built)}. <a href="build.json">Le détail de chaque rapport (JSON)</a></p>'
    nav = _contents(failed, order, groups)
    return fragments.typeset(page.shell("Les rapports du Ti Lab", "\n".join(filter(None, body)), foot, nav=nav))


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


def _rank(name: str) -> int:
    known = list(NAMES)
    return known.index(name) if name in known else len(known)


def _name(use_case: str) -> str:
    return NAMES.get(use_case) or use_case[:1].upper() + use_case[1:]


def _totals(entries: Sequence[Entry], failed: Sequence[Entry], groups: Mapping[str, Sequence[Entry]]) -> str:
    if not entries:
        return ""
    done = len(entries) - len(failed)
    among = f" sur {french.plural(len(groups), 'sujet')}" if len(groups) > 1 else ""
    wrong = french.plural(len(failed), "échec") if failed else "aucun échec"
    return f"<p><strong>{french.plural(done, 'rapport')}</strong> à lire{among}, {wrong}.</p>"


def _is_fictitious(item: Entry) -> bool:
    return any(table["origin"] == "sample" for table in item.get("tables", []))


def _fictitious(entries: Sequence[Entry]) -> str:
    marked = [item for item in entries if _is_fictitious(item)]
    if not marked:
        return ""
    where = "dans tous ces rapports" if len(marked) == len(entries) else "dans les rapports marqués « exemple fictif »"
    return (
        f'<p class="fictitious"><strong>Données fictives</strong> {where} : aucun de leurs chiffres ne décrit une '
        "personne, un lycée ou une entreprise réels.</p>"
    )


def _failure(item: Entry) -> str:
    where = f"cellule n° {item['cell']} : " if item.get("cell") else ""
    return f"<li>{_link(item)}{escape(_short(_name(_use_case(item)) + ', ' + where + item['reason']))}</li>"


def _short(text: str, longest: int = 240) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _link(item: Entry) -> str:
    return f'<a href="{escape(quote(str(item["page"])))}">{escape(_title(item))}</a>'


def _group(use_case: str, items: Sequence[Entry]) -> Iterator[str]:
    """Yield the section of a use case; what all its reports share is said once."""
    yield f'<h2 id="{_anchor(use_case)}">{escape(_name(use_case))}</h2>'
    shared = {key: _shared(items, key) for key in (_data, _subtitle, _grade)}
    said = [french.plural(len(items), "rapport"), *(text for text in shared.values() if text and len(items) > 1)]
    if len(items) > 1:
        yield f"<p>{escape('. '.join(said))}.</p>"
    else:
        shared = {}
    parts = _parts(items)
    if len(parts) > 1:
        links = (
            f'<a href="#{_anchor(use_case)}-{n}">{escape(_range(items, part))}</a>' for n, part in enumerate(parts, 1)
        )
        yield f'<nav aria-label="{escape(_name(use_case))}">{" ".join(links)}</nav>'
    for number, part in enumerate(parts, 1):
        if len(parts) > 1:
            yield f'<h3 id="{_anchor(use_case)}-{number}">{escape(_range(items, part))}</h3>'
        yield f'<ul class="reports">{"".join(_line(item, shared) for item in part)}</ul>'


def _parts(items: Sequence[Entry]) -> list[Sequence[Entry]]:
    """Cut a long list into parts of about the same length."""
    count = -(-len(items) // PART)
    return [items[i * len(items) // count : (i + 1) * len(items) // count] for i in range(count)]


def _shared(items: Sequence[Entry], say: Any) -> str:
    texts = {say(item) for item in items}
    return texts.pop() if len(texts) == 1 else ""


def _line(item: Entry, shared: Mapping[Any, str]) -> str:
    said = [say(item) for say in (_subtitle, _data, _grade) if not shared.get(say)]
    said += [", ".join(item.get("defects") or [])]
    return f"<li>{_link(item)}{escape(' · '.join(filter(None, said)))}</li>"


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


def _contents(failed: Sequence[Entry], order: Sequence[str], groups: Mapping[str, Sequence[Entry]]) -> str:
    """Links to the parts of the page, where it has more than one."""
    links = [f'<a href="#echecs">{french.plural(len(failed), "échec")}</a>'] if failed else []
    links += [f'<a href="#{_anchor(name)}">{escape(_name(name))} ({len(groups[name])})</a>' for name in order]
    return f'<nav aria-label="Sommaire">{" ".join(links)}</nav>' if len(links) > 1 else ""
