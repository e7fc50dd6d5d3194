"""``LICENCES.md``: under which licence each part of a kit may be used."""

from collections.abc import Sequence

from tikub_lab.kits.wheels import FOLDER, Wheel
from tikub_lab.show.french import day
from tikub_lab.tables.package import Resource


def data_table(tables: Sequence[Resource]) -> str:
    """Say title, licence, source and date of each table, as a Markdown table."""
    lines = ["| Table | Licence | Source | Faite ou importée le |", "| --- | --- | --- | --- |"]
    for table in tables:
        sources = " ; ".join(_linked(item) for item in table.raw.get("sources", [])) or "non précisée"
        cells = [f"`{table.name}`", table.licence or "non précisée", sources, day(table.date)]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _linked(source: dict[str, str]) -> str:
    title = str(source.get("title", ""))
    return f"[{title}]({source['path']})" if source.get("path") else title


def mention(tables: Sequence[Resource]) -> str:
    """Write the sentence that names a kit's data, as the Licence Ouverte asks."""
    latest = day(max(table.date for table in tables))
    if all(table.origin == "sample" for table in tables):
        return f"Tables d'exemple fictives de tikub-lab, Ti Lab, Région Bretagne, {latest}, Licence Ouverte 2.0"
    sources = dict.fromkeys(source for table in tables for source in table.sources)
    licences = dict.fromkeys(table.licence for table in tables if table.licence)
    return f"{' ; '.join(sources)}, état au {latest}, {' ; '.join(licences)}"


def wheels_section(wheels: Sequence[Wheel]) -> str:
    """List the wheels that travel: name, version, licence, and where its text is."""
    if not wheels:
        return ""
    lines = [
        "",
        f"## Les paquets du dossier `{FOLDER}/`",
        "",
        "Des logiciels libres d'autres auteurs, tels que publiés, chacun sous sa licence. Un fichier `.whl` est une "
        "archive zip : le texte de la licence y est, au chemin donné.",
        "",
        "| Paquet | Version | Licence (selon ses métadonnées) | Textes dans l'archive |",
        "| --- | --- | --- | --- |",
    ]
    for wheel in wheels:
        texts = ", ".join(f"`{path}`" for path in wheel.files[:4]) or "aucun"
        more = len(wheel.files) - 4
        texts += f" et {more} autres" if more > 0 else ""
        licence = wheel.licence.replace("|", "\\|") or "voir ses textes"
        lines.append(f"| {wheel.name} | {wheel.version} | {licence} | {texts} |")
    return "\n".join(lines) + "\n"
