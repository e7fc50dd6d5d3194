"""Ordered lists of things to look into: each with its worth, its reasons and its reservations."""

from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, words
from tikub_lab.show.output import Shown, safe
from tikub_lab.show.sentences import fill
from tikub_lab.show.tabular import instead

MOST = 30
"""Rows of one list: beyond it nobody reads on."""


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
    >>> shown = ranked(todo, "Où agir", "libelle", "montant", text="Un titulaire a {part:%} du montant.", form="€")
    >>> print(shown.text)
    1. Énergie : 3,36\u202fM€. Un titulaire a 58\u202f% du montant.
    """
    _, said = fill(label, values)
    if not said.strip():
        raise UsageError("A ranked list needs a label that says what it is.")
    words.need(frame, [name for name in (title, value, kind) if name is not None], "show.ranked")
    if rows > MOST:
        raise UsageError(f"A ranked list has {MOST} rows at most; rows={rows}. Keep the first.")
    if frame.empty:
        return instead(empty)
    measure = words.measure(frame[value], value, forms={str(value): form} if form else None)
    write = words.value_form(form) if isinstance(form, str) else form or measure.full
    shown = frame.head(rows)
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
    css = "tk acts" if most > 0 else "tk acts plain"
    return Shown("list", f'<ol class="{css}" aria-label="{safe(said)}">{html}</ol>', "\n".join(lines))


def _put(around: str, text: str) -> str:
    return around.format(safe(text)) if text else ""
