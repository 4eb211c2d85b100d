"""Documents of an office made up from a seed, and embedders that cost next to nothing, to measure stores with.

Words follow Zipf's law within a subject's own vocabulary, between English function words, so that the lists of a
full text index are as uneven as real ones. No figure about the quality of answers can be taken from them.
"""

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np

from knowledge.store import Passage, Vectors

SUBJECTS = 400
_FUNCTION = (
    "the of to and a in is for on that with by from at as be or an are this it must may can will if when which not all "
    "any each every other than then after before during under over between within without"
).split()
_SYLLABLES = "ba be bi bo da de di do fa fe fo ga go ka ke ki la le li lo ma me mi mo na ne no pa pe po ra re ri ro sa"
_OWN, _SHARED = 400, 30_000  # words of a subject, and of all together
_ROWS = 1 << 16
_NEIGHBOURS = 40


class MadeOffice:
    """Makes documents by number: the same number is the same document in every process."""

    def __init__(self, seed: int = 0) -> None:
        rng = random.Random(seed)
        syllables = _SYLLABLES.split()
        names = {"".join(rng.choices(syllables, k=rng.randint(2, 4))) for _ in range(2 * _SHARED)}
        self._words = sorted(names)[:_SHARED]
        rng.shuffle(self._words)
        self._own = [rng.sample(self._words, _OWN) for _ in range(SUBJECTS)]
        self._zipf = list(accumulate(1 / rank for rank in range(1, _OWN + 1)))
        self._shared = list(accumulate(1 / rank for rank in range(1, _SHARED + 1)))
        self._seed = seed

    def sections(self, number: int) -> list[tuple[str, str]]:
        """Return (heading, text) of a document's two to four sections."""
        rng = random.Random(f"{self._seed} {number}")
        subject = rng.randrange(SUBJECTS)
        return [
            (" ".join(self._topical(rng, subject, 4)).capitalize(), self._text(rng, subject))
            for _ in range(rng.randint(2, 4))
        ]

    def markdown(self, number: int) -> str:
        """Return a document as a file holds it."""
        sections = "\n".join(f"## {heading}\n\n{text}\n" for heading, text in self.sections(number))
        return f"# Memo {number}\n\n{sections}"

    def passages(self, count: int) -> Iterator[tuple[str, list[Passage]]]:
        """Yield (name, passages) of documents until there are so many passages."""
        number = 0
        while count > 0:
            name = f"memo-{number}.md"
            some = [Passage(name, f"Memo {number} > {h}", None, f"{h}\n{text}") for h, text in self.sections(number)]
            yield name, some[:count]
            count -= len(some)
            number += 1

    def question(self, number: int, documents: int) -> str:
        """Return a question of six words in the words of one document."""
        rng = random.Random(f"question {self._seed} {number}")
        heading, text = rng.choice(self.sections(rng.randrange(documents)))
        words = [word for word in re.findall(r"\w+", f"{heading} {text}") if word.lower() not in _FUNCTION]
        return f"when must the {' '.join(rng.sample(words, 5))} be?"

    def _topical(self, rng: random.Random, subject: int, count: int) -> list[str]:
        own = rng.choices(self._own[subject], cum_weights=self._zipf, k=count)
        return [rng.choices(self._words, cum_weights=self._shared)[0] if rng.random() < 0.3 else word for word in own]

    def _text(self, rng: random.Random, subject: int) -> str:
        sentences = []
        for _ in range(rng.randint(2, 4)):
            words = self._topical(rng, subject, rng.randint(5, 9))
            mixed = [part for word in words for part in (rng.choice(_FUNCTION), word)]
            sentences.append(" ".join(mixed).capitalize() + f" {rng.randint(1, 999)}.")
        return " ".join(sentences)


class ClusteredEmbedder:
    """Means of random word vectors, so that texts of one subject lie in one cluster; function words weigh nothing."""

    def __init__(self, dimensions: int = 384) -> None:
        self.name = f"clustered-{dimensions}"
        self._rows = np.random.default_rng(0).standard_normal((_ROWS, dimensions)).astype(np.float32)
        self._known: dict[str, int] = dict.fromkeys(_FUNCTION, -1)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row of length 1 for each text."""
        made = np.stack([self._rows[self._places(text)].mean(axis=0) for text in texts])
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    def _places(self, text: str) -> list[int]:
        return [place for word in re.findall(r"\w+", text.lower()) if (place := self._place(word)) >= 0] or [0]

    def _place(self, word: str) -> int:
        if word not in self._known:
            self._known[word] = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=2).digest(), "big")
        return self._known[word]


class ScatteredEmbedder:
    """A text becomes a real model's vector of another text, chosen by hash, moved at random towards its neighbours.

    So any number of vectors lie as the real ones do, along the same few directions (Vincent and Bengio 2003, Manifold
    Parzen Windows): a graph that searches by neighbours finds them neither harder nor easier. Of 6,409 texts of the
    shipped embedder and as many made from them, intrinsic dimension (Levina and Bickel 2004, 20 neighbours; medians)
    is 17.7 and 17.6, the cosine of the nearest .69 and .65, of the tenth .46 and .44.
    """

    def __init__(self, rows: Vectors, spread: float = 0.8) -> None:
        """``rows``: real vectors; ``spread``: how far to move, in standard deviations of the neighbours."""
        self.name = f"scattered-{rows.shape[1]}"
        self._rows = rows
        self._near = np.concatenate([
            np.argpartition(-(part @ rows.T), _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
            for part in np.array_split(rows, len(rows) // 500 + 1)
        ])  # fmt: skip
        steps = np.random.default_rng(0).standard_normal((_ROWS, _NEIGHBOURS)).astype(np.float32)
        self._steps = steps * spread / np.sqrt(_NEIGHBOURS, dtype=np.float32)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row of length 1 for each text."""
        digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
        row, step = np.frombuffer(digests, "<u4").reshape(-1, 2).T
        row, step = row % len(self._rows), self._steps[step % _ROWS]
        near = np.concatenate([
            (step[some, None] @ self._rows[self._near[row[some]]])[:, 0]
            for some in np.array_split(np.arange(len(row)), len(row) // 500 + 1)
        ])  # fmt: skip
        made = near + (1 - step.sum(axis=1, keepdims=True)) * self._rows[row]
        return made / np.linalg.norm(made, axis=1, keepdims=True)


class RealQuestions:
    """A text becomes the vector of a real question, chosen by hash."""

    def __init__(self, name: str, rows: Vectors) -> None:
        self.name = name
        self._rows = rows

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row of length 1 for each text."""
        digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
        return self._rows[np.frombuffer(digests, "<u8") % len(self._rows)]
