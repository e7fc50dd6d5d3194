"""A page that stays up to date while it is open: sections that a use case makes with ``show``, sent as they change.

A jupyter-server of its own with one page and one WebSocket, and nothing else to ask for: no kernel, no file; it reads
no setting of who starts it. Who opens the page needs the token in its address, also on this machine.
"""

import json
import re
import secrets
import socket as sockets
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from hashlib import sha256
from ipaddress import ip_address
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
from traitlets.config import Config

from tikub_lab.errors import TikubError, UsageError
from tikub_lab.reports import page
from tikub_lab.reports.files import shipped
from tikub_lab.reports.run import PINNED
from tikub_lab.show.output import gathered

EVERY = 0.02  # seconds between two looks at whether the data changed
SECTION = re.compile(r'<section id="([\w-]+)">(.*?)</section>', re.S)
UNREAD = "Les données ne peuvent pas être lues. Nouvel essai en cours."
FORBIDDEN = "Ouvrez cette page à l'adresse complète que la commande a donnée : elle contient un jeton.\n"

SCRIPT = shipped("templates/live.js")
DIGEST = b64encode(sha256(SCRIPT.encode()).digest()).decode()
POLICY = f"{page.POLICY}; connect-src 'self'; script-src 'sha256-{DIGEST}'"
"""What a browser may do for this page: what it may for a report, run the one script, and talk to who sent it."""
Asked = Callable[[], Any]
Sections = Mapping[str, tuple[str, Callable[[Any], Any]]]
"""By id: a heading, and what shows the section with ``show``, given the data."""


class LivePage:
    """The page as it is now, and who looks at it."""

    def __init__(self, title: str, read: Asked, changed: Asked, sections: Sections, **values: Any):
        self.title, self.read, self.changed, self.sections = title, read, changed, sections
        self.values: dict[str, Any] = {"title": title, "policy": POLICY, **values}
        self.html, self.version, self.said, self.lost = "", "", f"À jour à {_hour()}.", False
        self.shown, self.watching = dict[str, str](), set[_Socket]()
        self.seen = changed()
        self.make()

    def make(self, early: Callable[[dict[str, str]], Any] = lambda sections: None) -> dict[str, str]:
        """Make the page again; return the sections that are not as they were, and give the first one as it is ready."""
        data, made, looks = self.read(), [], Markup(page.style() + shipped("templates/live.css"))
        for name, (heading, shows) in self.sections.items():
            with gathered() as pieces:
                shows(data)
            made.append((name, heading, Markup("".join(piece.html for piece in pieces))))
            if len(made) not in (1, len(self.sections)):
                continue
            html = page.fill("live.html.j2", contents=99, style=looks, sections=made, said=self.said, **self.values)
            found = dict(SECTION.findall(html))
            changed = {name: text for name, text in found.items() if self.shown.get(name) != text}
            if len(made) == 1 and changed:
                early(changed)  # the answer does not wait for pictures
        self.version = sha256(json.dumps(found).encode()).hexdigest()[:16]
        root = f'<html lang="fr" data-version="{self.version}">'
        script = f"<script>{SCRIPT}</script></head>"
        self.html = html.replace('<html lang="fr">', root, 1).replace("</head>", script, 1)
        self.shown = found
        return changed

    def watch(self, over: threading.Event, send: Callable[[dict[str, str]], Any]) -> None:
        """Look again and again whether the data changed; what comes while the page is made waits for the next look."""
        sent: dict[str, str] = {}

        def early(sections: dict[str, str]) -> None:
            sent.update(sections)
            send(sections)

        while not over.wait(EVERY):
            sent.clear()
            try:
                if (now := self.changed()) == self.seen and not self.lost:
                    continue
                again, changed = self.lost, self.make(early)
                self.seen, self.lost = now, False
            except Exception as error:  # the page says so and stays; the next look may do better
                if not self.lost:
                    said = str(error) if isinstance(error, TikubError) else type(error).__name__
                    print(f"The page could not be made again: {said}", flush=True)
                again, self.lost, changed = not self.lost, True, {}
                over.wait(1)
            if changed or again:
                names = ", ".join(filter(None, (self.sections[name][0] for name in changed)))
                self.said = UNREAD if self.lost else f"Mis à jour à {_hour()}{' : ' if names else ''}{names}."
                send({name: text for name, text in changed.items() if sent.get(name) != text})

    def send(self, sections: Mapping[str, str], *to: "_Socket") -> None:
        """Send sections to some who look, by default to all."""
        text = json.dumps({"sections": sections, "version": self.version, "said": self.said, "lost": self.lost})
        for each in to or list(self.watching):
            with suppress(WebSocketClosedError):
                each.write_message(text)


def _hour() -> str:
    return f"{datetime.now(ZoneInfo(PINNED['TZ'])):%H h %M}"


class _Handler(JupyterHandler):
    """Answers who has the token and calls this server by a name that it has."""

    @property
    def live(self) -> LivePage:
        return self.settings["live"]

    @property
    def content_security_policy(self) -> str:
        return f"{POLICY}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

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
    def get(self, path: str) -> None:
        if path:
            raise HTTPError(404)
        self.finish(self.live.html)


class _Socket(WebSocketMixin, WebSocketHandler, _Handler):
    """Sends, and hears nothing."""

    def check_origin(self, origin: str | None = None) -> bool:
        return urlsplit(origin or "").netloc == self.request.host

    def open(self) -> None:
        super().open()
        self.live.watching.add(self)
        same = self.get_argument("version", "") == self.live.version
        self.live.send({} if same else self.live.shown, self)

    def on_message(self, message: str | bytes) -> None:
        self.close(1003)

    def on_close(self) -> None:
        self.live.watching.discard(self)


class _Server(ServerApp):
    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Load no settings of who starts it: one of them could take the token away."""


def serve(shown: LivePage, address: str = "127.0.0.1", port: int = 0, browser: bool = True) -> None:
    """Serve a page until Ctrl-C: on this machine alone, or to all who reach an address of it that is named."""
    try:
        with sockets.create_server((address, port)) as free:
            bound, port = free.getsockname()[:2]
    except OSError as error:
        raise UsageError(f"--address {address} --port {port}: {error.strerror or error}. Take another.") from None
    if ip_address(bound).is_unspecified:
        raise UsageError(f"--address {address}: name one address of this machine, by which the page is then asked for.")
    token = secrets.token_urlsafe(32)
    server = _Server(
        ip=address, port=port, port_retries=0, open_browser=browser, allow_root=True, answer_yes=True, log_level=40,
        cookie_secret=secrets.token_bytes(32), local_hostnames=[address, "127.0.0.1", "localhost"], default_url="/",
        identity_provider_class=IdentityProvider, tornado_settings={"live": shown, "compress_response": True},
        config=Config({"IdentityProvider": {"token": token, "cookie_options": {"samesite": "Strict"}}}),
    )  # fmt: skip
    server.initialize(argv=[], find_extensions=False)
    server.web_app.add_handlers(".*", [(r"/socket", _Socket), (r"/(.*)", _Page)])
    send = partial(IOLoop.current().add_callback, shown.send)
    threading.Thread(target=shown.watch, args=(threading.Event(), send), daemon=True).start()
    print(f"{shown.title}: http://{address}:{port}/?token={token}\nCtrl-C ends it.", flush=True)
    server.start()
