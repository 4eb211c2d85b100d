"""Whatever is done in one server, all others stay as they were."""

import hashlib
import random
from collections.abc import Callable
from functools import cache

import pytest
from test_store_proofs import report

from knowledge import chunking, documents, indexing
from knowledge.embedding import HashEmbedder
from knowledge.store import Document, Passage, Revision, Store, UnknownServer

pytestmark = pytest.mark.torture
SERVERS = [f"s{number}" for number in range(8)]
NAMES = ("faq.md", "hours.md", "s1.md")
CLAIMS = ("", "---\nguild_id: {0}\nserver: {0}\n---\n", "server: {0}\n\n", "# {0}\nguild_id {0}\n\n")
"""What a file may say of whose it is, which counts for nothing."""
TEXTS = ("# Do you deliver?\nDaily.\n", "# Do you deliver?\nNever.\n", "# Where?\nBehind the shop.\n\n# When?\nAt 9.\n")


@cache
def read_once(name: str, content: bytes) -> list[Passage]:
    """Return what an upload of the bytes is read as; the reading is no part of what is proved here."""
    return list(chunking.passages(name, documents.read(name, content)))


class Servers:
    """A store of several servers, what each of them should hold, and which version it was at then."""

    def __init__(self, store: Store, rng: random.Random) -> None:
        self._store, self._rng = store, rng
        self._embedders = (HashEmbedder(16), HashEmbedder(8))
        self.held: dict[str, dict[str, tuple[bytes, tuple[str, ...]]]] = {}
        self._versions: dict[str, int] = {}

    def change(self) -> None:
        """Do something in one server, and see that no other one moved."""
        server, name = self._rng.choice(SERVERS), self._rng.choice(NAMES)
        act = self._rng.choice([self._upload] * 5 + [self._remove] * 3 + [self._forget, self._refresh])
        act(server, name)
        self._versions.pop(server, None)
        if server in self.held:
            self._versions[server] = self._store.version(server)
        for other, version in self._versions.items():
            assert self._store.version(other) == version, f"{act.__name__} in {server} changed {other}"

    def _upload(self, server: str, name: str) -> None:
        content = (self._rng.choice(CLAIMS).format(self._rng.choice(SERVERS)) + self._rng.choice(TEXTS)).encode()
        channels = self._rng.choice([(), ("shop",)])
        embedder, passages = self._rng.choice(self._embedders), read_once(name, content)
        document = Document(name, hashlib.sha256(content).hexdigest(), None, channels)
        vectors = [embedder.embed(passage.views) for passage in passages]
        self._store.replace(server, embedder.name, [Revision(document, content, passages, vectors)])
        self.held.setdefault(server, {})[name] = content, channels

    def _remove(self, server: str, name: str) -> None:
        if server in self.held:
            assert self._store.remove(server, name) == (name in self.held[server])
            self.held[server].pop(name, None)

    def _forget(self, server: str, _name: str) -> None:
        self._store.forget(server)
        self.held.pop(server, None)

    def _refresh(self, server: str, _name: str) -> None:
        if server in self.held:
            indexing.refresh(self._store, self._rng.choice(self._embedders), server)
            self._store.drop_embedders(server, self._rng.choice(["", "9999"]))

    def compare(self) -> None:
        """See that every server holds what it should, and finds nothing else."""
        assert self._store.servers() == sorted(self.held)
        for server in SERVERS:
            if server not in self.held:
                with pytest.raises(UnknownServer):
                    self._store.documents(server)
                continue
            there = self._store.documents(server)
            assert {d.name: (self._store.content(server, d.name), d.channels) for d in there} == self.held[server]
            ids = list(self._store.unembedded(server, "nobody", 1000))
            matched = [self._store.matches(server, word, ["shop"]) for word in ("deliver", "behind", "daily", "never")]
            found = {int(id_) for held in matched if held for id_ in held[0]}
            for embedder in self._embedders:
                query = embedder.embed(["Do you deliver daily?"])[0]
                found.update(self._store.nearest(server, embedder.name, query, 1000, ["shop"]))
            assert found <= set(ids)
            assert len(self._store.load(server, self._embedders[0].name, ids)) == len(ids) == self._store.size(server)


def test_no_change_reaches_another_server(
    another: Callable[[], Store], times: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Uploads of the same names and bytes, whatever they say of whose they are, removals, leaving and coming back."""
    servers, changes = Servers(another(), random.Random(0)), times(100, 20_000)
    for number in range(1, changes + 1):
        servers.change()
        if number % 50 == 0 or number == changes:
            servers.compare()
    report(capsys, f"{changes} changes in {len(SERVERS)} servers: 0 reached another one")
