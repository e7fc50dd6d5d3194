"""What a page costs: its elements, its bytes, and the EcoIndex score and grade they give.

The score and its quantile tables are those of the collective « Conception numérique responsable » (EcoIndex v5). The
figures of greenhouse gas and water that its tools add are not under a free licence, and are left out.
"""

import gzip
import re
from dataclasses import dataclass

import numpy as np

DOM = (0, 47, 75, 159, 233, 298, 358, 417, 476, 537, 603, 674, 753, 843, 949, 1076, 1237, 1459, 1801, 2479, 594601)
"""Quantiles of the number of elements of a page."""

REQUESTS = (0, 2, 15, 25, 34, 42, 49, 56, 63, 70, 78, 86, 95, 105, 117, 130, 147, 170, 205, 281, 3920)
"""Quantiles of the number of requests."""

SIZE = (
    0, 1.37, 144.7, 319.53, 479.46, 631.97, 783.38, 937.91, 1098.62, 1265.47, 1448.32, 1648.27, 1876.08, 2142.06,
    2465.37, 2866.31, 3401.59, 4155.73, 5400.08, 8037.54, 223212.26,
)  # fmt: skip
"""Quantiles of the bytes transferred, in kilobytes of 1,000."""

GRADES = (("A", 80), ("B", 70), ("C", 55), ("D", 40), ("E", 25), ("F", 10))
"""Each grade and the score that it must exceed; what exceeds none is G."""


@dataclass(frozen=True)
class Facts:
    """What a page costs: elements less those inside drawings, bytes on disk and as sent compressed, score, grade."""

    dom_nodes: int
    page_bytes: int
    transfer_bytes: int
    ecoindex: float
    grade: str


def score(dom_nodes: int, requests: int, kilobytes: float) -> float:
    """Return the EcoIndex score of a page, whose kilobytes are those transferred, in units of 1,000.

    Examples
    --------
    >>> score(300, 1, 144), score(400, 1, 250), score(150, 1, 100)
    (84.9, 80.2, 90.5)
    """
    measured = ((3, dom_nodes, DOM), (2, requests, REQUESTS), (1, kilobytes, SIZE))
    cost = sum(weight * float(np.interp(value, table, range(len(table)))) for weight, value, table in measured)
    return round(100 - 5 * cost / 6, 1)


def grade(score: float) -> str:
    """Return the grade of a score.

    Examples
    --------
    >>> grade(84.9), grade(80), grade(3)
    ('A', 'B', 'G')
    """
    return next((letter for letter, least in GRADES if score > least), "G")


_UNSEEN = re.compile(r"<!--.*?-->|<(style|script|title|textarea)\b[^>]*>.*?</\1>", re.S | re.I)
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*)(?:"[^"]*"|'[^']*'|[^>"'])*?(/?)>""")


def elements(html: str) -> int:
    """Count the elements of a page whose tags are all written out as a browser does, less what is inside a drawing.

    Examples
    --------
    >>> elements("<html><body><p>a<br>b</p><svg><g><path/></g></svg></body></html>")
    5
    """
    found, depth = 0, 0
    for end, name, empty in _TAG.findall(
        _UNSEEN.sub(lambda match: f"<{match[1]}></{match[1]}>" if match[1] else "", html)
    ):
        drawing = name.lower() == "svg"
        if end:
            depth -= drawing
        else:
            found += depth == 0
            depth += drawing and not empty
    return found


def count(html: str) -> Facts:
    """Measure a page that asks for nothing else: one request."""
    content = html.encode("utf-8")
    sent = len(gzip.compress(content, 6, mtime=0))
    nodes = elements(html)
    points = score(nodes, 1, sent / 1000)
    return Facts(nodes, len(content), sent, points, grade(points))
