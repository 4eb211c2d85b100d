"""Whether the yes or no of a reply follows from the notes."""

import re
from dataclasses import replace
from typing import Literal

from knowledge.claims import claims, stems
from knowledge.clauses import clauses, sentences
from knowledge.days import days_in
from knowledge.light_words import LIGHT
from knowledge.limits import compared, limits
from knowledge.lists import LISTED, akin, denies_of_list, listed, root_of
from knowledge.opposites import denies, opposites, states, turned
from knowledge.polarity import Polarity, outright
from knowledge.question import Asked, content
from knowledge.statements import Notes, Part
from knowledge.units import is_money

Verdict = Literal["agrees", "contradicts", "doubtful", "silent"]

_NEAR = 0.8
"""Share of the best fit from which a clause counts as speaking of the question too."""
_ONLY = re.compile(r"\b(?:only|just|exclusively|solely)\b", re.IGNORECASE)
_HEDGE = re.compile(r"\b(?:unless|however|but|although|though)\b", re.IGNORECASE)
_NO_MORE = re.compile(r"\b(?:no|not) (?:more|less|fewer|exceeding)\b", re.IGNORECASE)
_ANSWER_FIRST = re.compile(r"(?:^|[?:]\s+)(Yes|No)\b")
_NEEDS = re.compile(r"\b(?:need|have to|must|necessary|required|cost|pay|charge[ds]?)\b", re.IGNORECASE)
_SPARED = re.compile(r"\b(?:free|included|no (?:extra )?charge|optional|in the price|covered)\b", re.IGNORECASE)
_OPENING = re.compile(
    r"^.*?\b(?:yes|aye|yep|yeah|no|nay|nope|verily|indeed|certainly|surely|sure)\b[\s,.!;:\u2014-]*", re.IGNORECASE
)
_FRAGMENT = re.compile(
    r"(?:any|every|only|if|once|within|for|with|from|until|till|up to|on|in|at|by|as long as)\b[^,.]*", re.IGNORECASE
)
"""A reply that leaves out what the question said: "Yes, within 14 days"."""
_EXCEPT = re.compile(r"\bexcept(?: for)? ([^.;,]+)", re.IGNORECASE)
_CONDITIONAL = re.compile(r"\b(?:if|unless|when|as long as|provided|in case|once)\b[^,;.]*", re.IGNORECASE)
_ITEMS = 3


def agreement(  # noqa: PLR0911 -- a rule each, the surest first
    reply: str, question: str, notes: Notes, ask: Asked
) -> Verdict:
    """Compare what a reply says with the clauses of the notes that speak of what is asked.

    "doubtful": it seems to contradict them, but the question uses words that the reply does not; "silent": the notes
    do not seem to speak of it. What follows from knowledge of the world, rules cannot tell.
    """
    if outright(reply) and not ask.wanted:
        ask = replace(ask, yes_no=True)
    said = outright(reply)
    if said is None:
        open_ended = not ask.yes_no or ask.wanted or re.search(r"\bor\b", question)
        return "agrees" if open_ended or _answers(reply, ask, notes) else _unanswered(ask, notes)
    if said == "yes" and not denies(question) and any(denies(c) and LISTED.search(c) for _, c in clauses(reply)):
        return "contradicts"
    if not ask.yes_no:
        return "agrees" if said == "yes" or denies_of_list(reply, notes, ask) or _any_denies(notes) else "contradicts"
    if said == "no" and denies_of_list(reply, notes, ask):
        return "agrees"
    own = _own_stance(reply, question, ask)
    if own and said not in own:
        return "contradicts" if _all_spoken(reply, ask) else "doubtful"
    if headed := _headed(said, question, notes, ask, alone=not own):
        return headed
    return _by_notes(said, reply, question, notes, ask, stated=own == {said})


def _by_notes(  # noqa: PLR0913 -- what is compared, and what the reply says beside its yes or no
    said: Polarity, reply: str, question: str, notes: Notes, ask: Asked, *, stated: bool
) -> Verdict:
    """Compare a yes or no with the clauses of the notes; ``stated``: the rest of the reply says the same."""
    truths = _truths(reply, question, notes, ask)
    if stated and (said in truths or _settles(said, reply, ask, notes, none=not truths)):
        return "agrees"
    if not _answers(reply, ask, notes):
        return _unanswered(ask, notes)
    if not truths:
        return "silent"
    return "agrees" if said in truths else "contradicts" if _all_spoken(reply, ask) else "doubtful"


def _headed(said: Polarity, question: str, notes: Notes, ask: Asked, *, alone: bool) -> Verdict | None:
    """Compare a yes or no with the one that the notes give to the same question, if they do.

    ``alone``: the reply says nothing else that tells yes from no. What it says may be an exception to a yes.
    """
    opening = _ANSWER_FIRST.search(notes.text)
    if not opening or not _heads(notes, ask):
        return None
    turned_round = _turns(question, notes)
    if alone and len(notes.statements) <= _ITEMS * 2:
        return "agrees" if said == opening[1].lower() or turned_round else "contradicts"
    plain = not (claims(question) or turned_round or denies(question))
    return "doubtful" if (opening[1], said) == ("Yes", "no") and plain else None


def _unanswered(ask: Asked, notes: Notes) -> Verdict:
    """Return whether the notes are silent too where a reply does not speak of what is asked."""
    return "doubtful" if any(root_of(word, notes.known) for word in ask.words if word not in LIGHT) else "silent"


def _all_spoken(reply: str, ask: Asked) -> bool:
    """Tell whether a reply speaks of every word that the question turns on: then its yes or no leaves no doubt."""
    spoken = set(stems(reply))
    return all(akin(word, spoken | opposites(spoken)) for word in ask.words if word not in LIGHT)


def _settles(said: Polarity, reply: str, ask: Asked, notes: Notes, *, none: bool) -> bool:
    """Tell whether a reply speaks of all the question's words in the notes, which deny as it does or take no side."""
    spoken = set(stems(reply))
    spoken |= opposites(spoken)
    known = {word for word in ask.words if word not in LIGHT and root_of(word, notes.known)}
    return (none or (said == "no" and _any_denies(notes))) and bool(known) and all(akin(word, spoken) for word in known)


def _own_stance(reply: str, question: str, ask: Asked) -> set[Polarity]:
    """Return what the sentence with the yes or no says beside that; nothing where it says no more."""
    sentence = next((text for _, text in sentences(reply) if outright(text)), "")
    rest = _OPENING.sub("", sentence, count=1)
    asking = set(ask.words) | opposites(set(ask.words))
    fits = [(len({w for w in asking if akin(w, set(stems(text)))}), text) for _, text in clauses(rest) if content(text)]
    best = max((fit for fit, _ in fits), default=0)
    bound = next((text for _, text in clauses(rest) if compared(question, text) is not None), "")
    text = next((text for fit, text in fits if fit == best), "") if best else bound
    if not text:
        return set()
    return _stance(_unlisted(text, rest), rest, days_in(text) or days_in(rest), question, ask)


def tells(reply: str, question: str, notes: str) -> bool:
    """Tell whether a reply passes on something of the notes that the question did not hold: a value or three words."""
    values = {(c.kind, c.value) for c in claims(notes)} - {(c.kind, c.value) for c in claims(question)}
    words = set(content(reply)) & set(content(notes)) - set(content(question))
    return any((c.kind, c.value) in values for c in claims(reply)) or len(words) >= 3  # noqa: PLR2004 -- fewer occur by chance


def _truths(reply: str, question: str, notes: Notes, ask: Asked) -> set[Polarity]:
    """Return the answers that the notes leave open; none where they do not speak of what is asked."""
    found: set[Polarity] = set()
    for part in speaking(reply, question, notes, ask):
        around = notes.statements[part.statement].text
        found |= _stance(_unlisted(part.text, around), around, part.days, question, ask)
    return found


def speaking(reply: str, question: str, notes: Notes, ask: Asked) -> list[Part]:
    """Return the clauses of the notes that speak most of what is asked; what the reply restates counts a little."""
    wanted = set(ask.words) | opposites(set(ask.words))
    days = days_in(question)
    restated = set(content(reply))
    fits = []
    for part in notes.parts:
        own = set(stems(part.text))
        fit = sum(notes.weight(word) * (1.0 if word in own else 0.6) for word in wanted & part.words)
        fit += sum(0.4 * notes.weight(word) for word in wanted & notes.statements[part.statement].words - part.words)
        fit += sum(0.3 * notes.weight(word) for word in restated & part.words - wanted)
        fit += sum(0.3 for word in ask.verbs & set(stems(part.text)))
        fit += 3.0 if days & part.days else 0.0
        fit += 1.0 if compared(question, part.text) is not None else 0.0
        fits.append((fit, part))
    best = max((fit for fit, _ in fits), default=0.0)
    return [part for fit, part in fits if best > 0 and fit >= _NEAR * best]


def _of_only(text: str, only: re.Match[str], around: str, ask: Asked, *, no: bool) -> set[Polarity]:
    """Return what a clause with "only" says: yes to what it names beside that word, no to what it leaves out."""
    beside = {*stems(text[: only.start()])[-_ITEMS:], *stems(text[only.end() :])[:_ITEMS]} - LIGHT
    if no or any(claim.kind == "number" for claim in claims(text)):
        return {"no"} if no else {"yes", "no"}
    if beside & set(ask.words):
        return {"yes"}
    outside = [word for word in ask.words if word not in LIGHT and not akin(word, set(stems(around)))]
    return {"no"} if outside else {"yes"}


def _unlisted(text: str, around: str) -> str:
    """Return the whole sentence for a thing that is listed in it: what is said of it stands at the list's head."""
    return around if len(text.split()) <= _ITEMS and not limits(around) and not denies(text) else text


def _stance(  # noqa: PLR0911 -- a clause as it stands in the notes or in the reply
    text: str, around: str, own_days: frozenset[str], question: str, ask: Asked
) -> set[Polarity]:
    """Return what one clause says to a question: yes, no, or either; nothing where another clause decides."""
    days = days_in(question)
    within = compared(question, text)
    if within is None and (deciding := next((c for _, c in clauses(around) if compared(question, c) is not None), "")):
        return _stance(deciding, deciding, own_days, question, ask)
    text = _CONDITIONAL.sub("", text) or text
    no = denies(_NO_MORE.sub("", text), question) or (states(text) and not states(question))
    no ^= turned(question, text) and not states(text)
    no ^= denies(question)
    if states(question) and not states(text) and not turned(question, text):
        no = not no if own_days & days or not days else no
    if within is not None:
        return {"no" if no ^ (not within) else "yes"}
    if only := _ONLY.search(text):
        return _of_only(text, only, around, ask, no=no)
    if days and own_days and not days & own_days:
        return {"no"} if not states(question) else {"yes"}
    if (spared := _EXCEPT.search(text)) and (beside := set(content(spared[1]))):
        return {"no" if no ^ (beside <= set(ask.words)) else "yes"}
    if _HEDGE.search(text) or (limits(text) and any(c.kind == "number" for c in claims(question))):
        return {"yes", "no"}
    if _NEEDS.search(question) and _SPARED.search(text):
        return {"no", "yes"} if limits(text) and claims(question) else {"no"}
    if _SPARED.search(question) and any(is_money(claim.unit) for claim in claims(text)):
        return {"yes", "no"} if _SPARED.search(text) else {"no"}
    return {"no" if no else "yes"}


def _answers(reply: str, ask: Asked, notes: Notes) -> bool:
    """Tell whether a reply speaks of what is asked: of some of its words, and of each name or listed thing by name.

    Without a yes or no, it has to have the word that tells most.
    """
    spoken = set(stems(reply))
    if _FRAGMENT.match(_OPENING.sub("", reply, count=1)):
        spoken |= set(ask.words)
    spoken |= opposites(spoken)
    known = {word: root for word in ask.words if word not in LIGHT and (root := root_of(word, notes.known))}
    if not known:
        return not any(word not in LIGHT for word in ask.words)
    here = {word for word, root in known.items() if word in spoken or root in spoken or akin(root, spoken)}
    things = listed(notes)
    if any(root in things and word not in here for word, root in known.items()):
        return False
    if outright(reply):
        return bool(here)
    return max(known, key=lambda word: notes.weight(known[word])) in here


def _heads(notes: Notes, ask: Asked) -> bool:
    """Tell whether the question that the notes answer with yes or no is the one that is asked."""
    head = re.split(r"(?:\?|:)\s*(?=Yes\b|No\b)", notes.text.replace("\n", " "), maxsplit=1)[0]
    telling = {word for word in ask.words if word not in LIGHT}
    shared = {word for word in telling if akin(word, set(stems(head)))}
    return bool(telling) and len(shared) * 2 > len(telling)


def _turns(question: str, notes: Notes) -> bool:
    """Tell whether the question asks the opposite of what the notes' own question does."""
    head = notes.text.replace("\n", " ").split("?")[0]
    return denies(question) != denies(head) or turned(question, head)


def _any_denies(notes: Notes) -> bool:
    return any(denies(part.text) or states(part.text) for part in notes.parts)
