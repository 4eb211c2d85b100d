"""What a question asks for: a value of some kind, or a yes or no."""

import re
from dataclasses import dataclass

from knowledge.claims import Claim, Kind, claims, names, stem, stems
from knowledge.clauses import clauses
from knowledge.light_words import TELLING
from knowledge.shortenings import whole_words
from knowledge.units import is_measure, is_money

STOP_WORDS = frozenset((
    "a an the and or but if of to in on at by for from with as is are was were be been am do does did doing have "
    "has had having can could may might will would shall should must i me my mine we us our ours you your yours u "
    "ur r he she it its they them their this that these those there here what which who whom whose when where why "
    "how much many any some all no not so too very just also still yet now please pls plz hey hi hello thanks thx "
    "tell know want wanna need like get got go going gonna guys anyone someone it's i'm what's whats who's when's "
    "where's do's about up out than then am's don't doesn't isn't aren't can't im id ill ok okay lol hmm oh ye "
    "yer 'tis tis possible allowed way thing things stuff something anything one ones really actually ever "
    "exactly quick question wondering say says said find give gives take takes sell sells offer offers carry "
    "stock available buy deliver delivers today currently right other else more everything always number getting "
    "next until talk full again even already yes no aye nay hard long big old far often late early cannot among "
    "between during away"
).split())  # fmt: skip
_STOP_STEMS = frozenset(map(stem, STOP_WORDS))


@dataclass(frozen=True)
class Wanted:
    """The kind of value that a question asks for."""

    title: str
    """For people: "a price"."""
    kinds: frozenset[Kind]
    units: frozenset[str] = frozenset()
    """A number must count one of these (stems, or "year" for four digits); empty: any number will do."""

    @property
    def written(self) -> bool:
        """Whether it is known by how it is written: a telephone number, a command."""
        return bool(self.units & _WRITTEN.keys())

    def held_by(self, text: str, source: str | None = None) -> bool:
        """Tell whether some text holds such a value, or says in words what it could say in numbers ("free").

        ``source``: a text that must hold those words too.
        """
        if "name" in self.kinds and any(not opens for _, _, opens in names(text)):
            return True
        if written := _WRITTEN.keys() & self.units:
            return bool(_WRITTEN[written.pop()].search(text))
        for _, clause in clauses(text):
            near = (self.units - {"year"}) & set(stems(clause))
            if any(self._is(claim, counted=bool(near)) for claim in claims(clause)):
                return True
        pattern = _COST_IN_WORDS if self.units == _MONEY else _IN_WORDS
        if self.units not in {frozenset(), _MONEY, _SPAN} or not self.kinds & {"time", "number"}:
            return False
        found = {word.lower() for word in pattern.findall(text)}
        return bool(found if source is None else found & {word.lower() for word in pattern.findall(source)})

    def values(self, text: str) -> set[tuple[str, str]]:
        """Return (kind, value) of every such value: those with the unit, or else those in a clause that names it."""
        return {(claim.kind, claim.value) for claim in self.among(text)}

    def among(self, text: str, *, loose: bool = False) -> list[Claim]:
        """Return every such value of a text: those with the unit, or else those in a clause that names it.

        ``loose``: else those that may be meant, since they count something that is no measure ("4,000 wood").
        """
        held = claims(text)
        if plain := [claim for claim in held if self._is(claim, counted=False)]:
            return plain
        near = [
            claim
            for _, clause in clauses(text)
            for claim in claims(clause)
            if self._is(claim, counted=bool((self.units - {"year"}) & set(stems(clause))))
        ]
        if near or not loose:
            return near
        return [claim for claim in held if claim.kind in self.kinds and not is_measure(claim.unit)]

    def _is(self, claim: Claim, *, counted: bool) -> bool:
        if claim.kind not in self.kinds:
            return False
        if self.kinds == _WHEN and is_measure(claim.unit) and claim.unit not in _CLOCK:
            return False  # 47 metres are no answer to when
        counted = counted and not is_money(claim.unit)  # "$25 per child" counts no children
        if claim.kind != "number" or not self.units or claim.unit in self.units or counted:
            return True
        return "year" in self.units and bool(re.fullmatch(r"1\d{3}|20\d\d", claim.value))


def _stems(words: str) -> frozenset[str]:
    return frozenset(map(stem, words.split()))


_FLAGS = re.IGNORECASE | re.VERBOSE
_WRITTEN = {
    "phone": re.compile(r"\d[\d ()/.-]{5,}\d"),
    "command": re.compile(
        r"""`[^`]+` | ["\u201c][^"\u201d]+["\u201d] | \b\w+;\w+ | (?<!\S)(?:--?|!|/)[a-z][\w-]* | \b[A-Z]+_[A-Z_]+\b
        | ^\ {4}\S""",
        re.VERBOSE | re.MULTILINE,
    ),
}
"""What is known by how it is written, by the unit that stands for it."""
_NUMBER: frozenset[Kind] = frozenset({"number", "ordinal", "code"})
_WHEN: frozenset[Kind] = frozenset({"time", "weekday", "month", "number", "ordinal"})
_MONEY = _stems(
    "$ \u20ac \u00a3 eur euro usd dollar buck cent pound gold coin silver copper credit gem pearl token crown cost "
    "price fee"
)
_SPAN = _stems(
    "second sec minute min hour day week month year night season turn round s h hr km m mile foot feet cm inch metre "
    "meter lifetime forever permanent"
)
_CLOCK = _stems("second sec minute min hour day week month year night season turn round s h hr")
_LENGTH = _stems("mile km kilometre kilometer metre meter m foot feet ft yard block minute hour step walk")
_WEIGHT = _stems(
    "g gram grams kg kilo kilos lb lbs pound pounds oz ounce ounces t ton tons tonne tonnes stone weight weighs"
)
_SIZES = _stems("mm cm m metre metres meter meters inch inches foot feet ft yard yards mile miles km")
_PRICE = r"""\bhow\ much\ (?:is|are|does|do|would|will|for|to|u|you|it|a|an|the)\b
    (?![^?]*\b(?:weigh|hold|carry|fit|contain|heal|restore|last|eat|drink|lift|use)\b) | \bhow\ much\W*$
    | \b(?:prices?|costs?|fees?|charge|pricing)\b | \bwhat\ (?:do|does|would|will)\ [^?]{3,40}\brun\b"""
_SIZE = r"""\bhow\ (?:much|many|old|big|hard|tall|heavy|large|high|fast|deep|wide|hot|warm|strong)\b | \bpercent\b
    | \bwhat\ (?:level|rank|size|number)\b | \b(?:max|maximum|min|minimum)\b"""
_TIME = r"""(?<!\w\ )\bwhen\b | \bwhen\ (?:is|are|do|does|can|will|did|was|r|u)\b
    | \b(?:what|which)\ (?:times?|day|date|days|hours)\b | \bhow\ (?:late|early|soon)\b
    | \b(?:un)?till?\ when\b | \bhours\b | \bcut-?off\b"""
_ASKING: tuple[tuple[str, Wanted], ...] = (
    (r"\be-?mail\b | \bmail\ address\b", Wanted("an e-mail address", frozenset({"email"}))),
    (r"\b(?:link|url|web\ ?site|web\ page|homepage)\b", Wanted("a link", frozenset({"link"}))),
    (
        r"(?<!\bmy\ )\b(?:tele)?phone\b(?!s?\ (?:case|screen|app)) | \bnumber\ to\ call\b | \bcall\ you\b",
        Wanted("a telephone number", frozenset({"number"}), frozenset({"phone"})),
    ),
    (
        r"""\b(?:what|which)(?:'?s|\ is)?\ (?:the\ )?(?:[a-z]+\ )?(?:command|variable|parameter)s?\b
        | \b(?:command|variable|parameter)s?\W*$""",
        Wanted("a command", frozenset({"code"}), frozenset({"command"})),
    ),
    (r"\b(?:what|which)\ year\b", Wanted("a year", frozenset({"number"}), frozenset({"year"}))),
    (_PRICE, Wanted("a price", frozenset({"number"}), _MONEY)),
    (
        r"\bhow\ (?:many\ )?(?:days|hours|weeks|minutes|months|seconds)\b",
        Wanted("a length of time", frozenset({"number"}), _CLOCK),
    ),
    (
        r"""\bhow\ long\b
        | \bhow\ (?:far|long|much\ time)\ (?:ahead|in\ advance|before\w*)\b""",
        Wanted("a length of time", frozenset({"number", "time", "weekday", "month"}), _SPAN),
    ),
    (r"\bhow\ often\b", Wanted("how often", frozenset({"number", "weekday"}), _SPAN)),
    (r"\bhow\ far\ (?:is|are|away|do|does|from|to)\b", Wanted("a distance", frozenset({"number"}), _LENGTH)),
    (
        r"\b(?:what|which|max|maximum|min|minimum)(?:'?s)?\ (?:the\ )?(?:max\ |min\ )?(?:level|lvl)\b",
        Wanted("a level", _NUMBER, _stems("level cap")),
    ),
    (
        r"\b(?:what|which)\ ages?\b | \bhow\ old\b",
        Wanted("an age", frozenset({"number"}), _stems("age ages year years old month")),
    ),
    (r"\bhow\ (?:heavy|much\b[^?]*\bweigh)\b | \bweight?\b", Wanted("a weight", frozenset({"number"}), _WEIGHT)),
    (
        r"\bhow\ (?:tall|deep|wide|high)\b(?!\ (?:is|are)\ the\ (?:deposit|fee|fine|price|rent|charge|cost|score))",
        Wanted("a size", frozenset({"number"}), _SIZES),
    ),
    (_SIZE, Wanted("a number", _NUMBER)),
    (
        r"\bwho\ (?:do|can|should|must)\ (?:i|we)\ \w+",
        Wanted("a name or an address", frozenset({"name", "number", "email", "link"})),
    ),
    (_TIME, Wanted("a time", _WHEN)),
    (r"\bwho\b | \bwhose\b", Wanted("a name", frozenset({"name"}))),
)
_COST_IN_WORDS = re.compile(r"\b(?:free|no\ (?:charge|fee|cost)|included|half-price)\b", _FLAGS)
_IN_WORDS = re.compile(
    r"""\b(?:free|no\ (?:charge|fee|cost|limit)|unlimited|included|never|always|every|any|daily|weekly|monthly|
    instantly|immediately|closed|dawn|dusk|sunrise|sunset|night|once|after|before|until|as\ soon|
    during|while|when|half|half-price|full)\b""",
    _FLAGS,
)
_YES_NO = re.compile(
    r"""(?:^|[,.;:!?]\s+)(?:(?:hi|hey|hello|yo|so|and|then|but|ok|okay|um|hm+|please|quick\ (?:question|q))[\s,:!.]+)*
    (?:do|does|did|is|are|am|was|can|could|may|might|will|would|have|has|should|must|any|got|u|you\ guys
    |isn'?t|aren'?t|don'?t|doesn'?t|can'?t|won'?t)\b
    |\b(?:can|could|may)\ (?:i|we|you|u|my|they)\b|\b(?:do|does|will|would)\ (?:you|u|i|we|they|it|the)\b
    |,\s*(?:all\ )?(?:ok|okay|right|allowed|possible|free|fine|doable|alright)\s*\?*$
    |\b(?:is|are)\ (?:it|there|they|the|you|u)\b|\b(?:allowed|ok|okay|possible)\ (?:to|if)\b""",
    _FLAGS,
)
_SHUT = re.compile(r"\bclosed\b(?!.*\bcloses?\b)", re.IGNORECASE)
_BREAK = frozenset(",.;:!?")
_OPEN = re.compile(r"\b(?:what|which|who|whose|where|when|why|how|whats|wheres|whens)\b", re.IGNORECASE)
_ABOUT = re.compile(r"\W*(?:(?:hey|hi|hello|so|and|ok)\W+)*(?:what|how)\s+(?:if|about)\b", re.IGNORECASE)
_HAVING = re.compile(
    r"\b(?:have|has|got|any|sell|offer|carry|stock|serve|deliver|ship|accept|take|support|there|include|included|open|"
    r"work with|come (?:out )?to|listed|available|rent|teach|run|play|playable|buy|get|order|use|pay)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Asked:
    """What a reply to a question must bring."""

    wanted: Wanted | None
    """The value asked for; None where it is not of a kind that rules can tell."""
    yes_no: bool
    open: bool
    """It begins with "what", "how" or the like, so that no yes answers it."""
    words: tuple[str, ...]
    """Stems of the words that carry the question, in order."""
    verbs: frozenset[str]
    """Stems of its words for having and giving ("deliver", "sell"), which say less than the words do."""
    numbers: frozenset[str]
    """Its whole numbers, as written."""
    deed: str
    """Of a question on who did something, the first letters of the doing ("kidn"); otherwise empty."""


def asked(question: str) -> Asked:
    """Read off a question what it asks for."""
    begins_open = bool(_OPEN.match(question.strip()))
    yes_no = bool(_YES_NO.search(question)) and not begins_open
    opens = _OPEN.search(question)
    if opens and yes_no and (not _YES_NO.match(question.strip()) or question[: opens.start()].rstrip()[-1:] in _BREAK):
        yes_no = False
    for_value = (not yes_no or opens) and not (opens and opens[0].lower() in {"where", "wheres", "which"})
    wanted = _wanted(question)
    if wanted and not for_value and not (opens and wanted.written):
        wanted = None
    verbs = frozenset(stem(match[0]) for match in _HAVING.finditer(question))
    numbers = frozenset(filter(str.isdigit, stems(question)))
    beyond = begins_open and not _ABOUT.match(question)
    return Asked(wanted, yes_no, beyond, content(question), verbs, numbers, _deed(question))


def _deed(question: str) -> str:
    """Return the first letters of what somebody is said to do, enough to find "giver" by "gives"."""
    doing = re.search(r"\bwho\s+([^\W\d_]{4,})", question, re.IGNORECASE)
    return stem(doing[1])[:4] if doing and doing[1].lower() not in STOP_WORDS else ""


def content(text: str) -> tuple[str, ...]:
    """Return the stems of a text's content words, each once, in order; numbers are claims, not content."""
    own = (s for s in stems(text) if s not in _STOP_STEMS and len(s) > 1 and not s.isdigit() and "'" not in s)
    return tuple(dict.fromkeys(own))


def telling(text: str) -> set[str]:
    """Return the stems of a text's content words, and of those that tell one value from another: late, sold, first."""
    found = set(content(text)) | (TELLING & set(stems(text)))
    return found - {stem("close")} if _SHUT.search(text) else found  # "closed on Mondays" has no closing time


def _wanted(question: str) -> Wanted | None:
    """Return what the first asking words of a question ask for; "how many inches" asks for inches."""
    question = re.sub(r"\bhwo\b", "how", question, flags=re.IGNORECASE)
    matches = [(m.start(), n) for n, (pattern, _) in enumerate(_ASKING) if (m := re.search(pattern, question, _FLAGS))]
    if not matches:
        return None
    wanted = _ASKING[min(matches)[1]][1]
    counted = re.search(r"\bhow (?:many|much) (?:more )?([^\W\d_]{2,})", whole_words(question), re.IGNORECASE)
    if wanted.title == "a number" and counted and stem(counted[1]) not in _STOP_STEMS:
        if stem(counted[1]) in _MONEY:
            return Wanted("a price", frozenset({"number"}), _MONEY)
        return Wanted(f"a number of {counted[1]}", frozenset({"number"}), frozenset({stem(counted[1])}))
    return wanted
