"""Files that a notebook offers (:func:`tikub_lab.show.file`), on their way to beside the page."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from tikub_lab.errors import PageError, UsageError
from tikub_lab.reports.outputs import shown
from tikub_lab.reports.run import Report
from tikub_lab.show.downloads import check, link_to

MOST = 20  # files of one report


@dataclass(frozen=True)
class Attached:
    """A file beside a page: its place in the build, what its link says, what is in it."""

    path: str
    label: str
    content: bytes

    def facts(self) -> dict[str, Any]:
        sha256 = hashlib.sha256(self.content).hexdigest()
        return {"path": self.path, "label": self.label, "bytes": len(self.content), "sha256": sha256}


def take(notebook: Any, report: Report) -> list[Attached]:
    """Take the files out of an executed notebook, the last of each name; links stay."""
    found: dict[str, Attached] = {}
    for number, output, said in shown(notebook):
        if said.get("kind") == "file":
            name, label = str(said.get("name")), str(said.get("label"))
            try:
                content = base64.b64decode(str(said.pop("content", "")), validate=True)
                check(name, content, label)  # a notebook may have written it without show.file
            except (ValueError, UsageError) as error:
                reason = f"The notebook offers a file {name!r} that show.file would refuse: {error}"
                raise PageError(reason, number) from None
            path = f"{report.page.removesuffix('.html')}.{name}"
            found[name] = Attached(path, label, content)
            address = path.rsplit("/", 1)[-1]
            output["data"] = {"text/html": link_to(address, address, label, str(said.get("about", "")))}
        if len(found) > MOST:
            raise PageError(f"The notebook offers {len(found)} files; at most {MOST} stand beside a page.", number)
    return list(found.values())
