"""The outputs of a cell, collected as a Jupyter front end would collect them."""

from typing import Any

from nbformat import NotebookNode, from_dict

MAX_CHARACTERS = 4_000_000
"""More text than this from one report is a fault of the notebook, not something to read."""

MAX_BYTES = 64_000_000
"""Nor are rich outputs (images, HTML) of more than this in all."""


def valid(value: Any) -> Any:
    r"""Make the text in a value valid, so that it can be written: halves of a pair are joined, or give « � ».

    Examples
    --------
    >>> valid({"a": ["\ud83d\ude00", "\ud800", 1]})
    {'a': ['😀', '�', 1]}
    """
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return type(value)({valid(name): valid(item) for name, item in value.items()})
    return [valid(item) for item in value] if isinstance(value, list | tuple) else value


class OutputLimit(BaseException):
    """Raised in a notebook that prints or displays more than a report may; no ``except Exception`` catches it."""


def _node(output_type: str, **fields: Any) -> NotebookNode:
    """Make an output; nbformat's own maker validates each against its schema, for 2 ms, and papermill validates all."""
    return NotebookNode(output_type=output_type, **fields)


class Outputs:
    """Collects what the running cell prints, displays and raises.

    Notes
    -----
    The rules are those of the Jupyter messaging protocol: pieces of one stream are merged, ``clear_output(wait=True)``
    clears when the next output comes, and ``update_display`` replaces every output with that display id.
    """

    def __init__(self) -> None:
        self.cell: list[Any] = []
        self._clear_on_next = False
        self._by_id: dict[str, list[Any]] = {}
        self._characters = 0
        self._bytes = 0

    def start(self) -> list[Any]:
        """Begin a cell; return the list that its outputs will be in."""
        self.cell = []
        self._clear_on_next = False
        return self.cell

    def _add(self, output: Any) -> None:
        if self._clear_on_next:
            self.clear()
        self.cell.append(output)

    def clear(self, wait: bool = False) -> None:
        """Clear the cell's outputs, at once or when the next one comes."""
        self._clear_on_next = wait
        if not wait:
            self.cell.clear()

    def stream(self, name: str, text: str) -> None:
        """Add text to ``stdout`` or ``stderr``."""
        if not text:
            return
        self._characters += len(text)
        if self._characters > MAX_CHARACTERS:
            raise OutputLimit(f"the notebook printed more than {MAX_CHARACTERS:,} characters")
        if self._clear_on_next:
            self.clear()
        if self.cell and self.cell[-1].output_type == "stream" and self.cell[-1].name == name:
            self.cell[-1].text += text
        else:
            self.cell.append(_node("stream", name=name, text=text))

    def _weigh(self, data: dict[str, Any]) -> None:
        self._bytes += sum(len(str(value)) for value in data.values())
        if self._bytes > MAX_BYTES:
            raise OutputLimit(f"the notebook displayed more than {MAX_BYTES:,} bytes")

    def display(self, data: dict[str, Any], metadata: dict[str, Any], display_id: str | None, update: bool) -> None:
        """Add a display, or replace the earlier ones of the same id."""
        self._weigh(data)
        if update and display_id:
            for output in self._by_id.get(display_id, []):
                output["data"], output["metadata"] = data, metadata
            return
        output = _node("display_data", data=NotebookNode(data), metadata=from_dict(metadata))
        if display_id:
            self._by_id.setdefault(display_id, []).append(output)
        self._add(output)

    def result(self, data: dict[str, Any], metadata: dict[str, Any], count: int) -> None:
        """Add the value of a cell's last expression."""
        self._weigh(data)
        result = _node("execute_result", data=NotebookNode(data), metadata=from_dict(metadata), execution_count=count)
        self._add(result)

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """Add the error that ended the cell."""
        self._add(_node("error", ename=name, evalue=value, traceback=traceback))
