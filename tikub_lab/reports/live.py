"""A page that stays up to date while it is open: sections that a use case makes with ``show``, sent as they change.

A jupyter-server of its own with one page and one WebSocket, and nothing else to ask for: no kernel, no file; it reads
no setting of who starts it. Who opens the page needs the token in its address, also on this machine.
"""

import hashlib
import json
import re
import secrets
import socket as sockets
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jupyter_server.auth.identity import IdentityProvider
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.serverapp import ServerApp
from markupsafe import Markup
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from tikub_lab.errors import TikubError, UsageError
from tikub_lab.reports.files import shipped
from tikub_lab.reports.page import FICTITIOUS, fill, style
from tikub_lab.reports.publisher import NOBODY, Publisher
from tikub_lab.reports.run import PINNED
from tikub_lab.show.output import gathered

EVERY = 0.02
"""Seconds between two looks at whether the data changed."""
LOOPBACK = ("127.0.0.1", "localhost")
SECTION = re.compile(r'<section id="([\w-]+)">(.*?)</section>', re.S)
FORBIDDEN = "Ouvrez cette page à l'adresse complète que la commande a donnée : elle contient un jeton.\n"

Sections = Mapping[str, tuple[str, Callable[[Any], Any]]]
"""By id: a heading, and what shows the section with ``show``, given the data."""


@cache
def policy() -> str:
    """Return what a browser may do for this page: run the one script of this hash, and talk to who sent it."""
    digest = b64encode(hashlib.sha256(shipped("templates/live.js").encode()).digest()).decode()
    script = f"script-src 'sha256-{digest}'"
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; {script}"


class LivePage:
    """The page as it is now, and who looks at it."""

    def __init__(
        self, title: str, read: Callable[[], Any], changed: Callable[[], Any], sections: Sections,
        publisher: Publisher = NOBODY, fictitious: bool = False,
    ):  # fmt: skip
        self.title, self.read, self.changed, self.sections = title, read, changed, sections
        self.publisher, self.fictitious = publisher, FICTITIOUS if fictitious else ""
        self.html = self.version = ""
        self.said, self.lost = f"À jour à {_hour()}.", False
        self.shown: dict[str, str] = {}
        self.watching: set[_Socket] = set()
        self.seen = changed()
        self.make()

    def make(self) -> dict[str, str]:
        """Make the page again; return the sections that are not as they were."""
        data, made = self.read(), []
        for name, (heading, shows) in self.sections.items():
            with gathered() as pieces:
                shows(data)
            made.append((name, heading, Markup("".join(piece.html for piece in pieces))))
        looks = Markup(style() + shipped("templates/live.css"))
        html = fill("live.html.j2", self.publisher, 99, title=self.title, policy=policy(), style=looks,
                    sections=made, said=self.said, fictitious=self.fictitious)  # fmt: skip
        found = dict(SECTION.findall(html))
        changed = {name: text for name, text in found.items() if self.shown.get(name) != text}
        self.version = hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]
        root = f'<html lang="fr" data-version="{self.version}">'
        script = f"<script>{shipped('templates/live.js')}</script></head>"
        self.html = html.replace('<html lang="fr">', root, 1).replace("</head>", script, 1)
        self.shown = found
        return changed

    def watch(self, over: threading.Event, send: Callable[[dict[str, str]], Any]) -> None:
        """Look again and again whether the data changed; what comes while the page is made waits for the next look."""
        while not over.wait(EVERY):
            try:
                if (now := self.changed()) == self.seen and not self.lost:
                    continue
                again, changed = self.lost, self.make()
                self.seen, self.lost = now, False
            except Exception as error:  # the page says so and stays; the next look may do better
                if not self.lost:
                    said = str(error) if isinstance(error, TikubError) else type(error).__name__
                    print(f"The page could not be made again: {said}", flush=True)
                again, self.lost, changed = not self.lost, True, {}
                over.wait(1)
            if changed or again:
                names = [self.sections[name][0] for name in changed if self.sections[name][0]]
                said = f"Mis à jour à {_hour()}" + (f" : {', '.join(names)}." if names else ".")
                self.said = "Les données ne peuvent pas être lues. Nouvel essai en cours." if self.lost else said
                send(changed)

    def send(self, sections: Mapping[str, str], to: "set[_Socket] | None" = None) -> None:
        """Send sections to all who look, or to some."""
        text = json.dumps({"sections": sections, "version": self.version, "said": self.said, "lost": self.lost})
        for each in list(self.watching if to is None else to):
            try:
                each.write_message(text)
            except WebSocketClosedError:
                self.watching.discard(each)


def _hour() -> str:
    return f"{datetime.now(ZoneInfo(PINNED['TZ'])):%H h %M}"


class _Handler(JupyterHandler):
    """Answers who has the token and calls this server by a name that it has."""

    @property
    def live(self) -> LivePage:
        return self.settings["live"]

    @property
    def content_security_policy(self) -> str:
        return f"{policy()}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

    def check_host(self) -> bool:
        return self.request.host_name in self.settings["local_hostnames"]

    async def prepare(self, **_: Any) -> None:
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        await super().prepare(_redirect_to_login=False)
        if self.current_user is None:  # whatever Jupyter lets in by default
            raise HTTPError(403)

    def write_error(self, status_code: int, **_: Any) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(FORBIDDEN if status_code == 403 else f"{status_code}\n")


class _Page(_Handler):
    def get(self) -> None:
        self.finish(self.live.html)


class _Nothing(_Handler):
    def get(self) -> None:
        raise HTTPError(404)


class _Socket(WebSocketMixin, WebSocketHandler, _Handler):
    """Sends, and hears nothing."""

    def check_origin(self, origin: str | None = None) -> bool:
        return urlsplit(origin or "").netloc == self.request.host

    def get_compression_options(self) -> dict[str, Any]:
        return {}

    def open(self) -> None:
        super().open()
        self.live.watching.add(self)
        same = self.get_argument("version", "") == self.live.version
        self.live.send({} if same else self.live.shown, {self})

    def on_message(self, message: str | bytes) -> None:
        self.close(1003)

    def on_close(self) -> None:
        self.live.watching.discard(self)


class _Server(ServerApp):
    """A server that no setting of who starts it changes: one of these could take the token away."""

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Load none."""


def serve(page: LivePage, address: str = LOOPBACK[0], port: int = 0, browser: bool = True) -> None:
    """Serve a page until Ctrl-C: on this machine alone, or to all who reach an address of it that is named."""
    if address in ("", "0.0.0.0", "::"):
        raise UsageError(f"--address {address}: name one address of this machine, by which the page is then asked for.")
    try:
        with sockets.create_server((address, port)) as free:
            port = free.getsockname()[1]
    except OSError as error:
        raise UsageError(f"--address {address} --port {port}: {error.strerror or error}. Take another.") from None
    token, over = secrets.token_urlsafe(32), threading.Event()
    server = _Server(
        ip=address, port=port, port_retries=0, open_browser=browser, allow_root=True, answer_yes=True, log_level=40,
        cookie_secret=secrets.token_bytes(32), local_hostnames=[address, *LOOPBACK], default_url="/",
        allow_remote_access=False, identity_provider_class=IdentityProvider,
        tornado_settings={"live": page, "compress_response": True},
    )  # fmt: skip
    server.config.IdentityProvider.token = token
    server.config.IdentityProvider.cookie_options = {"samesite": "Strict"}
    server.initialize(argv=[], find_extensions=False)
    server.web_app.add_handlers(".*", [(r"/", _Page), (r"/socket", _Socket), (r".*", _Nothing)])
    loop = IOLoop.current()
    send = lambda changed: loop.add_callback(page.send, changed)  # noqa: E731
    threading.Thread(target=page.watch, args=(over, send), daemon=True).start()
    print(f"{page.title}: http://{address}:{port}/?token={token}\nCtrl-C ends it.", flush=True)
    try:
        server.start()
    finally:
        over.set()
