"""Words of a training row that a reply repeats though nothing in front of it says them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from personas.persona import Card
from personas.rows import Example

RUN = 8
"""Words in a row; fewer are common by chance. Reports on training data in models' output use 8 to 13 (Brown et al.
2020, arXiv:2005.14165, appendix C)."""
_FORMULA = 3
"""Subjects in which a run stands that is the voice's own manner, and no row learnt by heart."""
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")

Run = tuple[str, ...]


@dataclass(frozen=True)
class Leaks:
    """What a voice could repeat: see ``learnt``."""

    runs: frozenset[Run]
    phrases: frozenset[Run]

    def found(self, reply: str, row: Example) -> str:
        """Return the first run of a training row that stands in a reply, and not in its talk; empty where none does."""
        given = "\n".join((*row.notes, *(turn.content for turn in row.messages[:-1])))
        known = {*_runs(given), *self.phrases}
        return next((" ".join(run) for run in _runs(reply) if run in self.runs and run not in known), "")


def learnt(rows: Sequence[Example], card: Card) -> Leaks:
    """Return the runs of words of a voice's training replies that are neither the card's nor the voice's manner."""
    subjects: dict[Run, set[str]] = {}
    for row in rows:
        for run in _runs(row.reply):
            subjects.setdefault(run, set()).add(row.domain)
    phrases = {run for phrase in own_phrases(card) for run in _runs(phrase)}
    return Leaks(frozenset(run for run, some in subjects.items() if len(some) < _FORMULA), frozenset(phrases))


def own_phrases(card: Card) -> Iterator[str]:
    """Yield everything that the card itself gives the voice to say, without its form."""
    fixed = [line for lines in card.lines.model_dump().values() for line in lines]
    style = card.style
    if style:
        yield from (*style.openings, *style.closings, *style.yes, *style.no, *style.words.values())
        fixed += style.small_talk
    yield from (card.format.words(line) if card.format else line for line in fixed)
    yield card.voice


def _runs(text: str) -> Iterable[Run]:
    words = [word.lower().replace("\u2019", "'") for word in _WORD.findall(text)]
    return (tuple(words[n : n + RUN]) for n in range(len(words) - RUN + 1))
