"""An event that another process appends, on the live page of many browsers: ``python -m benchmarks staffing_live``.

Beside it, in the same run and in as many pages, a bare WebSocket that sends on what it is told. Each page is a browser
context of its own. Time runs from before the append, or before the bare message is sent, to the change of the document.
Needs Chromium and Playwright for Python.
"""

import argparse
import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from tikub_lab import tables
from tikub_lab.reports import ecoindex
from tikub_lab.staffing.ledger import Ledger, replay
from tikub_lab.staffing.state import positions

ROOT = Path(__file__).resolve().parent.parent
AIM = 0.3  # seconds, p99
BARE = """
import sys
from tornado import ioloop, web, websocket
seen = set()
class Socket(websocket.WebSocketHandler):
    def open(self): seen.add(self)
    def on_close(self): seen.discard(self)
    def on_message(self, text):
        for each in seen: each.write_message(text)
class Page(web.RequestHandler):
    def get(self):
        self.write("<!doctype html><main><section id=reponse></section></main><script>"
            "new WebSocket('ws://' + location.host + '/socket').onmessage = "
            "event => document.getElementById('reponse').textContent = event.data</script>")
app = web.Application([("/", Page), ("/socket", Socket)])
server = app.listen(0, "127.0.0.1")
print(f"bare: http://127.0.0.1:{list(server._sockets.values())[0].getsockname()[1]}/?token=none", flush=True)
ioloop.IOLoop.current().start()
"""
WATCH = """() => {
  window.times = [];
  new MutationObserver(() => times.push(Date.now())).observe(
    document.getElementById('reponse'), {childList: true, subtree: true, characterData: true});
}"""
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def started(command: list[str], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server; give it and the address that it prints."""
    with log.open("wb") as output:
        server = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    atexit.register(server.kill)  # also where something fails
    while not (found := re.search(r"http://\S+", log.read_text(encoding="utf-8"))):
        if server.poll() is not None:
            raise SystemExit(log.read_text(encoding="utf-8"))
        time.sleep(0.05)
    time.sleep(1)
    return server, found[0]


def ledger_file(folder: Path) -> Path:
    """Write the sample's events into a ledger of their own."""
    path, ledger = folder / "ledger.sqlite", replay(tables.load("staffing/events"))
    with ledger.engine.connect() as connection:
        connection.exec_driver_sql(f"VACUUM INTO '{path}'")
    return path


def measured(pages: list[Any], tell: Callable[[int], None], count: int) -> list[float]:
    """Seconds from each of ``count`` messages to its change in each page; one that misses one is waited for."""
    for page in pages:
        page.evaluate(WATCH)
    found = []
    for number in range(count):
        for page in pages:
            page.evaluate("times.length = 0")
        begin = time.time()
        tell(number)
        for page in pages:
            page.wait_for_function("() => times.length", timeout=20_000)
            found.append(page.evaluate("times[0]") / 1000 - begin)
        time.sleep(0.2)
    return found


def resident(process: subprocess.Popen[bytes]) -> float:
    """Return the megabytes that a process has in memory."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def spent(process: subprocess.Popen[bytes]) -> float:
    """Return the seconds of processor that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print both; leave with 1 where the live page misses the aim."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--events", type=int, default=20)
    given = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("staffing_live: Chromium is not installed.")
    with tempfile.TemporaryDirectory(prefix="tikub-bench-") as name, sync_playwright() as driver:
        folder = Path(name)
        path = ledger_file(folder)
        command = ["-m", "tikub_lab", "staffing", "live", "--ledger", str(path), "--no-browser"]
        server, address = started(command, folder / "live.log")
        bare, bare_address = started(["-c", BARE], folder / "bare.log")
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        asked, appends = list[str](), list[float]()

        def opened(url: str) -> list[Any]:
            pages = [browser.new_context().new_page() for _ in range(given.pages)]
            pages[0].on("request", lambda request: asked.append(request.url))
            for page in pages:
                page.goto(url)
            return pages

        ledger = Ledger(path)
        open_now = positions(ledger.state()).query("etat == 'vacant'")["poste"].tolist()

        def fill(number: int) -> None:
            what = {
                "objet": "affectation",
                "cle": f"L{number}",
                "rattachement": open_now[number],
                "agent": f"B{number}",
            }
            what |= {"quotite": 50, "contrat": "titulaire", "debut": str(ledger.clock().date())}
            begin = time.perf_counter()
            assert ledger.append([{"id": f"live{number}", "verbe": "assert", **what}])[0].new
            appends.append(time.perf_counter() - begin)

        pages = opened(address)
        requests = len(asked)
        html = pages[0].content()
        before = spent(server)
        live_times = measured(pages, fill, given.events)
        used = (spent(server) - before) / given.events
        memory = resident(server)
        for page in pages:
            page.context.close()
        pages = opened(bare_address)
        teller = browser.new_context().new_page()
        teller.goto(bare_address)
        teller.evaluate("new Promise(done => { window.s = new WebSocket(location.href.replace('http', 'ws')"
                        ".replace('/?', '/socket?')); s.onopen = () => done(1) })")  # fmt: skip
        bare_times = measured(
            pages, lambda number: teller.evaluate("text => s.send(text)", json.dumps(number)), given.events
        )
        browser.close()
        for process in (server, bare):
            process.terminate()
            process.wait(30)
    live, alone = (np.quantile(times, [0.5, 0.99]) for times in (live_times, bare_times))
    facts = ecoindex.count(html)
    print(f"staffing_live: {given.events} events in {given.pages} pages: p50 {live[0] * 1000:.0f} ms, p99 "
          f"{live[1] * 1000:.0f} ms (bare WebSocket {alone[0] * 1000:.0f} and {alone[1] * 1000:.0f}); "
          f"of which to append p50 {np.median(appends) * 1000:.0f}; aim p99 {AIM * 1000:.0f} ms")  # fmt: skip
    print(f"staffing_live: server {memory:.0f} MB with all open, {used * 1000:.0f} ms of processor an event; "
          f"a page: {requests} request(s), "
          f"{facts['page_bytes'] / 1000:.0f} kB ({facts['page_transfer_bytes'] / 1000:.0f} kB sent), "
          f"EcoIndex {facts['ecoindex']} {facts['ecoindex_grade']}")  # fmt: skip
    raise SystemExit(bool(live[1] > AIM))


if __name__ == "__main__":
    main()
