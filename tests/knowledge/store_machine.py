"""A store held against dictionaries, step by step, with two servers at once."""

import zlib
from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from knowledge.store import Document, Passage, Revision, Store, UnknownServer, Vectors

SERVERS = st.sampled_from(["one", "two"])
NAMES = st.sampled_from(["a.md", "b.md", "c.csv"])
WORDS = ["rose", "tulip", "lily", "orchid", "fern"]
EMBEDDERS = st.sampled_from(["first", "second"])
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join), max_size=5)
CHANNELS = st.sampled_from([(), ("shop",), ("staff", "shop")])
WIDE = {"first": 8, "second": 5}


def vector(text: str, embedder: str) -> Vectors:
    """Return a direction that any process gives the same text."""
    made = np.random.default_rng(zlib.crc32(f"{embedder} {text}".encode())).standard_normal((1, WIDE[embedder]))
    return (made / np.linalg.norm(made)).astype(np.float32)


class StoreMachine(RuleBasedStateMachine):
    """The model: by server and document its bytes, channels, texts, and who has embedded each text."""

    open_store: Callable[[], Store]

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, dict[str, tuple[bytes, tuple[str, ...], list[str]]]] = {}
        self.read: dict[str, dict[str, dict[tuple[str, str], int]]] = {}
        self.ids: dict[str, dict[int, str]] = {"one": {}, "two": {}}
        self.store = self.open_store()

    @initialize()
    def begin(self) -> None:
        """Begin with nothing."""
        for server in ("one", "two"):
            self.store.forget(server)

    def teardown(self) -> None:
        """Let go of the store."""
        self.store.close()

    @rule(server=SERVERS, name=NAMES, texts=TEXTS, channels=CHANNELS, embedder=EMBEDDERS)
    def replace(self, server: str, name: str, texts: list[str], channels: tuple[str, ...], embedder: str) -> None:
        """Put a document in the place of the one of its name; passages that stay keep what others embedded."""
        content = "\n".join(texts).encode()
        passages = [Passage(name, "", None, text) for text in texts]
        document = Document(name, str(zlib.crc32(content)), None, channels, "2026-01-01T00:00:00+00:00")
        vectors = [vector(text, embedder) for text in texts]
        self.store.replace(server, embedder, [Revision(document, content, passages, vectors)])
        known = self.model.setdefault(server, {})
        before = known[name][2] if name in known else []
        known[name] = (content, channels, texts)
        read = self.read.setdefault(server, {})
        for counts in read.values():
            for text in set(before):
                counts[name, text] = min(counts.get((name, text), 0), texts.count(text))
        read.setdefault(embedder, {}).update({(name, text): texts.count(text) for text in texts})

    @rule(server=SERVERS, name=NAMES)
    def remove(self, server: str, name: str) -> None:
        """Take a document out with everything of it."""
        if server not in self.model:
            self.unknown(server)
            return
        assert self.store.remove(server, name) == (name in self.model[server])
        self.model[server].pop(name, None)
        for counts in self.read[server].values():
            for key in [key for key in counts if key[0] == name]:
                del counts[key]

    @rule(server=SERVERS)
    def forget(self, server: str) -> None:
        """Forget a server, which may come again."""
        self.store.forget(server)
        self.model.pop(server, None)
        self.read.pop(server, None)
        self.unknown(server)

    @rule(server=SERVERS, embedder=EMBEDDERS, limit=st.integers(1, 6))
    def embed(self, server: str, embedder: str, limit: int) -> None:
        """Let an embedder read some of what it has not read."""
        if server not in self.model:
            return
        missing = self.store.unembedded(server, embedder, limit)
        counts = self.read[server].get(embedder, {})
        wanted = sum(len(texts) for _, _, texts in self.model[server].values()) - sum(counts.values())
        assert len(missing) == min(limit, wanted)
        self.store.embed(server, embedder, {id_: vector(p.text, embedder) for id_, p in missing.items()})
        counts = self.read[server].setdefault(embedder, {})
        for passage in missing.values():
            key = passage.document, passage.text
            counts[key] = counts.get(key, 0) + 1

    @rule(server=SERVERS)
    def drop_embedders(self, server: str) -> None:
        """Let go of all vectors, and of no words."""
        if server in self.model:
            self.store.drop_embedders(server, "9999")
            self.read[server] = {}
            assert self.store.embedders(server) == []

    @rule()
    def reopen(self) -> None:
        """Go on as another process."""
        self.store.close()
        self.store = self.open_store()

    @rule(server=SERVERS, word=st.sampled_from(WORDS), channels=st.sampled_from([(), ("shop",), ("staff",)]))
    def find_word(self, server: str, word: str, channels: tuple[str, ...]) -> None:
        """Find a word in the passages that hold it and may be seen here, and only in them."""
        if server not in self.model:
            self.unknown(server)
            return
        found = self.store.matches(server, word, channels)
        assert found is not None
        shown = [stored.passage.text for stored in self.store.load(server, "first", found[0].tolist())]
        assert sorted(shown) == sorted(text for text in self.seen(server, channels) if word in text.split())
        assert len(set(found[0].tolist())) == len(shown)
        assert all(0 < strength < 2.2 for strength in found[1])

    @rule(server=SERVERS, text=TEXTS, embedder=EMBEDDERS, channels=st.sampled_from([(), ("staff",)]))
    def find_nearest(self, server: str, text: list[str], embedder: str, channels: tuple[str, ...]) -> None:
        """Find the nearest passages first, each as near as a comparison with all finds it."""
        if server not in self.model:
            return
        query = vector(" ".join(text), embedder)[0]
        ids = list(self.store.nearest(server, embedder, query, 3, channels))
        by_id = {stored.id: stored for stored in self.store.load(server, embedder, ids)}
        cosines = [float(by_id[id_].vectors[0] @ query) for id_ in ids]
        counts = self.read[server].get(embedder, {})
        held = [
            float(vector(one, embedder)[0] @ query)
            for (name, one), times in counts.items()
            if not (only := self.model[server][name][1]) or set(only) & set(channels)
            for _ in range(times)
        ]
        assert np.allclose(cosines, sorted(held, reverse=True)[:3], atol=5e-3)

    @invariant()
    def all_is_as_modelled(self) -> None:
        """Find the model's servers, documents, bytes and passages, and no id that meant something else before."""
        assert self.store.servers() == sorted(self.model)
        for server, known in self.model.items():
            documents = self.store.documents(server)
            assert {d.name: (d.channels, d.passages) for d in documents} == {
                name: (channels, len(texts)) for name, (_, channels, texts) in known.items()
            }
            for name, (content, _, texts) in known.items():
                assert self.store.content(server, name) == content
                assert [passage.text for passage in self.store.passages(server, name)] == texts
            assert self.store.size(server) == sum(len(texts) for _, _, texts in known.values())
            for id_, passage in self.store.unembedded(server, "nobody", 100).items():
                assert self.ids[server].setdefault(id_, passage.text) == passage.text

    def seen(self, server: str, channels: tuple[str, ...]) -> list[str]:
        """Return the texts that may be seen from channels."""
        return [
            text
            for _, only, texts in self.model[server].values()
            if not only or set(only) & set(channels)
            for text in texts
        ]

    def unknown(self, server: str) -> None:
        """See that the store says it knows nothing of the server."""
        for ask in (self.store.documents, self.store.size):
            try:
                ask(server)
            except UnknownServer:
                continue
            raise AssertionError(server)
