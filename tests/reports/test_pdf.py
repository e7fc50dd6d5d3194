"""The PDF of a page: tagged, in French, titled, its charts described, its text readable."""

import re
import shutil
import subprocess
import sys
import zlib

import pandas as pd
import pytest
from markupsafe import Markup

from tikub_lab.errors import RunError, UsageError
from tikub_lab.reports import page, pdf
from tikub_lab.show import charts, pieces

ALT = "Barres\u00a0: Le Goff fait trois fois Kermarec (été)"


@pytest.fixture(scope="module")
def html():
    frame = pd.DataFrame({"nom": ["Le Goff", "Kermarec"], "montant": [3.0, 1.0]})
    shown = [
        pieces.keys([pieces.Key("Marchés", "12", "3 de plus")]),
        charts.bars(frame, "{nom} domine", "montant", "nom", alt=ALT),
        pieces.table(frame, "Les fournisseurs"),
    ]
    body = "".join(piece.html for piece in shown)
    remote = '<img alt="ailleurs" src="http://127.0.0.1:9/x.png"><img alt="ici" src="file:///etc/hostname">'
    cells = [{"html": Markup(body + remote)}, {"html": Markup("<p>Pliée.</p>"), "folded": "Méthode"}]
    return page.fill("report.html.j2", title="Les achats de Brest", cells=cells)


@pytest.fixture(scope="module")
def made(html):
    pytest.importorskip("weasyprint", reason="WeasyPrint is not installed", exc_type=(ImportError, OSError))
    return pdf.write_pdf(html, "Les achats de Brest")


def inflated(content: bytes) -> bytes:
    """Return a PDF's own bytes and those of its streams."""
    parts = [content]
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.S):
        try:
            parts.append(zlib.decompress(match[1]))
        except zlib.error:
            continue
    return b"\n".join(parts)


def test_it_is_tagged(made):
    inside = inflated(made)
    assert made.startswith(b"%PDF-1.7")
    for word in (b"/StructTreeRoot", b"/Marked true", b"/Lang (fr)", b"/DisplayDocTitle true", b'pdfuaid:part="1"'):
        assert word in inside, word
    assert b"/Title (Les achats de Brest)" in inside
    for kind in (b"H1", b"Figure", b"Caption", b"Table", b"TH", b"TD"):
        assert re.search(rb"/S ?/" + kind + rb"\b", inside), kind


def test_a_chart_keeps_its_alternative(made):
    alternatives = re.findall(rb"/Alt ?<([0-9a-f]+)>", inflated(made))
    assert [bytes.fromhex(text.decode()).decode("utf-16") for text in alternatives[:1]] == [ALT]


def test_key_figures_are_no_broken_list(made):
    assert not re.search(rb"/S ?/L\b", inflated(made)), "a list whose children are not items breaks PDF/UA"


def test_its_text_can_be_read(made, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    file = tmp_path / "page.pdf"
    file.write_bytes(made)
    text = subprocess.run(["pdftotext", "-enc", "UTF-8", file, "-"], capture_output=True, check=True).stdout.decode()
    for words in ("Les achats de Brest", "Le Goff domine", "Kermarec", "Les fournisseurs", "Pliée."):
        assert words in text, words
    assert "Les chiffres de ce graphique" not in text, "folded numbers stay out of print"


def test_colours_and_names_are_put_in_place():
    html = (
        '<p style="color:var(--ink,#000)"></p><svg aria-label="A &amp; B"><g style="fill: var(--ink, #1b1b1f)"/></svg>'
    )
    prepared = pdf.prepared(html)
    assert "<title>A &amp; B</title>" in prepared
    assert 'fill: #1b1b1f"' in prepared
    assert "var(--ink,#000)" in prepared, "only drawings need it"


def test_nothing_is_fetched(made):
    fetch = pdf._fetcher().fetch
    for address in ("https://example.org/x.png", "file:///etc/hostname", "http://127.0.0.1/"):
        with pytest.raises(ValueError, match="disallowed"):
            fetch(address)
    assert fetch("data:text/plain,oui").read() == b"oui"


@pytest.mark.parametrize(
    ("error", "says"),
    [(None, r"pip install 'tikub-lab\[pdf\]'"), (OSError("cannot load library 'libpango-1.0-0'"), "libpango-1.0-0")],
)
def test_what_is_missing_is_named(monkeypatch, error, says):
    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "weasyprint" and error:
                raise error

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    if error is None:
        monkeypatch.setitem(sys.modules, "weasyprint", None)
    else:
        monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    with pytest.raises(UsageError, match=says):
        pdf.write_pdf("<p>", "Essai")


def test_a_failure_is_told(monkeypatch, made):
    import weasyprint

    monkeypatch.setattr(weasyprint.HTML, "render", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(RunError, match=r"'Essai' could not be made \(ZeroDivisionError"):
        pdf.write_pdf("<p>", "Essai")
