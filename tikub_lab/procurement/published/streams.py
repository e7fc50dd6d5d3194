"""JSON of any size, as any software writes it, walked by the scanner of the standard library.

No more of the file is held than a block, or a value where that is longer. A parser refuses the whole file for ``NaN``
or half of a surrogate pair: here numbers beyond any machine's are text, which the rules judge like any value that is no
number, and half of a pair is the replacement character, which every import notes.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tikub_lab.errors import UsageError
from tikub_lab.tables.texts import Utf8

BLOCK = 1 << 20
DIGITS = 15
"""Digits of a whole number that every reader keeps."""
_CUT = 16
"""No token but a string is longer and has its fault nearer to the end, where the next block may mend it."""
_SPACE = re.compile(r"[ \t\r\n]*")
_HALF = re.compile(r"(\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|\\u[dD][89a-fA-F]..")


def real(text: str) -> float | str:
    """Read a number, unless it is beyond what every reader keeps."""
    value = float(text)
    return value if abs(value) < 10**DIGITS else text


NUMBERS = json.JSONDecoder(
    parse_int=lambda text: int(text) if len(text) <= DIGITS else text, parse_float=real, parse_constant=str
)


class Stream(Utf8):
    r"""A JSON file at some place; ``what`` are the values that are counted.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.json")
    ...     _ = path.write_bytes(rb'{"a": {"b": 1}, "c": [NaN, 1e400, 12345678901234567890, 1.5, "NaN \ud800!"]}')
    ...     with Stream(path, "values") as file:
    ...         [(key, list(file.values())) for key in file.members()]
    [('a', [{'b': 1}]), ('c', ['NaN', '1e400', '12345678901234567890', 1.5, 'NaN \ufffd!'])]
    """

    def __init__(self, path: Path, what: str, scanner: json.JSONDecoder = NUMBERS):
        super().__init__(path)
        self.what, self.scanner, self.done = what, scanner, 0
        self._buffer, self._at, self._halves = "", 0, False

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Say where a file is not what it should be."""
        if kind is None and self.peek():
            error = json.JSONDecodeError("more behind its end", self._buffer, self._at)
        at = self.binary.tell()
        super().__exit__(kind, error, trace)
        if isinstance(error, json.JSONDecodeError | RecursionError):
            reason = getattr(error, "msg", error)
            raise UsageError(
                f"{self.path}: not complete JSON: {reason} after {self.done} {self.what}, near byte {at:,} of "
                f"{self.path.stat().st_size:,}. Download it again."
            ) from None

    def peek(self) -> str:
        """Go to the next sign and return it, "" at the end."""
        while True:
            self._at = _SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._fill():
                return ""

    def members(self) -> Iterator[str]:
        """Give the keys of an object; the value of each is to be read before the next is asked."""
        for _ in self._inside("{", "}"):
            self._take('"')
            self._at -= 1
            key = self.value()
            self._take(":")
            yield key

    def values(self) -> Iterator[Any]:
        """Give and count the elements of a list; another value stands for a list of one, null for none."""
        if self.peek() != "[":
            single = self.value()
            self.done += single is not None
            yield from [single] if single is not None else []
            return
        for _ in self._inside("[", "]"):
            element = self.value()
            self.done += 1
            yield element

    def value(self) -> Any:
        """Read a value."""
        self.peek()
        while True:
            try:
                value, end = self.scanner.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos > len(self._buffer) - _CUT
                if not (cut and self._fill()):
                    raise
                continue
            if end < len(self._buffer) or not self._fill():  # a number may go on
                break
        if self._halves and _HALF.search(text := self._buffer[self._at : end]):
            value = self.scanner.decode(_HALF.sub(lambda found: found[1] or r"\ufffd", text))
        self._at = end
        return value

    def _inside(self, opening: str, closing: str) -> Iterator[None]:
        self._take(opening)
        if self.peek() == closing:
            self._take(closing)
            return
        yield
        while self._take("," + closing) == ",":
            yield

    def _take(self, signs: str) -> str:
        sign = self.peek()
        if not sign or sign not in signs:
            raise json.JSONDecodeError(f"expecting one of {signs}", self._buffer, self._at)
        self._at += 1
        return sign

    def _fill(self) -> bool:
        """Read on behind what is not used yet, twice as much where a value is long."""
        rest = self._buffer[self._at :]
        block = self.read(max(BLOCK, len(rest))).decode()
        self._buffer, self._at = rest + block, 0
        self._halves = r"\ud" in self._buffer or r"\uD" in self._buffer
        return bool(block)
