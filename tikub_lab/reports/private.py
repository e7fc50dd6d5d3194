"""Keep folders and secrets of this machine and its user out of all that a report sends back."""

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus

from tikub_lab.reports.outputs import short
from tikub_lab.show import french

HIDDEN = "…"  # what stands where something private stood

LEAST, LONG = 4, 8
"""A secret shorter than the first is also a word of the page; from the second on it is hidden inside words too."""

CODE = Path(__file__).resolve().parents[2]  # where the package is installed

_HOMES = r"(?:/home|/Users|[A-Za-z]:[\\/]+Users)[\\/]+[^\s/\\<>\"'&,;:()]+"  # any user's folder, on whichever machine

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def of_this_machine() -> tuple[str, ...]:
    """Return the folders that no reader needs to know of, those of the workbench and of the data too."""
    known = [
        os.environ.get("TIKUB_HOME", ""),
        os.environ.get("TIKUB_DATA", ""),
        str(Path.home()),
        tempfile.gettempdir(),
    ]
    known += [sys.prefix, sys.base_prefix, str(CODE)]
    found = {form for text in known if text for form in (text, str(Path(text).resolve()))}
    return tuple(sorted(item for item in found if Path(item).is_absolute() and len(item) >= LEAST))


def _forms(text: str) -> set[str]:
    """Return the ways a text may be written: plain, in Python, JSON, an address, French, HTML."""
    written = {text, repr(text)[1:-1], repr(text.encode())[2:-1], json.dumps(text)[1:-1]}
    written |= {json.dumps(text, ensure_ascii=False)[1:-1], " ".join(text.split())}
    encoded = {quote(text), quote(text, safe=""), quote_plus(text)}
    written |= encoded | {re.sub("%..", lambda match: match[0].lower(), item) for item in encoded}
    written |= {french.typeset(item) for item in written}
    escaped = {form for item in written for form in (escape(item), escape(item, quote=False))}
    return written | escaped | {form.replace("&#x27;", "&#39;").replace("&quot;", "&#34;") for form in escaped}


def _any(forms: Iterable[str]) -> str:
    return "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True) if len(form) > 1)


@cache
def _places(private: tuple[str, ...]) -> re.Pattern[str]:
    known = _any(form for place in private for form in _forms(place.rstrip("/\\")))
    roots = "|".join(filter(None, [known, _HOMES]))
    rest = r"(?:[\\/]+[^\s/\\<>\"'&,;:()]+)*[\\/]?"
    # An image comes first: what looks like a path in it is not one.
    image = r"data:[\w/+.-]+;base64,[\w+/=]+"
    return re.compile(rf"{image}|(?<![\w.:-])(?<!:/)(?:{roots})(?![\w-])(?P<rest>{rest})")


@cache
def _secrets(secrets: tuple[str, ...]) -> re.Pattern[str]:
    lines = {line.strip() for secret in secrets for line in secret.splitlines() if len(line.strip()) >= LONG}
    known = {*secrets, *(secret.strip() for secret in secrets), *lines}
    long = {form for secret in known if len(secret) >= LONG for form in _forms(secret)}
    short = {form for secret in known if LEAST <= len(secret) < LONG for form in _forms(secret)}
    parts = [_any(long)] * bool(long) + [rf"(?<!\w)(?:{_any(short)})(?!\w)"] * bool(short)
    return re.compile("|".join(parts) or r"(?!)")


def _hide(match: re.Match[str]) -> str:
    if match[0].startswith("data:"):
        return match[0]
    file = re.split(r"[\\/]+", match["rest"] or "")[-1]
    return f"{HIDDEN}/{file}" if file else HIDDEN


def scrub(text: str, private: Sequence[str] = (), secrets: Iterable[str] = ()) -> str:
    """Replace folders by « … », the file's own name kept, and secrets altogether.

    >>> scrub("lu dans /srv/lab/data/x.csv et /home/ana", ["/srv/lab"])
    'lu dans …/x.csv et …'
    >>> scrub("clé k3y-42, jeton_abcd%26efgh", secrets=["k3y-42", "abcd&efgh"])
    'clé …, jeton_…'
    """
    text = _secrets(tuple(sorted(set(secrets)))).sub(HIDDEN, text)
    return _places(tuple(sorted(set(private)))).sub(_hide, text)


def scrub_bytes(content: bytes, private: Sequence[str] = (), secrets: Iterable[str] = ()) -> bytes:
    """Do the same for a file, whatever its encoding.

    >>> scrub_bytes("clé k3y-4242".encode("utf-16"), secrets=["k3y-4242"]).decode("utf-16")
    'clé …'
    """
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if (hidden := scrub(text, private, secrets)) != text:
            content = hidden.encode(encoding, "replace")
        if encoding == "utf-8" and "\0" not in text:
            break
    return content


def line(text: str, longest: int = 600) -> str:
    r"""Write a message as one short line, without a terminal's control codes.

    >>> line("ValueError:\n  \x1b[31mnon\x1b[0m")
    'ValueError: non'
    """
    return short(" ".join(_CONTROL.sub("", text).encode("utf-8", "replace").decode().split()), longest)
