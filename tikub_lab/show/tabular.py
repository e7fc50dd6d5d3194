"""Tables that a reader, a phone and a screen reader can follow, and ordered lists of things to look into."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, words
from tikub_lab.show.output import Shown, safe
from tikub_lab.show.words import Form, Measure, fill

MAX_ROWS, MOST = 200, 30  # rows of a table, and of an ordered list: beyond them nobody reads on
STACKED = range(4, 7)
"""How many columns a table has whose rows become blocks on a phone: fewer fit, more scroll."""


def table(
    frame: pd.DataFrame, caption: str, columns: Sequence[str] | Mapping[str, str] | None = None,
    forms: Mapping[str, Form] | None = None, *, rows: int = 8, total: bool | Sequence[str] = False,
    labels: Mapping[str, str] | None = None, empty: str = "", download: bool = False, **values: Any,
) -> Shown:  # fmt: skip
    """Show a table: a caption, headings and units from words, the first column as row headers.

    Parameters
    ----------
    frame : DataFrame
        The index is not shown: call ``reset_index`` where it matters.
    caption, values
        What the table says: a template and its values.
    columns : sequence of columns, or mapping of column to heading, optional
        Which columns, in this order; by default all.
    forms, labels : mappings by column, optional
        How to write what its words don't, ``{"part": "%1", "objet": str.capitalize}``; headings that differ.
    rows, total : int, True or sequence of columns
        How many rows are shown at most; a last row: the sums over all rows of these columns, True of all amounts.
    empty, download : str, bool
        What is said instead of a table without rows; whether ``show.download`` offers them all.

    Examples
    --------
    >>> ends = pd.DataFrame({"objet": ["Gaz", "Bois"], "achats": [3_190_000.0, 344_000]})
    >>> print(table(ends, "{n:marché}", forms={"achats": "€"}, total=True, n=2).text.splitlines()[-1])
    Total | 3,53
    """
    if not caption.strip():
        raise UsageError("A table needs a caption that says what it shows.")
    said = words.heading(caption, values)
    words.need(frame, list(dict.fromkeys([*(columns or ()), *(labels or ()), *(forms or ())])), f"Table {said!r}")
    labels = {**(columns if isinstance(columns, Mapping) else {}), **(labels or {})}
    frame = frame[list(columns)] if columns is not None else frame
    if frame.shape[1] == 0:
        raise UsageError(f"Table {said!r} has no column.")
    if frame.empty and empty:
        return instead(empty, "table")
    measures = [words.measure(frame[name], name, labels, forms) for name in frame]
    shown = frame.head(min(rows, MAX_ROWS))
    cells = [
        [measure.write(value) for measure, value in zip(measures, row, strict=True)]
        for row in shown.itertuples(index=False, name=None)
    ]
    last = _total(frame, measures, total, said)
    more = french.plural(len(frame) - len(shown), "autre ligne", "autres lignes")
    more = f"{more} {'dans le fichier ci-dessous' if download else 'hors de ce tableau'}."
    more = more if len(shown) < len(frame) else ""
    under = f'<div class=tk><p class="src">{more}</p></div>' if more else ""
    html = f"{region(said)}{_html(said, measures, cells, last)}</div>{under}"
    lines = [[measure.full_heading for measure in measures], *cells, *([last] if last else [])]
    text = "\n".join([said, *(" | ".join(line).rstrip(" |") for line in lines), *([more] if more else [])])
    return Shown("table", html, text, {"rows": len(frame)})


def region(name: str) -> str:
    """Begin a part that scrolls: it must be reachable by keyboard (WCAG 2.1.1), hence the tabindex and the name."""
    return f'<div class="tk scroll" tabindex="0" role="region" aria-label="{safe(name)}">'


def instead(said: str, of: str = "") -> Shown:
    """Say why there is nothing to show; it counts as the piece of the kind ``of`` that a notebook promised."""
    html = f'<p class="tk soft">{safe(french.typeset(said))}</p>'
    return Shown("text", html, said, {"instead": of} if of else {})


def folded(
    frame: pd.DataFrame, title: str, forms: Mapping[str, Form] = {}, labels: Mapping[str, str] = {}
) -> tuple[str, str]:
    shown = table(frame, "{titre}", None, forms, rows=MAX_ROWS, labels=labels, titre=title)
    html = f'<details class="fold"><summary>Les chiffres de ce graphique</summary>{shown.html}</details>'
    return html, shown.text.partition("\n")[2]


def _total(frame: pd.DataFrame, measures: list[Measure], total: bool | Sequence[str], said: str) -> list[str]:
    """Return the cells of the last row; a sum over missing values is one of what is known."""
    by_name = dict(zip(map(str, frame.columns), measures, strict=True))
    if total is True:
        total = [name for name, measure in by_name.items() if measure.size > 1 or measure.unit == "€"]
    if not total:
        return []
    words.need(frame, list(total), f"The total of table {said!r}")
    return ["Total", *(by_name[n].write(frame[n].sum()) if n in total else "" for n in list(by_name)[1:])]


def _html(said: str, measures: list[Measure], cells: list[list[str]], last: list[str]) -> str:
    """Write the table; on a phone its rows become blocks, which a browser takes for no table but for the roles."""
    stacked = len(measures) in STACKED

    def tag(name: str, role: str, inner: str, more: str = "") -> str:
        given = f' role="{role}"' if stacked else ""
        return f"<{name}{given}{more}>{inner}</{name}>"

    def row(cells: Sequence[str]) -> str:
        first = tag("th", "rowheader", safe(cells[0]), ' scope="row"' + number[0])
        rest = zip(cells[1:], number[1:], label[1:], strict=True)
        return tag("tr", "row", first + "".join(tag("td", "cell", safe(cell), css + name) for cell, css, name in rest))

    number = ["", *(' class="num"' if measure.right else "" for measure in measures[1:])]
    headings = [safe(measure.full_heading) for measure in measures]
    label = [f' data-l="{heading}"' if stacked else "" for heading in headings]
    head = "".join(tag("th", "columnheader", h, ' scope="col"' + css) for h, css in zip(headings, number, strict=True))
    body = tag("thead", "rowgroup", tag("tr", "row", head)) + tag("tbody", "rowgroup", "".join(map(row, cells)))
    foot = tag("tfoot", "rowgroup", row(last)) if last else ""
    return tag("table", "table", f"<caption>{safe(said)}</caption>{body}{foot}", ' class="stack"' if stacked else "")


def ranked(
    frame: pd.DataFrame, label: str, title: Any, value: Any, *, text: str = "", kind: Any = None, detail: str = "",
    caution: str = "", form: words.Form | None = None, rows: int = 9, empty: str = "Rien à signaler.", **values: Any,
) -> Shown:  # fmt: skip
    r"""Show things in order, the first one first; a row opens on its reasons.

    Parameters
    ----------
    frame : DataFrame
    label, empty : str
        What the list is, a template; what is said where there is nothing.
    title, value, kind : column
        What a row is about, what it weighs (its bar too), how a reader sorts it.
    text, detail, caution : str
        Templates that each row's columns fill: its reasons, what stands under its value, what would make it wrong.
    form, rows : str or callable, int
        How the value is written, by default from words; how many rows are shown, 30 at most.
    **values
        The values of all templates.

    Examples
    --------
    >>> todo = pd.DataFrame({"libelle": ["Énergie"], "montant": [3_360_000.0], "part": [0.58]})
    >>> print(ranked(todo, "Où agir", "libelle", "montant", text="Un titulaire a {part:%} du montant.", form="€").text)
    1. Énergie : 3,36\u202fM€. Un titulaire a 58\u202f% du montant.
    """
    said = words.heading(label, values)
    if not said.strip():
        raise UsageError("A ranked list needs a label that says what it is.")
    words.need(frame, [name for name in (title, value, kind) if name is not None], "show.ranked")
    if rows > MOST:
        raise UsageError(f"A ranked list has {MOST} rows at most; rows={rows}. Keep the first.")
    if frame.empty:
        return instead(empty)
    shown = frame.head(rows)
    for name, spec in re.findall(r"{(\w+):([^{}]+)}", detail):
        if name in shown and name not in values and words.SCALES.match(spec):  # one unit, as in a table
            write = words.measure(shown[name], name, forms={name: spec}).full
            shown = shown.assign(**{f"{name}_": shown[name].map(write)})
            detail = detail.replace(f"{{{name}:{spec}}}", f"{{{name}_}}")
    write = words.measure(shown[value], value, forms={str(value): form} if form else None).full
    most = shown[value].max() if words.is_number(frame[value]) else 0
    first: dict[str, int] = {}
    html, lines = "", []
    for number, row in enumerate(shown.to_dict("records"), 1):
        filled = {**{str(name): item for name, item in row.items()}, **values}
        why, under, wrong = (fill(template, filled)[1] for template in (text, detail, caution))
        if first.setdefault(wrong, number) != number and wrong:  # what is read eight times is not read at all
            wrong = f"Mêmes réserves qu’au n°\u00a0{first[wrong]}."
        name, worth = str(row[title]), write(row[value])
        lines.append(f"{number}. {name} : {worth}. {why} {wrong}".strip())
        bar = ""
        if most > 0:
            share = 0.0 if french.missing(row[value]) else max(0.0, float(row[value]) / float(most) * 100)
            bar = f'<svg class="bar" aria-hidden="true"><rect width="{share:.4g}%" height="100%"/></svg>'
        sort = _put("<small>{}</small>", str(row[kind]) if kind is not None else "")
        under = _put("<small>{}</small>", under)
        why = _put("<p>{}</p>", why) + _put('<p class="soft">{}</p>', wrong)
        html += (
            f'<li><details><summary><span class="what"><b>{safe(name)}</b>{sort}</span>{bar}'
            f'<span class="worth"><b>{safe(worth)}</b>{under}</span></summary>'
            f'<div class="why">{why}</div></details></li>'
        )
    css = "" if most > 0 else " plain"
    return Shown("list", f'<ol class="tk acts{css}" aria-label="{safe(said)}">{html}</ol>', "\n".join(lines))


def _put(around: str, text: str) -> str:
    return around.format(safe(text)) if text else ""
