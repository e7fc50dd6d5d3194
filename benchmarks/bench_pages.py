"""Pages of all lycées against what they are made of: the stock computed once, and each page alone.

With an empty cache of results: one page, for which the stock is computed; the pages of 115 lycées; then, with these,
those of a few, one at a time. Whole commands are timed; what a command takes to start cancels out of a page's time.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tikub_lab import tables

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ("energy_lycee",)
AIM = 1.5


def seconds(notebook: str, folder: Path, cache: str, *options: str) -> float:
    """Run one command on fresh pages, and return what it took."""
    out = tempfile.mkdtemp(dir=folder)
    command = [sys.executable, "-m", "tikub_lab", "report", notebook, "--quiet", "--out", out, *options]
    start = time.perf_counter()
    subprocess.run(
        command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, env=os.environ | {"TIKUB_CACHE": str(folder / cache)}
    )
    return time.perf_counter() - start


def main() -> None:
    """Print each notebook's ratio; leave with 1 where one misses the aim."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", default=list(NOTEBOOKS))
    parser.add_argument("--few", type=int, default=10, help="lycées whose pages are made one at a time")
    given = parser.parse_args()
    lycees = sorted(tables.load("energy/sites")["code_uai"])
    missed = False
    with tempfile.TemporaryDirectory(prefix="tikub-bench-") as name:
        folder = Path(name)
        for notebook in given.notebooks:
            stock = seconds(notebook, folder, f"{notebook}-stock")
            pages = seconds(notebook, folder, f"{notebook}-each", "--each")
            one, more = (
                seconds(
                    notebook, folder, f"{notebook}-each", "--jobs", "1", "--each", f"uai={','.join(lycees[:count])}"
                )
                for count in (1, 1 + given.few)
            )
            alone = (more - one) / given.few
            ratio = pages / (stock + len(lycees) * alone)
            missed |= ratio > AIM
            print(
                f"pages: {notebook}: {len(lycees)} pages in {pages:.1f} s, {ratio:.2f} times (stock once {stock:.1f} s "
                f"+ {len(lycees)} × a page alone {alone:.2f} s); aim {AIM}",
                flush=True,
            )
    raise SystemExit(missed)


if __name__ == "__main__":
    main()
