"""JSON as some software writes it: ``NaN``, numbers beyond any machine's, half of a surrogate pair.

A parser refuses the whole file for one of them. Here such numbers
become text, which the rules judge like any value that is no number,
and half of a pair the replacement character, which every import
notes.
"""

import re
from pathlib import Path

from tikub_lab.tables.texts import Utf8

_ODD = re.compile(rb"[:\[,\s]-?(?:NaN|Infinity|\d{16}|[\d.]+[eE])|\\u[dD][89a-fA-F]")
_WORDS = (b"NaN", b"Infinity", rb"\ud", rb"\uD")
_CLASSES = bytes(49 if chr(sign) in "0123456789." else 101 if chr(sign) in "eE" else 32 for sign in range(256))
_COMPLETE = re.compile(rb'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|-?(?:NaN|Infinity|\d[\d.eE+-]*)', re.DOTALL)
_ESCAPE = re.compile(rb"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]..")
_PAIR = 12
BLOCK = 1 << 20
DIGITS = 15
"""Digits of a whole number that every reader keeps."""


def is_odd(path: Path) -> bool:
    """Tell whether a file has, outside or inside its strings, what a parser may refuse."""
    before = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if _may_be_odd(before + block) and _ODD.search(before + block):
                return True
            before = block[-32:]
    return False


def _may_be_odd(block: bytes) -> bool:
    """Rule a block out by plain searches, which are faster than the expression; it decides of the others."""
    plain = block.translate(_CLASSES)
    return b"1e" in plain or b"1" * 16 in plain or any(word in block for word in _WORDS)


class Lenient(Utf8):
    r"""A JSON file whose odd values are text.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.json")
    ...     _ = path.write_bytes(rb'{"a": NaN, "b": [1e400, 12345678901234567890, 1.5], "c": "NaN \ud800!"}')
    ...     with Lenient(path) as file:
    ...         file.read(100)
    b'{"a": "NaN", "b": ["1e400", "12345678901234567890", 1.5], "c": "NaN \\ufffd!"}'
    """

    def __init__(self, path: Path, odd: bool | None = None):
        super().__init__(path)
        self.odd, self.held = is_odd(path) if odd is None else odd, b""
        self.concessions, self._last = False, b""

    def read(self, size: int = -1) -> bytes:
        """Read about as many bytes, none at the end; note whether concessions are named."""
        data = self._read(size)
        self.concessions |= b"contrat-concession" in self._last + data
        self._last = data[-32:]
        return data

    def _read(self, size: int) -> bytes:
        if not self.odd:
            return super().read(size)
        while True:
            block = super().read(size)
            data = self.held + block
            end = len(data)
            if block and (whole := _COMPLETE.match(data)):  # up to what may be the beginning of a string or a number
                end = len(data[: whole.end()].rstrip(b"0123456789+-.aefintyENI"))
            self.held = data[end:]
            if end or not block:
                return _TOKEN.sub(_token, data[:end])


def _token(found: re.Match[bytes]) -> bytes:
    text = found[0]
    if text.startswith(b'"'):
        return _ESCAPE.sub(_escape, text) if b"\\u" in text else text
    if text.lstrip(b"-") in (b"NaN", b"Infinity"):
        return b'"' + text + b'"'
    plain = sum(sign in b"0123456789" for sign in text) <= DIGITS and b"e" not in text.lower()
    return text if plain or _fits(text) else b'"' + text + b'"'


def _fits(text: bytes) -> bool:
    try:
        value = float(text)
    except ValueError:
        return True  # the parser says where
    return abs(value) < 10**DIGITS


def _escape(found: re.Match[bytes]) -> bytes:
    whole = found[0] == rb"\\" or len(found[0]) == _PAIR
    return found[0] if whole else rb"\ufffd"
