"""What a question asks for: a value of some kind, or a yes or no."""

import re
from dataclasses import dataclass

from knowledge.claims import Kind, stem, stems

STOP_WORDS = frozenset(
    "a an the and or but if of to in on at by for from with as is are was were be been am do does did doing have has had "
    "having can could may might will would shall should must i me my mine we us our ours you your yours u ur r he she "
    "it its they them their this that these those there here what which who whom whose when where why how much many "
    "any some all no not so too very just also still yet now please pls plz hey hi hello thanks thx tell know want "
    "wanna need like get got go going gonna guys anyone someone it's i'm what's whats who's when's where's do's about up "
    "out than then am's don't doesn't isn't aren't can't im id ill ok okay lol hmm oh ye yer be 'tis tis possible "
    "allowed way thing things stuff something anything one ones really actually ever exactly quick question wondering "
    "say says said find give gives take takes sell sells offer offers carry stock available buy deliver delivers "
    "today currently right other else more".split()
)
_STOP_STEMS = frozenset(map(stem, STOP_WORDS))

_WANTED: tuple[tuple[str, frozenset[Kind]], ...] = (
    (r"\b(?:e-?mail|mail address)\b", frozenset({"email"})),
    (r"\b(?:link|url|website|web ?site|web page|homepage)\b", frozenset({"link"})),
    (r"\b(?:phone|telephone|cell)\b|\bnumber (?:to|for|of the (?:shop|desk))|\bcall you\b", frozenset({"number"})),
    (r"\bhow (?:much|many|long|old|big|far|often|tall|heavy|large|high|fast|deep|wide)\b|\b(?:price|cost|costs|fee|fees|percent)\b|\bhow \w+ (?:days|hours|weeks)\b",
     frozenset({"number", "time", "code", "weekday", "month", "ordinal"})),
    (r"\bwho (?:do|can|should|must) (?:i|we) \w+", frozenset({"name", "number", "email", "link"})),
    (r"(?<!\w )\bwhen\b|\bwhen (?:is|are|do|does|can|will|did|was|r|u)\b|\bwhat (?:time|day|date|days|hours)\b|\bhow (?:late|early|soon)\b|\buntil when\b|\btill when\b|\bopening hours\b",
     frozenset({"time", "weekday", "month", "number", "ordinal"})),
    (r"\bwho\b|\bwhose\b", frozenset({"name"})),
)  # fmt: skip
_FREE = re.compile(r"\b(?:free|no (?:charge|fee|cost|limit)|unlimited|included|never|always|every|any|daily|weekly|monthly|instantly|immediately|closed|dawn|dusk|sunrise|sunset|night|once|after|before|until|as soon|during|while|half|half-price|full)\b", re.I)  # fmt: skip
_YES_NO = re.compile(
    r"^(?:(?:hi|hey|hello|yo|so|and|ok|okay|um|hm+|please|quick (?:question|q))[\s,:!.]+)*"
    r"(?:do|does|did|is|are|am|was|can|could|may|might|will|would|have|has|should|must|isn'?t|aren'?t|don'?t|doesn'?t|can'?t|won'?t|any|got|u|you guys)\b"
    r"|\b(?:can|could|may) (?:i|we|you|u|my|they)\b|\b(?:do|does|will|would) (?:you|u|i|we|they|it|the)\b"
    r"|\b(?:is|are) (?:it|there|they|the|you|u)\b|\b(?:allowed|ok|okay|possible) (?:to|if)\b",
    re.IGNORECASE,
)  # fmt: skip
_OPEN = re.compile(r"\b(?:what|which|who|whose|where|when|why|how|whats|wheres|whens)\b", re.IGNORECASE)
_HAVING = re.compile(
    r"\b(?:have|has|got|any|sell|offer|carry|stock|serve|deliver|ship|accept|take|support|there|include|included|open|"
    r"work with|come (?:out )?to|listed|available|rent|teach|run|play|playable|buy|get|order|use|pay)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Asked:
    """What a reply to a question must bring."""

    kinds: frozenset[Kind]
    """The value asked for is of one of these kinds; empty where none is asked for."""
    yes_no: bool
    having: bool
    """A yes-or-no question on whether something is there: "do you deliver to X", "any Y left"."""
    words: tuple[str, ...]
    """Stems of the words that carry the question, in order."""
    verbs: frozenset[str]
    """Stems of its words for having and giving ("deliver", "sell"), which say less than the words do."""


def asked(question: str) -> Asked:
    """Read off a question what it asks for."""
    yes_no = bool(_YES_NO.search(question)) and not _OPEN.match(question.strip().lower())
    opens = _OPEN.search(question)
    if opens and yes_no and not _YES_NO.match(question.strip()):
        yes_no = False
    kinds: frozenset[Kind] = frozenset()
    if not yes_no or opens:
        matches = [
            (m.start(), n)
            for n, (pattern, _) in enumerate(_WANTED)
            if (m := re.search(pattern, question, re.IGNORECASE))
        ]
        kinds = _WANTED[min(matches)[1]][1] if matches else kinds
        if opens and opens[0].lower() in {"where", "wheres", "which"}:
            kinds = frozenset()
    verbs = frozenset(stem(match[0]) for match in _HAVING.finditer(question))
    return Asked(kinds, yes_no, yes_no and bool(verbs), content(question), verbs)


def content(text: str) -> tuple[str, ...]:
    """Return the stems of a text's content words, each once, in order."""
    return tuple(dict.fromkeys(s for s in stems(text) if s not in _STOP_STEMS and (len(s) > 1 or s.isdigit())))


def answers_without_value(text: str) -> bool:
    """Tell whether a text can answer "how much" or "when" in words alone: free, always, at dawn."""
    return bool(_FREE.search(text))
