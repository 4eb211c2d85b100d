"""Processes that write into a store until they are killed, and what must be true afterwards."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection

import numpy as np

from knowledge.store import Document, Passage, Revision, Store, UnknownServer

NAMES = ("a.md", "b.md", "c.md")
_CHILDREN = get_context("fork")


def revision(name: str, version: int) -> Revision:
    """Return a version of a document that says in every passage which one it is."""
    texts = [f"{name} has version v{version} part {part}" for part in range(1 + version % 4)]
    passages = [Passage(name, "", None, text) for text in texts]
    vectors = [np.full((2, 4), 0.5, np.float32) for _ in texts]
    return Revision(Document(name, f"{version}"), "\n".join(texts).encode(), passages, vectors)


def write(open_store: Callable[[], Store], told: Connection, start: int) -> None:
    """Replace and remove documents for ever; tell each change before it is begun and once it is acknowledged."""
    store = open_store()
    store.servers()  # a connection is made before the time to live begins
    rng = random.Random(start)
    for version in range(start, start + 10**6):
        name = rng.choice(NAMES)
        change = None if rng.random() < 0.2 else version
        told.send(("begun", name, change))
        if change is None:
            with contextlib.suppress(UnknownServer):
                store.remove("s", name)
        else:
            store.replace("s", "e", [revision(name, version)])
        told.send(("done", name, change))


def kill_some_time_later(
    open_store: Callable[[], Store], state: dict[str, set[int | None]], start: int, delay: float
) -> int:
    """Run a writer, kill it after so many seconds of writing, and bring ``state`` up to what it told.

    ``state`` says which versions a document may have: one, or two where a change was under way; None is no document.
    Returns how many changes were acknowledged.
    """
    ours, theirs = _CHILDREN.Pipe(duplex=False)
    child = _CHILDREN.Process(target=write, args=(open_store, theirs, start), daemon=True)
    child.start()
    theirs.close()
    ours.poll(30)
    time.sleep(delay)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    return follow(ours, state)


def follow(told: Connection, state: dict[str, set[int | None]]) -> int:
    """Bring ``state`` up to what a writer told, and return how many changes were acknowledged."""
    done = 0
    try:
        while True:
            what, name, version = told.recv()
            if what == "begun":
                state[name] = {*state[name], version}
            else:
                state[name] = {version}
                done += 1
    except EOFError:
        return done


def examine(store: Store, state: dict[str, set[int | None]]) -> None:
    """Check that every document is one of the versions it may be, whole, with its words and vectors; settle on it."""
    try:
        documents = {document.name: document for document in store.documents("s")}
    except UnknownServer:
        documents = {}
    for name, versions in state.items():
        version = int(documents[name].sha256) if name in documents else None
        assert version in versions, f"{name} is {version}, and {versions} were told"
        if version is not None:
            whole = revision(name, version)
            assert store.content("s", name) == whole.content
            assert store.passages("s", name) == whole.passages
        state[name] = {version}
    if documents:
        ids = list(store.unembedded("s", "nobody", 100))
        held = store.matches("s", "version")
        assert held is not None
        assert sorted(held[0].tolist()) == ids
        assert sorted(store.nearest("s", "e", np.ones(4, np.float32), 100)) == ids
        assert store.size("s") == len(ids) == sum(document.passages for document in documents.values())
