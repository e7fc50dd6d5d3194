"""EcoIndex: the published quantiles and grades, and elements counted as a browser counts."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab.reports import ecoindex, index


@pytest.mark.parametrize(
    ("nodes", "requests", "kilobytes", "points", "letter"),
    [
        (300, 1, 144, 84.9, "A"),
        (400, 1, 250, 80.2, "A"),
        (150, 1, 100, 90.5, "A"),
        (0, 0, 0, 100.0, "A"),
        (693, 78, 2420, 43.7, "D"),  # the medians of the web pages measured
        (600_000, 4_000, 300_000, 0.0, "G"),
    ],
)
def test_worked_values(nodes, requests, kilobytes, points, letter):
    assert ecoindex.score(nodes, requests, kilobytes) == points
    assert ecoindex.grade(points) == letter


@pytest.mark.parametrize(
    ("points", "letter"), [(80.1, "A"), (80, "B"), (70, "C"), (55, "D"), (40, "E"), (25, "F"), (10, "G"), (0, "G")]
)
def test_a_grade_must_be_exceeded(points, letter):
    assert ecoindex.grade(points) == letter


@given(st.integers(0, 10**6), st.integers(0, 5000), st.floats(0, 10**6), st.integers(1, 50))
def test_more_never_scores_better(nodes, requests, kilobytes, more):
    score = ecoindex.score(nodes, requests, kilobytes)
    assert 0 <= score <= 100
    assert ecoindex.score(nodes + more, requests, kilobytes) <= score
    assert ecoindex.score(nodes, requests + more, kilobytes) <= score
    assert ecoindex.score(nodes, requests, kilobytes + more) <= score


@pytest.mark.parametrize(
    ("html", "elements"),
    [
        ("<p>a<br>b</p>", 2),
        ("<p title='a > b' class=\"<p>\">x</p>", 1),
        ("<svg><g><svg><path/></svg></g></svg><p></p>", 2),
        ("<svg/><p></p>", 2),
        ("<!-- <p></p> --><style>a>b{}</style><script>'<p>'</script><title><p></title>", 3),
        ("a < b && c > d", 0),
        ("<P><IMG SRC=x/></P>", 2),
    ],
)
def test_elements(html, elements):
    assert ecoindex.elements(html) == elements


def test_facts_of_a_page():
    html = index.render([])
    facts = ecoindex.count(html)
    assert facts["page_bytes"] == len(html.encode())
    assert facts["page_transfer_bytes"] == len(gzip.compress(html.encode(), 6, mtime=0)) < facts["page_bytes"]
    # html, head, 4 meta, title, style, body, skip link, header, div, a, main, h1, p, footer, div, div, p, b, a
    assert facts["dom_nodes"] == 22
    assert facts["ecoindex"] == ecoindex.score(22, 1, facts["page_transfer_bytes"] / 1000)
    assert facts["ecoindex_grade"] == "A"
