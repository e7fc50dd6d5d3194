"""Every notebook in a real JupyterLab, as an analyst has it: run whole, measured in light and in dark, edited.

One JupyterLab, one browser for all. Needs Chromium and Playwright for Python, which brings no browser of its own here.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import ROOT

QUICK = "staffing_lycee"  # a small one, with a chart and tables: the one that `make test` opens too
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
TOGETHER = 2  # notebooks that run at a time
TIMEOUT = 360_000  # milliseconds, for all runs
# Made in the parameters cell before the run: the best plan may be sought for seconds instead of a minute.
BEFORE = {"energy_works": [("temps: float = 60.0", "temps: float = 3.0")]}
SETTINGS = {
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
    "notebook-extension/tracker": '{"windowingMode": "none"}',  # cells out of sight are drawn too
}
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # nothing but the loopback
]


class Edits(NamedTuple):
    """What an analyst does with a notebook: each a text of a cell and what it becomes."""

    parameter: tuple[str, str]
    column: tuple[str, str]
    plot: str  # a cell of her own
    wrong: tuple[str, str]  # after `column`: a column that is not there


EDITS = {
    "energy": Edits(
        ("annee: int | None = None", "annee: int | None = 2022"),
        ('["normal_m2", "mesure_m2"]', '["mesure_m2"]'),
        'used.groupby(["annee", "energie"])["kwh"].sum().unstack().plot.area()',
        ('["mesure_m2"]', '["mesure_m3"]'),
    ),
    "energy_performance": Edits(
        ("annee: int | None = None", "annee: int | None = 2022"),
        ('"valeur", "code_uai", unit=', '"kwh_m2_ajuste", "code_uai", unit='),
        'show.figure(known["valeur"].plot.hist(bins=20), "Les lycées, par m²", alt="Un histogramme.")',
        ('"kwh_m2_ajuste", "code_uai"', '"kwh_m2_ajusté", "code_uai"'),
    ),
    "procurement_suppliers": Edits(
        ("famille: str | None = None", 'famille: str | None = "45"'),
        ('"nombre", "lieu",', '"montant", "lieu",'),
        'places.plot.barh(x="lieu", y="montant")',
        ('"montant", "lieu",', '"montants", "lieu",'),
    ),
}


def serve(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start JupyterLab on copies of the notebooks, with no settings but ours; give it and its address."""
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name, text in SETTINGS.items():
        file = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_urlsafe()
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
        "TIKUB_CACHE": "cache",
    }
    environment = {**os.environ, **{name: str(folder / value) for name, value in own.items()}}
    environment |= {"JUPYTER_TOKEN": token, "TIKUB_HOME": str(ROOT), "PYTHONPATH": str(ROOT), "TZ": "Europe/Paris"}
    options = ["--no-browser", "--allow-root", "--expose-app-in-browser", "--ip=127.0.0.1", f"--port={port}"]
    options += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder / 'notebooks'}"]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options],
        env=environment,
        stdout=(folder / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return server, f"{address}/lab?token={token}"
        except OSError:
            assert server.poll() is None, (folder / "log").read_text(encoding="utf-8")
            time.sleep(0.1)
    server.terminate()
    pytest.fail("JupyterLab did not start:\n" + (folder / "log").read_text(encoding="utf-8"))


class Lab:
    """JupyterLab in a browser, by the functions of lab.js."""

    def __init__(self, page: Any):
        self.page = page

    def __getattr__(self, name: str) -> Any:
        return lambda *values: self.page.evaluate(f"values => lab.{name}(...values)", list(values))

    def run(self, names: list[str]) -> dict[str, float]:
        """Open notebooks and run them whole; give the seconds of each."""
        before = {file(name): edits for name, edits in BEFORE.items()}
        self.start([file(name) for name in names], TOGETHER, before, [file(name) for name in EDITS])
        self.page.wait_for_function("() => { if (lab.fault) throw lab.fault; return lab.seconds; }", timeout=TIMEOUT)
        return self.page.evaluate("lab.seconds")


def file(name: str) -> str:
    return f"{name}.ipynb"


@pytest.fixture(scope="module")
def lab(request, tmp_path_factory):
    """JupyterLab in which the notebooks that this session asks about were run."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("Chromium is not installed")
    here = [item for item in request.session.items if item.path == request.path]
    names = sorted({item.callspec.params.get("name", QUICK) for item in here if hasattr(item, "callspec")})
    server, address = serve(tmp_path_factory.mktemp("lab"))
    try:
        with playwright.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="fr-FR")
            page.goto(address)
            page.wait_for_function("() => window.jupyterapp", timeout=60_000)
            page.evaluate("() => jupyterapp.restored")
            for name in ("boxes.js", "lab.js"):
                page.evaluate((ROOT / "tests" / name).read_text(encoding="utf-8"))
            lab = Lab(page)
            lab.run(names)
            yield lab
            browser.close()
    finally:
        server.terminate()
        server.wait(30)


def notebooks(names: list[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.ci if name == QUICK else pytest.mark.proof, id=name) for name in names]


@pytest.mark.parametrize("name", notebooks(NAMES))
def test_runs_whole(lab, name):
    faults = lab.faults(file(name))
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", notebooks(NAMES))
def test_nothing_overlaps_is_cut_or_faint(lab, name, dark):
    """The same outputs in both themes: nothing runs again."""
    ran = lab.counts(file(name))
    lab.theme(dark)
    found = lab.measure(file(name))
    assert not found["said"], "\n".join(found["said"])
    assert found["kinds"].get("chart", 0) + found["kinds"].get("table", 0) > 0
    assert lab.counts(file(name)) == ran


@pytest.mark.proof
@pytest.mark.parametrize("name", EDITS)
def test_an_analyst_edits(lab, name):
    """A parameter, another column in a chart, a cell of her own; then a column that is not there: one line."""
    edits = EDITS[name]
    lab.edit(file(name), *edits.parameter)
    chart = lab.edit(file(name), *edits.column)
    own = lab.add(file(name), edits.plot)
    lab.again(file(name))
    faults = lab.faults(file(name))
    assert not faults, "\n".join(faults)
    assert lab.pictures(file(name), own) == 1
    lab.edit(file(name), *edits.wrong)
    lab.cell(file(name), chart)
    words = lab.visible(file(name), chart)
    assert "Error" in words
    assert len(words.strip().splitlines()) == 1, words


BROKEN = {
    "over each other": '<div class="tk"><p>Dépense</p><p style="margin-top:-20px">12 M€</p></div>',
    "cut: <div": '<div class="tk"><p style="width:3000px;max-width:none">Trop large</p></div>',
    "cut: «": '<figure class="tk"><svg class="c" height="40"><text x="-30" y="20">2026</text></svg></figure>',
    "out of its cell": '<div class="tk"><table style="table-layout:fixed;width:5em"><td>Chauffage<td>1</table></div>',
    "small": '<p class="tk" style="font-size:9px">Petit</p>',
    "faint": '<p class="tk" style="color:#888;background:#999">Pâle</p>',
    "no drawing to see": '<figure class="tk"><svg class="c" height="0"></svg></figure>',
    "contrast of 1.00": '<svg class="tk" height="40"><rect width="99" height="40"/><text y="20">Noir</text></svg>',
}


@pytest.mark.ci
@pytest.mark.parametrize("said", BROKEN)
def test_what_is_wrong_is_said(lab, said):
    """The measures themselves: each piece has the fault that is expected of it."""
    quick = file(QUICK)
    lab.theme(False)
    cell = lab.add(quick, f"from IPython.display import HTML\nHTML({BROKEN[said]!r})")
    lab.cell(quick, cell)
    assert any(said in words for words in lab.measure(quick, cell)["said"])
