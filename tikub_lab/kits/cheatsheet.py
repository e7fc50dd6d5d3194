"""``antiseche.html``: every function of ``show`` on two pages, its call and what it makes, by its own doctests."""

import ast
import builtins
import contextlib
import csv
import doctest
import inspect
import io
import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any, NamedTuple

from tikub_lab import show
from tikub_lab.kits import documents
from tikub_lab.reports import fragments, page
from tikub_lab.show.output import Shown


class Example(NamedTuple):
    """A function of ``show``: what it does, in French, what leads to its call, the call, and what that gives."""

    name: str
    does: str
    before: str
    call: str
    given: Any

    @property
    def picture(self) -> str:
        """Return what it shows as HTML, fit for a page; empty where it shows nothing."""
        if not isinstance(self.given, Shown):
            return ""
        html = self.given.html
        if self.given.kind == "figure":  # its source is whatever this process read
            html = re.sub(r'<details.*?</details>|<p class="src">.*?</p>', "", html)
        return fragments.clean(re.sub(r"(</?)h1>", r"\1strong>", html))


def cheatsheet() -> bytes:
    """Write the page: what shows something first, in the order of the package's own docstring."""
    made = sorted(examples(), key=lambda item: not item.picture)
    html = documents.fill("antiseche.html.j2", policy=page.POLICY, style=page.style(), examples=made).decode("utf-8")
    return fragments.typeset(html).encode("utf-8")


def examples() -> Iterator[Example]:
    """Run the doctest of each function, apart from what it may change of matplotlib."""
    import matplotlib

    rows = csv.reader(files("tikub_lab.kits").joinpath("texts/antiseche.csv").read_text("utf-8").splitlines())
    words = dict(rows)
    told = re.findall(r":func:`(\w+)`", show.__doc__ or "")
    functions = [name for name in show.__all__ if inspect.isfunction(getattr(show, name))]
    for name in sorted(functions, key=lambda name: told.index(name) if name in told else len(told)):
        with matplotlib.rc_context({"backend": "agg"}), contextlib.redirect_stdout(io.StringIO()):
            before, call, given = _run(name, inspect.unwrap(getattr(show, name)))
        yield Example(name, words.get(name, ""), before, call, given)


def _run(name: str, function: Callable[..., Any]) -> tuple[str, str, Any]:
    """Return the lines before the first call of a function in its doctest, the call as one types it, and its value."""
    names, calls = dict(function.__globals__), list[Any]()

    def noted(*args: Any, **kwargs: Any) -> Any:
        calls.append((args, function(*args, **kwargs)))
        return calls[-1][1]

    names[name] = noted
    before = list[str]()
    for example in doctest.DocTestParser().get_examples(inspect.getdoc(function) or ""):
        exec(compile(example.source, name, "exec"), names)
        if calls:
            found = (node for node in ast.walk(ast.parse(example.source)) if isinstance(node, ast.Call))
            node = next(node for node in found if isinstance(node.func, ast.Name) and node.func.id == name)
            used = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
            said = ast.get_source_segment(example.source, node) or ""
            if not used <= names.keys() | vars(builtins).keys():  # it stands in a loop of its own
                said = f"{name}({', '.join(map(repr, calls[0][0]))})"
            qualified = re.sub(rf"(?<![\w.])(?=(?:{'|'.join(show.__all__)})\()", "show.", _one_line(said))
            return "\n".join(before), qualified, calls[0][1]
        before.append(_one_line(example.source))
    return "", f"show.{name}()", None


def _one_line(source: str) -> str:
    return re.sub(r"\n\s*", " ", source.strip())
