"""What a build made, ``build.json``, and the journal of one that is cut short."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tikub_lab import __version__
from tikub_lab.errors import UsageError
from tikub_lab.reports.files import shipped
from tikub_lab.tables.atomic import write_atomic

NAME = "build.json"
JOURNAL = ".build.jsonl"
FORMAT = 1


@cache
def schema() -> dict[str, Any]:
    return dict(json.loads(shipped("build.schema.json")))


@cache
def _check() -> Any:
    import fastjsonschema

    return fastjsonschema.compile({"$ref": "#/$defs/report", "$defs": schema()["$defs"]})


def fits(entry: Any) -> bool:
    import fastjsonschema

    try:
        _check()(entry)
        json.dumps(entry, ensure_ascii=False).encode("utf-8")
    except (fastjsonschema.JsonSchemaValueException, UnicodeEncodeError):
        return False
    return True


class Manifest:
    """The entries of a folder's reports, by page, of earlier builds too, finished or not."""

    def __init__(self, out: Path):
        self.out = out
        self.entries: dict[str, dict[str, Any]] = {}
        try:
            if (out / NAME).exists():
                self._take(self._reports(out / NAME))
            if (out / JOURNAL).exists():  # a build was cut short, perhaps in the middle of a line
                self._take(map(_parsed, (out / JOURNAL).read_bytes().split(b"\n")))
        except OSError as error:
            raise UsageError(f"{error.filename}: {error.strerror}. Remove it, or give another --out.") from None

    def _reports(self, path: Path) -> Iterable[Any]:
        raw = _parsed(path.read_bytes())
        number = raw.get("format") if isinstance(raw, dict) else None
        if isinstance(number, int) and number > FORMAT:
            newer = f"format {number} is newer than the one known here ({FORMAT})"
            raise UsageError(f"{path}: {newer}. Update tikub-lab, or give another --out.")
        if number != FORMAT or not isinstance(raw.get("reports"), list):
            raise UsageError(f"{path}: not a manifest of this workbench. Remove it to make all reports again.")
        return raw["reports"]

    def _take(self, items: Iterable[Any]) -> None:
        self.entries |= {item["page"]: item for item in items if item is not None and fits(item)}

    def add(self, entry: Mapping[str, Any]) -> None:
        self.entries[entry["page"]] = dict(entry)
        with (self.out / JOURNAL).open("ab") as file:  # the line before may have been cut short
            file.write(b"\n" + json.dumps(entry, ensure_ascii=False).encode("utf-8") + b"\n")

    def drop(self, keep: Iterable[str]) -> int:
        """Forget the reports whose page is gone, but those that this build made; say how many."""
        made, before = set(keep), len(self.entries)
        self.entries = {p: item for p, item in self.entries.items() if p in made or (self.out / p).is_file()}
        return before - len(self.entries)

    def document(self) -> dict[str, Any]:
        reports = [self.entries[page] for page in sorted(self.entries)]
        states = Counter(item["status"] for item in reports)
        return {
            "format": FORMAT,
            "generator": f"tikub-lab {__version__}",
            "built": datetime.now(UTC).isoformat(timespec="seconds"),
            "totals": {"reports": len(reports), "done": states["done"], "failed": states["failed"]},
            "reports": reports,
        }

    def write(self) -> dict[str, Any]:
        """Write ``build.json`` whole, and end the journal."""
        document = self.document()
        text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
        write_atomic(self.out / NAME, text.encode("utf-8"))
        (self.out / JOURNAL).unlink(missing_ok=True)
        return document


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text, parse_constant=int)  # which refuses NaN and Infinity
    except (ValueError, RecursionError):
        return None
