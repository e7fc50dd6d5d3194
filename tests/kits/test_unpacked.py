"""Kits in the hands of a team: unpacked elsewhere, set up in a fresh environment, once without any network.

It takes minutes and half a gigabyte a kit, so it runs where ``TIKUB_KITS=1`` asks for it, as CI does after `make test`.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.kits.conftest import tikub
from tikub_lab.kits import available

pytestmark = pytest.mark.skipif(
    not os.environ.get("TIKUB_KITS"), reason="sets kits up in fresh environments, which takes minutes: TIKUB_KITS=1"
)

NOWHERE = "http://127.0.0.1:9/"


def unplugged():
    """Say how to run a command without network: in a network of its own, or, where that is forbidden, by dead ends."""
    can = shutil.which("unshare") and subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0
    if can:
        return ["unshare", "-rn"], {}
    dead = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
    return [], {**dead, "PIP_INDEX_URL": NOWHERE, "PIP_EXTRA_INDEX_URL": "", "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Keep the wheels of the first kit, so that the others need not download them again."""
    return tmp_path_factory.mktemp("wheels")


@pytest.mark.parametrize("use_case", available(ROOT))
def test_a_team_runs_it(use_case, tmp_path, wheels):
    first = use_case == available(ROOT)[0]
    ran = tikub("kit", use_case, "--zip", "--out", tmp_path / "fait", *(["--offline"] if first else []))
    assert ran.returncode == 0, ran.stderr
    name = f"tikub-kit-{use_case}"
    start = time.monotonic()
    elsewhere = tmp_path / "la salle du datathon"
    with zipfile.ZipFile(tmp_path / "fait" / f"{name}.zip") as file:
        file.extractall(elsewhere)
    kit = elsewhere / name
    command, settings = unplugged() if first else ([], {"PIP_FIND_LINKS": str(wheels)})
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "TIKUB_", "VIRTUAL_ENV"))}
    pip = {} if first else {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    (tmp_path / "maison").mkdir()
    environment = {**kept, **pip, **settings, "HOME": str(tmp_path / "maison")}

    def run(*arguments):
        done = subprocess.run(
            [*command, *map(str, arguments)], cwd=kit, env=environment, capture_output=True, text=True, timeout=900
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    said = run(sys.executable, "lancer.py", "report")
    assert "J'essaie par le réseau" not in said
    python = kit / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    place = run(python, "-c", "import os; os.chdir('data'); import tikub_lab; print(tikub_lab.__file__)").strip()
    assert Path(place).is_relative_to(kit), "the kit's own package, from whatever folder"
    run(python, "-m", "tikub_lab", "report", "demarrage")
    seconds = time.monotonic() - start
    manifest = json.loads((kit / "reports" / "build.json").read_text(encoding="utf-8"))
    assert {item["notebook"]: item["status"] for item in manifest["reports"]} == {"projet": "done", "demarrage": "done"}
    assert all(item["defects"] == [] for item in manifest["reports"])
    page = (kit / "reports" / "projet" / "projet.html").read_text(encoding="utf-8")
    assert "Données fictives" in page
    assert str(tmp_path) not in page
    assert "No problem found." in run(python, "-m", "tikub_lab", "data", "check")
    installed = json.loads(run(python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"))
    assert "pytest" not in {item["name"] for item in installed}
    assert "jupyterlab" in {item["name"] for item in installed}
    print(f"{name}: first figure {seconds:.0f} s after unpacking, {'no network' if first else 'with network'}")
    if first:
        for path in (kit / "wheels").glob("*.whl"):
            shutil.copy(path, wheels)
