"""A question in plain words: slang spelled out, politeness dropped, so that every word left carries meaning."""

import re

from knowledge.typed.days import straight

_SPELLED: tuple[tuple[str, str], ...] = (
    (r"\bu\b", "you"),
    (r"\br\b", "are"),
    (r"\bur\b", "your"),
    (r"\bya\b|\by'?all\b|\byall\b", "you"),
    (r"\b(?:rn|atm)\b", "right now"),
    (r"\b(?:tmrw?|tmw|tomoz|2moro|2mrw|tommorow|tomorow|tommorrow|tomorro)\b", "tomorrow"),
    (r"\b2day\b", "today"),
    (r"\b2nite\b|\btonite\b", "tonight"),
    (r"\bwhats\b|\bwhat's\b|\bwat's\b", "what is"),
    (r"\bwhens\b|\bwhen's\b", "when is"),
    (r"\bwen\b", "when"),
    (r"\bwut\b|\bwat\b|\bwot\b", "what"),
    (r"\bhow's\b", "how is"),
    (r"\byou're\b|\byoure\b", "you are"),
    (r"\b'?till?\b", "until"),
    (r"\bhrs\b", "hours"),
    (r"\bxmas\b", "christmas"),
    (r"\bwhich's\b", "which is"),
    (r"\bhow mch\b|\bhw much\b|\bhwo much\b", "how much"),
    (r"\bopn\b|\bopenn\b", "open"),
    (r"\bcloze\b|\bclse\b", "close"),
    (r"\bdelievery\b|\bdelivry\b|\bdelivary\b", "delivery"),
    (r"\bdelive\b|\bdelivr\b|\bdeilver\b", "deliver"),
    (r"\bcheepest\b|\bcheapst\b", "cheapest"),
    (r"\bisnt\b|\bisn't\b", "is not"),
    (r"\barent\b|\baren't\b", "are not"),
    (r"\bim\b|\bi'm\b", "i am"),
    (r"\bbtwn\b", "between"),
    (r"\bw/o\b", "without"),
    (r"\bdont\b|\bdon't\b", "do not"),
    (r"\bid\b(?= like)", "i would"),
)
_POLITE = re.compile(
    r"\b(?:hi|hey|hello|hiya|yo|heya|howdy|good (?:morning|afternoon|evening)|please|pls|plz"
    r"|thanks|thank you|thx|ty|cheers"
    r"|just wondering|i was wondering|wondering|quick question|quick q|um+|uh+|hm+|ok|okay|so"
    r"|oh|well|sorry|excuse me|lol|bro|dude|mate|man"
    r"|guys|folks|there(?= [,!])|all of you|actually|exactly|basically|generally|usually|normally|by any chance|btw"
    r"|(?:do|does) (?:you|anyone|anybody|somebody|someone) know(?: if| whether)?|any(?:one|body) know(?: if| whether)?"
    r"|(?:can|could|would|will) (?:you|someone|anyone|somebody) (?:please )?(?:tell|show"
    r"|let) (?:me|us)(?: know)?(?: if| whether)?"
    r"|(?:i|we) (?:would like|want|need|wanna) to know(?: if| whether)?|tell me"
    r"|let me know(?: if| whether)?|remind me|and|but)\b",
)
_KEPT_AND = re.compile(r"\bbetween\b.+\band\b")


def plain(question: str) -> str:
    """Return a question in lower case with its slang spelled out; numbers, signs and apostrophes stay."""
    text = re.sub(r"\s+", " ", straight(question).replace("&", " and ")).strip().lower()
    for pattern, spelled in _SPELLED:
        text = re.sub(pattern, spelled, text)
    return text


def bare(text: str) -> str:
    """Return a plain question without greetings and politeness."""
    if not _KEPT_AND.search(text):
        text = _POLITE.sub(" ", text)
    else:
        text = re.sub(r"\bQQ\b", "and", _POLITE.sub(" ", re.sub(r"\band\b", "QQ", text)))
    return re.sub(r"\s+", " ", re.sub(r"[?!;\"()…]|(?<!\d)[.,:]|[.,:](?!\d)", " ", text)).strip(" .-")


def listing(parts: list[str]) -> str:
    """Join parts as a sentence does: "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
