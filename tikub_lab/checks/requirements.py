"""Whether what a folder requires can be installed: asked of pip, outside the walls, which builds and runs nothing."""

import re
import subprocess
import sys
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement

from tikub_lab.checks.findings import Finding, Said, Subject, Unchecked
from tikub_lab.reports.private import line

NAME = "requirements.txt"
OFFLINE = re.compile(r"NewConnectionError|Failed to establish|name resolution|ProxyError|timed out|SSLError|HTTP error")
SECONDS = 120


def check(subject: Subject) -> Iterator[Said]:
    """Ask for what the folder's own list says; that of a kit as it was handed out was tried by who made it."""
    path = subject.root / NAME
    if path not in subject.own("text"):
        return
    text = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8", errors="replace"))
    wanted = []
    for said in filter(None, (re.sub(r"(^|\s)#.*|\s--hash=\S+", "", item).strip() for item in text.splitlines())):
        try:
            if said != "--require-hashes":
                wanted.append(Requirement(said))
        except InvalidRequirement:  # an option, an address, a folder: pip is not handed what could lead it elsewhere
            yield Finding("foreign_requirement", NAME, line=line(said, 100))
    for item in [item for item in wanted if item.url]:
        yield Finding("foreign_requirement", NAME, line=line(str(item), 100))
    if names := [str(item) for item in wanted if not item.url]:
        yield from _resolved(subject, names)


def _resolved(subject: Subject, names: list[str]) -> Iterator[Said]:
    (listed := subject.scratch / NAME).write_text("\n".join(names), encoding="utf-8")
    wheels = subject.root / "wheels"
    source = ["--no-index", "--find-links", str(wheels)] if wheels.is_dir() and not wheels.is_symlink() else []
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--only-binary=:all:",
               "--no-input", "-vv", "--disable-pip-version-check", "--retries=0", "--timeout=10", "-r"]  # fmt: skip
    try:
        ran = subprocess.run(
            [*command, str(listed), *source], cwd=listed.parent, stdin=subprocess.DEVNULL, capture_output=True,
            encoding="utf-8", errors="replace", timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        yield Unchecked("Paquets requis", f"pip n’a pas répondu en {SECONDS} s")
        return
    if ran.returncode and not source and OFFLINE.search(ran.stdout + ran.stderr):
        yield Unchecked("Paquets requis", "le registre des paquets ne répond pas, et il n’y a pas de dossier wheels/")
    elif ran.returncode:
        errors = re.findall(r"^ERROR: (.+)", ran.stderr, flags=re.M) or ran.stderr.splitlines()[-1:] or ["pip échoue"]
        yield Finding("unresolved", NAME, reason=line(errors[-1], 200))
