"""How a server's own knowledge fares at every setting of silence: what is answered, and what is kept silent on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from knowledge.embedding import Embedder
from knowledge.indexing import embedded
from knowledge.question import content
from knowledge.retrieval import answerable, search
from knowledge.store import Document, Passage, Revision, Store

LEAST = 10
"""Entries with a heading of their own below which shares say nothing."""
MOST = 300
"""Entries that are asked for, evenly over all documents: more take long and say little more."""
_SERVER = "trial"
_DEEP = 20


class TooLittle(Exception):  # noqa: N818 -- named for what is wrong
    """There are too few questions to measure with; the message says what to do."""


@dataclass(frozen=True)
class Trial:
    """One question that was asked, and whether the knowledge answers it."""

    text: str
    answered: bool
    """Whether it holds the answer."""
    chance: float
    """What the search estimated, 0 to 1."""


@dataclass(frozen=True)
class Setting:
    """What one setting of silence does."""

    silence: float
    answers: float
    """Share of the questions with an answer that go on to be answered."""
    silent: float
    """Share of the questions without one that are declined."""


def own_trials(
    store: Store, embedder: Embedder, server: str, scratch: Store, step: Callable[[int, int], None] | None = None
) -> list[Trial]:
    """Ask for each entry by its heading, once with the entry's body there and once as if the entry were not.

    So every question is answerable by one body that does not repeat it, and unanswerable by neighbours on the same
    subject. ``scratch``: an empty store, for the bodies. ``step``: called with (done, of how many).
    Raises UnknownServer, and TooLittle where fewer than ``LEAST`` entries have a heading.
    """
    bodies = dict(_bodies(store, server))
    asked = list(bodies)[:: -(-len(bodies) // MOST)] if bodies else []
    if len(asked) < LEAST:
        raise TooLittle(
            f"Only {len(asked)} entries have a heading to ask by, and {LEAST} are needed: give a file with --questions."
        )
    passages = [Passage("bodies", "", heading, body) for heading, body in bodies.items()]
    vectors = embedded(embedder, {p.entry: p.views for p in passages})
    revision = Revision(Document("bodies", ""), b"", passages, [vectors[p.entry] for p in passages])
    scratch.replace(_SERVER, embedder.name, [revision])
    trials = []
    for done, heading in enumerate(asked):
        if step:
            step(done, len(asked))
        hits = search(scratch, embedder, _SERVER, heading, _DEEP).hits
        others = [hit for hit in hits if hit.passage.entry != heading]
        trials += [Trial(heading, True, answerable(hits)), Trial(heading, False, answerable(others))]
    return trials


def trials(store: Store, embedder: Embedder, server: str, questions: Sequence[tuple[str, bool]]) -> list[Trial]:
    """Ask questions of which it is known whether the server's files answer them. Raises UnknownServer, TooLittle."""
    if len({truth for _, truth in questions}) < 2:  # noqa: PLR2004 -- both
        raise TooLittle(
            "The file needs questions that the files answer and questions that they do not: add the others."
        )
    return [Trial(text, truth, search(store, embedder, server, text, _DEEP).answerable) for text, truth in questions]


def settings(found: Sequence[Trial], steps: int = 20) -> list[Setting]:
    """Return what each setting of silence from 0 to 1 does, in even steps."""
    chances = {truth: [trial.chance for trial in found if trial.answered is truth] for truth in (True, False)}
    return [
        Setting(
            number / steps,
            sum(chance >= number / steps for chance in chances[True]) / len(chances[True]),
            sum(chance < number / steps for chance in chances[False]) / len(chances[False]),
        )
        for number in range(steps + 1)
    ]


def _bodies(store: Store, server: str) -> Iterator[tuple[str, str]]:
    """Yield (heading, text below it) of every entry that has both."""
    for document in store.documents(server):
        for passage in store.passages(server, document.name):
            title, _, body = passage.text.partition("\n")
            own = passage.heading
            if title == own and content(title) and content(body):
                yield title, body
