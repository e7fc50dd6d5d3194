"""The outputs of a cell: what a build has notebooks show, collected as by a Jupyter front end.

As an IPython extension this module has a table shown as ``show.table`` would, and a matplotlib figure as a drawing.
"""

from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode, from_dict

from tikub_lab.show.output import KIND

MAX_CHARACTERS, MAX_BYTES = 4_000_000, 64_000_000
"""Of the text of one report, and of its rich outputs: more is a fault of the notebook."""

KERNEL = [f"--IPKernelApp.extensions={__name__}"]
"""What a kernel is started with, to show tables and figures as the shell of a build does."""

COLUMNS, LONGEST = 30, 200  # of a table that a cell displays, and characters of a value

HEAVIEST = 500_000  # characters of a drawing: a figure of more points is shown as a picture


def valid(value: Any) -> Any:
    r"""Make the text in a value valid, so that it can be written: halves of a pair are joined, or give « � ».

    >>> valid({"a": ["\ud83d\ude00", "\ud800", 1]})
    {'a': ['😀', '�', 1]}
    """
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return type(value)({valid(name): valid(item) for name, item in value.items()})
    return [valid(item) for item in value] if isinstance(value, list | tuple) else value


def facts(output: Any) -> dict[str, Any]:
    """Return what ``tikub_lab.show`` said of an output; nothing of other outputs."""
    found = output.get("metadata", {}).get(KIND)
    return found if isinstance(found, dict) else {}


def numbered(notebook: Any) -> Iterator[tuple[int, Any]]:
    """Yield executed cells with their number in the notebook itself: papermill adds one."""
    number = 0
    for cell in notebook.cells:
        number += "injected-parameters" not in cell.metadata.get("tags", [])
        yield number, cell


def shown(notebook: Any) -> Iterator[tuple[int, Any, dict[str, Any]]]:
    """Yield the outputs of an executed notebook: number of the cell, output, :func:`facts`."""
    for number, cell in numbered(notebook) if notebook is not None else ():
        yield from ((number, output, facts(output)) for output in cell.get("outputs", []))


def short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def load_ipython_extension(shell: Any) -> None:
    """Set up how a notebook of a build shows what other libraries make."""
    shell.config.InlineBackend.figure_formats = set()
    shell.display_formatter.formatters["text/html"].for_type_by_name("pandas", "DataFrame", frame_html)
    shell.display_formatter.mimebundle_formatter.for_type_by_name("matplotlib.figure", "Figure", _drawn)


def frame_html(frame: Any) -> str | None:
    """Return a table as ``show.table`` writes it, less the caption, which only its author knows."""
    import pandas as pd

    from tikub_lab.show import french, pieces

    levels = range(frame.index.nlevels)
    index = [] if isinstance(frame.index, pd.RangeIndex) else [frame.index.get_level_values(level) for level in levels]
    parts = [*index, *(frame.iloc[:, place] for place in range(min(frame.shape[1], COLUMNS)))]
    if not parts:
        return None
    names = [", ".join(map(str, part.name)) if isinstance(part.name, tuple) else part.name for part in parts]
    headings = {str(place): "" if name is None else str(name) for place, name in enumerate(names)}
    flat = pd.DataFrame({str(place): part.array for place, part in enumerate(parts)})
    texts = flat.select_dtypes(exclude=["number", "datetime"])
    written = dict.fromkeys(map(str, texts), lambda value: short(pieces.cell(value), LONGEST))
    html = pieces.table(flat, "Tableau", headings, written, rows=50).html.replace(
        "<caption>", '<caption class="untitled">', 1
    )
    left = frame.shape[1] - COLUMNS
    said = french.plural(left, "autre colonne", "autres colonnes") + " hors de ce tableau."
    return html + (f"<p><small>{said}</small></p>" if left > 0 else "")


def _drawn(figure: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a figure as a drawing with its words as text, or as a picture where that is lighter."""
    from IPython.core.pylabtools import print_figure
    from matplotlib import rc_context

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": KIND}):
        drawing = print_figure(figure, "svg", metadata={"Date": None})
    if not drawing or len(drawing) <= HEAVIEST:
        return {"image/svg+xml": drawing} if drawing else {}, {}
    return {"image/png": print_figure(figure, "png", base64=True)}, {}


class OutputLimit(BaseException):
    """More was printed or displayed than a report may; no ``except Exception`` catches it."""


class Outputs:
    """Collects what a cell prints, displays and raises, by Jupyter's messaging protocol."""

    def __init__(self) -> None:
        self.cell: list[Any] = []
        self._clear_on_next = False
        self._by_id: dict[str, list[Any]] = {}
        self._characters = self._bytes = 0

    def start(self) -> list[Any]:
        """Begin a cell; return the list that its outputs will be in."""
        self.cell, self._clear_on_next = [], False
        return self.cell

    def clear(self, wait: bool = False) -> None:
        """Clear the cell's outputs, at once or when the next one comes."""
        self._clear_on_next = wait
        if not wait:
            self.cell.clear()

    def add(self, output_type: str, **fields: Any) -> Any:
        """Add an output; nbformat's own maker takes 2 ms to validate each, and papermill validates all."""
        if self._clear_on_next:
            self.clear()
        self.cell.append(output := NotebookNode(output_type=output_type, **fields))
        return output

    def stream(self, name: str, text: str) -> None:
        self._characters += len(text)
        if self._characters > MAX_CHARACTERS:
            raise OutputLimit(f"the notebook printed more than {MAX_CHARACTERS:,} characters")
        last: Any = self.cell[-1] if self.cell and not self._clear_on_next else {}
        if last.get("output_type") == "stream" and last.name == name:
            last.text += text
        elif text:
            self.add("stream", name=name, text=text)

    def display(self, data: Any, metadata: Any, name: Any = None, update: bool = False, **count: int) -> None:
        """Add a display, or a value with its ``execution_count``, or replace those of a name."""
        self._bytes += sum(len(str(value)) for value in data.values())
        if self._bytes > MAX_BYTES:
            raise OutputLimit(f"the notebook displayed more than {MAX_BYTES:,} bytes")
        if update and name:
            for output in self._by_id.get(name, []):
                output["data"], output["metadata"] = data, metadata
            return
        kind = "execute_result" if count else "display_data"
        output = self.add(kind, data=NotebookNode(data), metadata=from_dict(metadata), **count)
        if name:
            self._by_id.setdefault(name, []).append(output)
