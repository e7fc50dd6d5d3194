"""What a kit says of itself: read-me, dictionary, ideas, licences, made from the templates of ``texts/``."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from tikub_lab.kits.data import personal_fields
from tikub_lab.kits.launcher import this_platform
from tikub_lab.show.french import day, joined, plural
from tikub_lab.tables.package import Resource
from tikub_lab.tables.template import TYPES, allowed

ORIGINS = {
    "sample": "exemple fictif, livré avec l'établi",
    "import": "fichier publié, importé",
    "portal": "téléchargement d'un portail de données ouvertes",
}


def texts(wheels_for: Sequence[Mapping[str, str]], **values: Any) -> dict[str, bytes]:
    """Fill in every template, which stands in ``texts/`` where its text stands in a kit."""
    run = [facts for facts in wheels_for if facts == this_platform()]
    resolved = [facts for facts in wheels_for if facts not in run]
    values |= {"run": platforms(run), "resolved": platforms(resolved), "mention": mention(values["tables"])}
    names = [name for name in _environment().list_templates() if not name.startswith("antiseche.")]
    return {name.removesuffix(".j2"): fill(name, **values) for name in names}


def fill(template: str, **values: Any) -> bytes:
    """Fill a template of ``texts/`` in; a value that it needs and does not get is an error."""
    return _environment().get_template(template).render(values).encode("utf-8")


@cache
def _environment() -> Environment:
    loader = PackageLoader("tikub_lab.kits", "texts")
    made = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    made.filters |= {"cell": cell, "code": code, "day": day, "lower_first": lambda text: text[:1].lower() + text[1:]}
    made.globals |= {"plural": plural, "personal": personal_fields, "allowed": allowed}
    made.globals |= {"TYPES": TYPES, "ORIGINS": ORIGINS}
    return made


def cell(text: str) -> str:
    """Write a text as a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def code(value: object) -> str:
    """Write a value as code in a cell of a Markdown table."""
    return str(value).replace("|", "\\|").replace("`", "'")


def mention(tables: Sequence[Resource]) -> str:
    """Write the sentence that names a kit's data, as the Licence Ouverte asks."""
    latest = day(max(table.date for table in tables))
    if all(table.origin == "sample" for table in tables):
        return f"Tables d'exemple fictives de tikub-lab, Ti Lab, Région Bretagne, {latest}, Licence Ouverte 2.0"
    sources = dict.fromkeys(source for table in tables for source in table.sources)
    licences = dict.fromkeys(table.licence for table in tables if table.licence)
    return f"{' ; '.join(sources)}, état au {latest}, {' ; '.join(licences)}"


def platforms(facts: Iterable[Mapping[str, str]]) -> str:
    """Name platforms, each with its Pythons; empty where there is none."""
    found: dict[str, list[str]] = {}
    for item in facts:
        name = f"{item['systeme']} {item['machine']}".replace("Darwin", "macOS")
        found.setdefault(name, []).append(item["python"])
    return " ; ".join(f"{name}, Python {joined(pythons)}" for name, pythons in found.items())
