"""Make the page of a report by Jinja templates, of cells that :mod:`tikub_lab.reports.fragments` has cleaned."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from tikub_lab import __version__
from tikub_lab.errors import PageError
from tikub_lab.reports import fragments, remedies
from tikub_lab.reports.files import shipped
from tikub_lab.reports.notebooks import tags
from tikub_lab.reports.outputs import facts, numbered, shown
from tikub_lab.reports.run import Execution, Report
from tikub_lab.show import french, pieces
from tikub_lab.show.output import KIND, stylesheet

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # what a browser may do for a page: show it

PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
SHOWN = ("text/html", "text/markdown", *PICTURES, "text/latex", "text/plain")
"""Of the forms that an output has, the first of these is shown: never a script, never a widget."""


DEFECTS = (
    ("undescribed", "image sans description", "images sans description"),
    ("absent", "image non reprise", "images non reprises"),
    ("untitled", "tableau sans titre", "tableaux sans titre"),
)
"""The class of what stands for what a page lacks, and how it is counted."""


@cache
def _environment() -> Environment:
    made = Environment(loader=PackageLoader("tikub_lab.reports"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.globals |= {"policy": POLICY, "style": Markup(style())}
    return made


@cache
def style() -> str:
    """Return the page's whole style, white space squeezed."""
    return re.sub(r"\s*\n\s*", "", shipped("templates/style.css") + stylesheet())


def fill(template: str, **values: Any) -> str:
    """Make a page from a template, and do what concerns it as a whole: headings in order, tables numbered."""
    start, body = _environment().get_template(template).render(values).split("<body>", 1)
    return f"{start}<body>{remedies.number_tables(fragments.order_headings(body))}"


def render(report: Report, execution: Execution, pdf: str = "") -> tuple[str, str, str]:
    """Make the page of a report that ran, or of one that failed; return its HTML, title and subtitle."""
    failure, nb, title, subtitle = execution.failure, execution.notebook, report.notebook.title, ""
    used = Markup(pieces.data_used(execution.used, warn=False).html)
    values = {"report": report, "code": execution.code[:8], "version": __version__, "data_used": used}
    values |= {"up": "../index.html", "pdf": pdf, "failure": failure}
    if failure or nb is None:
        html = fill("failed.html.j2", title=(title := f"{title} : ce rapport n'a pas pu être fait"), **values)
    else:
        for _, _, said in shown(nb):
            if said.get("kind") == "title":  # of several, the last
                title, subtitle = str(said.get("title")), str(said.get("subtitle"))
        fictitious = any(item["origin"] == "sample" for item in execution.used)
        cells = list(_cells(nb))
        html = fill("report.html.j2", title=title, subtitle=subtitle, fictitious=fictitious, cells=cells, **values)
        html = fragments.typeset(html)
    return html, title, subtitle


def _cells(nb: Any) -> Iterator[Mapping[str, Any]]:
    """Yield what each cell shows, as HTML, and the title of its folded part; less what the page says itself."""
    titled = False
    for number, cell in numbered(nb):
        try:
            if cell.cell_type == "markdown":
                source = cell.source
                if not titled and re.search(r"^# ", source, flags=re.M):
                    titled, source = True, re.sub(r"^# .*\n?", "", source, count=1, flags=re.M)
                html = _markdown(source, cell.get("attachments"))
            else:
                outputs = [] if "nbval-check-output" in tags(cell) else cell.get("outputs", [])
                html = "".join(_output(output, cell) for output in outputs)
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException as error:  # whatever a library raises, the HTML reader's panic too
            raise PageError(f"{type(error).__name__}: {error}", number) from error
        folded = cell.metadata.get("folded_title", "Méthode, données et limites") if "folded" in tags(cell) else ""
        if html or folded:
            yield {"html": Markup(html), "folded": folded}


def _markdown(source: str, attachments: Any = None) -> str:
    return fragments.clean(_reader()(source), attachments=attachments) + "\n" if source.strip() else ""


@cache
def _reader() -> Any:
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        def image(self, text: str, url: str, title: str | None = None) -> str:
            # IPythonRenderer's own looks attachments up by a name that is percent-encoded, and raises.
            return str(super(IPythonRenderer, self).image(text, url, title))

    return MarkdownWithMath(Renderer(escape=False, exclude_anchor_links=True))


def _output(output: Any, cell: Any) -> str:
    from nbconvert.filters.ansi import strip_ansi

    if facts(output).get("kind") in {"title", "data"} or output.get("name") == "stderr":
        return ""
    data = {"text/plain": output.text} if output.output_type == "stream" else output.get("data", {})
    metadata = output.get("metadata", {})
    kind = next((kind for kind in SHOWN if kind in data), "")
    text = data.get(kind, "")
    text = "".join(map(str, text)) if isinstance(text, list | tuple) else str(text)  # nbformat knows lists of lines
    if kind == "text/markdown":
        return _markdown(text)
    if kind in {"text/latex", "text/plain"}:
        return f'<pre class="output">{escape(strip_ansi(text))}</pre>\n'
    if kind in PICTURES:
        text = described(text, kind, metadata, cell.metadata)
    elif kind:
        text = fragments.clean(text)
    return text if KIND in metadata else f'<div class="output">{text}</div>\n' if text else ""


def described(text: str, kind: str, metadata: Any, of_cell: Any) -> str:
    """Return a picture as HTML; its ``alt`` is in the metadata of the output or of its cell."""
    known = [item for item in [*map(metadata.get, (kind, *PICTURES)), metadata, of_cell] if isinstance(item, dict)]
    alt = next((item["alt"] for item in known if item.get("alt")), "")
    if kind == "image/svg+xml":
        text = text[max(text.find("<svg"), 0) :]
    else:
        width = next((f"{item['width']:.0f}" for item in known if isinstance(item.get("width"), int | float)), "")
        text = f'<img src="data:{kind};base64,{escape("".join(text.split()))}" width="{width}">'
    return fragments.clean(text, str(alt))


def defects(html: str) -> list[str]:
    """Say what a page lacks that only its notebook can give; nothing for a page as it should be."""
    found = ((html.count(f'class="{name}"'), one, many) for name, one, many in DEFECTS)
    return [french.plural(*item) for item in found if item[0]]
