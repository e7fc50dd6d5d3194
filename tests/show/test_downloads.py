"""Files that a notebook offers."""

import base64
import re

import pytest

from tikub_lab.errors import UsageError
from tikub_lab.show.downloads import LARGEST, file


def test_the_notebook_itself_hands_the_file_over():
    shown = file("echeances.csv", "objet;fin\nÉté;2026-07-01\n", "Les <échéances>")
    address = re.search(r'href="data:text/csv;base64,([\w+/=]+)" download="echeances.csv"', shown.html)
    assert base64.b64decode(address[1]).decode() == "objet;fin\nÉté;2026-07-01\n"
    assert "Les &lt;échéances&gt;" in shown.html
    assert shown.facts["name"] == "echeances.csv"


@pytest.mark.parametrize(
    "name",
    ["page.html", "run.svg", "../a.csv", "a/b.csv", "A.csv", "a b.csv", "csv", ".csv", "a.b.csv", f"{'a' * 60}.csv"],
)
def test_a_name_that_will_not_do(name):
    with pytest.raises(UsageError, match=r"such as 'echeances\.ics'"):
        file(name, "", "Un fichier")


def test_too_large_or_without_label():
    with pytest.raises(UsageError, match="at most 2,000,000 are allowed"):
        file("a.csv", b"x" * (LARGEST + 1), "Un fichier")
    with pytest.raises(UsageError, match="needs a label"):
        file("a.csv", b"x", " ")
