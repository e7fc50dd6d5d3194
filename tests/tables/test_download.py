"""A file is whole or it is not there; nothing is asked but public hosts over HTTPS; nothing takes for ever."""

import gzip
import hashlib
import json
import ssl
import subprocess
import time
from threading import Thread

import pytest

from tests.portal import Portal
from tikub_lab.errors import UsageError
from tikub_lab.tables import download
from tikub_lab.tables.download import Limits, Refused, Web, back, public_address

BODY = bytes(range(256)) * 3_000
URL = "https://files.example/some.bin"


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    (folder / "some.bin").write_bytes(BODY)
    with Portal(files=folder) as server:
        yield server


@pytest.fixture
def ask(portal, tmp_path):
    """Download the file, with a fault; say what came of it, what was asked, and how long was waited."""

    def asked(fault="", known=None, **limits):
        portal.asked.clear()
        portal.seen.clear()
        waits = []
        base = f"{portal.url}/_fault/{fault}" if fault else portal.url
        web = Web(Limits(**limits), waits.append, base)
        saved = web.save(URL, tmp_path / "some.bin", known)
        return saved, [headers for _, _, headers in portal.asked], waits

    return asked


def test_a_file_with_its_hash_and_what_tells_it_again(ask, tmp_path):
    saved, (headers,), waits = ask()
    assert (tmp_path / "some.bin").read_bytes() == BODY
    assert (saved.sha256, saved.size, saved.sure) == (hashlib.sha256(BODY).hexdigest(), len(BODY), True)
    assert (headers["accept-encoding"], headers["host"], waits) == ("identity", "files.example", [])
    again, (headers,), _ = ask(known={"etag": saved.etag})
    assert (again, headers["if-none-match"]) == (None, saved.etag)


@pytest.mark.parametrize(("fault", "second"), [("cut", "bytes="), ("weak", None), ("500", None), ("429", None)])
def test_what_breaks_off_is_asked_again_and_resumed_only_where_it_is_surely_the_same(ask, tmp_path, fault, second):
    _, (_, headers), (wait,) = ask(fault)
    assert (tmp_path / "some.bin").read_bytes() == BODY
    assert headers.get("range", "")[:6] == (second or "")
    assert bool(headers.get("if-range")) == bool(second)
    assert 1 <= wait < 2.1  # of 429: until its reset
    assert [path.name for path in tmp_path.iterdir()] == ["some.bin"]


def test_a_part_that_starts_elsewhere_is_not_taken(ask, tmp_path):
    saved, headers, _ = ask("shifted")
    assert (tmp_path / "some.bin").read_bytes() == BODY
    assert [("range" in item) for item in headers] == [False, True, False]
    assert saved.sha256 == hashlib.sha256(BODY).hexdigest()


@pytest.mark.parametrize(
    ("fault", "says"), [("off", "answers 503, 'Internal error'"), ("always-cut", "the answer breaks off")]
)
def test_it_ends_with_the_reason_and_no_file(ask, tmp_path, fault, says):
    with pytest.raises(Refused, match=says):
        ask(fault)
    assert not [*tmp_path.iterdir()]


def test_one_two_four_eight(portal, tmp_path):
    waits = []
    with pytest.raises(Refused):
        Web(sleep=waits.append, base=f"{portal.url}/_fault/off").json(URL)
    assert [int(wait) for wait in waits] == [1, 2, 4, 8]


@pytest.mark.parametrize(
    ("fault", "says", "limits"),
    [
        ("quota", r"asked too often; it answers again at 20\d\d-", {}),
        ("loop", "redirects in a circle", {}),
        ("private", "10.0.0.1, an address of a private network", {}),
        ("plain-http", "http://example.org/x: only https://", {}),
        ("head", "answers 404", {}),
        ("drip", "fewer than 1,000 bytes a second", {"rate": 1_000, "window": 0.2, "tries": 1}),
        ("drip", "not done within 0 s", {"deadline": 0.2}),
        ("", "larger than the 1,000 bytes", {"size": 1_000}),
    ],
)
def test_what_asking_again_does_not_change_is_said_at_once(ask, tmp_path, fault, says, limits):
    begun = time.monotonic()
    with pytest.raises(Refused, match=says):
        ask(fault, **limits)
    assert time.monotonic() - begun < 3
    assert not [*tmp_path.iterdir()]


def test_a_file_without_length_is_not_sure(ask):
    assert ask("lengthless")[0].sure is False


def test_what_is_compressed_stays_so_on_the_disk_and_json_is_expanded_within_bounds(ask, portal, tmp_path):
    assert ask("gzip")[0].size == len(gzip.compress(BODY))
    assert ask("bomb")[0].size < 200_000
    web = Web(sleep=lambda _: None, base=f"{portal.url}/_fault/bomb")
    with pytest.raises(Refused, match="no JSON"):
        web.json(URL)
    assert Web(base=f"{portal.url}/_fault/gzip").json("https://data.bretagne.bzh/api/explore/v2.1/catalog/datasets")


def test_html_is_no_json(portal):
    with pytest.raises(Refused, match=r"no JSON, but a page in HTML\."):
        Web(sleep=lambda _: None, base=f"{portal.url}/_fault/html").json(URL)


def test_published_addresses_are_unescaped(portal):
    portal.asked.clear()
    Web(base=portal.url).json("https://data.bretagne.bzh/api/explore/v2.1/catalog/datasets?limit=1&amp;where=%22x%22")
    assert portal.asked[0][1].endswith("?limit=1&where=%22x%22")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3", "169.254.169.254", "::1", "192.168.1.1", "0.0.0.0"]
)
def test_no_host_of_a_private_network(host):
    with pytest.raises(Refused, match="private network"):
        public_address(host, 443)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1/x", "http://data.bretagne.bzh/x", "file:///etc/passwd", "ftp://x/y"]
)
def test_without_a_stand_in_only_public_https(url):
    with pytest.raises(Refused, match=r"private network|only https"):
        Web(base="", sleep=lambda _: None).json(url)


def test_only_this_machine_stands_in():
    with pytest.raises(UsageError, match="an address of this machine"):
        Web(base="https://example.org")


def test_the_connection_goes_to_the_address_that_was_checked(portal, tmp_path, monkeypatch):
    """TLS with the host's name, at the address: a second look-up of the name can't lead elsewhere."""
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=files.example", "-addext",  # noqa: E501
         "subjectAltName=DNS:files.example", "-keyout", tmp_path / "key", "-out", tmp_path / "cert"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl can't make a certificate here")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with Portal(files=portal.files) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        port = server.server_address[1]
        monkeypatch.setattr(download, "public_address", lambda host, port: "127.0.0.1")
        trusted = ssl.create_default_context(cafile=str(tmp_path / "cert"))
        web = Web(base="", sleep=lambda _: None, tls=trusted)
        assert web.save(f"https://files.example:{port}/f/some.bin", tmp_path / "some.bin").size == len(BODY)
        assert server.asked[0][2]["host"] == f"files.example:{port}"
        with pytest.raises(Refused, match="CERTIFICATE_VERIFY_FAILED"):
            web.json(f"https://other.example:{port}/f/some.bin")


def test_when_a_portal_says_to_come_back():
    assert back("7", b"") == 7
    assert back("Wed, 01 Jan 2020 00:00:00 GMT", b"") == 0
    assert back("soon", b"") == 0
    assert back("", json.dumps({"reset_time": "2000-01-01T00:00:00Z"}).encode()) == 0
    assert back("", b'{"reset_time":"2999-01-01T00:00:00Z"}') > 10**9


def test_two_at_once_do_not_meet(portal, tmp_path):
    web = Web(base=portal.url)
    threads = [Thread(target=web.save, args=(URL, tmp_path / f"{number}.bin")) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {path.read_bytes() == BODY for path in tmp_path.iterdir()} == {True}
