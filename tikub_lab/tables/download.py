"""One file over HTTPS, whole or not at all: bounded in time and size, tried again, resumed where that is safe.

Addresses are checked before each request: HTTPS, and no host of a private network, redirects included. The connection
goes to the address that was checked. Proxies of the environment are not used. ``TIKUB_PORTAL`` sends all requests to
one address of this machine instead, which stands in for every portal (`make demo-portal`).
"""

import datetime
import hashlib
import html
import ipaddress
import json
import os
import random
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from tikub_lab.errors import RunError, UsageError

ANSWER = 32 * 2**20
"""Bytes that a JSON answer may have."""
REDIRECTS = 5
_FAILED = {
    httpx.TimeoutException: "no answer in time", httpx.RemoteProtocolError: "the answer breaks off",
    httpx.NetworkError: "can't be reached, or the connection broke", httpx.InvalidURL: "is no address",
}  # fmt: skip


class Refused(RunError):
    """An answer that asking again won't change; ``status`` is what the portal said, or 0."""

    def __init__(self, reason: str, status: int = 0):
        super().__init__(reason, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class Again(Refused):
    """What may go better next time, after so many seconds."""

    after = 0.0


@dataclass(frozen=True)
class Limits:
    """What a download may take: seconds to connect, to wait for bytes, in all; bytes a second, over a window; size."""

    connect: float = 10
    read: float = 60
    deadline: float = 3600
    rate: float = 2_000
    window: float = 60
    size: int = 8 * 2**30
    tries: int = 5
    wait: float = 300


@dataclass
class Saved:
    """What was downloaded: address, hash, size, and what tells the next time whether it changed."""

    url: str
    sha256: str
    size: int
    etag: str = ""
    modified: str = ""
    sure: bool = True
    """Whether the end of the file was told by a length, rather than by a connection that closed."""


@cache
def _trusted() -> ssl.SSLContext:
    """Read the authorities that are trusted, once: it takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass
class Web:
    """A client of portals. ``sleep`` waits between tries."""

    limits: Limits = field(default_factory=Limits)
    sleep: Callable[[float], None] = time.sleep
    base: str = field(default_factory=lambda: os.environ.get("TIKUB_PORTAL", "").rstrip("/"))
    tls: ssl.SSLContext = field(default_factory=_trusted)
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let only this machine stand in for portals."""
        host = urlsplit(self.base).hostname
        if self.base and host not in ("localhost", "127.0.0.1", "::1"):
            raise UsageError(f"TIKUB_PORTAL={self.base}: only an address of this machine can stand in for portals.")

    def _client(self, host: str) -> httpx.Client:
        """Return the connections to a host, HTTP/1.1 as some speak a broken HTTP/2; the environment has no say.

        They are of this host alone: another one at the same address has to show its own certificate.
        """
        if host not in self.clients:
            times = httpx.Timeout(self.limits.read, connect=self.limits.connect)
            agent = {"User-Agent": "tikub-lab", "Accept-Encoding": "identity", "Accept": "*/*"}
            self.clients[host] = httpx.Client(verify=self.tls, trust_env=False, timeout=times, headers=agent)
        return self.clients[host]

    def json(self, url: str) -> Any:
        """Ask for JSON."""
        return self._tried(lambda: self._json(url))

    def _json(self, url: str) -> Any:
        with self._asked(url, {}) as response:
            raw = b"".join(self._blocks(response, ANSWER, time.monotonic()))
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raw = zlib.decompressobj(wbits=47).decompress(raw, ANSWER)
        try:
            return json.loads(raw)
        except ValueError:
            raise Again(f"{url}: no JSON, but {_shown(raw)}") from None

    def save(self, url: str, path: Path, known: Mapping[str, str] | None = None) -> Saved | None:
        """Download a file; None where the portal says that it is still the one ``known`` by ``etag`` or ``modified``.

        It is whole: as long as was said, or, where nothing was said (``sure`` is false), as long as it came. What is
        compressed stays so: imports expand it, within bounds. A file that a try left is gone on with if its ETag is a
        strong one; else the next try starts again.
        """
        asked = {"If-None-Match": "etag", "If-Modified-Since": "modified"}
        since = {name: known[key] for name, key in asked.items() if known and known.get(key)}
        digest, part, begun = hashlib.sha256(), path.with_name(f"{path.name}.part"), time.monotonic()
        saved = Saved(url, "", 0)

        def attempt() -> bool:
            nonlocal digest
            go_on = saved.size and saved.etag.startswith('"')
            headers = {"Range": f"bytes={saved.size}-", "If-Range": saved.etag} if go_on else since
            with self._asked(url, headers) as response:
                status, said = response.status_code, response.headers
                if status == 304 or (go_on and said.get("Content-Range") == f"bytes */{saved.size}"):
                    return status != 304  # or all of it was there
                same = go_on and status == 206 and said.get("ETag", saved.etag) == saved.etag
                if status != 200 and not (same and said.get("Content-Range", "").startswith(f"bytes {saved.size}-")):
                    saved.size = 0
                    raise Again(f"{url}: another part of the file was sent than was asked for.")
                if status == 200:
                    digest, saved.size = hashlib.sha256(), 0
                saved.etag, saved.modified = said.get("ETag", ""), said.get("Last-Modified", "")
                saved.sure = "Content-Length" in said or "chunked" in said.get("Transfer-Encoding", "")
                with part.open("ab" if saved.size else "wb", buffering=0) as file:
                    for block in self._blocks(response, self.limits.size - saved.size, begun):
                        file.write(block)
                        digest.update(block)
                        saved.size += len(block)
            return True

        try:
            if not self._tried(attempt):
                return None
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        saved.sha256 = digest.hexdigest()
        return saved

    def _tried(self, ask: Callable[[], Any]) -> Any:
        """Try several times, 1, 2, 4, 8 seconds apart and a little, or as long as the portal says."""

        def pause(state: RetryCallState) -> float:
            error = state.outcome and state.outcome.exception()
            return max(2.0 ** min(state.attempt_number - 1, 3) + random.random(), getattr(error, "after", 0.0))

        again, tries = retry_if_exception_type(Again), stop_after_attempt(self.limits.tries)
        return Retrying(retry=again, stop=tries, wait=pause, sleep=self.sleep, reraise=True)(ask)

    @contextmanager
    def _asked(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Ask for an address, and where it leads; an answer that is an error is raised."""
        try:
            for _ in range(REDIRECTS + 1):
                request = self._request(url, headers)
                client = self._client(request.headers["Host"])
                with closing(client.send(request, stream=True)) as response:
                    if response.status_code in (301, 302, 303, 307, 308) and response.headers.get("Location"):
                        url = str(httpx.URL(url).join(response.headers["Location"]))
                        continue
                    if response.status_code not in (200, 206, 304, 416):
                        self._raise(url, response)
                    yield response
                    return
        except (httpx.TransportError, httpx.InvalidURL) as error:
            said = next((words for kind, words in _FAILED.items() if isinstance(error, kind)), "can't be asked")
            raise Again(f"{url}: {said}{f' ({error})' * bool(str(error))}.") from None
        raise Refused(f"{url}: redirects in a circle, or more than {REDIRECTS} times.")

    def _request(self, url: str, headers: Mapping[str, str]) -> httpx.Request:
        """Make a request to an address that was checked."""
        parts, tls = urlsplit(html.unescape(url)), {}  # published addresses hold &amp; [transport-site#2575]
        host, target = parts.hostname or "", httpx.URL(urlunsplit(parts))
        if parts.scheme == "https" and self.base:
            if re.fullmatch(r"[\d.]+|.*:.*", host):
                public_address(host, 443)
            target = httpx.URL(f"{self.base}/{host}{parts.path}" + f"?{parts.query}" * bool(parts.query))
        elif parts.scheme == "https":
            target, tls = target.copy_with(host=public_address(host, parts.port or 443)), {"sni_hostname": host}
        elif not self.base or not url.startswith(self.base + "/"):
            raise Refused(f"{url}: only https:// addresses are asked, also where one leads elsewhere.")
        own = {**headers, "Host": parts.netloc.rpartition("@")[2]}
        return self._client(own["Host"]).build_request("GET", target, headers=own, extensions=tls)

    def _blocks(self, response: httpx.Response, most: int, begun: float) -> Iterator[bytes]:
        """Give the bytes as sent, no more than allowed, unless they come too slowly: a drip trips no read timeout."""
        limits, count, url = self.limits, 0, response.url
        if int(response.headers.get("Content-Length") or 0) > most:
            raise Refused(f"{url}: larger than the {most:,} bytes that are taken.")
        window, there = time.monotonic(), 0
        for block in response.iter_raw():
            count += len(block)
            now = time.monotonic()
            if count > most:
                raise Refused(f"{url}: larger than the {most:,} bytes that are taken.")
            if now - begun > limits.deadline:
                raise Refused(f"{url}: not done within {limits.deadline:,.0f} s, after {count:,} bytes.")
            if now - window > limits.window:
                if count - there < limits.rate * (now - window):
                    raise Again(f"{url}: fewer than {limits.rate:,.0f} bytes a second, after {count:,} bytes.")
                window, there = now, count
            yield block

    def _raise(self, url: str, response: httpx.Response) -> None:
        """Raise what an error answer says; 429 and 503 are waited for if they say when to come back, soon."""
        status, raw = response.status_code, next(response.iter_raw(2_000), b"")
        if status not in (408, 425, 429) and status < 500:
            raise Refused(f"{url}: answers {status}, {_shown(raw)}", status)
        error = Again(f"{url}: answers {status}, {_shown(raw)}", status)
        error.after = back(response.headers.get("Retry-After", ""), raw)
        if error.after > self.limits.wait:
            when = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=error.after)
            raise Refused(f"{url}: asked too often; it answers again at {when:%Y-%m-%d %H:%M} UTC.", status)
        raise error


def public_address(host: str, port: int) -> str:
    """Resolve a host, and refuse one that has an address which is not of the public network."""
    try:
        found = [str(item[4][0]) for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise Again(f"{host}: no such host here ({error}). Is there a network?") from None
    for address in found:
        if not ipaddress.ip_address(address.partition("%")[0]).is_global:
            raise Refused(f"{host}: leads to {address}, an address of a private network. Nothing was asked there.")
    return found[0]


def back(retry_after: str, body: bytes) -> float:
    """Return in how many seconds a portal says to come back: by its header, or a reset within its answer; else 0."""
    with suppress(ValueError, TypeError, OverflowError):
        if retry_after.isdigit():
            return float(retry_after)
        reset = re.search(rb'"reset_time": ?"([^"]+)"', body)
        said = reset[1].decode() if reset else "none"
        when = parsedate_to_datetime(retry_after) if retry_after else datetime.datetime.fromisoformat(said)
        return max((when - datetime.datetime.now(datetime.UTC)).total_seconds(), 0.0)
    return 0.0


def _shown(raw: bytes) -> str:
    """Say in a few words what an answer is that was not expected."""
    text = raw[:2_000].decode("utf-8", "replace").strip()
    if re.match(r"<(!doctype )?html", text, re.IGNORECASE):
        return "a page in HTML."
    said = re.search(r'"(?:message|error|detail)": ?"((?:[^"\\]|\\.)*)"', text)
    return f"{' '.join((said[1] if said else text).split())[:200] or 'nothing'!r}."
