"""Does a reply say what its notes say? Decided by rules alone: the same reply always gets the same verdict.

What is checked: every number, price, time, date, ordinal, link, e-mail address, code and name of the reply stands
in the notes, with the unit and beside the words that it stands beside there; a name that only the question holds
is not affirmed; yes and no agree with the notes; the value that was asked for is there.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from knowledge.claims import MONTHS, WEEKDAYS, Claim, claims, names, stem, stems
from knowledge.polarity import declines, denies, hedged, negative, polarity
from knowledge.question import STOP_WORDS, Asked, answers_without_value, asked, content

Fault = Literal["value", "name", "place", "yes-no", "missing", "empty", "silent"]

_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")
_CLAUSES = re.compile(r"(?<=[.!?:])\s+|\n+|\s*[;|\u2022\u2014]\s*|,\s+(?!\d|up to)|\s+(?:and|but|while|whereas)\s+(?!\d)")


@dataclass(frozen=True)
class Finding:
    """One thing in a reply that its notes do not bear out."""

    fault: Fault
    shown: str
    """The words of the reply, or what it lacks."""
    reason: str


@dataclass(frozen=True)
class Check:
    """What became of a reply."""

    findings: tuple[Finding, ...]
    declined: bool
    """The reply says that the notes do not hold the answer, and claims nothing."""
    cited: tuple[int, ...]
    """Numbers, from 1, of the notes that the reply stands on."""

    @property
    def passed(self) -> bool:
        """Whether the reply may be sent as an answer."""
        return not self.findings and not self.declined


def check(reply: str, question: str, notes: Sequence[str], vocabulary: AbstractSet[str] = frozenset()) -> Check:
    """Check a reply against the notes it was drafted from.

    ``vocabulary`` holds lower-case words that the voice may begin a sentence with though the notes do not
    know them ("arr", "blimey"); any other unknown word with a capital counts as a name.
    """
    text = "\n".join(notes)
    ask = asked(question)
    held = claims(text)
    if not notes:
        return Check((*_values(reply, "", ()), *_names(reply, "", "", vocabulary)), declined=False, cited=())
    found = [*_values(reply, question, held), *_names(reply, question, text, vocabulary)]
    shares = _shares(reply, question, text, held)
    if declines(reply) and not _tells(reply, question, text, held):
        return Check((), declined=True, cited=())
    found += _places(reply, question, text)
    if ask.yes_no:
        found += _yes_no(reply, question, text, ask)
    found += _missing(reply, text, ask)
    denied = ask.yes_no and polarity(reply) == "no" and bool((set(ask.words) - set(stems(text))) & set(stems(reply)))
    if not found and not shares and not denied and not _echoes(reply, text):
        found.append(Finding("empty", reply, "The reply says nothing that the notes say."))
    cited = tuple(
        n for n, note in enumerate(notes, 1) if _shares(reply, question, note, claims(note)) or len(notes) == 1
    )
    return Check(tuple(found), declined=False, cited=cited or tuple(range(1, len(notes) + 1)))


def _values(reply: str, question: str, held: Sequence[Claim]) -> list[Finding]:
    """Every value stands in the notes, a number with the unit that it has there."""
    have = {(c.kind, c.value) for c in held} | _ranges(held)
    asked_for = {(c.kind, c.value) for c in claims(question)}
    numbers = {(c.value, c.unit) for c in held if c.kind == "number"}
    units = {unit for _, unit in numbers if unit}
    found = []
    for claim in claims(reply):
        key = (claim.kind, claim.value)
        if key in asked_for and key not in have and _denied(reply, claim.start):
            continue
        if key not in have:
            found.append(Finding("value", claim.shown, f"{claim.shown} does not stand in the notes."))
        elif claim.kind == "number" and claim.unit in units and (claim.value, claim.unit) not in numbers:
            found.append(Finding("place", claim.shown, f"{claim.shown} stands in the notes with another unit."))
    return found


def _ranges(held: Sequence[Claim]) -> set[tuple[str, str]]:
    """Return the days and months that lie between two neighbouring ones ("Tuesday to Friday")."""
    inside: set[tuple[str, str]] = set()
    for kind, cycle in (("weekday", WEEKDAYS), ("month", MONTHS)):
        row = [c for c in held if c.kind == kind]
        for first, last in zip(row, row[1:], strict=False):
            if last.start - first.start - len(first.shown) <= 4:  # " to ", "-"
                start, end = cycle.index(first.value), cycle.index(last.value)
                inside |= {
                    (kind, cycle[i % len(cycle)]) for i in range(start, end + (len(cycle) if end < start else 0))
                }
    return inside


def _names(reply: str, question: str, text: str, vocabulary: AbstractSet[str]) -> list[Finding]:
    """Every name stands in the notes, or in the question and is denied; so does a word that only the question has."""
    known, queried = set(stems(text)), set(stems(question))
    found = []
    for word, start, opens in names(reply):
        parts = stems(word)
        if all(part in known for part in parts) or (opens and _may_open(word, vocabulary)):
            continue
        if any(part in queried for part in parts) and _denied(reply, start):
            continue
        if opens and not vocabulary and not any(part in queried for part in parts):
            continue  # without a vocabulary there is no telling "Harr" from a name
        found.append(Finding("name", word, f"{word} does not stand in the notes."))
    seen = {finding.shown.lower() for finding in found}
    for match in re.finditer(r"[^\W\d_]{4,}", reply):
        word = match[0].lower()
        asked_only = stem(word) in queried and stem(word) not in known and word not in STOP_WORDS
        if asked_only and word not in vocabulary and word not in seen and not _denied(reply, match.start()):
            found.append(
                Finding("name", match[0], f"{match[0]} stands in the question only, and the reply affirms it.")
            )
    return found


def _may_open(word: str, vocabulary: AbstractSet[str]) -> bool:
    """Tell whether a sentence may begin with the word: known to the voice, "Runnin'", or "Late-night"."""
    lowered = word.lower()
    return lowered in vocabulary or lowered in STOP_WORDS or bool(re.search(r"in[g'\u2019]?$|-[a-z]", word))


def _denied(reply: str, at: int) -> bool:
    """Tell whether the words around a place in the reply deny, or only repeat the question."""
    sentence = next((s for s in _spans(_SENTENCES, reply) if s[0] <= at < s[1]), (0, len(reply)))
    words = reply[sentence[0] : sentence[1]]
    return negative(words) or words.rstrip().endswith("?")


def _spans(splitter: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    ends = [(m.start(), m.end()) for m in splitter.finditer(text)]
    starts = [0, *(end for _, end in ends)]
    return list(zip(starts, [*(start for start, _ in ends), len(text)], strict=True))


def _places(reply: str, question: str, text: str) -> list[Finding]:
    """A value stands beside the words that it belongs to: not Friday's hour for Saturday.

    Where the notes hold several values of a kind, each of the reply must come from a clause of the notes that
    fits the words of reply and question about as well as any other clause with a value of that kind.
    """
    parts = list(_parts(text))
    found = []
    for start, end in _spans(_SENTENCES, reply):
        sentence = reply[start:end]
        around = dict.fromkeys((*content(sentence), *content(question)), 1)
        days = _days(sentence) or _days(question)
        for first, last in _spans(_CLAUSES, sentence):
            clause = sentence[first:last]
            anchors = around | dict.fromkeys(content(clause), 2)
            for claim in claims(clause):
                alike = [(part.fit(anchors, days), part) for part in parts if any(_like(claim, c) for c in part.held)]
                mine = [fit for fit, part in alike if claim.value in {c.value for c in part.held}]
                if claim.kind not in {"weekday", "month"} and mine and max(mine) < max(fit for fit, _ in alike) - 2:
                    found.append(Finding("place", claim.shown, f"{claim.shown} belongs to something else in the notes."))
    return found


@dataclass(frozen=True)
class _Part:
    """A clause of the notes, with the note around it."""

    held: tuple[Claim, ...]
    clause: frozenset[str]
    note: frozenset[str]
    days: frozenset[str]

    def fit(self, anchors: Mapping[str, int], days: set[str]) -> int:
        """Return how well the part fits weighted words: twice the weight in the clause, once around it."""
        here = sum(2 * weight for word, weight in anchors.items() if word in self.clause)
        near = sum(weight for word, weight in anchors.items() if word in self.note - self.clause)
        return here + near + (4 if days & self.days else 0)


def _parts(text: str) -> Iterator[_Part]:
    for note in text.split("\n"):
        around = frozenset(content(note))
        for start, end in _spans(_SENTENCES, note):
            sentence = note[start:end]
            for first, last in _spans(_CLAUSES, sentence):
                clause = sentence[first:last]
                yield _Part(tuple(claims(clause)), frozenset(content(clause)), around, frozenset(_days(clause)))


def _like(one: Claim, other: Claim) -> bool:
    return one.kind == other.kind and (one.kind != "number" or one.unit == other.unit)


def _days(text: str) -> set[str]:
    held = [c for c in claims(text) if c.kind in {"weekday", "month"}]
    return {c.value for c in held} | {value for _, value in _ranges(held)}


def _yes_no(reply: str, question: str, text: str, ask: Asked) -> list[Finding]:
    """Yes and no agree with the clause of the notes that the reply stands on."""
    said = polarity(reply)
    if said is None:
        return []
    known = set(stems(text))
    unknown = [word for word in ask.words if word not in known]
    spoken_of = len(ask.words) - len(unknown) + len(ask.verbs & known)
    if said == "no" and set(unknown) & set(stems(reply)) and spoken_of:
        return []  # what was asked for is not in the notes, and the reply says so by name
    if unknown and spoken_of < (1 if said == "no" else len(unknown)):
        return [Finding("silent", said, f"The notes do not speak of {', '.join(unknown)}.")]
    turned = denies(question, ask.words)
    opening = re.match(r"(?:[^\n.?!]{8,120}\?\s+)?(Yes|No)\b", text)
    if opening and not turned:
        truths = {opening[1].lower()}
    else:
        truths = set().union(*(_truths(basis, question, turned=turned) for basis in _bases(reply, question, text)))
    if not truths or said in truths:
        return []
    return [Finding("yes-no", said, f"The notes say {' or '.join(truths)}, the reply says {said}.")]


def _truths(basis: str, question: str, *, turned: bool) -> set[str]:
    """Return what may follow from a clause of the notes; a condition ("only", "from 8 years") leaves both open."""
    if denies(basis, asked(question).words):
        return {"yes"} if turned else {"no"}
    if hedged(basis, compared=bool(claims(question))):
        return {"yes", "no"}
    return {"no"} if turned else {"yes"}


def _bases(reply: str, question: str, text: str) -> list[str]:
    """Return the clauses of the notes that share most content words with reply and question."""
    words, wanted = set(content(reply)), set(content(question))
    parts = [text[start:end] for start, end in _spans(_CLAUSES, text)]
    fits = [(2 * len(words & set(content(p))) + len(wanted & set(content(p))), p) for p in parts]
    best = max((fit for fit, _ in fits), default=0)
    return [p for fit, p in fits if best >= 2 and fit >= best - 1]


def _missing(reply: str, text: str, ask: Asked) -> list[Finding]:
    """The value that was asked for is in the reply when the notes have one of its kind."""
    if not ask.kinds:
        return []
    brought = {c.kind for c in claims(reply)}
    if "name" in ask.kinds:
        brought |= {"name"} if any(stem(word) in set(stems(text)) for word, _, _ in names(reply)) else set()
    have = {c.kind for c in claims(text)} | {"name"}
    if brought & ask.kinds or not have & ask.kinds or (negative(reply) or answers_without_value(reply)):
        return []
    wanted = ", ".join(sorted(ask.kinds & have))
    return [Finding("missing", wanted, f"The question asks for a {wanted}; the notes have one, the reply does not.")]


def _shares(reply: str, question: str, text: str, held: Sequence[Claim]) -> bool:
    """Tell whether a reply brings something from the notes that the question did not hold already."""
    have = {(c.kind, c.value) for c in held}
    if any((c.kind, c.value) in have for c in claims(reply)):
        return True
    new = set(content(reply)) & set(content(text)) - set(content(question))
    return bool(new)


def _tells(reply: str, question: str, text: str, held: Sequence[Claim]) -> bool:
    """Tell whether a reply that sounds like a refusal nevertheless passes on what the notes hold."""
    have = {(c.kind, c.value) for c in held} - {(c.kind, c.value) for c in claims(question)}
    new = set(content(reply)) & set(content(text)) - set(content(question))
    return any((c.kind, c.value) in have for c in claims(reply)) or len(new) >= 3


def voice_words(replies: Iterable[str]) -> frozenset[str]:
    """Return a voice's own words in lower case: those that open a sentence, and those in three replies or more."""
    opening: set[str] = set()
    inside: Counter[str] = Counter()
    for reply in replies:
        opening |= {word.lower() for word, _, opens in names(reply) if opens}
        inside.update(set(re.findall(r"(?<![\w'\u2019])[a-z]{4,}(?![\w'\u2019])", reply)))
    return frozenset(opening | {word for word, replies_with_it in inside.items() if replies_with_it >= 3})


def _echoes(reply: str, text: str) -> bool:
    """Tell whether a yes or no at least repeats a word of the notes."""
    return bool(set(content(reply)) & set(content(text)))
