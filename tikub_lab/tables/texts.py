"""Text files as published: encoding and delimiter are found in one way, linear, never raising."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Self, TextIO

from tikub_lab.errors import UsageError

DELIMITERS = ",;\t|"
MAX_CELL = 2**20
"""A longer cell is a quote that was never closed."""
BLOCK = 1 << 20
HEAD_BYTES = 256 * 1024
"""The beginning of a file, which tells what it is."""
_SAMPLE_RECORDS = 100
DEPTH = 200
"""Lists and objects in one another: parsers take time and memory by the square of it."""
_DEEP = re.compile(rb'(?:[\[{]\s*(?:"[^"\\]{0,200}"\s*:\s*)?){%d}' % DEPTH)
_OPENING = bytes.maketrans(b"[]", b"{}"), bytes(sign for sign in range(256) if sign not in b"[]{}")
"""What leaves nothing of a text but the opening and closing of its lists and objects: the expression is slow."""
_END = "\ue000 end"
"""After the last line of a file: where it is part of a cell, a quote was left open."""
_STRAY = re.compile("[\udc80-\udcff]")


def _stray(error: UnicodeError) -> tuple[str, int]:
    """Read a byte that is not UTF-8 as Windows-1252; half of a surrogate pair is no character at all."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data, at = error.object, error.start
    if error.encoding != "utf-8":
        return "\ufffd", error.end
    if data[at] == 0xED and data[at + 1 : at + 2] >= b"\xa0":
        return "\ufffd", at + 3
    return data[at : at + 1].decode("cp1252", "replace"), at + 1


codecs.register_error("stray", _stray)


def encoding_of(source: Path | Sequence[bytes]) -> str:
    """Find the encoding of text: by a byte-order mark, by zero bytes, else UTF-8 or Windows-1252, whichever fits more.

    It is ``utf-8``, ``utf-8-sig``, ``utf-16`` (``-le``, ``-be``), ``cp1252``, or "" for a binary file.
    """
    blocks = partial(_blocks, source) if isinstance(source, Path) else source.__iter__
    start = next(blocks(), b"")
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if zeros := start[:4096].count(0):
        odd = start[1:4096:2].count(0)
        sure = zeros * 8 > len(start[:4096]) and not 1 / 8 < odd / zeros < 7 / 8
        return ("utf-16-le" if odd * 2 > zeros else "utf-16-be") if sure else ""
    decoder = codecs.getincrementaldecoder("utf-8-sig")
    with suppress(UnicodeDecodeError):  # most files have no stray byte, and are not looked at twice
        strict = decoder()
        for block in blocks():
            strict.decode(block)
        return "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"
    lenient, strays, characters = decoder("surrogateescape"), 0, 0
    for block in blocks():
        text = lenient.decode(block)
        bad = len(_STRAY.findall(text))
        strays, characters = strays + bad, characters + len(text) - len(text.encode("ascii", "ignore")) - bad
    return "utf-8" if characters > strays else "cp1252"


def decode(data: bytes) -> str:
    """Read the beginning of a file as text; "" for a binary one. What is cut off is left out."""
    encoding = encoding_of([data])
    if not encoding:
        return ""
    return codecs.getincrementaldecoder(encoding)("stray").decode(data.removeprefix(codecs.BOM_UTF8))


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Open a text file in the encoding that is found."""
    encoding = encoding_of(path)
    if not encoding:
        raise UsageError(f"{path}: not a text file (it holds zero bytes). A table in text is CSV.")
    with path.open("rb") as file:
        if file.peek(3)[:3] == codecs.BOM_UTF8:
            file.read(3)
        with io.TextIOWrapper(file, encoding, errors="stray", newline="") as text:
            yield text


class Utf8:
    """A file of any encoding, read as UTF-8 bytes without byte-order mark (what JSON parsers take)."""

    def __init__(self, path: Path):
        self.path, self._opened = path, opened(path)

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` characters, as UTF-8."""
        data = self._text.read(size).encode()
        if b"{" * DEPTH in data.translate(*_OPENING) and _DEEP.search(data):
            raise UsageError(f"{self.path}: JSON that is nested {DEPTH} deep or more. Download it again.")
        return data

    def __enter__(self) -> Self:
        self._text = self._opened.__enter__()
        self.binary: BinaryIO = self._text.buffer
        return self

    def __exit__(self, *error: Any) -> None:
        self._opened.__exit__(*error)


def delimiter_of(text: str) -> str:
    """Find the sign that cuts most first records into equally many cells, the more the better."""

    def fit(sign: str) -> tuple[float, int]:
        widths: Counter[int] = Counter()
        with suppress(UsageError):  # such as a quote left open: what was read before it tells
            for record in islice(parsed(io.StringIO(text, newline=""), sign), _SAMPLE_RECORDS):
                widths[len(record)] += bool(record)
        total = widths.total()
        return max(((count / total, width) for width, count in widths.items() if width > 1), default=(0.0, 0))

    return max(DELIMITERS, key=fit)


def records(path: Path, delimiter: str | None = None) -> Iterator[list[str]]:
    """Give the records of a delimited file as they are written."""
    with opened(path) as file:
        start = file.tell()
        delimiter = delimiter or delimiter_of(file.read(HEAD_BYTES))
        file.seek(start)
        yield from parsed(file, delimiter, path)


def parsed(lines: Iterable[str], delimiter: str, path: Path | str = "") -> Iterator[list[str]]:
    """Cut the lines of a file into records, with cells as long as published files have them."""
    csv.field_size_limit(MAX_CELL)  # other libraries set it too
    found, line = csv.reader(chain(lines, [_END]), delimiter=delimiter), 0
    try:
        for record in found:
            if record and record[-1].endswith(_END):
                if record == [_END]:
                    return
                raise UsageError(
                    f"{path}, line {line + 1}: a quote is opened in this row and never closed: what follows would be "
                    "one cell. Close it, or take it out, and import the file again."
                )
            yield record
            line = found.line_num
    except csv.Error as error:
        raise UsageError(f"{path}, line {found.line_num}: {error}. Is a quote left open before that line?") from None


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block
    except OSError as error:
        raise UsageError(f"{path}: not readable ({error.strerror or error}).") from None
