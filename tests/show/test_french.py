"""Numbers the French way: what is rounded, and what is never written."""

import pytest

from tikub_lab import show


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (-0.4, 0, "0"),  # never « −0 »
        (-0.6, 0, "−1"),
        (0.05, 1, "0,1"),
        (2.675, 2, "2,67"),  # what a computer holds is a little less
        (12_345.6, 0, "12 346"),
        (float("nan"), 1, "n. d."),
    ],
)
def test_numbers(value, digits, text):
    assert show.number(value, digits).replace("\u202f", " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 €"), (9_999, "9 999 €"), (9_999.6, "10 k€"), (10_000, "10 k€"), (123_456, "123 k€"), (999_960, "1 M€"),
        (-1_234_567, "−1,23 M€"), (2e9, "2 Md€"),
    ],
)  # fmt: skip
def test_euros(value, text):
    assert show.euros(value).replace("\u202f", " ") == text
