"""Who publishes the pages, from the optional ``workbench.toml`` at the root of a workbench."""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

from tikub_lab.errors import UsageError, nearest


class Publisher(NamedTuple):
    """What a page says of who answers for it; ``site`` is what all the pages together are called."""

    name: str = ""
    contact: str = ""
    site: str = "Les rapports du Ti Lab"

    @property
    def link(self) -> str:
        """Return where the contact leads, if it is an e-mail or a web address."""
        is_mail = re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", self.contact)
        return f"mailto:{self.contact}" if is_mail else self.contact if self.contact.startswith("https://") else ""


NOBODY = Publisher()


def read(home: Path) -> Publisher:
    """Read ``workbench.toml``; without it, pages name :data:`NOBODY`."""
    path = home / "workbench.toml"
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8")).get("publisher", {}) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: not readable as TOML ({error}). Correct it or remove it.") from None
    fields = Publisher._fields
    for name, value in said.items() if isinstance(said, dict) else [("publisher", said)]:
        if name not in fields or not isinstance(value, str):
            allowed = f"{', '.join(fields)}, each a text"
            raise UsageError(f"{path}: [publisher] has {name} = {value!r}.{nearest(name, fields)} Allowed: {allowed}.")
    return Publisher(**{name: " ".join(value.split()) for name, value in said.items()})
