"""Make the page of a report: light, self-contained, readable, and without anything of the code.

nbconvert renders through a template of our own (``page/``), which passes every output and every Markdown cell through
:mod:`tikub_lab.reports.fragments`, so that no script, no request and no broken element can come in through a library.
"""

import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from tikub_lab import __version__
from tikub_lab.reports import fragments, remedies
from tikub_lab.reports.ecoindex import Facts, count
from tikub_lab.reports.notebooks import tags
from tikub_lab.reports.remedies import defects
from tikub_lab.reports.run import Execution, Report
from tikub_lab.show import pieces
from tikub_lab.show.output import KIND, stylesheet

__all__ = ["Facts", "count", "defects", "render", "shell", "style"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may do for a page: show it."""

SHOWN = ("text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/latex", "text/plain")
"""Of the forms that an output has, the first of these is shown: never a script, never a widget."""


@cache
def _exporter() -> Any:
    from nbconvert.exporters.html import HTMLExporter
    from traitlets.config import Config

    class PageExporter(HTMLExporter):
        def from_notebook_node(self, nb: Any, resources: Any = None, **kwargs: Any) -> Any:
            # HTMLExporter's own would parse the whole page to write placeholders into images without description.
            return super(HTMLExporter, self).from_notebook_node(nb, resources, **kwargs)

    exporter = PageExporter(
        config=Config({"NbConvertBase": {"display_data_priority": list(SHOWN)}}),
        template_name="page",
        extra_template_basedirs=[str(files("tikub_lab.reports"))],
        exclude_input=True,
        exclude_anchor_links=True,
        preprocessors=[],
        default_preprocessors=[],
    )
    exporter.register_filter("clean", fragments.clean)
    exporter.register_filter("described", described)
    return exporter


@cache
def style() -> str:
    """Return the page's whole style, white space squeezed."""
    sheet = files("tikub_lab.reports").joinpath("page/style.css").read_text(encoding="utf-8") + stylesheet()
    return re.sub(r"\s*\n\s*", "", sheet)


def render(report: Report, execution: Execution, pdf: str = "") -> tuple[str, str, str]:
    """Make the page of a report that ran, or of one that failed.

    Parameters
    ----------
    report : Report
    execution : Execution
        An attribute ``code``, where it has one, is the short hash of the package's code.
    pdf : str
        File name of the same page as PDF, beside it; none by default.

    Returns
    -------
    html, title, subtitle : str
    """
    if execution.failure or execution.notebook is None:
        html, title, subtitle = _failed(report, execution)
    else:
        html, title, subtitle = _done(report, execution, pdf)
    return html, title, subtitle


def _done(report: Report, execution: Execution, pdf: str) -> tuple[str, str, str]:
    nb = execution.notebook
    title, subtitle = computed_title(nb) or (report.notebook.title, "")
    _prepare(nb)
    frame = {
        "head": head(title),
        "title": title,
        "subtitle": subtitle,
        "pdf": pdf,
        "fictitious": any(item["origin"] == "sample" for item in execution.used),
        "footer": footer(report, execution),
    }
    html, _ = _exporter().from_notebook_node(nb, resources={"tikub": frame})
    return fragments.typeset(_finished(html)), title, subtitle


def _finished(html: str) -> str:
    """Do what concerns a page as a whole: headings in order, tables numbered."""
    start, body = html.split("<body>", 1)
    return f"{start}<body>{remedies.number_tables(fragments.order_headings(body))}"


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


def described(output: Any, cell: Any, kind: str) -> str:
    """Return an output's picture as HTML, with the alternative text that its metadata or its cell's gives.

    Both places are nbconvert's: ``display(figure, metadata={"image/png": {"alt": "…"}})``, and ``alt`` in the metadata
    of the cell. A picture without any is shown, and said to have none.
    """
    facts = output.get("metadata", {}).get(kind, {})
    alt = facts.get("alt") or output.get("metadata", {}).get("alt") or cell.get("metadata", {}).get("alt") or ""
    data = output["data"][kind]
    text = data if isinstance(data, str) else "".join(data)
    if kind != "image/svg+xml":
        width = f' width="{facts["width"]:.0f}"' if isinstance(facts.get("width"), int | float) else ""
        text = f'<img src="data:{kind};base64,{escape("".join(text.split()))}"{width}>'
    return fragments.clean(text, str(alt))


def footer(report: Report, execution: Execution) -> str:
    """Say what the page is made of, and how to make it again."""
    shown = report.public_parameters()
    command = report.command()
    if report.data:
        command += " --data DOSSIER"
    code = execution.code
    version = f"tikub-lab {__version__}" + (f", empreinte {escape(code[:8])}" if code else "")
    items = [("Refaire cette page", f"<code>{escape(command)}</code>"), ("Code", version)]
    if shown:
        items.insert(0, ("Paramètres", escape(", ".join(f"{name} = {value}" for name, value in shown.items()))))
    cells = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in items)
    data = f"<details><summary>Données utilisées</summary>{pieces.data_used(execution.used, warn=False).html}</details>"
    return f"<h2>Comment cette page est faite</h2>{data}<dl>{cells}</dl>"


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
    html = shell(title, body, footer(report, execution), up="../index.html")
    return html, title, ""


def head(title: str) -> str:
    """Return the start of a page of the house, down to the link that skips to its content."""
    return (
        '<!doctype html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{escape(title)}</title>\n<style>{style()}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#contenu">Aller au contenu</a>'
    )


def shell(title: str, body: str, foot: str = "", up: str = "", nav: str = "") -> str:
    """Return a plain page of the house: failure pages and the index use it.

    Parameters
    ----------
    title : str
        Text.
    body, foot, nav : str
        HTML of the main part, of the footer, and of a navigation of its own.
    up : str
        Address of the index, where the page is not the index.
    """
    trail = f'<nav aria-label="Fil d\'Ariane"><a href="{up}">Tous les rapports</a></nav>\n' if up else ""
    return _finished(
        f"{head(title)}\n<header>\n{trail}<h1>{escape(title)}</h1>\n{nav}</header>\n"
        f'<main id="contenu" tabindex="-1">\n{body}\n</main>\n<footer>{foot}</footer>\n</body>\n</html>\n'
    )
