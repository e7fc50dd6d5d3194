"""`tikub check` on the pages of the sample: nothing is found. With --proof on all of them, and on the index."""

import json

import pytest

from tests.conftest import computed_once

QUICK = "datathon_days"


@pytest.mark.parametrize(
    "names", [pytest.param([QUICK], marks=pytest.mark.ci), pytest.param([], marks=pytest.mark.proof, id="all")]
)
def test_our_pages_have_no_finding(tmp_path, tikub_here, names):
    with computed_once():
        built = tikub_here("report", *names, "--out", tmp_path / "pages", "--quiet")
    assert built.returncode == 0, built.stderr
    ran = tikub_here("check", tmp_path / "pages", "--json", tmp_path / "said.json")
    said = json.loads((tmp_path / "said.json").read_text(encoding="utf-8"))
    assert said["findings"] == []
    assert ran.returncode == 0, ran.stderr
