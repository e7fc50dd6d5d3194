"""Templates: French text with names in braces, filled from values that are only ever text."""

import re
import string
from collections.abc import Mapping
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
    html, text, inside = "", "", False
    for literal, name, spec, conversion in parts:
        for place, piece in enumerate(literal.split("**") if marked else [literal]):
            if place:
                html, inside = html + ("</b>" if inside else "<b>"), not inside
            html, text = html + safe(piece).replace("&#x27;", "'"), text + piece
        if name is None:
            continue
        said = re.sub("[\x00\x01]", " ", _value(name, spec or "", conversion, values))
        if not text.strip() and said.startswith("aucun"):
            said = said.capitalize()
        # Marks that no text has keep what came from data from being typeset.
        html += f"<b>\x00{safe(said)}\x01</b>" if strong else f"\x00{safe(said)}\x01"
        text += f"\x00{said}\x01"
    return _set(html + ("</b>" if inside else "")), _set(text)


def _set(text: str) -> str:
    """Set the template's own text; data between the marks stays as it is."""
    out: list[str] = []
    while text:
        literal, mark, rest = text.partition("\x00")
        value, _, text = rest.partition("\x01")
        # A neighbour stands for the value, so that « {x} % » and « l'{x} » are seen.
        before, after = "x" * bool(out), "x" * bool(mark)
        said = french.typeset(before + literal + after)
        out += [said[len(before) : len(said) - len(after)], value]
    return "".join(out)


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
