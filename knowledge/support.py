"""Which note bears each sentence of a reply, and what keeps a sentence from being borne.

A sentence is the voice's own flourish, or it restates a sentence of the notes: it has its values and names from
there, no content word that neither notes nor voice have, and it denies where that denies.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from knowledge.claims import MONTHS, WEEKDAYS, Claim, claims, names, stem, stems
from knowledge.clauses import clauses, sentences
from knowledge.conditions import drops_condition
from knowledge.days import counted, days_in, misdated, undated, wrong_weekday
from knowledge.glitches import garbled
from knowledge.light_words import LIGHT
from knowledge.lists import akin, denies_of_list
from knowledge.opposites import denies, states
from knowledge.placement import same
from knowledge.question import STOP_WORDS, asked, content
from knowledge.reversal import restated, reverses
from knowledge.statements import Notes, Statement
from knowledge.units import is_measure

_DAYS = frozenset(map(stem, (*WEEKDAYS, *MONTHS, "today", "tomorrow", "tonight", "yesterday")))
_LIST = 3
"""Names or values from which a clause counts as a list, which may gather from several sentences."""
_OWN = 0.5
"""Share of a sentence's words that must be the voice's own if none is of the notes."""
_ALL = re.compile(
    r"\b(?:all|any|every|each|always|never|whatever|whenever|everyone|everything|anytime|unlimited)\b", re.IGNORECASE
)
_FREE = re.compile(
    r"""\b(?:free|included|complimentary|unlimited|half-price|daily|weekly|monthly|dawn|dusk|sunrise|sunset|night|
    overnight)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_BEFORE_A_VERB = re.compile(r"\b(?:to|can|may|will|must|you|we|they|ye)\s+$", re.IGNORECASE)
_AFTER_A_VERB = re.compile(r"\s+(?:in|into|at|on|as|from|near|under|there)\b", re.IGNORECASE)
_COMPARES = re.compile(r"\b(?:same|than)\b", re.IGNORECASE)
_WORD = re.compile(r"(?<![\w'\u2019-])[^\W\d_]{3,}(?![\w'\u2019])")


@dataclass(frozen=True)
class Held:
    """A sentence of a reply, and the sentence of the notes that bears it."""

    sentence: str
    statement: Statement | None = None
    """None: the voice's own words, a question, or a sentence that is not borne."""
    reason: str = ""
    """What keeps it from being borne; empty where nothing does."""
    echo: bool = False
    """Whether it affirms what stands in the question only."""


@dataclass(frozen=True)
class Basis:
    """What a sentence is held against."""

    question: str
    notes: Notes
    own: frozenset[str]
    """Stems of the voice's own words."""
    voiced: bool
    """Whether the voice's own words are known at all."""
    today: date | None = None
    open: bool = False
    """Whether the question asks for more than yes or no, so that a reply may take its verb from there."""


def held(reply: str, basis: Basis) -> Iterator[Held]:
    """Yield each sentence of a reply with what bears it."""
    for _, sentence in sentences(reply):
        yield _held(sentence, basis)


def basis_of(question: str, notes: Notes, voice: AbstractSet[str], today: date | None) -> Basis:
    """Return what the sentences of a reply are held against."""
    return Basis(question, notes, frozenset(map(stem, voice)), bool(voice), today, not asked(question).yes_no)


def _held(sentence: str, basis: Basis) -> Held:  # noqa: C901, PLR0911 -- one for each thing that can be wrong
    notes = basis.notes
    if garbled(sentence, notes.text):
        return Held(sentence, None, "The sentence repeats or breaks off.")
    if sentence.rstrip().endswith("?"):
        return Held(sentence)
    words = set(content(sentence)) - _DAYS
    values = _values(sentence, basis)
    named = _named(sentence, basis)
    topical = {w for w in words if w in notes.known and (w not in basis.own or w not in LIGHT)} - (
        basis.own - notes.known
    )
    queried = set(content(basis.question))
    if not values and not named and words <= basis.own - queried and len(topical) * 2 <= len(words):
        return Held(sentence)  # the voice's own phrase, which shares a word with the notes by chance
    if not (values or named or topical or words & (queried - basis.own)):
        own = {word for word in words if word in basis.own or word in LIGHT}
        if not basis.voiced or len(own) >= _OWN * len(words):
            return Held(sentence)
        return Held(sentence, None, f"The notes do not say: {sentence}")
    if day := next(misdated(sentence, notes.text, basis.today), "") or (
        "The weekday" if wrong_weekday(sentence, basis.today) else ""
    ):
        return Held(sentence, None, f"{day} is another day than the one named with it, or than the notes name.")
    if strange := _strange(sentence, words, queried, basis, told=bool(values or named)):
        return Held(sentence, None, f"{strange} does not stand in the notes.", echo=stem(strange) in queried)
    statement = _bearer(words, values, named, basis, sentence)
    if statement is None:
        return Held(sentence, None, f"The notes do not say this together: {sentence}")
    if basis.today and (day := next(undated(sentence, statement.text, basis.today), "")):
        return Held(sentence, None, f"{day} is another day than the note names.")
    if reason := _bent(sentence, statement, basis):
        return Held(sentence, None, reason)
    return Held(sentence, statement)


def _values(sentence: str, basis: Basis) -> list[Claim]:
    """Return the values that must stand in the notes: days are compared as days, a count from today is reckoned."""
    reckoned = list(counted(sentence, basis.today))
    return [
        claim
        for claim in claims(sentence)
        if claim.kind not in {"weekday", "month"}
        and not any(start <= claim.start < end for start, end in reckoned)
        and not (_denied(sentence) and any(same(claim, other) for other in claims(basis.question)))
    ]


def _named(sentence: str, basis: Basis) -> set[str]:
    """Return the stems of names that the notes have, without words that only open a sentence."""
    return {
        part
        for word, _, opens in names(sentence)
        if not (opens and (stem(word) in basis.own or word.lower() in STOP_WORDS or word.lower() in basis.notes.text))
        for part in stems(word)
        if part in basis.notes.known
    }


def _strange(sentence: str, words: set[str], queried: set[str], basis: Basis, *, told: bool) -> str:
    """Return a word that neither the notes nor the voice have, or only the question, and that is not denied."""
    known = basis.notes.known
    for _, clause in clauses(sentence):
        denied = (
            denies(clause)
            or states(clause)
            or bool(re.match(r"\W*(?:no|nay|nope)\b", sentence, re.IGNORECASE) and denies(sentence))
        )
        valued = {n for claim in claims(clause) for n in range(claim.start, claim.start + len(claim.shown))}
        counted = {claim.unit for claim in claims(clause) if is_measure(claim.unit)}
        for match in _WORD.finditer(clause):
            word = match[0]
            root = stem(word)
            if match.start() in valued or root in counted:
                continue  # values are compared as such, with their units
            if (
                not word.islower()
                or root not in words
                or root in known
                or (root in LIGHT and (told or root not in queried))
            ):
                continue
            if root in basis.own and root not in queried:
                continue
            if word in basis.own or (akin(root, known) and root not in queried):
                continue
            verb = word.endswith(("s", "ed")) or (told and _is_verb(clause, match))
            if root in queried and (denied or akin(root, known) or (basis.open and verb)):
                continue
            if not basis.voiced and root not in queried:
                continue
            return word
    return ""


def _is_verb(clause: str, word: re.Match[str]) -> bool:
    """Tell whether a word stands where a verb does: "you can play", "guests fit in"."""
    before, after = clause[: word.start()], clause[word.end() :]
    return bool(_BEFORE_A_VERB.search(before) or (before.strip() and _AFTER_A_VERB.match(after)))


def _bearer(words: set[str], values: list[Claim], named: set[str], basis: Basis, sentence: str) -> Statement | None:
    """Return the sentence of the notes that a sentence restates: its values are all there, its names in that note."""
    notes = basis.notes
    days = days_in(sentence)
    queried = set(content(basis.question))
    fits: list[tuple[float, int, Statement]] = []
    for statement in notes.statements:
        if (values and not _holds(statement, values, notes)) or not named <= set(
            stems(notes.texts[statement.note - 1])
        ):
            continue
        if days and not days <= statement.days and not days <= days_in(notes.texts[statement.note - 1]):
            continue
        fit = sum(notes.weight(word) for word in words & statement.words)
        fit += 0.4 * sum(notes.weight(word) for word in words & statement.near - statement.words)
        fit += 0.2 * sum(notes.weight(word) for word in queried & statement.words) + len(days & statement.days)
        fits.append((fit, -len(fits), statement))
    if not fits:
        return None
    return max(fits, key=lambda found: found[:2])[2]


def _holds(statement: Statement, values: list[Claim], notes: Notes) -> bool:
    """Tell whether a sentence of the notes holds some values; a list, or several clauses, may gather from its note."""
    own = statement.held
    if all(any(same(value, other) for other in own) for value in values):
        return True
    whole = claims(notes.texts[statement.note - 1])
    gathered = all(any(same(value, other) for other in whole) for value in values)
    return gathered and any(same(value, other) for value in values for other in own)


def _bent(sentence: str, statement: Statement, basis: Basis) -> str:
    """Return how a sentence says less or other than the one that it restates."""
    notes = basis.notes
    there = f"{statement.text} {notes.texts[statement.note - 1]}"
    for word in (*_ALL.findall(sentence), *_FREE.findall(sentence)):
        if _ALL.fullmatch(word) and not _ALL.search(there) and not denies(sentence) and not denies(there):
            return f"{word} does not stand in the notes."
        if _FREE.fullmatch(word) and stem(word) not in notes.known and not _denied(sentence):
            return f"{word} does not stand in the notes."
    if _COMPARES.search(sentence) and not _COMPARES.search(notes.text):
        return "The notes do not compare."
    unlisted = _denied(sentence) and denies_of_list(sentence, notes, asked(basis.question))
    lacking = {w for w in content(sentence) if w not in LIGHT and w not in basis.own and not akin(w, notes.known)}
    for _, clause in () if unlisted or (lacking and _denied(sentence)) else clauses(sentence):
        part = restated(clause, statement, notes)
        if part and reverses(clause, sentence, part, statement):
            return f"The notes say the opposite: {part.text.strip()}"
    if drops_condition(sentence, statement, basis.question):
        return f"The notes say so under a condition: {statement.text.strip()}"
    return ""


def _denied(sentence: str) -> bool:
    return denies(sentence) or states(sentence)
