"""A live page of two sections, for tests: each says what a file of JSON has under its name."""

import json
import sys
from functools import partial
from pathlib import Path

from tikub_lab import show
from tikub_lab.reports.live import LivePage, serve


def said(name: str, data: dict) -> None:
    """A paragraph, a list that opens, and a table that scrolls and takes the focus."""
    import pandas as pd

    show.sentence("{texte}", lead=True, texte=data[name])
    rows = pd.DataFrame({"nom": [f"{name} {number}" for number in range(30)], "valeur": range(30)})
    show.ranked(rows, f"Liste {name}", "nom", "valeur", text="Pourquoi.", rows=8)
    show.table(rows, f"Table {name}", rows=8)


def page(file: Path) -> LivePage:
    """Make the page of a file."""
    sections = {name: (f"Partie {name}", partial(said, name)) for name in ("premier", "second")}
    return LivePage(
        "Essai en direct",
        lambda: json.loads(file.read_text(encoding="utf-8")),
        lambda: file.stat().st_mtime_ns,
        sections,
    )


if __name__ == "__main__":
    serve(page(Path(sys.argv[1])), browser=False)
