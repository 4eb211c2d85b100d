"""A question without the name of the server that it is asked on.

"Does Mossbank Books ship abroad?" asks what "do you ship abroad?" asks; the name would only find the passages that
happen to hold it, as the best cosine and BM25 do on public question sets (tests/benchmarks/retrieval.py).
"""

import re
from functools import lru_cache, partial

from knowledge.question import asked, content
from knowledge.word_frequency import ORDINARY, frequency

_PARTS = re.compile(r"[|/:\u2022\u00b7\u2013\u2014()\[\]{}]|\s-+\s")
"""What stands between a name and what else a server is called: "Petal & Stem | Official"."""
_ABOUT_IT = frozenset("a an the and n official discord server community guild hub our of".split())
_LEAST = 3  # letters of a name of one word
_SAID = {"does": "do", "is": "are", "has": "have", "was": "were"}
_ASKED = r"do|does|did|is|are|was|were|has|have|can|could|may|might|will|would|should|must"
_PLACED = r"at|in|from|to|by|near|inside|within"
_SPOT = r"shop|store|server|discord|bot"


def without_name(question: str, *names: str) -> str:
    """Return the question with ``names`` of its server left out; as it is where it would ask nothing any more.

    Who does something becomes "you", and a place is dropped. Elsewhere the name's ordinary words stay beside one that
    is not ("buy a Lumo mattress"). A name of one ordinary word stays too: "Rust" may be the metal.
    """
    left = question
    for name in names:
        for pattern, ordinary in _patterns(name):
            left = pattern.sub(partial(_replaced, ordinary), left)
    if left == question:
        return question
    left = re.sub(r"\s+", " ", re.sub(r"\s+(?=[?.!,;:])", "", left)).strip()
    return left if content(left) or asked(left).verbs else question


def _replaced(kept: str, found: re.Match[str]) -> str:
    verb, place, owned = found["asked"], found["place"], found["owner"]
    if verb:
        return f"{_SAID.get(verb.lower(), verb)} {'your' if owned else 'you'}"
    if owned:
        return f"{place} your" if place else "your"
    return "" if place else kept


@lru_cache(256)
def _patterns(name: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return how each part of a name may be written, with its ordinary words."""
    found = []
    for part in _PARTS.split(name if " " in name else name.replace("-", " ")):
        words = _bare(re.findall(r"[^\W_]+", part.lower()))
        ordinary = [word for word in words if frequency(word) >= ORDINARY]
        if "".join(words).isdigit() or len("".join(words)) < _LEAST or words == ordinary[:1]:
            continue
        joined = r"[\W_]*(?:(?:and|n)[\W_]+)?".join(map(re.escape, words))
        pattern = (
            rf"(?:\b(?P<asked>{_ASKED})\s+|\b(?P<place>{_PLACED})\s+)?(?:\bthe\s+)?\b{joined}\b"
            rf"(?P<owner>['\u2019]s?\b|['\u2019](?=\s))?(?:\s+(?:{_SPOT})\b)?"
        )
        found.append((re.compile(pattern, re.IGNORECASE), " ".join(ordinary) if len(ordinary) < len(words) else ""))
    return tuple(found)


def _bare(words: list[str]) -> list[str]:
    while words and words[-1] in _ABOUT_IT:
        words.pop()
    while words and words[0] in _ABOUT_IT:
        words.pop(0)
    return [word for word in words if word not in {"and", "n"}]
