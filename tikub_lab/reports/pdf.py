"""A page as PDF/UA: tagged, with its language, its title and the alternative text of its charts."""

import logging
import re
from html import escape, unescape
from typing import Any

from tikub_lab.errors import RunError, UsageError
from tikub_lab.show.drawing import fixed

VARIANT = "pdf/ua-1"

_DRAWING = re.compile(r'<svg\b[^>]*\baria-label="([^"]*)"[^>]*>')
_KEYS = re.compile(r'<dl class="tk keys[^"]*">.*?</dl>', re.S)
_LIST = re.compile(r"<(/?)(dl|dt|dd)\b")
_PLAIN = {"dl": "div", "dt": "p", "dd": "p"}
_VARIABLE = re.compile(r"var\(--[\w-]+,\s*([^()]+)\)")


def write_pdf(html: str, title: str) -> bytes:
    """Make of a page, by its print style, a tagged PDF that says it conforms to PDF/UA-1 (ISO 14289-1)."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        why = str(error).partition("\n")[0]
        raise UsageError(
            f"PDF needs WeasyPrint and Pango ({why}): pip install 'tikub-lab[pdf]', then on Debian apt-get install "
            "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; elsewhere see WeasyPrint's installation page."
        ) from None
    logger = logging.getLogger("weasyprint")
    before = logger.level
    logger.setLevel(logging.CRITICAL)  # what it does not know of screen styles is of no interest
    try:
        page = weasyprint.HTML(string=prepared(html), url_fetcher=_fetcher(), base_url=None)
        document = page.render(pdf_variant=VARIANT, pdf_tags=True)
        document.metadata.title = title
        return bytes(document.write_pdf(pdf_variant=VARIANT, pdf_tags=True))
    except Exception as error:
        raise RunError(f"The PDF of {title!r} could not be made ({type(error).__name__}: {error}).") from error
    finally:
        logger.setLevel(before)


def prepared(html: str) -> str:
    """Say to WeasyPrint what it does not take from a page: drawings' names and colours, and the key figures.

    It reads no ``aria-label`` and no CSS variable inside a drawing; PDF/UA allows no ``<div>`` among a list's items.

    >>> prepared('<svg aria-label="Barres"><path style="fill: var(--accent,#0072b2)"/></svg>')
    '<svg aria-label="Barres"><title>Barres</title><path style="fill: #0072b2"/></svg>'
    """
    html = _KEYS.sub(lambda match: _LIST.sub(lambda tag: f"<{tag[1]}{_PLAIN[tag[2]]}", match[0]), fixed(html))
    html = re.sub(r"<svg\b.*?</svg>", lambda match: _VARIABLE.sub(r"\1", match[0]), html, flags=re.S)
    return _DRAWING.sub(lambda match: f"{match[0]}<title>{escape(unescape(match[1]), quote=False)}</title>", html)


def _fetcher() -> Any:
    """Return a fetcher that reads what is in the page itself (``data:``) and nothing else."""
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols=["data"])
