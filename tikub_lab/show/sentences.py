"""Templates: French text with names in braces, filled from values that are only ever text."""

import re
import string
from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError, nearest
from tikub_lab.show import french, words
from tikub_lab.show.output import safe


def fill(template: str, values: Mapping[str, Any], strong: bool = False) -> tuple[str, str]:
    """Fill a template; return it as HTML and as plain text.

    ``{name}`` is written as the column of that name would be, ``{name:form}`` as :func:`tikub_lab.show.words.written`
    says. ``**…**`` sets words in bold; with ``strong``, where there are none, each value is, beside other words.

    >>> NNBSP = french.NNBSP
    >>> fill("{n:marché} pour {x:€}, dit l'avis de {annee}.", {"n": 0, "x": 950, "annee": 2025})[1].replace(NNBSP, " ")
    'Aucun marché pour 950 €, dit l’avis de 2025.'
    >>> fill("**{nom}**", {"nom": "<Durand> {x}"})
    ('<b>&lt;Durand&gt; {x}</b>', '<Durand> {x}')
    """
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"The template {words.short(template, 60)!r}: {error}. Write {{{{ for a brace.") from None
    marked = template.count("**") > 1
    strong = strong and not marked and any(sign.isalpha() for literal, *_ in parts for sign in literal)
    html, text, bold = "", "", False
    for literal, name, spec, conversion in parts:
        # A neighbour stands for a value, so that « {x} % » and « l'{x} » are seen; values are never typeset.
        said = french.typeset(f"{'x' if html else ' '}{literal}{' ' if name is None else 'x'}")[1:-1]
        for place, piece in enumerate(said.split("**") if marked else [said]):
            if place:
                bold = not bold
                html += "<b>" if bold else "</b>"
            html, text = html + escape(piece, quote=False), text + piece
        if name is not None:
            value = re.sub("[\x00\x01]", " ", _value(name, spec or "", conversion, values))
            value = value.capitalize() if not text.strip() and value.startswith("aucun") else value
            html, text = html + (f"<b>{safe(value)}</b>" if strong else safe(value)), text + value
    return html + "</b>" * bold, text


def _value(name: str, spec: str, conversion: str | None, values: Mapping[str, Any]) -> str:
    if conversion or "{" in spec or (name not in values and not name.replace("_", "").isalnum()):
        found = f"{{{name}!{conversion}}}" if conversion else f"{{{name}}}"
        raise UsageError(f"A template takes plain names in braces, {{nom}} or {{montant:€}}; found {found}.")
    if name not in values:
        near, given = nearest(name, map(str, values)), ", ".join(map(str, values)) or "none"
        raise UsageError(f"The template needs a value for {{{name}}};{near} given: {given}.")
    value = values[name]
    unit = words.word(name).unit if not spec and words.is_number(pd.Series([value])) else ""
    return words.as_is(value) if unit in words.AS_THEY_ARE else words.written(value, spec or unit)
