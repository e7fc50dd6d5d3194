"""Make the page of a report: light, self-contained, readable, and without anything of the code.

nbconvert renders through a template of our own (``page/``); what comes out is then cleaned element by element, so that
no script, no request and no second ``<h1>`` can come in through a library's output.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag

from tikub_lab import __version__
from tikub_lab.reports.notebooks import tags
from tikub_lab.reports.run import Execution, Report
from tikub_lab.show import french, pieces
from tikub_lab.show.output import KIND, stylesheet

FORBIDDEN = ("script", "iframe", "object", "embed", "link", "base", "form", "video", "audio", "frame", "meta")
"""Elements that may run, fetch or send: taken out of every output."""


@cache
def _exporter() -> Any:
    from nbconvert.exporters.html import HTMLExporter

    return HTMLExporter(
        template_name="page",
        extra_template_basedirs=[str(files("tikub_lab.reports"))],
        exclude_input=True,
        exclude_anchor_links=True,
    )


@cache
def style() -> str:
    """Return the page's whole style, white space squeezed."""
    sheet = files("tikub_lab.reports").joinpath("page/style.css").read_text(encoding="utf-8") + stylesheet()
    return re.sub(r"\s*\n\s*", "", sheet)


def render(report: Report, execution: Execution) -> tuple[str, str, str]:
    """Make the page of a report that ran, or of one that failed.

    Returns
    -------
    html, title, subtitle : str
    """
    if execution.failure or execution.notebook is None:
        return _failed(report, execution)
    nb = execution.notebook
    title, subtitle = computed_title(nb) or (report.notebook.title, "")
    _prepare(nb)
    html, _ = _exporter().from_notebook_node(nb, resources={"tikub": _frame(report, execution, title, subtitle)})
    return clean(html), title, subtitle


def _frame(report: Report, execution: Execution, title: str, subtitle: str) -> dict[str, Any]:
    return {
        "title": title,
        "subtitle": subtitle,
        "style": style(),
        "fictitious": any(item["origin"] == "sample" for item in execution.used),
        "footer": footer(report, execution.used),
    }


def computed_title(nb: Any) -> tuple[str, str] | None:
    """Return the title and subtitle that ``show.title`` gave, the last one if several."""
    found = None
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            facts = output.get("metadata", {}).get(KIND, {})
            if facts.get("kind") == "title":
                found = (facts["title"], facts["subtitle"])
    return found


def _prepare(nb: Any) -> None:
    """Leave out what is not for the reader, or what the page says itself: title, data used, checks, warnings."""
    for cell in nb.cells:
        if cell.cell_type == "code":
            checked = "nbval-check-output" in tags(cell)
            cell.outputs = [] if checked else [output for output in cell.outputs if _for_reader(output)]
    for cell in nb.cells:
        if cell.cell_type == "markdown" and re.search(r"^# ", cell.source, flags=re.M):
            cell.source = re.sub(r"^# .*\n?", "", cell.source, count=1, flags=re.M)
            break


def _for_reader(output: Any) -> bool:
    kind = output.get("metadata", {}).get(KIND, {}).get("kind")
    return kind not in {"title", "data"} and output.get("name") != "stderr"


def clean(html: str) -> str:
    """Take out scripts, handlers, requests and further ``<h1>``; put headings and French spaces in order."""
    soup = BeautifulSoup(html, "html.parser")
    body = soup.body
    assert body is not None, "the template has a body"
    for tag in body.find_all([*FORBIDDEN, "style"]):
        tag.decompose()
    for tag in body.find_all(True):
        _clean_attributes(tag)
    _order_headings(body)
    for text in body.find_all(string=True):
        if text.parent is not None and text.parent.name not in {"code", "pre", "text"}:
            text.replace_with(french.typeset(text))
    return str(soup)


def _clean_attributes(tag: Tag) -> None:
    for name in list(tag.attrs):
        value = re.sub(r"[\s\x00-\x1f]", "", str(tag.attrs[name])).lower()
        if _reaches_out(tag.name, name, value):
            del tag.attrs[name]


def _reaches_out(element: str, name: str, value: str) -> bool:
    """Whether an attribute would run code or fetch something."""
    if name.startswith("on") or value.startswith(("javascript:", "vbscript:")):
        return True
    if name in {"src", "srcset", "poster", "data", "background"}:
        return not value.startswith("data:image/")
    if name.endswith("href") and element != "a":
        return not value.startswith("#")
    return name == "style" and any(word in value.replace("url(#", "") for word in ("url(", "@import", "expression("))


def _order_headings(body: Tag) -> None:
    """One ``<h1>``, and no level skipped on the way down (RGAA 9.1)."""
    level = 0
    for heading in body.find_all(re.compile(r"^h[1-6]$")):
        wanted = int(heading.name[1])
        if level:  # the page's own h1 came first
            wanted = max(2, wanted)
        level = min(wanted, level + 1)
        heading.name = f"h{level}"


def footer(report: Report, used: Sequence[Mapping[str, Any]]) -> str:
    """Say what the page is made of, and how to make it again."""
    shown = report.public_parameters()
    command = " ".join(["tikub report", report.notebook.name, *(f"-p {_quoted(f'{n}={v}')}" for n, v in shown.items())])
    if report.data:
        command += " --data DOSSIER"
    items = [("Refaire cette page", f"<code>{escape(command)}</code>"), ("Code", f"tikub-lab {__version__}")]
    if shown:
        items.insert(0, ("Paramètres", escape(", ".join(f"{name} = {value}" for name, value in shown.items()))))
    cells = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in items)
    data = f"<details><summary>Données utilisées</summary>{pieces.data_used(used).html}</details>"
    return f"<h2>Comment cette page est faite</h2>{data}<dl>{cells}</dl>"


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[\w=.,:/-]+", text) else json.dumps(text, ensure_ascii=False)


def _failed(report: Report, execution: Execution) -> tuple[str, str, str]:
    failure = execution.failure
    assert failure is not None
    title = f"{report.notebook.title} : ce rapport n'a pas pu être fait"
    where = f"La cellule n° {failure.cell} a échoué" if failure.cell else "Le carnet n'a pas pu être exécuté"
    under = f", dans la partie « {failure.heading} »" if failure.heading else ""
    body = (
        f'<p class="failed">{escape(where + under)} : {escape(failure.reason)}</p>'
        "<p>Ouvrez le carnet dans JupyterLab (<code>make lab</code>), allez à cette cellule et relancez-la. "
        "Les autres rapports ont été faits.</p>"
    )
    html = shell(title, body, footer(report, execution.used), up="../index.html")
    return html, title, ""


def shell(title: str, body: str, foot: str = "", up: str = "") -> str:
    """Return a plain page of the house: failure pages and the index use it."""
    nav = f'<nav aria-label="Fil d\'Ariane"><a href="{up}">Tous les rapports</a></nav>' if up else ""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!doctype html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{escape(title)}</title>\n<style>{style()}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#contenu">Aller au contenu</a>\n'
        f'<header>{nav}<h1>{escape(title)}</h1></header>\n<main id="contenu">\n{body}\n</main>\n'
        f"<footer>{foot}</footer>\n</body>\n</html>\n"
    )


def save(path: Path, html: str) -> int:
    """Write a page whole or not at all; return its size in bytes."""
    from tikub_lab.reports.files import write_atomic

    content = html.encode("utf-8")
    write_atomic(path, content)
    return len(content)
