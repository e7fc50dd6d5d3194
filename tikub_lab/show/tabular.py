"""Tables that a reader, a phone and a screen reader can follow."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, words
from tikub_lab.show.output import Shown, safe
from tikub_lab.show.sentences import fill
from tikub_lab.show.words import Form, Measure

MAX_ROWS = 200
"""A table on a page never has more rows: nobody reads them, and they weigh."""
STACKED = range(4, 7)
"""How many columns a table has whose rows become blocks on a phone: fewer fit, more scroll."""


def table(
    frame: pd.DataFrame,
    caption: str,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    forms: Mapping[str, Form] | None = None,
    *,
    rows: int = 8,
    total: bool | Sequence[str] | Mapping[str, Any] = False,
    labels: Mapping[str, str] | None = None,
    empty: str = "",
    download: bool = False,
    **values: Any,
) -> Shown:
    """Show a table: a caption, headings and units from words, the first column as row headers.

    Parameters
    ----------
    frame : DataFrame of shape (rows, columns)
        The index is not shown: call ``reset_index`` where it matters.
    caption : str
        What the table says, a template for ``values``.
    columns : sequence of str, or mapping of column to heading, optional
        Which columns, in this order; by default all.
    forms : mapping of column to callable or str, optional
        How to write a column that its words don't: ``{"part": "%1", "objet": str.capitalize}``.
    rows : int
        How many rows are shown at most; what is left out is said.
    total : True, sequence of columns, or mapping of column to value, optional
        A last row: the sums over all rows of these columns (True: of all amounts), or the values given.
    labels : mapping of column to str, optional
        Headings that differ from words.
    empty : str
        What is said instead of a table without rows.
    download : bool
        Whether a file with all rows follows (:func:`tikub_lab.show.download`).
    **values
        The values of the caption.

    Raises
    ------
    UsageError
        No caption, no column, or a column that is not there.

    Examples
    --------
    >>> ends = pd.DataFrame({"objet": ["Gaz", "Bois"], "achats": [3_190_000.0, 344_000]})
    >>> print(table(ends, "{n:marché} se terminent", forms={"achats": "€"}, total=True, n=2).text)
    2 marchés se terminent
    Objet | achats (M€)
    Gaz | 3,19
    Bois | 0,34
    Total | 3,53
    """
    if not caption.strip():
        raise UsageError("A table needs a caption that says what it shows.")
    _, said = fill(caption, values)
    words.need(
        frame, list({**dict.fromkeys(columns or ()), **dict.fromkeys(labels or ()), **(forms or {})}), f"Table {said!r}"
    )
    labels = {**(columns if isinstance(columns, Mapping) else {}), **(labels or {})}
    frame = frame[list(columns)] if columns is not None else frame
    if frame.shape[1] == 0:
        raise UsageError(f"Table {said!r} has no column.")
    if frame.empty and empty:
        return instead(empty, "table")
    measures = [words.measure(frame[name], name, labels, forms) for name in frame]
    last = _total(frame, measures, total, said)
    shown = frame.head(min(rows, MAX_ROWS))
    cells = [
        [safe(measure.write(value)) for measure, value in zip(measures, row, strict=True)]
        for row in shown.itertuples(index=False, name=None)
    ]
    left = len(frame) - len(shown)
    more = f"{french.plural(left, 'autre ligne', 'autres lignes')} " if left else ""
    more += ("dans le fichier ci-dessous." if download else "hors de ce tableau.") if left else ""
    css = ' class="stack"' if len(measures) in STACKED else ""
    under = f'<p class="src">{more}</p>' if more else ""
    # A region that scrolls must be reachable by keyboard (WCAG 2.1.1), hence the tabindex and the name.
    region = f'<div class="tk scroll" tabindex="0" role="region" aria-label="{safe(said)}">'
    html = f"{region}{_html(said, measures, cells, last, css)}</div>{under and f'<div class=tk>{under}</div>'}"
    lines = [[measure.full_heading for measure in measures], *_plain(shown, measures), *([last] if last else [])]
    text = "\n".join([said, *(" | ".join(line).rstrip(" |") for line in lines), *([more] if more else [])])
    return Shown("table", html, text, {"rows": len(frame)})


def instead(said: str, of: str = "") -> Shown:
    """Say why there is nothing to show; it counts as the piece of the kind ``of`` that a notebook promised."""
    html = f'<p class="tk soft">{safe(french.typeset(said))}</p>'
    return Shown("text", html, said, {"instead": of} if of else {})


def folded(
    frame: pd.DataFrame, caption: str, title: str, forms: Mapping[str, Form] = {}, labels: Mapping[str, str] = {}
) -> tuple[str, str]:
    """Return the numbers of a chart as a table that unfolds, and as plain text."""
    shown = table(frame, caption, None, forms, rows=MAX_ROWS, labels=labels, titre=title)
    html = f'<details class="fold"><summary>Les chiffres de ce graphique</summary>{shown.html}</details>'
    return html, shown.text.partition("\n")[2]


def _plain(frame: pd.DataFrame, measures: list[Measure]) -> list[list[str]]:
    rows = frame.itertuples(index=False, name=None)
    return [[measure.write(value) for measure, value in zip(measures, row, strict=True)] for row in rows]


def _total(frame: pd.DataFrame, measures: list[Measure], total: Any, said: str) -> list[str]:
    """Return the cells of the last row; a sum over missing values is one of what is known."""
    if total is False or total is None:
        return []
    names = list(map(str, frame.columns))
    if total is True:
        total = [name for name, measure in zip(names, measures, strict=True) if measure.size > 1 or measure.unit == "€"]
    words.need(frame, list(total), f"The total of table {said!r}")
    sums = total if isinstance(total, Mapping) else {name: frame[name].sum() for name in total}
    found = zip(names[1:], measures[1:], strict=True)
    return [str(sums.get(names[0], "Total")), *(m.write(sums[name]) if name in sums else "" for name, m in found)]


def _html(said: str, measures: list[Measure], cells: list[list[str]], last: list[str], css: str) -> str:
    """Write the table; on a phone its rows become blocks, which a browser takes for no table but for the roles."""
    stacked = bool(css)
    role = {
        name: f' role="{name}"' if stacked else "" for name in ("row", "cell", "rowheader", "columnheader", "rowgroup")
    }
    number = [' class="num"' if measure.right else "" for measure in measures]
    label = [f' data-l="{safe(m.full_heading)}"' if stacked else "" for m in measures]
    head = "".join(
        f'<th scope="col"{role["columnheader"]}{number[i]}>{safe(measure.full_heading)}</th>'
        for i, measure in enumerate(measures)
    )

    def line(row: Sequence[str]) -> str:
        rest = "".join(f"<td{role['cell']}{number[i]}{label[i]}>{row[i]}</td>" for i in range(1, len(row)))
        return f'<tr{role["row"]}><th scope="row"{role["rowheader"]}{number[0]}>{row[0]}</th>{rest}</tr>'

    group = role["rowgroup"]
    foot = f"<tfoot{group}>{line([safe(cell) for cell in last])}</tfoot>" if last else ""
    opening = f"<table{css}{' role=' + chr(34) + 'table' + chr(34) if stacked else ''}>"
    return (
        f"{opening}<caption>{safe(said)}</caption><thead{group}><tr{role['row']}>{head}</tr></thead>"
        f"<tbody{group}>{''.join(map(line, cells))}</tbody>{foot}</table>"
    )
