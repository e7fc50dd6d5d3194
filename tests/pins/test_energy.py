"""Pins of energy on the shipped sample."""

import pytest

from tests.pins import books
from tests.pins.names import unpinned
from tikub_lab import energy


def test_every_public_name_has_a_pin():
    assert not unpinned(energy, "energy")


@pytest.mark.proof
def test_results_and_pages_are_those_pinned():
    assert not books.moved("energy"), "`make pins` shows and stores the difference; a change of a pin has its reason"
