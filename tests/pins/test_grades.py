"""Pins of how well methods find what was planted."""

import pytest

from tests.pins import books


@pytest.mark.proof
def test_grades_are_those_pinned():
    assert not books.moved("grades"), "`make pins` shows and stores the difference; a change of a pin has its reason"


@pytest.mark.proof
def test_grades_of_large_samples_are_those_pinned():
    assert not books.moved("proof"), "`make pins` shows and stores the difference; a change of a pin has its reason"
