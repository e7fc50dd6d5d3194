"""Pages in a Chromium that reaches nobody: what axe-core, a narrow screen, dark colours and paper make of them."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tikub_lab.reports.private import line

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""The rules asked for: WCAG 2.0 to 2.2, A and AA, and what axe recommends besides."""

SCHEMES = {"light": TAGS, "dark": ["color-contrast"]}  # colours change nothing else
WIDTHS = (320, 1280)
"""CSS pixels; 320 is where WCAG 1.4.10 wants no scrolling in two directions."""

PAPER = 673  # CSS pixels between the margins of an A4 page
FLAGS = [
    "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]  # fmt: skip
PATIENCE = 20_000  # milliseconds that a page has for each step: one that loops is given up

_FACTS = """async ([rules, spacing]) => {
  for (const node of document.querySelectorAll("details")) node.open = true;
  const root = document.documentElement, wide = () => root.scrollWidth - root.clientWidth;
  const nodes = document.querySelectorAll("*").length - document.querySelectorAll("svg *").length;
  const found = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  const why = (node) => [...node.any, ...node.all, ...node.none].map((check) => check.message).join(" ; ");
  const violations = found.violations.map(
    (rule) => [rule.id, rule.help, rule.nodes.map((node) => `${node.html.slice(0, 100)} : ${why(node)}`)]);
  const overflow = wide(), sheet = document.head.appendChild(document.createElement("style"));
  sheet.textContent = spacing;
  const spaced = wide();
  sheet.remove();
  return { nodes, violations, passes: found.passes.length, overflow, spaced };
}"""
_SPACING = (  # the text spacing that a page must bear (WCAG 1.4.12)
    "*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}"
    "p{margin-bottom:2em!important}"
)


@dataclass
class Look:
    """What was seen of a page: a view for each width and scheme, addresses asked for, pixels beyond the sheet."""

    views: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    beyond_paper: int = 0
    failed: str = ""  # why it was given up, in French


def axe_source() -> str:
    """Return the source of axe-core, in French where that is beside it; nothing where it is not.

    ``TIKUB_AXE`` names the file, or the folder that npm installed into.
    """
    place = Path(os.environ.get("TIKUB_AXE", ""))
    roots = [place, place / "node_modules/axe-core", Path(__file__).resolve().parents[2] / "node_modules/axe-core"]
    files = [place] if place.is_file() else [root / "axe.min.js" for root in roots]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        return ""
    french = file.parent / "locales/fr.json"
    locale = f";axe.configure({{locale:{french.read_text(encoding='utf-8')}}})" if french.is_file() else ""
    return file.read_text(encoding="utf-8") + locale


def chromium() -> str:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


def lacking(axe: bool = True) -> str:
    """Say, in French, what a look at pages lacks here; nothing where nothing does."""
    if find_spec("playwright") is None:
        return "Playwright n’est pas installé (pip install 'tikub-lab[check]')"
    if not chromium():
        return "Chromium n’est pas installé"
    return "" if axe_source() or not axe else "axe-core n’est pas là (npm install axe-core, puis TIKUB_AXE=son dossier)"


@contextmanager
def opened(trusted: bool = False) -> Iterator[Any]:
    """Open a browser. Its own sandbox holds pages that came from elsewhere; root has none, which Chromium refuses."""
    from playwright.sync_api import sync_playwright

    bare = trusted or getattr(os, "geteuid", lambda: 1)() == 0
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium(), chromium_sandbox=not bare, args=FLAGS, timeout=3 * PATIENCE
        )
        yield browser
        browser.close()


def look(browser: Any, file: Path, root: Path, schemes: Mapping[str, Sequence[str]] = SCHEMES) -> Look:
    """Look at a page that may have files of a folder, and nothing else."""
    seen = Look()

    def through(route: Any) -> None:
        if route.request.url.startswith(root.resolve().as_uri() + "/"):
            route.continue_()
        else:
            seen.asked.append(route.request.url)
            route.abort()

    from playwright.sync_api import Error

    context = browser.new_context(bypass_csp=True, service_workers="block", locale="fr-FR", accept_downloads=False)
    context.set_default_timeout(PATIENCE)
    context.route("**/*", through)
    try:
        tab = context.new_page()
        tab.on("websocket", lambda socket: seen.asked.append(socket.url))
        tab.on("dialog", lambda dialog: dialog.dismiss())
        tab.goto(file.resolve().as_uri())
        tab.evaluate(axe_source())
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": 900})
            for scheme, rules in schemes.items():
                tab.emulate_media(color_scheme=scheme)
                # Not `evaluate`, which waits for ever where a page loops.
                facts = tab.wait_for_function(_FACTS, arg=[list(rules), _SPACING]).json_value()
                seen.views.append({"width": width, "dark": scheme == "dark", **facts})
        tab.emulate_media(media="print", color_scheme="light")
        tab.set_viewport_size({"width": PAPER, "height": 900})
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        seen.beyond_paper = tab.wait_for_function(f"() => ({{wide: {wide}}})").json_value()["wide"]
    except Error as error:
        seen.failed = line(f"la page ne répond pas : {error}", 200)
    finally:
        context.close()
    return seen
