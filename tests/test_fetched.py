"""What portals give, to the end: every notebook on fetched tables alone, and a kit made of them."""

import json
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.portal import Portal
from tests.tables.test_portals import DATASETS
from tests.test_cli import tikub

pytestmark = pytest.mark.proof
MISSING = re.compile(r"Il manque la table «\s[^»]+\s» \(<code>([a-z]+/[a-z_]+)</code>\), que tient (le |l’|la )")


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fetched")
    with Portal() as portal:
        ran = tikub("data", "fetch", "--all", "--into", folder / "data", cwd=ROOT, TIKUB_PORTAL=portal.url)
    assert ran.returncode == 0, ran.stderr
    return folder


def test_every_notebook_gives_its_page_or_says_which_table_is_missing(fetched):
    names = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    ran = tikub("report", *names, "--data", fetched / "data", "--out", fetched / "out", "--json", cwd=ROOT)
    reports = json.loads(ran.stdout)["reports"]
    assert len(reports) == len(names)
    done = [item["notebook"] for item in reports if item["status"] == "done"]
    assert {"procurement", "procurement_suppliers", "territory_catalog"} <= {*done}
    for item in reports:
        origins = {table["origin"] for table in item["tables"]} - {"absent"}
        assert origins <= {"portal"}, item["page"]
        if item["status"] == "failed":
            page = (fetched / "out" / item["page"]).read_text(encoding="utf-8")
            found = MISSING.search(page)
            assert found, (item["page"], item["reason"])
            name = found[1]
            assert name not in DATASETS
            assert f"tikub data template {name}" in page


def test_a_kit_of_fetched_tables_runs(fetched):
    made = tikub("kit", "procurement", "--data", fetched / "data", "--out", fetched / "kits", cwd=ROOT)
    assert made.returncode == 0, made.stderr
    (kit,) = (fetched / "kits").iterdir()
    assert {item["origin"] for item in json.loads((kit / "data" / "datapackage.json").read_text())["resources"]} == {
        "portal"
    }
    ran = subprocess.run(
        [sys.executable, "-m", "papermill", "demarrage.ipynb", "out.ipynb", "-k", "python3"],
        cwd=kit, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(kit), "HOME": str(fetched)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
