import ast
import gzip
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest

from knowledge import linked_pages
from knowledge.documents import LARGEST, UnreadableDocument
from knowledge.linked_pages import fetch, is_public, linked

PAGE = b"# Do you ship?\nYes."


class Site(ThreadingHTTPServer):
    """A web server on this machine that does as its paths say and remembers what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.stop = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def address(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        kind, _, rest = self.path.lstrip("/").partition("/")
        getattr(self, f"_{kind.partition('.')[0].partition('?')[0] or 'faq'}")(rest)

    def _send(self, body=PAGE, status=200, **headers):
        self.send_response(status)
        for name, value in ({"content_type": "text/markdown; charset=utf-8"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _faq(self, _):
        self._send()

    def _tagged(self, _):
        same = self.headers.get("If-None-Match") == '"v1"'
        self._send(b"" if same else PAGE, 304 if same else 200, etag='"v1"')

    def _dated(self, _):
        day = "Sat, 21 Nov 2026 08:00:00 GMT"
        same = self.headers.get("If-Modified-Since") == day
        self._send(b"" if same else PAGE, 304 if same else 200, last_modified=day)

    def _to(self, rest):
        self._send(b"", 302, location=rest if "://" in rest else f"/{rest}")

    def _loop(self, _):
        self._send(b"", 302, location="/loop")

    def _large(self, _):
        self._send(b"x" * (LARGEST + 1))

    def _bomb(self, _):
        self._send(gzip.compress(b"x" * (LARGEST * 20)), content_encoding="gzip")

    def _status(self, rest):
        self._send(b"", int(rest))

    def _kind(self, rest):
        self._send(content_type=rest)

    def _drip(self, _):
        self._send()
        with suppress(OSError):  # who asked has hung up
            while not self.server.stop.wait(0.05):
                self.wfile.write(b"x")

    def _silent(self, _):
        self.server.stop.wait(10)

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    with Site() as server:
        yield server
        server.stop.set()
        server.shutdown()


@pytest.fixture
def here(site):
    """Return a way to fetch from this machine, which only a test may."""
    return lambda path, etag="": fetch(site.address(path), etag, reachable=lambda address: address.is_loopback)


CLOSED = """127.0.0.1 127.8.8.8 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 169.254.0.1 100.64.0.1
100.127.255.255 100.100.100.200 0.0.0.0 0.1.2.3 192.0.0.8 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
240.0.0.1 255.255.255.255 168.63.129.16 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
::ffff:100.64.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 2002:7f00:1:: 2001::1 2001:db8::1 fc00::1
fd00:ec2::254 fe80::1 fec0::1 ff02::1 100::1 5f00::1 3fff::1""".split()


@pytest.mark.parametrize("address", CLOSED)
def test_what_is_not_public_is_refused(address):
    """Private, loopback, link-local, shared, reserved and metadata addresses are closed, in version 6 clothes too."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "151.101.1.69"])
def test_what_is_public_is_open(address):
    """Addresses of the public internet may be connected to."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",  # noqa: S104 -- asked, not bound
        "2130706433",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
    ],
)
def test_no_spelling_of_this_machine_is_connected_to(site, host):
    """However this machine is written, the page is refused and the server here is never asked."""
    with pytest.raises(UnreadableDocument):
        fetch(f"http://{host}:{site.server_port}/faq")
    assert site.asked == []


def test_a_name_that_resolves_to_this_machine_is_refused(site, monkeypatch):
    """A name is looked up once, and the address that the socket connects to is judged: rebinding gains nothing."""
    looked_up = []

    def resolve(host, port, *_, **__):
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(UnreadableDocument, match="does not lead to a public address"):
        fetch(f"http://rebinding.example:{site.server_port}/faq")
    assert looked_up == ["rebinding.example"]
    assert site.asked == []


def test_a_redirect_is_checked_like_the_first_address(site):
    """A page that may be read cannot send the bot where it may not go: here, from one loopback address to another."""
    only = ip_address("127.0.0.1")
    site.asked.clear()
    with pytest.raises(UnreadableDocument, match="does not lead to a public address"):
        fetch(site.address(f"/to/http://127.0.0.2:{site.server_port}/faq"), reachable=lambda address: address == only)
    assert [path for path, _ in site.asked] == [f"/to/http://127.0.0.2:{site.server_port}/faq"]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/faq", "http://user:word@127.0.0.1/faq"])
def test_a_redirect_leads_to_pages_only(here, target):
    """Other schemes, and addresses with a password, are not followed."""
    with pytest.raises(UnreadableDocument):
        here(f"/to/{target}")


def test_a_page_becomes_a_document(here, site):
    """Its name is made of host and path, its bytes are as they came, and redirects within bounds are followed."""
    page = here("/to/faq")
    assert (page.name, page.content, page.etag) == ("127.0.0.1/to/faq.md", PAGE, "")
    assert here("/faq.html").name == "127.0.0.1/faq.md"
    assert here("/").name == "127.0.0.1/index.md"
    assert here("/faq?page=2&x=../y").name == "127.0.0.1/faq-page-2-x-..-y.md"
    assert all("Cookie" not in headers and "Authorization" not in headers for _, headers in site.asked)


@pytest.mark.parametrize(("path", "header"), [("/tagged", "If-None-Match"), ("/dated", "If-Modified-Since")])
def test_a_page_that_has_not_changed_is_not_sent_again(here, site, path, header):
    """The entity tag, or else the date of the last change, is told; where it still holds, there is no page."""
    page = here(path)
    assert page.content == PAGE
    assert here(path, page.etag) is None
    assert site.asked[-1][1][header] == page.etag
    assert header not in site.asked[0][1]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/large", "larger than 10 MiB"),
        ("/bomb", "larger than 10 MiB"),
        ("/loop", "redirects more than 5 times"),
        ("/status/404", "status 404"),
        ("/status/304", "status 304"),
        ("/kind/video/mp4", "holds video/mp4"),
    ],
)
def test_a_page_that_cannot_be_used_is_refused(here, path, sentence):
    """Each refusal says what is wrong with the page."""
    with pytest.raises(UnreadableDocument, match=sentence):
        here(path)


@pytest.mark.parametrize("path", ["/drip", "/silent"])
def test_no_page_takes_longer_than_its_time(here, monkeypatch, path):
    """A server that says nothing, or drips, is given up on."""
    monkeypatch.setattr(linked_pages, "PATIENCE", 0.3)
    with pytest.raises(UnreadableDocument, match="did not come within"):
        here(path)


@pytest.mark.parametrize(
    "address", ["https://", "ftp://example.org/faq", "http://[::1", "http:///faq", "https://a:b@example.org"]
)
def test_what_is_no_address_is_refused_before_anything_is_asked(address):
    """Only http and https with a host and without a password are addresses."""
    with pytest.raises(UnreadableDocument):
        fetch(address)


def test_a_path_is_told_from_an_address():
    """An origin is a page's where it begins with http:// or https://."""
    assert all(map(linked, ["https://example.org/faq", "HTTP://example.org"]))
    assert not any(map(linked, ["/srv/faq.md", "https.md", None]))


def test_nothing_that_ships_decides_where_pages_may_be_fetched_from():
    """No module hands another rule to the fetch, so no setting can open the network that the bot runs in."""
    root = Path(__file__).parents[2]
    for path in [path for room in ("bot", "knowledge") for path in (root / room).glob("*.py")]:
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        handed = {word.arg for call in calls for word in call.keywords}
        assert "reachable" not in handed, path
        fetches = [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) == "fetch"]
        assert all(len(call.args) <= 2 for call in fetches), path
