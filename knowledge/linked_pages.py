"""Pages on the web as documents: fetched from public addresses only, and asked for again only where they changed.

An address that members can choose must never lead into the network that the bot runs in. So it is not the name that
is judged but the address that the socket is about to connect to, at that moment: whatever a name resolved to before,
and whatever a page redirects to, nothing else is ever connected to. aiohttp hands each of these addresses to the
factory of its sockets; AntiSSRF, which Microsoft keeps up to date, brings the ranges that are not public, because
`ipaddress` of older Pythons takes some of them for public.
"""

import asyncio
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from knowledge.documents import LARGEST, READERS
from knowledge.entries import UnreadableDocument, printable, refuse

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from yarl import URL

Address = IPv4Address | IPv6Address
Reachable = Callable[[Address], bool]

PATIENCE = 20.0
"""Seconds for a page from the first look-up of its name to its last byte, redirects included."""
_MOST_REDIRECTS = 5
_LONGEST_ADDRESS = 500  # characters
_LONGEST_ETAG = 200
_CHUNK = 2**16
_NOT_MODIFIED = 304
_GOOD = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ENDINGS = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt", "text/markdown": ".md",
    "text/csv": ".csv", "text/tab-separated-values": ".tsv", "application/json": ".json", "application/pdf": ".pdf",
    "application/jsonl": ".jsonl", "application/x-ndjson": ".jsonl", "application/yaml": ".yaml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}  # fmt: skip
_OF_A_PAGE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Page:
    """A page as it was fetched."""

    name: str
    """The name of its document: host and path, with the ending of what it holds, such as ``example.org/faq.html``."""
    content: bytes
    etag: str
    """What to ask with next time: an entity tag, else the date of its last change, else empty."""


def linked(origin: str | None) -> bool:
    """Tell whether an origin is a page's address and no path."""
    return origin is not None and bool(re.match(r"https?://", origin, re.IGNORECASE))


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the public internet; one that carries another inside counts as that one."""
    inner = (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
    closed = inner.is_reserved or inner.is_multicast or any(inner in network for network in _closed(inner.version))
    return inner.is_global and not closed


def fetch(address: str, etag: str = "", reachable: Reachable = is_public) -> Page | None:
    """Return the page, or None where it has not changed since ``etag`` was told. Blocks for up to ``PATIENCE``.

    ``reachable`` decides which addresses may be connected to; nothing but a test gives another one.
    Raises UnreadableDocument.
    """
    return asyncio.run(_fetch(address, etag, reachable))


async def _fetch(address: str, etag: str, reachable: Reachable) -> Page | None:
    import aiohttp

    url = _checked(address)
    connector = aiohttp.TCPConnector(socket_factory=lambda info: _socket(info, reachable), use_dns_cache=False)
    try:
        async with (
            asyncio.timeout(PATIENCE),
            aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": "Parley"}
            ) as session,
        ):
            return await _page(session, url, _asking(etag))
    except TimeoutError:
        fault = f"did not come within {PATIENCE:.0f} seconds: try again later, or upload the page as a file"
    except aiohttp.ClientConnectorError as error:
        fault = "cannot be reached: check the address, or upload the page as a file"
        if isinstance(error.os_error, _NotPublicError):
            fault = "does not lead to a public address: link to a page that everybody can reach"
    except (aiohttp.ClientError, ValueError):
        fault = "cannot be read from its server: check the address, or upload the page as a file"
    raise UnreadableDocument(f"{printable(address)} {fault}.")


async def _page(session: "ClientSession", url: "URL", asking: dict[str, str]) -> Page | None:
    first = url
    for _ in range(_MOST_REDIRECTS + 1):
        async with session.get(url, headers=asking, allow_redirects=False) as response:
            target = response.headers.get("Location")
            if response.status in _REDIRECTS and target:
                url = _checked(str(url.join(_url(target))), before=url)
                continue
            if response.status == _NOT_MODIFIED and asking:
                return None
            if response.status != _GOOD:
                refuse(str(first), f"answers with status {response.status}", "check the address in a browser")
            return Page(_name(first, response.content_type), await _body(response, first), _etag(response))
    raise UnreadableDocument(f"{first} redirects more than {_MOST_REDIRECTS} times: link to the page that it ends at.")


async def _body(response: "ClientResponse", url: "URL") -> bytes:
    """Return the bytes, as many as a file may have; a length that the server tells is not believed."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > LARGEST:
            refuse(str(url), f"is larger than {LARGEST // 2**20} MiB", "link to a smaller page")
    return bytes(body)


class _NotPublicError(OSError):
    """The address is not one that may be connected to."""


def _socket(info: tuple[Any, ...], reachable: Reachable) -> socket.socket:
    family, kind, protocol, _, place = info
    if not reachable(ip_address(str(place[0]).partition("%")[0])):
        raise _NotPublicError("not a public address")
    return socket.socket(family, kind, protocol)


@cache
def _closed(version: int) -> tuple[IPv4Network | IPv6Network, ...]:
    from AntiSSRF import IPAddressRanges

    networks = map(ip_network, IPAddressRanges.recommended_latest)
    return tuple(network for network in networks if network.version == version)


def _checked(address: str, before: "URL | None" = None) -> "URL":
    """Return the address if it may be asked at all. Raises UnreadableDocument."""
    url = _url(address)
    if url.scheme not in {"http", "https"} or not url.host:
        refuse(address, "is no address of a page", "give one that begins with https:// or http://")
    if len(address) > _LONGEST_ADDRESS:
        refuse(address, f"has more than {_LONGEST_ADDRESS} characters", "link to the page itself")
    if url.user is not None or url.password is not None:
        refuse(url.host, "was given with a user's name or password", "link to a page that everybody can read")
    if before is not None and before.scheme == "https" and url.scheme == "http":
        refuse(str(before), "redirects to a page without encryption", "link to that page itself if you trust it")
    return url.with_fragment(None)


def _url(address: str) -> "URL":
    from yarl import URL

    try:
        return URL(address)
    except (ValueError, UnicodeError) as error:
        raise UnreadableDocument(f"{printable(address)} is no address: copy it from a browser.") from error


def _asking(etag: str) -> dict[str, str]:
    if not etag:
        return {}
    return {"If-None-Match" if etag.startswith(('"', "W/")) else "If-Modified-Since": etag}


def _etag(response: "ClientResponse") -> str:
    told = response.headers.get("ETag", "")
    told = told if told.startswith(('"', "W/")) else response.headers.get("Last-Modified", "")
    return told if len(told) <= _LONGEST_ETAG and told.isprintable() else ""


def _name(url: "URL", kind: str) -> str:
    """Return host and path as a document's name; what the server says that the page is decides over its ending."""
    parts = [part for part in url.path.split("/") if part.strip(". ")]
    path = "/".join(_OF_A_PAGE.sub("-", part) for part in parts) or "index"
    query = _OF_A_PAGE.sub("-", url.query_string).strip("-")
    stem = f"{url.host}/{path}" + (f"-{query}" if query else "")
    ending = PurePosixPath(path).suffix.lower()
    wanted = ending if kind in {"text/plain", "application/octet-stream"} and ending in READERS else _ENDINGS.get(kind)
    if wanted is None:
        refuse(str(url), f"holds {printable(kind)}, which cannot be read", f"link to one of {', '.join(READERS)}")
    return stem if ending == wanted and not query else f"{stem.removesuffix(ending)}{wanted}"
