"""Keep what tells of this machine or of its user out of pages: folders, and values of secret parameters."""

import os
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from tikub_lab.show import french

HIDDEN = "…"
"""What stands where something private stood."""

LEAST = 4
"""A secret shorter than this is also a word of the page; hiding it would hide the page."""

CODE = Path(__file__).resolve().parents[2]
"""Where the package is installed."""

_HOMES = r"(?:/home|/Users|[A-Za-z]:[\\/]+Users)[\\/]+[^\s/\\<>\"'&,;:()]+"
"""Any user's folder, on whichever machine."""


@cache
def folders(home: str = "", data: str = "") -> tuple[str, ...]:
    """Return the folders of this machine that no reader needs to know of.

    Parameters
    ----------
    home, data : str
        The workbench and the data package, ``$TIKUB_HOME`` and ``$TIKUB_DATA``.
    """
    known = [home, data, str(Path.home()), tempfile.gettempdir(), sys.prefix, sys.base_prefix, str(CODE)]
    found = {form for text in known if text for form in (text, str(Path(text).resolve()))}
    return tuple(sorted(item for item in found if Path(item).is_absolute() and len(item) >= LEAST))


def of_this_machine() -> tuple[str, ...]:
    """Return :func:`folders` as the environment has them now."""
    return folders(os.environ.get("TIKUB_HOME", ""), os.environ.get("TIKUB_DATA", ""))


def _forms(text: str) -> set[str]:
    """Return the ways a text may be written in a page: escaped, percent-encoded, with French spaces, or as it is."""
    plain = {text, repr(text)[1:-1], french.typeset(text), quote(text)}
    escaped = {form for item in plain for form in (escape(item), escape(item, quote=False))}
    return plain | escaped | {form.replace("&#x27;", "&#39;").replace("&quot;", "&#34;") for form in escaped}


@cache
def _pattern(places: tuple[str, ...], secrets: tuple[str, ...]) -> re.Pattern[str]:
    longest = sorted({form for place in places for form in _forms(place.rstrip("/\\"))}, key=len, reverse=True)
    roots = "|".join([*map(re.escape, longest), _HOMES])
    hidden = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
    rest = r"(?:[\\/]+[^\s/\\<>\"'&,;:()]+)*[\\/]?"
    # An image comes first: what looks like a path in it is not one.
    parts = [r"data:[\w/+.-]+;base64,[\w+/=]+", rf"(?<![\w.:-])(?<!:/)(?:{roots})(?![\w-])(?P<rest>{rest})"]
    return re.compile("|".join([*parts, *(rf"(?<!\w){re.escape(form)}(?!\w)" for form in hidden)]))


def _hide(match: re.Match[str]) -> str:
    if match[0].startswith("data:"):
        return match[0]
    file = re.split(r"[\\/]+", match["rest"] or "")[-1]
    return f"{HIDDEN}/{file}" if file else HIDDEN


def scrub_private(html: str, private: Sequence[str] = (), secrets: Iterable[str] = ()) -> str:
    """Replace folders of this machine by « … », the file's own name kept, and secrets altogether.

    Parameters
    ----------
    html : str
        A page or a piece of one.
    private : sequence of str
        Absolute folders; any user's home folder is replaced besides.
    secrets : iterable of str
        Values that must not be read; one shorter than four characters is left, for it would be a word of the page.

    Examples
    --------
    >>> scrub_private("lu dans /srv/lab/data/x.csv et /home/ana", ["/srv/lab"])
    'lu dans …/x.csv et …'
    >>> scrub_private("clé k3y-42", secrets=["k3y-42"])
    'clé …'
    """
    kept = tuple(sorted({secret for secret in secrets if len(secret) >= LEAST}))
    return _pattern(tuple(sorted(set(private))), kept).sub(_hide, html)
