"""What a page costs: its elements, its bytes, and the EcoIndex score and grade they give.

The score and its quantile tables are those of the collective « Conception numérique responsable » (EcoIndex v5). The
figures of greenhouse gas and water that its tools add are not under a free licence, and are left out.
"""

import gzip
import re
import tomllib
from typing import Any

import numpy as np

from tikub_lab.reports.files import shipped

_TABLES = tomllib.loads(shipped("ecoindex.toml"))


def score(dom_nodes: int, requests: int, kilobytes: float) -> float:
    """Return the EcoIndex score of a page, whose kilobytes are those transferred, in units of 1,000.

    >>> score(300, 1, 144), score(400, 1, 250), score(150, 1, 100)
    (84.9, 80.2, 90.5)
    """
    cost = 0.0
    for name, value in (("dom_nodes", dom_nodes), ("requests", requests), ("kilobytes", kilobytes)):
        quantiles = _TABLES[name]["quantiles"]
        cost += _TABLES[name]["weight"] * float(np.interp(value, quantiles, range(len(quantiles))))
    return round(100 - 5 * cost / 6, 1)


def grade(score: float) -> str:
    """Return the grade of a score.

    >>> grade(84.9), grade(80), grade(3)
    ('A', 'B', 'G')
    """
    return next((letter for letter, least in _TABLES["grades"].items() if score > least), "G")


_UNSEEN = re.compile(r"<!--.*?-->|<(style|script|title|textarea)\b[^>]*>.*?</\1>", re.S | re.I)
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*)(?:"[^"]*"|'[^']*'|[^>"'])*?(/?)>""")


def elements(html: str) -> int:
    """Count the elements of a page whose tags are all written out as a browser does, less what is inside a drawing.

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


def count(html: str) -> dict[str, Any]:
    """Measure a page that asks for nothing else, one request, as the manifest says it."""
    content = html.encode("utf-8")
    sent, nodes = len(gzip.compress(content, 6, mtime=0)), elements(html)
    facts = {"page_bytes": len(content), "page_transfer_bytes": sent, "dom_nodes": nodes}
    return facts | {"ecoindex": (points := score(nodes, 1, sent / 1000)), "ecoindex_grade": grade(points)}
