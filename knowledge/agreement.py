"""Whether the yes or no of a reply follows from the notes."""

import re
from typing import Literal

from knowledge.claims import claims, stems
from knowledge.clauses import clauses, sentences
from knowledge.placement import days_in
from knowledge.polarity import Polarity, denies, hedged, outright, polarity, takes_back, welcomes
from knowledge.question import Asked, content

Verdict = Literal["agrees", "contradicts", "silent"]

_OF_THE_NOTES = re.compile(r"\b(?:list|listed|notes?|log|logbook|map|menu|only|among)\b", re.IGNORECASE)
_ONLY = re.compile(r"\bonly\b", re.IGNORECASE)
_ANSWER_FIRST = re.compile(r"(?:^|\?\s+)(Yes|No)\b")
_NO_SUCH = re.compile(r"\bno (\w+)|\b(?:no|not) \w+ (\w+)", re.IGNORECASE)


def agreement(reply: str, question: str, notes: str, ask: Asked) -> Verdict:
    """Compare what a reply says with the clauses of the notes that it stands on; a heading that asks says nothing."""
    opening = _ANSWER_FIRST.search(notes)
    notes = "\n".join(line for line in notes.split("\n") if not line.endswith("?")) or notes
    if not ask.yes_no:
        contradicts = (
            (opening and outright(reply) not in {None, opening[1].lower()})
            or _denies_in_passing(reply, notes)
            or (
                ask.wanted
                and outright(reply) == "no"
                and not any(denies(b, ()) for b in _bases(reply, question, notes))
            )
        )
        return "contradicts" if contradicts else "agrees"
    said = polarity(reply)
    if said is None:
        return "agrees"
    known = set(stems(notes))
    unknown = [word for word in ask.words if word not in known]
    spoken_of = len(ask.words) - len(unknown) + len(ask.verbs & known)
    if said == "no" and set(unknown) & set(stems(reply)) and spoken_of and _of_the_notes(reply, question, notes):
        return "agrees"  # what was asked for is not in the notes, and the reply says so by name
    if unknown and spoken_of < (1 if said == "no" else len(unknown)):
        return "silent"
    turned = denies(question, ask.words)  # "is it closed on Monday": a note that denies means yes
    truths = {opening[1].lower()} if opening and not turned else _truths(reply, question, notes, ask, turned=turned)
    sound = (not truths or said in truths) and not (takes_back(reply) and not turned)
    return "agrees" if sound else "contradicts"


def tells(reply: str, question: str, notes: str) -> bool:
    """Tell whether a reply passes on something of the notes that the question did not hold: a value or three words."""
    values = {(c.kind, c.value) for c in claims(notes)} - {(c.kind, c.value) for c in claims(question)}
    words = set(content(reply)) & set(content(notes)) - set(content(question))
    return any((c.kind, c.value) in values for c in claims(reply)) or len(words) >= 3  # noqa: PLR2004 -- fewer occur by chance


def _truths(reply: str, question: str, notes: str, ask: Asked, *, turned: bool) -> set[Polarity]:
    """Return the answers that the notes leave open."""
    if _shut_out(question, notes, ask):
        return {"yes" if turned else "no"}
    truths: set[Polarity] = set()
    for basis in _bases(reply, question, notes):
        if denies(basis, ask.words):
            truths.add("yes" if turned else "no")
        elif hedged(basis, compared=bool(claims(question))):
            truths |= {"yes", "no"}
        elif welcomes(basis):
            truths.add("yes")
        else:
            truths.add("no" if turned else "yes")
    return truths


def _bases(reply: str, question: str, notes: str) -> list[str]:
    """Return the clauses of the notes that share most content words with reply and question."""
    words, wanted = set(content(reply)), set(content(question))
    parts = [clause for _, clause in clauses(notes)]
    days = days_in(question) or days_in(reply)
    parts = [part for part in parts if days & days_in(part)] or parts
    fits = [(len(words & (own := set(content(part)))) + 2 * len(wanted & own), part) for part in parts]
    best = max((fit for fit, _ in fits), default=0)
    return [clause for fit, clause in fits if best > 1 and fit >= best - 1]


def _shut_out(question: str, notes: str, ask: Asked) -> bool:
    """Tell whether a word of the question stands in denying clauses only, or is left out by an "only"."""
    parts = [(set(stems(clause)), denies(clause, ask.words)) for _, clause in clauses(notes)]
    for word in ask.words:
        denying = [denied for words, denied in parts if word in words]
        if denying and all(denying):
            return True
    days = days_in(question)
    outside = not days <= days_in(notes) if days else bool(set(ask.words) - set(stems(notes)))
    about = [text for _, text in sentences(notes) if set(ask.words) & set(stems(text)) and _ONLY.search(text)]
    return outside and bool(about)


def _of_the_notes(reply: str, question: str, notes: str) -> bool:
    """Tell whether a no speaks of the notes alone: "not on the list", or with what is there instead."""
    return bool(_OF_THE_NOTES.search(reply)) or tells(reply, question, notes)


def _denies_in_passing(reply: str, notes: str) -> bool:
    """Tell whether a reply says "no price" where the notes have a price and deny nothing of the kind."""
    denied = {s for match in _NO_SUCH.finditer(reply) for s in stems(match[1] or match[2])}
    denied_there = {s for match in _NO_SUCH.finditer(notes) for s in stems(match[1] or match[2])}
    return bool((denied & set(content(notes))) - denied_there)
