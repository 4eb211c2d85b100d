"""What a text claims, as values that can be compared: numbers, times, dates, links, codes and names.

Two spellings of one value are equal ("9 am" and "9:00 am", "$7.50" and "7.5 dollars", "third" and "3rd").
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import snowballstemmer

Kind = Literal["link", "email", "code", "time", "weekday", "month", "ordinal", "number", "name"]

# A stemmer keeps its word in itself while it works: shared by two threads, it mixes theirs up.
_STEMMERS = threading.local()
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_NUMBER_WORDS = {word: n for n, word in enumerate(_WORDS)} | {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "hundred": 100, "thousand": 1000, "dozen": 12,
}  # fmt: skip
_ORDINAL_WORDS = {
    "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
}  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_PATTERNS: tuple[tuple[Kind, str], ...] = (
    ("email", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    (
        "link",
        r"""(?:https?://|www\.)[^\s<>")]+[^\s<>").,!?:;']
        | \b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|gg|example|eu|de|uk|dev|shop)\b(?:/[^\s<>")]*[\w/])?""",
    ),
    (
        "time",
        r"""\b(?P<hour>1[0-2]|0?\d)(?:[:.](?P<minute>\d\d))?\s?(?P<half>[ap])\.?m\b\.?
        | \b(?P<hour24>[01]?\d|2[0-4]):(?P<minute24>[0-5]\d)\b | \b(?:noon|midnight)\b""",
    ),
    (
        "code",
        r"""(?<!\w)/[a-z][\w-]+ | \bv\d+(?:\.\d+)*\b
        | \b(?=\w*[A-Za-z])(?=[\w-]*\d)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b(?<!st)(?<!nd)(?<!rd)(?<!th)""",
    ),
    ("ordinal", r"\b\d+(?:st|nd|rd|th)\b | \b(?:" + "|".join(_ORDINAL_WORDS) + r")\b"),
    (
        "number",
        r"(?<![\w.])\d{1,3}(?:,\d{3})+(?:\.\d+)? | (?<![\w])\d+(?:\.\d+)? | \b(?:"
        + "|".join(word for word in _NUMBER_WORDS if word not in {"one", "zero"})
        + r")\b",
    ),
    (
        "weekday",
        r"\b(?:(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b | (?i:(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b)",
    ),
    (
        "month",
        r"(?i:\b(?:" + "|".join(month for month in MONTHS if month not in {"may", "march"}) + r")\b)"
        r"| \b(?:in|of|by|until|from|since|to|on|[Tt]he|[Tt]his|[Nn]ext|[Ll]ast)\ (?:May|March)\b"
        r"| \b(?:May|March)\b(?=\ \d) | (?<=\d\ )(?:May|March)\b",
    ),
)
_CASED = {"code", "weekday", "month"}
_COMPILED = tuple(
    (kind, re.compile(pattern, re.VERBOSE if kind in _CASED else re.VERBOSE | re.IGNORECASE))
    for kind, pattern in _PATTERNS
)
# A word of this kind beside a number is not what it counts.
_LINKS = frozenset(
    (
        "a an and are as at be before but by each every for from if in is it of on or per so than that the then to "
        "until up upto was were when which while with without about after all another be't costs cost is for only "
        "over under at least most dear hero friend lad matey ye you your yer my me our we i"
    ).split()
)
_UNIT_IN_CODE = re.compile(r"^(\d+(?:\.\d+)?)([a-z]{1,6}|[A-Z]{1,3})$")
_NAME = re.compile(r"\b[A-Z][\w'\u2019]*(?:-[A-Za-z]\w*)*")
_TOKEN = re.compile(r"(?<!\w)[^\W\d_]-[^\W\d_]+|[^\W_]+(?:['\u2019][^\W_]+)*")
# What begins a sentence begins with a capital whether it is a name or not.
_SENTENCE_START = re.compile(r"(?:^|[.!?:;\u2026]\s+|[\n\"\u201c(|\u2022*-]\s*)$")


@dataclass(frozen=True)
class Claim:
    """One value in a text."""

    kind: Kind
    value: str
    """Normal form: equal for two spellings of the same value."""
    shown: str
    """As written."""
    start: int
    """Where it begins in the text, in characters."""
    unit: str = ""
    """Of a number: the stem of the word that it counts, a currency, or the word before it ("level")."""


def claims(text: str) -> list[Claim]:
    """Return the values of a text other than names, in order; no character belongs to two of them."""
    return list(_claims(text))


@lru_cache(maxsize=512)
def _claims(text: str) -> tuple[Claim, ...]:
    """Return the claims of a text; kept, because a check reads the same few sentences again and again."""
    taken = [False] * len(text)
    found: list[Claim] = []
    for kind, pattern in _COMPILED:
        for match in pattern.finditer(text):
            if any(taken[match.start() : match.end()]):
                continue
            taken[match.start() : match.end()] = [True] * len(match[0])
            found.append(_claim(kind, match, text))
    return tuple(sorted(found, key=lambda claim: claim.start))


def names(text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield (word, start, whether it opens a sentence) for each capitalised word that is no other value."""
    others = [(claim.start, claim.start + len(claim.shown)) for claim in claims(text)]
    for match in _NAME.finditer(text):
        if any(start <= match.start() < end for start, end in others):
            continue
        word = re.sub(r"['\u2019]s?$", "", match[0])
        if word and word not in {"I", "I'm", "I'll", "I've", "I'd", "OK"}:
            yield word, match.start(), bool(_SENTENCE_START.search(text[: match.start()]))


def stems(text: str) -> list[str]:
    """Return the stems of all words of a text, in order."""
    return [stem(word) for word in _TOKEN.findall(text)]


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Return the Snowball stem (Porter 2) of a word, without a possessive."""
    if not hasattr(_STEMMERS, "english"):
        _STEMMERS.english = snowballstemmer.stemmer("english")
    return str(_STEMMERS.english.stemWord(re.sub(r"['\u2019]s?$", "", word.lower()).replace("\u2019", "'")))


def _claim(kind: Kind, match: re.Match[str], text: str) -> Claim:
    shown, unit = match[0], ""
    value = shown.lower().rstrip(".")
    if kind == "time":
        value = _time(match)
    elif kind == "weekday":
        value = next(day for day in WEEKDAYS if day.startswith(value[:3]))
    elif kind == "month":
        value = value.split()[-1]
    elif kind == "ordinal":
        value = str(_ORDINAL_WORDS.get(value) or int(re.sub(r"\D", "", value)))
    elif kind == "link":
        value = re.sub(r"^(?:https?://)?(?:www\.)?", "", value).rstrip("/")
    elif kind == "code" and (joined := _UNIT_IN_CODE.match(shown)):
        kind, value, unit = "number", _number(joined[1]), stem(joined[2])  # 30cm, 5k
    elif kind == "number":
        value, unit = _number(value), _unit(text, match.start(), match.end())
    return Claim(kind, value, shown, match.start(), unit)


def _number(text: str) -> str:
    text = text.replace(",", "")
    if text.startswith("0") and text.isdigit():
        return text  # a code or part of a telephone number: its zeros count
    return f"{_NUMBER_WORDS[text] if text in _NUMBER_WORDS else float(text):g}"


def _time(match: re.Match[str]) -> str:
    if match["hour"]:
        hour = int(match["hour"]) % 12 + (12 if match["half"].lower() == "p" else 0)
        return f"{hour:02}:{match['minute'] or '00'}"
    if match["hour24"]:
        return f"{int(match['hour24']):02}:{match['minute24']}"
    return "12:00" if match[0].lower() == "noon" else "00:00"


def _unit(text: str, start: int, end: int) -> str:
    before, after = text[:start].rstrip(), text[end:]
    if before[-1:] in "$€£" and before:
        return before[-1]
    following = re.match(r" ?%|[ -]([^\W\d_]+)", after)
    if following and following[0].strip() == "%":
        return "%"
    if following and following[1].lower() not in _LINKS and not following[1].lower().endswith("ly"):
        return stem(following[1])
    preceding = re.search(r"([^\W\d_]+)[ .:]?$", before)
    return stem(preceding[1]) if preceding and preceding[1].lower() not in _LINKS else ""
