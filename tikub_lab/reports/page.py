"""Make the page of a report by Jinja templates, of cells that :mod:`tikub_lab.reports.fragments` has cleaned."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from html import unescape
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from tikub_lab import __version__
from tikub_lab.errors import PageError
from tikub_lab.reports import fragments, remedies
from tikub_lab.reports.files import shipped
from tikub_lab.reports.notebooks import tags
from tikub_lab.reports.outputs import facts, numbered, short, shown
from tikub_lab.reports.publisher import NOBODY, Publisher
from tikub_lab.reports.run import PINNED, Execution, Report
from tikub_lab.show import french, pieces
from tikub_lab.show.output import KIND, stylesheet
from tikub_lab.tables.template import holder

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

SUBJECTS = {
    "procurement": "Achats publics",
    "bodies": "Organismes extérieurs",
    "energy": "Énergie des lycées",
    "staffing": "Affectation des personnels",
    "datathon": "Datathon",
    "territory": "Territoire et données ouvertes",
}
"""What a reader calls a use case; one without a name is called as its notebook is."""

FICTITIOUS = "Cette page est un essai : aucun de ses chiffres ne décrit une personne, un lycée ou une entreprise réels."

ALSO = "<!--also--><!--/also-->"
"""Where :mod:`tikub_lab.reports.links` writes which other pages there are, once a build knows them all."""

UNSEEN = {"nbval-check-output", "lab"}
"""Tags of cells whose outputs are not for readers: figures that nbval compares, a look at the data in JupyterLab."""

_SAYING = {"text", "note"}  # kinds of pieces that say what the figure before them means
_KEY = re.compile(r'<dt>(.*?)</dt><dd><b>(.*?)</b>(?: <small class="unit">(.*?)</small>)?</dd>(?:<dd>(.*?)</dd>)?')


class Page(NamedTuple):
    """A page, and what the index says of it: title, scope, leading sentence, first key figure and what that is."""

    html: str
    title: str
    subtitle: str = ""
    lead: str = ""
    figure: str = ""
    about: str = ""


@cache
def _environment() -> Environment:
    made = Environment(loader=PackageLoader("tikub_lab.reports"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.globals |= {"policy": POLICY, "style": Markup(style()), "subject": subject, "anchor": fragments.slug}
    made.globals |= {"called": called, "day": french.day, "origin": pieces.origin, "plural": french.plural}
    return made


@cache
def style() -> str:
    """Return the page's whole style, white space squeezed."""
    return re.sub(r"\s*\n\s*", "", shipped("templates/style.css") + stylesheet())


def subject(use_case: str) -> str:
    return SUBJECTS.get(use_case) or use_case[:1].upper() + use_case[1:]


def fill(template: str, publisher: Publisher = NOBODY, contents: int = 4, **values: Any) -> str:
    """Make a page from a template, and do what concerns it as a whole: headings in order, contents, tables numbered.

    ``contents`` is the least number of parts of which a page says on top which they are.
    """
    today = french.day(datetime.now(ZoneInfo(PINNED["TZ"])))
    text = _environment().get_template(template).render({"publisher": publisher, "today": today} | values)
    start, body = text.replace("&#39;", "'").split("<body>", 1)  # attributes are in double quotes
    body = fragments.contents(fragments.order_headings(body), contents)
    return fragments.typeset(f"{start}<body>{remedies.number_tables(body)}")


def render(report: Report, execution: Execution, pdf: str = "", publisher: Publisher = NOBODY) -> Page:
    """Make the page of a report that ran, or of one that failed."""
    failure, nb, used = execution.failure, execution.notebook, execution.used
    values: dict[str, Any] = {"report": report, "code": execution.code[:8], "version": __version__, "tables": used}
    values |= {"pdf": pdf, "failure": failure, "publisher": publisher, "data": data_line(used), "also": Markup(ALSO)}
    if failure or nb is None:
        values["holder"] = holder(failure.reason) if failure else None
        title = f"{report.notebook.title} : ce rapport n'a pas pu être fait"
        return Page(fill("failed.html.j2", title=title, crumb=report.notebook.title, **values), title)
    said = _said(nb, report.notebook.title)
    fictitious = any(item["origin"] == "sample" for item in used) and FICTITIOUS
    crumb = short(re.split(r"\s:\s", said.title)[0], 48)
    values |= {"title": said.title, "subtitle": said.subtitle, "description": said.lead or said.subtitle}
    if report.notebook.needs.get("sheet"):  # to be printed and filled in by hand
        values["style"] = Markup(style() + shipped("templates/sheet.css"))
    html = fill("report.html.j2", fictitious=fictitious, crumb=crumb, cells=list(_cells(nb)), **values)
    return said._replace(html=html)


def _said(nb: Any, title: str) -> Page:
    """Read what a notebook's pieces say of the whole: of several titles the last, of the others the first."""
    page = Page("", title)
    for _, output, said in shown(nb):
        kind = said.get("kind")
        data = output.get("data", {}) if kind in {"text", "keys"} else {}
        html = str(data.get("text/html", ""))
        if kind == "title":
            page = page._replace(title=str(said.get("title")), subtitle=str(said.get("subtitle")))
        elif kind == "text" and not page.lead and '<p class="tk lead">' in html:
            page = page._replace(lead=" ".join(str(data.get("text/plain", "")).split()))
        elif kind == "keys" and not page.figure and (key := _KEY.search(html)):
            about, *figure, beside = (unescape(item or "") for item in key.groups())
            about = ", ".join(filter(None, [about, re.split(r"\s;\s", beside)[0]]))
            page = page._replace(figure=french.NNBSP.join(filter(None, figure)), about=about)
    return page


def data_line(used: Iterable[Mapping[str, Any]]) -> str:
    """Say in one line which data a page shows, of which day, from where and under which licence."""
    known = [item for item in used if item["origin"] != "absent"]
    titles = [called(item) for item in known]
    titles = titles[:1] + [title[:1].lower() + title[1:] for title in titles[1:]]
    if not known:
        return ""
    if len(titles) > 4:
        titles = [*titles[:3], french.plural(len(titles) - 3, "autre table", "autres tables")]
    origins, licences = (dict.fromkeys(found) for found in (map(pieces.origin, known), (i["licence"] for i in known)))
    dates = [item["date"] for item in known if item.get("date")]
    day = f", du {french.day(max(dates))}" if dates else ""
    return f"{french.joined(titles)} : {', '.join(origins)}{day}. {', '.join(filter(None, licences))}".strip()


def called(item: Mapping[str, Any]) -> str:
    """Return a table's title; that it is fictitious, which a sample's says too, stands with its origin."""
    return str(item["title"]).removesuffix(f" ({pieces.ORIGINS['sample']})")


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
                outputs = cell.get("outputs", []) if UNSEEN.isdisjoint(tags(cell)) else []
                html = _beside((str(facts(output).get("kind", "")), _output(output, cell)) for output in outputs)
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException as error:  # whatever a library raises, the HTML reader's panic too
            raise PageError(f"{type(error).__name__}: {error}", number) from error
        folded = cell.metadata.get("folded_title", "Méthode, données et limites") if "folded" in tags(cell) else ""
        if html or folded:
            yield {"html": Markup(html), "folded": folded}


def _beside(pieces: Iterable[tuple[str, str]]) -> str:
    """Put beside a figure the sentences and notes that follow it in its cell: wide screens have room for both."""
    made, before, end = [""], "", "</div></div>"
    for kind, html in pieces:
        if kind in _SAYING and before == "figure":
            made[-1] = f'<div class="two">{made[-1]}<div class="say">{html}{end}'
        elif kind in _SAYING and made[-1].startswith('<div class="two">'):
            made[-1] = made[-1].removesuffix(end) + html + end
        else:
            made.append(html)
        before = kind
    return "".join(made)


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
