"""Ordered lists of things to look into: each with its worth, its reasons and its reservations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, words
from tikub_lab.show.output import Shown, safe
from tikub_lab.show.sentences import fill
from tikub_lab.show.tabular import instead

MOST = 30
"""Items of one list: beyond it nobody reads on."""


@dataclass(frozen=True)
class Item:
    """One thing of an ordered list.

    ``title`` is what it is about, ``value`` what it weighs, as written (« 3,4 M€ »), ``text`` the reasons in a sentence
    or two, ``caution`` what would make them wrong (the same words as of an item before are written once), ``kind`` a
    word or two by which a reader sorts (« Acheter ensemble »), ``detail`` what stands under the value (« 25 marchés »),
    ``weight`` a number that its bar shows.
    """

    title: str
    value: str
    text: str
    caution: str = ""
    kind: str = ""
    detail: str = ""
    weight: float | None = None


def ranked(
    frame: pd.DataFrame | Sequence[Item], label: str, title: Any = None, value: Any = None, *, text: str = "",
    kind: Any = None, detail: str = "", caution: str = "", form: words.Form | None = None, rows: int = 9,
    empty: str = "Rien à signaler.", **values: Any,
) -> Shown:  # fmt: skip
    r"""Show things in order, the first one first; a row opens on its reasons.

    Parameters
    ----------
    frame : DataFrame, or sequence of Item
        At most 30.
    label : str
        What the list is: a template.
    title, value, kind : column
        Of a DataFrame: what a row is about, what it weighs (its bar too), how a reader sorts it.
    text, detail, caution : str
        Templates that each row's columns fill: its reasons, what stands under its value, what would make it wrong.
    form : str or callable, optional
        How the value is written; by default from words.
    rows : int
        How many rows of a DataFrame are shown, the first ones.
    empty : str
        What is said where there is none.
    **values
        The values of all templates.

    Examples
    --------
    >>> todo = pd.DataFrame({"libelle": ["Énergie"], "montant": [3_360_000.0], "part": [0.58]})
    >>> shown = ranked(todo, "Où agir", "libelle", "montant", text="Un titulaire a {part:%} du montant.", form="€")
    >>> print(shown.text)
    1. Énergie : 3,36 M€. Un titulaire a 58 % du montant.
    """
    _, said = fill(label, values)
    if not said.strip():
        raise UsageError("A ranked list needs a label that says what it is.")
    if isinstance(frame, pd.DataFrame):
        if title is None or value is None:
            raise UsageError("show.ranked of a DataFrame needs the columns title and value.")
        words.need(frame, [name for name in (title, value, kind) if name is not None], "show.ranked")
        measure = words.measure(frame[value], value, forms={str(value): form} if form else None)
        write = words.value_form(form) if isinstance(form, str) else form or measure.full
        numeric, items = words.is_number(frame[value]), []
        for row in frame.head(rows).to_dict("records"):
            filled = {**{str(name): item for name, item in row.items()}, **values}
            why, wrong, under = (fill(template, filled)[1] for template in (text, caution, detail))
            weight = float(row[value]) if numeric and not french.missing(row[value]) else None
            sort = str(row[kind]) if kind else ""
            items.append(Item(str(row[title]), write(row[value]), why, wrong, sort, under, weight))
        frame = items
    if len(frame) > MOST:
        raise UsageError(f"A ranked list has {MOST} items at most; found {len(frame)}. Keep the first.")
    if not frame:
        return instead(empty)
    first: dict[str, int] = {}
    most = max((item.weight or 0 for item in frame), default=0)
    html, lines = "", []
    for number, item in enumerate(frame, 1):
        # A reservation is written once, and referred to afterwards: read eight times it is not read at all.
        again = item.caution and first.setdefault(item.caution, number) != number
        reservation = f"Mêmes réserves qu’au n°\u00a0{first[item.caution]}." if again else item.caution
        html += _item(item, reservation, most)
        lines.append(f"{number}. {item.title} : {item.value}. {item.text} {reservation}".strip())
    css = "tk acts" if most else "tk acts plain"
    return Shown("list", f'<ol class="{css}" aria-label="{safe(said)}">{html}</ol>', "\n".join(lines))


def _item(item: Item, caution: str, most: float) -> str:
    kind = f"<small>{safe(item.kind)}</small>" if item.kind else ""
    detail = f"<small>{safe(item.detail)}</small>" if item.detail else ""
    share = max(0.0, (item.weight or 0.0) / most * 100) if most else 0.0
    bar = f'<svg class="bar" aria-hidden="true"><rect width="{share:.4g}%" height="100%"/></svg>' if most else ""
    why = f"<p>{safe(item.text)}</p>" if item.text else ""
    why += f'<p class="soft">{safe(caution)}</p>' if caution else ""
    return (
        f'<li><details><summary><span class="what"><b>{safe(item.title)}</b>{kind}</span>{bar}'
        f'<span class="worth"><b>{safe(item.value)}</b>{detail}</span></summary>'
        f'<div class="why">{why}</div></details></li>'
    )
