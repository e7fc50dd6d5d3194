"""`tikub check` on the pages of the sample: nothing is found. With --proof on all of them, and on the index."""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT, computed_once

QUICK = "datathon_days"  # the page that `make test` looks at


@pytest.mark.parametrize("names", [[QUICK], pytest.param([], marks=pytest.mark.proof, id="all")])
def test_our_pages_have_no_finding(tmp_path, names):
    def tikub(*words):
        command = [sys.executable, "-m", "tikub_lab", *map(str, words)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800)

    with computed_once():
        built = tikub("report", *names, "--out", tmp_path / "pages", "--quiet")
    assert built.returncode == 0, built.stderr
    ran = tikub("check", tmp_path / "pages", "--json", tmp_path / "said.json")
    said = json.loads((tmp_path / "said.json").read_text(encoding="utf-8"))
    assert said["findings"] == []
    assert ran.returncode == 0, ran.stderr
