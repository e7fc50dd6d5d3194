"""Files that a notebook offers (:func:`tikub_lab.show.file`), on their way from its outputs to beside the page."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

from tikub_lab.errors import RunError, UsageError
from tikub_lab.reports.run import Report
from tikub_lab.show.downloads import check, link_to
from tikub_lab.show.output import KIND

MOST = 20
"""Files of one report."""


@dataclass(frozen=True)
class Attached:
    """A file beside a page.

    Attributes
    ----------
    path : str
        Where it goes, relative to the folder of the build: the page's name, less ``.html``, then the file's own.
    label : str
        What its link says.
    content : bytes
    """

    path: str
    label: str
    content: bytes

    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        sha256 = hashlib.sha256(self.content).hexdigest()
        return {"path": self.path, "label": self.label, "bytes": len(self.content), "sha256": sha256}


def take(notebook: Any, report: Report) -> list[Attached]:
    """Take the files out of an executed notebook; a link to each stays in its place.

    Parameters
    ----------
    notebook : NotebookNode
        Changed: the content of the files is no longer in it, and a name offered twice is the last one's.
    report : Report
        Its page is where the links start from.

    Raises
    ------
    RunError
        More than :data:`MOST` files, or an output that only looks like one of ours.
    """
    found: dict[str, Attached] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            facts = output.get("metadata", {}).get(KIND, {})
            if facts.get("kind") == "file":
                name, label, content = _checked(facts)
                path = f"{report.page.removesuffix('.html')}.{name}"
                found[name] = Attached(path, label, content)
                del facts["content"]
                address = path.rsplit("/", 1)[-1]
                output["data"] = {"text/html": link_to(address, address, label, str(facts.get("about", "")))}
    if len(found) > MOST:
        raise RunError(f"The notebook offers {len(found)} files; at most {MOST} stand beside a page.")
    return list(found.values())


def _checked(facts: Any) -> tuple[str, str, bytes]:
    """Read the facts of a file again: a notebook may have written them without ``show.file``."""
    name, label = str(facts.get("name")), str(facts.get("label"))
    try:
        content = base64.b64decode(str(facts.get("content")), validate=True)
        check(name, content, label)
    except (binascii.Error, UsageError) as error:
        raise RunError(f"The notebook offers a file {name!r} that show.file would refuse: {error}") from None
    return name, label, content
