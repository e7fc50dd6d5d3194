"""Progress of a build: a bar on a terminal, plain lines elsewhere, nothing when asked to be quiet."""

import sys
from typing import Any


class Progress:
    """Shows how far a build of ``total`` reports is, on standard error."""

    def __init__(self, total: int, quiet: bool = False):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        self.total, self.quiet = total, quiet
        self.done = self.failed = self.skipped = 0
        self.live = console.is_terminal and not quiet
        self.bar = Bar(
            TextColumn("Reports"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"),
            TextColumn("left"), TimeRemainingColumn(), console=console, disable=not self.live,
        )  # fmt: skip
        self.task = self.bar.add_task(self._counts(), total=total)

    def __enter__(self) -> "Progress":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def _counts(self) -> str:
        return f"{self.done} done, {self.failed} failed, {self.skipped} skipped"

    def tell(self, entry: dict[str, Any]) -> None:
        state = "skipped" if entry.get("skipped") else entry["status"]
        setattr(self, state, getattr(self, state) + 1)
        self.bar.update(self.task, advance=1, description=self._counts())
        if self.live or self.quiet:
            return
        number = self.done + self.failed + self.skipped
        where = f"cell {entry['cell']}: " if entry["cell"] else ""
        more = f": {where}{entry['reason']}" if state == "failed" else ""
        print(f"[{number}/{self.total}] {state:7} {entry['page']} {entry['seconds']:.2f} s{more}", file=sys.stderr)

    def summary(self) -> str:
        return f"{self._counts()}, of {self.total} reports"
