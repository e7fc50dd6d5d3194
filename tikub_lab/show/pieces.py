"""The pieces of a report beside tables and charts: title, sentences, key figures, notes, data used."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french
from tikub_lab.show.output import Shown, safe
from tikub_lab.show.tabular import MAX_ROWS, table
from tikub_lab.show.words import fill, heading, word, written
from tikub_lab.show.words import text_of as cell  # noqa: F401  (a build writes cells with it)


def sentence(template: str, /, lead: bool = False, **values: Any) -> Shown:
    """Write a sentence with computed values; whatever the values hold is shown as text.

    Parameters
    ----------
    template : str
        French text with names in braces, and how they are written: ``{montant:€}``, ``{part:%}``, ``{part:%1}``,
        ``{q:kWh}``, ``{q:kgCO2e}``, ``{fin:jour}``, ``{fin:mois}``, ``{a:année}``, ``{x:.1}``, ``{s:m²}``. Nouns agree:
        ``{n:marché}`` (« aucun marché », « 1 marché », « 12 marchés »), ``{n:œil|yeux}``; words without the number:
        ``{n:|dit|disent}``, ``{n:|ne dit|dit|disent}`` where none has its own. ``{annee}`` is written as the column
        of that name. ``**…**`` is bold; where there are none, values are.
    lead, values
        Whether it answers the page's question, and is set larger; the values.

    Examples
    --------
    >>> shown = sentence("{n:offre} pour {montant:€} d'achats, {part:%} du total.", n=2, montant=54_321, part=0.13)
    >>> shown.text.replace("\u202f", " ")
    '2 offres pour 54,3 k€ d’achats, 13 % du total.'
    """
    html, text = fill(template, values, strong=True)
    return Shown("text", f'<p class="tk{" lead" if lead else ""}">{html}</p>', text)


def title(template: str, subtitle: str = "", **values: Any) -> Shown:
    r"""Name what this report is about: the page's ``<h1>``, its ``<title>`` and its line in the index.

    Parameters
    ----------
    template, subtitle, values
        As for ``show.sentence``: the place and the question, then the scope and period.

    Examples
    --------
    >>> title("{nom} : où agir", "de {annee} à 2025", nom="Rennes", annee=2020).text.replace("\xa0", " ")
    'Rennes : où agir\nde 2020 à 2025'
    """
    if not template.strip():
        raise UsageError("A report's title is empty; give it the place or the buyer that it is about.")
    text, (under, below) = heading(template, values), fill(subtitle, values)
    html = f'<div class="tk"><h1>{safe(text)}</h1>{f"<p>{under}</p>" if under else ""}</div>'
    return Shown("title", html, f"{text}\n{below}".strip(), {"title": text, "subtitle": below})


def note(template: str, warning: bool = False, **values: Any) -> Shown:
    r"""Set a remark apart, such as a limit of the data.

    Parameters
    ----------
    template, warning, values
        As for ``show.sentence``; whether it is set in the warning's colour.

    Examples
    --------
    >>> note("{n:mesure} sans date : {n:|elle manque|elles manquent}.", n=2).text.replace("\xa0", " ")
    '2 mesures sans date : elles manquent.'
    """
    html, text = fill(template, values)
    return Shown("note", f'<p class="tk note{" warn" if warning else ""}">{html}</p>', text)


@dataclass(frozen=True)
class Key:
    """A key figure: what it is, its value, and what to compare it with.

    ``value`` is a number with its ``unit``, « € », « % », « kWh/m² », a noun, or a text as it is to be written.
    """

    label: str
    value: Any
    comparison: str = ""
    unit: str = ""

    @property
    def parts(self) -> tuple[str, str]:
        if isinstance(self.value, str):
            return self.value or french.MISSING, self.unit
        text = written(self.value, self.unit or word(self.label).unit)
        unit = re.search(r"(?<=\d)[\u202f ](\D.*)$", text)  # « 1 234 » has the same space inside
        return (text[: unit.start()], unit[1]) if unit else (text, "")


def keys(figures: Sequence[Key], **values: object) -> Shown:
    """Show one to six key figures, each with its comparison.

    Parameters
    ----------
    figures, values : sequence of Key
        Labels and comparisons are templates where there are values, and else text as it stands.

    Examples
    --------
    >>> print(keys([Key("Montant", 401_000_000, "3 000 marchés", "€"), Key("Marchés", "3 000")]).text)
    Montant : 401 M€ (3 000 marchés)
    Marchés : 3 000
    """
    if not 1 <= len(figures) <= 6:
        raise UsageError(f"Key figures are 1 to 6; found {len(figures)}. Keep those that the page is about.")
    cells, lines = "", []
    for item in figures:
        texts = item.label, item.comparison
        label, comparison = (fill(text, values)[1] if values else french.typeset(text) for text in texts)
        number, unit = item.parts
        small = f' <small class="unit">{safe(unit)}</small>' if unit else ""
        below = f"<dd>{safe(comparison)}</dd>" if comparison else ""
        cells += f"<div><dt>{safe(label)}</dt><dd><b>{safe(number)}</b>{small}</dd>{below}</div>"
        said = f"{number}{french.NNBSP}{unit}" if unit else number
        lines.append(f"{label} : {said}" + (f" ({comparison})" if comparison else ""))
    return Shown("keys", f'<dl class="tk keys k{len(figures)}">{cells}</dl>', "\n".join(lines))


def data_used(tables: Sequence[Mapping[str, Any]], warn: bool = True) -> Shown:
    """Say which data was used: table, origin, licence, date, short hash.

    ``tables`` are as :func:`tikub_lab.tables.used` gives them; a page has said on top what to ``warn`` of.
    """
    if not tables:
        return note("Aucune table n'a été lue.")
    headings = {"title": "Table", "origin": "Origine", "rows": "Lignes", "date": "Date", "licence": "Licence"}
    headings["sha256"] = "Empreinte"
    forms = {"date": french.day, "licence": lambda said: said or french.MISSING, "sha256": lambda said: said[:8]}
    frame = pd.DataFrame(tables).reindex(columns=list(headings)).assign(origin=list(map(origin, tables)))
    shown = table(frame, "Les données utilisées", headings, forms, rows=MAX_ROWS)
    fictitious = warn and any(item["origin"] == "sample" for item in tables)
    return Shown("data", (note(FICTITIOUS, warning=True).html if fictitious else "") + shown.html, shown.text)


ORIGINS = {  # what a reader is told of a table
    "sample": "exemple fictif",
    "import": "fichier importé",
    "portal": "portail de données ouvertes",
    "absent": "absente : ce qui en dépend n'est pas montré",
}

FICTITIOUS = (
    "Données fictives : personnes, organismes et chiffres sont inventés pour essayer l'outil. "
    "Aucun chiffre de cette page ne décrit une personne, un lycée ou une entreprise réels."
)


def origin(item: Mapping[str, Any]) -> str:
    sources = ", ".join(item.get("sources") or [])
    label = ORIGINS.get(item["origin"], item["origin"])
    return f"{label} ({sources})" if sources and item["origin"] != "sample" else label
