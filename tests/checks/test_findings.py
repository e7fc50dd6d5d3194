"""The core: no finding is lost, every kind has its texts, values that lack are seen where the finding is made."""

import string
from pathlib import Path

import pytest

from tikub_lab.checks.findings import CRITERIA, Finding, Measure, Subject, Unchecked, collect, kinds


def test_every_kind_has_a_criterion_and_its_texts():
    for kind in kinds().values():
        assert kind.criterion in CRITERIA
        assert all([kind.title, kind.why, kind.how])
        values = {name for text in kind for _, name, _, _ in string.Formatter().parse(text) if name}
        Finding(kind.kind, "ici", **dict.fromkeys(values, "x"))


def test_a_finding_says_what_it_lacks_where_it_is_made():
    with pytest.raises(KeyError):
        Finding("cell_fails", "a.ipynb", cell=3)
    with pytest.raises(KeyError):
        Finding("nothing_of_the_kind", "a.ipynb")


def test_a_check_that_breaks_loses_nothing():
    def breaks(subject):
        yield Finding("link", "a")
        raise ValueError("autre\nligne")

    def goes_on(subject):
        yield Measure("a", "Taille", 1.0, "Mo")
        yield Finding("link", "a")

    said, through = collect([("premier", breaks), ("second", goes_on)], Subject(Path(), "folder", {}))
    broken = Unchecked("premier", "ce contrôle s’est arrêté : ValueError: autre ligne")
    assert said == [Finding("link", "a"), broken, Measure("a", "Taille", 1.0, "Mo")]
    assert through == ["second"]
