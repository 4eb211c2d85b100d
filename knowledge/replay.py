"""Saved questions asked again after the files have changed, to see whose answer is another one now.

What a question finds is compared, not what a voice makes of it: a reply is worded anew each time, the passage that
it stands on is not.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from knowledge.embedding import Embedder
from knowledge.question_log import Found, QuestionLog
from knowledge.retrieval import Retrieved, search
from knowledge.store import Store, UnknownServer

NOTHING = Found("", "", "", 0.0)


@dataclass(frozen=True)
class ChangedAnswer:
    """A saved question whose best passage is another one now, or that only now is answered, or no longer is.

    ``before`` and ``after`` name no document where the files did not answer.
    """

    question: str
    before: Found
    after: Found


def replay(
    store: Store, embedder: Embedder, log: QuestionLog, server: str, silence: float
) -> tuple[ChangedAnswer, ...]:
    """Ask the server's saved questions again, keep what they found, and return those whose answer changed.

    ``silence``: probability below which a question counts as not answered. Raises BadServer.
    """
    saved = log.saved(server)
    found = {one.text: best(store, embedder, server, one.text) for one in saved}
    log.remember(server, found)
    return _changed(((one.text, one.found, found[one.text]) for one in saved), silence)


def untold(log: QuestionLog, server: str, silence: float) -> tuple[ChangedAnswer, ...]:
    """Return the saved questions that are answered otherwise than their owners were told last. Raises BadServer."""
    return _changed(((one.text, one.told, one.found) for one in log.saved(server)), silence)


def best(store: Store, embedder: Embedder, server: str, question: str) -> Found:
    """Return the best passage for a question, from any channel; NOTHING where the server has none."""
    try:
        found: Retrieved = search(store, embedder, server, question, 1, _channels(store, server))
    except UnknownServer:
        return NOTHING
    if not found.hits:
        return NOTHING
    passage = found.hits[0].passage
    return Found(passage.document, passage.section, passage.text, round(found.answerable, 4))


def _channels(store: Store, server: str) -> tuple[str, ...]:
    return tuple({channel for document in store.documents(server) for channel in document.channels})


def _changed(asked: Iterable[tuple[str, Found | None, Found | None]], silence: float) -> tuple[ChangedAnswer, ...]:
    """Return those that were answered in one way before and in another one after."""
    known = ((text, _answer(was, silence), _answer(is_, silence)) for text, was, is_ in asked if was and is_)
    return tuple(ChangedAnswer(text, was, is_) for text, was, is_ in known if _words(was) != _words(is_))


def _answer(found: Found, silence: float) -> Found:
    return found if found.answerable >= silence else replace(NOTHING, answerable=found.answerable)


def _words(found: Found) -> tuple[str, ...]:
    return found.document, found.section, found.passage
