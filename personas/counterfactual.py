"""Examples with other values in them: what a voice must copy from its notes, it must not learn by heart.

Names and numbers of a row are exchanged for invented ones in notes, question and reply alike, so that a
row never says the same facts twice. This is the entity substitution of Longpre et al. 2021 (Entity-Based
Knowledge Conflicts in Question Answering, arXiv:2109.05052), used to train rather than to test.
"""

import random
import re
from collections.abc import Callable

from personas.rows import Example, Turn

_NUMBER = re.compile(r"(?<![\w.,:#/@-])(\d+)(?P<decimals>\.\d\d)?(?![\w#/@]|[.,:]\d|-\w)")
_NAME = re.compile(r"\b[A-Z][a-z]{3,}\b")
_ONSETS = "b br c cl d dr f fl g gr h j k l m n p pr r s sh st t th tr v w".split()
_NUCLEI = "a e i o u ai ea o a e".split()
_CODAS = "l n r s nd rn th ck ll st rt m lm x sk v".split()
_ENDINGS = ["", "", "ton", "ford", "wick", "mere", "ley", "by", "dale", "fen", "holm", "a", "o", "is"]


def invent_name(rng: random.Random) -> str:
    """Return a pronounceable capitalised word that is not in any dictionary."""
    word = rng.choice(_ONSETS) + rng.choice(_NUCLEI) + rng.choice(_CODAS) + rng.choice(_ENDINGS)
    return word.capitalize()


def exchange(
    example: Example, rng: random.Random, is_rare: Callable[[str], bool], citation: str | None = None
) -> Example:
    """Return the example with other numbers and rare names, the same everywhere in the row.

    A row whose question holds a number is returned with its numbers as they are, since a comparison may
    hang on them ("is 40 dollars enough"). ``is_rare`` tells a name ("Brackley") from a word ("Monday");
    ``citation`` matches what a reply cites its note by: a number there is no value.
    """
    swaps = _names(example, rng, is_rare)
    if not re.search(r"\d", example.question):
        swaps |= _numbers(example.notes, rng)
    if not swaps:
        return example
    longest_first = "|".join(map(re.escape, sorted(swaps, key=len, reverse=True)))
    pattern = re.compile(rf"(?<![\w.,:])(?:{longest_first})(?!\w|[.,:]\d)")
    lowered = {old.lower(): new.lower() for old, new in swaps.items()}
    loose = re.compile(pattern.pattern, re.IGNORECASE)

    def swap(text: str) -> str:
        return pattern.sub(lambda found: swaps[found[0]], text)

    def swap_in_reply(text: str) -> str:
        if citation is None:
            return swap(text)
        parts = re.split(f"({citation})", text)  # every second part is a citation
        return "".join(part if n % 2 else swap(part) for n, part in enumerate(parts))

    def swap_loosely(text: str) -> str:
        return loose.sub(lambda found: swaps.get(found[0]) or lowered[found[0].lower()], text)

    *earlier, question, reply = example.messages
    return example.model_copy(
        update={
            "notes": tuple(map(swap, example.notes)),
            "messages": (
                *earlier,
                Turn(role="user", content=swap_loosely(question.content)),
                Turn(role="assistant", content=swap_in_reply(reply.content)),
            ),
        }
    )


def _names(example: Example, rng: random.Random, is_rare: Callable[[str], bool]) -> dict[str, str]:
    asked = example.question.lower()
    found = {name for note in example.notes for name in _NAME.findall(note)}
    found |= {name for name in _NAME.findall(example.reply) if name.lower() in asked}
    return {name: invent_name(rng) for name in sorted(found) if is_rare(name)}


def _numbers(notes: tuple[str, ...], rng: random.Random) -> dict[str, str]:
    """Map each number of the notes to another of the same length, keeping their order by size."""
    swaps: dict[str, str] = {}
    found = {match[0] for note in notes for match in _NUMBER.finditer(note)}
    for digits in range(1, 5):
        group = sorted((n for n in found if len(n.partition(".")[0]) == digits), key=float)
        low, high = (1, 9) if digits == 1 else (10 ** (digits - 1), 10**digits - 1)
        whole = sorted({int(float(n)) for n in group})
        if digits == 2 and whole and whole[-1] <= 12:  # noqa: PLR2004 -- most likely hours or months
            high = 12
        if not whole or len(whole) > high - low + 1:
            continue
        new = dict(zip(whole, sorted(rng.sample(range(low, high + 1), len(whole))), strict=True))
        swaps |= {n: str(new[int(float(n))]) + ("." + n.partition(".")[2] if "." in n else "") for n in group}
    return {old: new for old, new in swaps.items() if old != new}
