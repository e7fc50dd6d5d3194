"""Ordered lists of things to look into: each with its worth, its reasons and its reservations."""

from collections.abc import Sequence
from dataclasses import dataclass

from tikub_lab.errors import UsageError
from tikub_lab.show.output import Shown, safe

MOST = 30
"""Items of one list: beyond it nobody reads on."""


@dataclass(frozen=True)
class Item:
    """One thing of an ordered list.

    Attributes
    ----------
    title : str
        What it is about.
    value : str
        What it weighs, as written: « 3,4 M€ par an ».
    text : str
        The reasons, in a sentence or two.
    caution : str
        What would make them wrong; the same words as of an item before are written once.
    kind : str
        A word or two over the title, by which a reader sorts: « Acheter ensemble ».
    """

    title: str
    value: str
    text: str
    caution: str = ""
    kind: str = ""


def ranked(items: Sequence[Item], label: str) -> Shown:
    """Show things in order, the first one first.

    Parameters
    ----------
    items : sequence of Item
        At most :data:`MOST`.
    label : str
        What the list is, for who hears it.

    Raises
    ------
    UsageError
        No item, too many, or no label.

    Examples
    --------
    >>> print(ranked([Item("Énergie", "3,4 M€ par an", "Un titulaire a 58 % du montant.")], "Où agir").text)
    1. Énergie : 3,4 M€ par an. Un titulaire a 58 % du montant.
    """
    if not items or len(items) > MOST:
        raise UsageError(
            f"A ranked list has 1 to {MOST} items; found {len(items)}. Say so in words, or keep the first."
        )
    if not label.strip():
        raise UsageError("A ranked list needs a label that says what it is.")
    first: dict[str, int] = {}
    for number, item in enumerate(items, 1):
        first.setdefault(item.caution, number)
    said = [_said(item.caution, first[item.caution], number) for number, item in enumerate(items, 1)]
    html = "".join(_item(item, caution) for item, caution in zip(items, said, strict=True))
    lines = [f"{n}. {i.title} : {i.value}. {i.text} {said[n - 1]}".strip() for n, i in enumerate(items, 1)]
    return Shown("list", f'<ol class="tk ranked" aria-label="{safe(label)}">{html}</ol>', "\n".join(lines))


def _said(caution: str, first: int, number: int) -> str:
    """Write a reservation once, and refer to it afterwards: read eight times it is not read at all."""
    return caution if not caution or first == number else f"Mêmes réserves qu'au n°\u00a0{first}."


def _item(item: Item, said: str) -> str:
    kind = f"<small>{safe(item.kind)}</small><br>" if item.kind else ""
    caution = f" <small>{safe(said)}</small>" if said else ""
    return f"<li>{kind}<b>{safe(item.title)}</b> : {safe(item.value)}<br>{safe(item.text)}{caution}</li>"
