"""The live page: what changed reaches all who look, who has no token gets nothing, nobody loses focus or place."""

import asyncio
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from tests.conftest import ROOT
from tests.reports.live_server import page as page_of
from tikub_lab.checks.browser import TAGS, axe_source
from tikub_lab.errors import UsageError
from tikub_lab.reports import ecoindex, live

FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
PATHS = ("/", "/socket", "/api", "/api/kernels", "/api/contents", "/metrics", "/login", "/logout", "/favicon.ico",
         "/static/style/style.min.css", "/lab", "/files/x", "/nothing/")  # fmt: skip


def write(file: Path, **texts: str) -> None:
    """Replace what is said, in one step."""
    before = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    part = file.with_suffix(".part")
    part.write_text(json.dumps(before | texts), encoding="utf-8")
    part.replace(file)


@contextmanager
def served(folder: Path, *command: str, **environment: str):
    """Run a server; give its address, less the path, its token, and where its output goes."""
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), **environment},
        )  # fmt: skip
    try:
        while not (found := re.search(r"(http://[\w.:]+)/\?token=([\w-]+)\n", log.read_text(encoding="utf-8"))):
            assert server.poll() is None, log.read_text(encoding="utf-8")
            threading.Event().wait(0.05)
        while get(f"{found[1]}/")[0] is None:
            threading.Event().wait(0.05)
        yield found[1], found[2], log
    finally:
        server.terminate()
        server.wait(30)


def get(url: str, method: str = "GET", **headers: str) -> tuple[int | None, str, dict]:
    """Status, text and headers of an answer; no status where nobody answers."""
    try:
        data = b"{}" if method in ("POST", "PUT") else None
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)
    except OSError:
        return None, "", {}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "said.json"
    write(path, premier="Un", second="Deux")
    return path


@pytest.fixture(scope="module")
def server(file):
    with served(file.parent, "-m", "tests.reports.live_server", str(file)) as found:
        yield found


def test_without_its_token_nothing_is_given(server):
    address, token, _ = server
    for path in PATHS:
        for query in ("", "?token=", "?token=wrong", f"?token={token[:-1]}"):
            assert get(address + path + query)[0] == 403, path + query
    assert get(f"{address}/?token={token}")[0] == 200
    assert get(f"{address}/", Authorization=f"token {token}")[0] == 200
    assert get(f"{address}/")[1] == live.FORBIDDEN


def test_with_its_token_there_is_one_page_and_it_can_only_be_read(server):
    address, token, _ = server
    for path in PATHS[2:]:
        assert get(f"{address}{path}?token={token}")[0] == 404, path
    for path in PATHS:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert get(f"{address}{path}?token={token}", method)[0] in (403, 405), (path, method)


def test_a_host_of_another_name_is_refused(server):
    address, token, _ = server
    port = address.rpartition(":")[2]
    assert get(f"{address}/?token={token}", Host=f"localhost:{port}")[0] == 200
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "0.0.0.0", "[::1]"):
        assert get(f"{address}/?token={token}", Host=host)[0] == 403, host


def test_a_page_of_another_origin_hears_nothing(server):
    address, token, _ = server
    for origin in ("http://evil.example", "null", address + "0", address.replace("127.0.0.1", "localhost")):
        with pytest.raises(HTTPClientError, match="403"):
            hear(address, token, 1, {"Origin": origin})
    assert hear(address, token, 1, {"Origin": address})[0]["sections"].keys() == {"premier", "second"}


def test_the_cookie_is_of_this_run(server, file, tmp_path):
    address, token, _ = server
    cookie = get(f"{address}/?token={token}")[2]["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    name, _, value = cookie.partition(";")[0].partition("=")
    assert get(f"{address}/", Cookie=f"{name}={value}")[0] == 200
    runtime = {"JUPYTER_RUNTIME_DIR": str(file.parent / "runtime")}  # where Jupyter would keep a secret for all runs
    with served(tmp_path, "-m", "tests.reports.live_server", str(file), **runtime) as (other, _, _):
        renamed = re.sub(r"\d+$", other.rpartition(":")[2], name)
        assert get(f"{other}/", Cookie=f"{renamed}={value}")[0] == 403


def test_no_setting_of_who_starts_it_takes_the_token_away(file, tmp_path):
    text = "c.IdentityProvider.token = ''\nc.ServerApp.token = ''\nc.ServerApp.allow_remote_access = True\n"
    (tmp_path / "jupyter_server_config.py").write_text(f"c = get_config()\n{text}", encoding="utf-8")
    settings = {"JUPYTER_CONFIG_DIR": str(tmp_path), "JUPYTER_TOKEN": "mine"}
    with served(tmp_path, "-m", "tests.reports.live_server", str(file), **settings) as (address, token, _):
        assert get(f"{address}/")[0] == 403
        assert get(f"{address}/?token=mine")[0] == 403
        assert get(f"{address}/?token={token}", Host="evil.example")[0] == 403


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("0.0.0.0", "name one address"),
        ("", "name one address"),
        ("0", "name one address"),
        ("192.0.2.1", "Take another"),
    ],
)
def test_a_wider_address_is_one_of_this_machine_by_name(file, address, says):
    with pytest.raises(UsageError, match=says):
        live.serve(page_of(file), address)


def test_its_policy_lets_one_script_run(server):
    address, token, _ = server
    _, html, headers = get(f"{address}/?token={token}")
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    said = headers["Content-Security-Policy"]
    assert f"script-src 'sha256-{digest}'" in said
    assert said.startswith("default-src 'none'")
    assert html.count("<script") == 1
    assert not re.search(r"\son\w+=", html.replace(script, ""))
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def hear(address, token, count, headers, act=lambda: None):
    """What comes over a socket: the first messages; ``act`` is called after the first one."""

    async def main():
        url = f"{address.replace('http', 'ws')}/socket?token={token}"
        socket = await websocket_connect(HTTPRequest(url, headers=headers))
        found = []
        for number in range(count):
            found.append(json.loads(await asyncio.wait_for(socket.read_message(), 60)))
            if not number:
                act()
        socket.close()
        return found

    return asyncio.run(main())


def test_only_what_changed_is_sent(server, file):
    address, token, _ = server
    _, message = hear(address, token, 2, {"Origin": address}, lambda: write(file, second="Trois"))
    assert message["sections"].keys() == {"second"}
    assert "Trois" in message["sections"]["second"]
    assert re.fullmatch(r"Mis à jour à \d\d h \d\d : Partie second\.", message["said"].replace("\xa0", " "))


def test_a_burst_is_one_page_and_what_fails_is_said(file, monkeypatch, capsys):
    page, sent, over = page_of(file), [], threading.Event()
    numbers, made, times = iter([1, 2, 2, 3, 3, 3, 4, 4, 4]), page.make, []

    def changed():
        number = next(numbers, None)
        if number is None:
            over.set()
        return number or 4

    def make(early):
        times.append(len(times))
        if len(times) == 2:
            raise ValueError("Awen du Houx")  # what a library says may be of a person
        write(file, premier=f"Fois {len(times)}")
        return made(early)

    monkeypatch.setattr(page, "changed", changed)
    monkeypatch.setattr(page, "make", make)
    page.watch(over, lambda sections: sent.append((dict(sections), page.said, page.lost)))
    assert [list(sections) for sections, *_ in sent][:5] == [["premier"], [], [], ["premier"], []]  # answers first
    assert [lost for *_, lost in sent][:5] == [False, False, True, True, False]
    assert sent[1][1].endswith(": Partie premier.")
    assert sent[2][1] == "Les données ne peuvent pas être lues. Nouvel essai en cours."
    said = capsys.readouterr().out
    assert "ValueError" in said
    assert "Awen" not in said


def test_it_is_light(file):
    facts = ecoindex.count(page_of(file).html)
    assert facts["ecoindex_grade"] == "A"


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


def opened(browser, address, token, faults):
    page = browser.new_context(viewport={"width": 1000, "height": 500}).new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{address}/?token={token}")
    return page


SAYS = "words => document.querySelector('#second .lead').textContent === words"


def test_three_pages_see_a_change_and_keep_focus_and_place(server, file, browser):
    address, token, _ = server
    faults: list[str] = []
    pages = [opened(browser, address, token, faults) for _ in range(3)]
    assert all("token" not in page.url for page in pages)
    first = pages[0]
    first.locator("#second summary").nth(4).click()
    first.locator("#second summary").nth(4).focus()
    top = first.evaluate("document.activeElement.getBoundingClientRect().top")
    write(file, premier="Un texte plus long. " * 200, second="Quatre")
    for page in pages:
        page.wait_for_function(SAYS, arg="Quatre")
    active = first.evaluate("[document.activeElement.textContent, document.activeElement.parentElement.open]")
    assert active == [first.locator("#second summary").nth(4).text_content(), True]
    assert first.locator("details[open]").count() == 1
    assert abs(first.evaluate("document.activeElement.getBoundingClientRect().top") - top) < 60
    first.wait_for_function("() => document.getElementById('etat').textContent.includes('Partie second')")
    assert first.locator("#etat").get_attribute("role") == "status"
    assert faults == []


def test_a_page_catches_up_once_its_server_is_back(file, browser, tmp_path):
    faults: list[str] = []
    with served(tmp_path, "-m", "tests.reports.live_server", str(file)) as (address, token, _):
        page = opened(browser, address, token, faults)
        page.wait_for_function("() => document.getElementById('etat').textContent.includes('jour')")
    page.wait_for_function("() => document.querySelector('#etat.lost')")
    assert "Connexion perdue" in page.locator("#etat").text_content()


def test_axe_finds_nothing(server, browser):
    source = axe_source() or pytest.skip("axe-core not found: npm install axe-core@4.14, or set TIKUB_AXE")
    address, token, _ = server
    page = opened(browser, address, token, [])
    page.evaluate(source)
    found = page.evaluate("tags => axe.run(document, {runOnly: tags}).then(r => r.violations.map(v => v.id))", TAGS)
    assert found == []
