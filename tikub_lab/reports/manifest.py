"""The manifest of a build, ``build.json``: what was made, from what, and how it went.

While a build runs, each report's entry is appended to a journal beside it, so that a build that is cut short (Ctrl-C,
kill -9, a full disk) loses nothing of what it made. The JSON Schema is ``build.schema.json`` in this package.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tikub_lab import __version__
from tikub_lab.errors import UsageError
from tikub_lab.reports.files import write_atomic

NAME = "build.json"
JOURNAL = ".build.jsonl"
FORMAT = 1


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of the manifest."""
    text = files("tikub_lab.reports").joinpath("build.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


class Manifest:
    """The entries of a folder's reports, by page.

    Parameters
    ----------
    out : Path
        Folder of the build. What earlier builds left there is read, finished or not.

    Raises
    ------
    UsageError
        When ``build.json`` is not one of ours.
    """

    def __init__(self, out: Path):
        self.out = out
        self.entries: dict[str, dict[str, Any]] = {}
        self._read()

    def _read(self) -> None:
        path = self.out / NAME
        if path.exists():
            try:
                raw = json.loads(path.read_text(encoding="utf-8"))
                known = raw["format"] == FORMAT
                self.entries = {item["page"]: item for item in raw["reports"]} if known else {}
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError(
                    f"{path}: not a manifest of this workbench ({type(error).__name__}: {error}). "
                    "Remove it to make all reports again."
                ) from None
        journal = self.out / JOURNAL
        for line in journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []:
            try:
                item = json.loads(line)
            except ValueError:
                continue  # the last line of a build that was cut short while it wrote
            self.entries[item["page"]] = item

    def add(self, entry: Mapping[str, Any]) -> None:
        """Record a report that ended."""
        self.entries[entry["page"]] = dict(entry)
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / JOURNAL).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def drop(self, keep: Iterable[str]) -> int:
        """Forget the reports whose page is gone, but those that this build made; say how many."""
        made, before = set(keep), len(self.entries)
        self.entries = {p: item for p, item in self.entries.items() if p in made or (self.out / p).is_file()}
        return before - len(self.entries)

    def document(self) -> dict[str, Any]:
        """Return the manifest as it is written."""
        reports = [self.entries[page] for page in sorted(self.entries)]
        return {
            "format": FORMAT,
            "generator": f"tikub-lab {__version__}",
            "built": datetime.now(UTC).isoformat(timespec="seconds"),
            "totals": {
                "reports": len(reports),
                "done": sum(item["status"] == "done" for item in reports),
                "failed": sum(item["status"] == "failed" for item in reports),
            },
            "reports": reports,
        }

    def write(self) -> dict[str, Any]:
        """Write ``build.json`` whole, and end the journal."""
        document = self.document()
        text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
        write_atomic(self.out / NAME, text.encode("utf-8"))
        (self.out / JOURNAL).unlink(missing_ok=True)
        return document
