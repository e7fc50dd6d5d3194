"""What becomes of each published file that today's readers read: read, kept, rejected and repaired, by reader and rule.

Of the tables that come of them, only counts, sums and hashes are kept (see :func:`tests.pins.values.masked`).
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.pins import grades
from tests.pins.values import masked, plain
from tikub_lab.errors import TikubError
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.use_cases import readers

TOGETHER = {
    "decp-2019": "procurement/decp-2019/*.zip",
    "decp-2024": "procurement/decp_tabular_*.csv",
    "examples 2019, JSON": "procurement/schema_2019_legacy/exemples_json_*",
    "examples 2019, XML": "procurement/schema_2019_legacy/exemples_xml_*",
    "examples 2022": "procurement/schema_2022/exemples/*",
    "tabular example": "procurement/table_schema/*valide.csv",
    "empty": "procurement/table_schema/fichier-vide.csv",
    "releases": "procurement/cardinal/*.jsonl",
    "CPV": "procurement/cpv/cpv_2008.csv",
    "meters": "energy/meters/*",
}
"""Files imported at once, each group into a data package of its own."""
ALONE = ("procurement/decp-2019/*.zip", "energy/meters/*.gz")
"""Files that others change: what each gives without them."""
REFUSED = ("procurement/**/*.xsd", "procurement/**/*.ods", "procurement/**/*.yml", "procurement/cpv/*_parent.csv",
           "procurement/schema_2019_legacy/marches.json")  # fmt: skip


def results(opendata: Path) -> Iterator[tuple[str, Any]]:
    for name, pattern in TOGETHER.items():
        paths = sorted(opendata.glob(pattern))
        with tempfile.TemporaryDirectory() as folder:
            yield name, _counts(paths, Path(folder))
            package = open_package(folder)
            yield f"{name}: tables", {table: masked(plain(package.load(table))) for table in sorted(package.resources)}
            if name == "meters":
                yield from grades.baselines(package.load)
    for pattern in (*ALONE, *REFUSED):
        for path in sorted(opendata.glob(pattern)):
            with tempfile.TemporaryDirectory() as folder:
                yield f"{path.name} alone", _counts([path], Path(folder))
    yield from grades.others(opendata)


def _counts(paths: list[Path], into: Path) -> Any:
    try:
        found = import_files(paths, into, readers(), schemas=ROOT / "data" / "schemas")
    except TikubError:
        return "refused"
    return {
        item.file: {
            "reader": item.reader,
            "read, kept, rejected": [item.read, item.kept, item.rejected],
            "rejects": dict(sorted(item.rejects_by_rule.items())),
            "repairs": dict(sorted(item.repairs_by_rule.items())),
        }
        for item in sorted(found, key=lambda item: item.file)
    }
