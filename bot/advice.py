"""Where a wish about the bot belongs: among its facts, in its card prompt, in its voice's weights, or in two of them.

Judged by a logistic regression over the wish's meaning (the embedder that finds passages) and the cues below, learnt
from `advice_wishes.jsonl` each time: it takes a moment, and goes with whatever embedder is set.
"""

import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, get_args

import numpy as np

from knowledge.embedding import Embedder

Place = Literal["knowledge", "prompt", "adapter", "both"]

_SURE = 0.4
"""Least probability of the best of the four places; below it, no advice is better than a coin's."""
_MEANING, _CUES, _PENALTY = 1.5, 0.6, 1.5  # weights of the features and of their penalty, by cross-validation
_MOST = 2
_FLAGS = re.IGNORECASE | re.VERBOSE
_FACTS = (
    r"""\b(?:know|knows|known|answers?|finds?|look(?:s|ing)?\ (?:\w+\ )?up|search\w*|tells?|read|quote|list|cite|
    explains?|show|facts?|data|news)\b""",
    r"""\b(?:faq|doc(?:ument(?:ation)?)?s?|manuals?|handbooks?|wiki|website|pdfs?|files?|folder|spreadsheet|sheet|
    catalog(?:ue)?|database|articles?|polic(?:y|ies)|archive|library|guidelines|journals?|minutes|notes|rulebook|rules|
    pages?|help\ cent(?:re|er)|knowledge\ base|contracts?|agreements?|reports?|lore)\b""",
    r"""\b(?:pric(?:es?|ing)|costs?|stock|inventor(?:y|ies)|hours|timetable|schedule|dates?|times|menu|products?|items?|
    quests?|recipes?|deliver\w*|shipping|orders?|address|names\ of|who|when|where|which|how\ (?:much|many|long)|fees?|
    tariffs?|results?|programme|holidays?|benefits?|rooms|what\ (?:is|was|we|the))\b""",
    r"""\b(?:current(?:ly)?|latest|newest|recent|up[-\ ]to[-\ ]date|outdated|yesterday|today|tonight|
    (?:last|this)\ (?:week|month|year|season|\w+day)|chang(?:es?|ed|ing)|updated?|edits?|new\ product|launched|shipped|
    moment|now)\b""",
    r"""["\u201c][^"\u201d]+\?["\u201d]""",
)
_FORM = (
    r"""\b(?:sounds?|talks?|speaks?|voice|tone|personality|characters?|persona|role|act(?:s|ing)?\ (?:as|like)|
    like\ an?\ \w+|style|imitates?|feel\ like|brand|manner|be\ an?\ \w+|in\ the\ (?:style|manner)|the\ way)\b""",
    r"""\b(?:grumpy|sarcastic|sassy|snarky|shy|moody|cheerful|cheeky|warm|dry|melancholic|wise|clumsy|bubbly|tired|
    pirate|wizard|witch|elf|dwarf|ghost|robot|butler|knight|vampire|troll|bard|detective|grandmother|captain|cowboy|
    poet|monk|dragon|innkeeper|doctor|nurse|librarian)\b""",
    r"""\b(?:dialect|accent|slang|jargon|terminology|vocabulary|native|natural|fluent\w*|language|vietnamese|german|
    english|korean|polish|bavarian|spanish|portuguese|technical\ terms|syntax|translat\w*)\b""",
    r"""\b(?:json|yaml|xml|csv|markdown|bullets?|schema|formats?|layout|form|structured|parse[sr]?|haiku|rhymes?|sql|
    code|configuration|citations?|template|output|notation)\b""",
)
_OTHER = (
    r"""\b(?:always|every|each|exact(?:ly)?|strict(?:ly)?|100\ ?%|never\ fail\w*|reliabl[ey]|consistent\w*|stays?|
    keeps?|without\ (?:ever\ )?fail\w*|mistakes?)\b""",
    r"""\b(?:tokens?|cheaper|smaller|small\ model|tiny|faster|save\ money|long\ (?:system\ )?(?:prompts?|instructions)|
    (?:system\ )?prompts?|(?:large|big)\ (?:one|model)|base\ models?|narrow|speciali[sz]ed|task)\b""",
    r"""\b(?:not|don't|shouldn't|never|no|avoid|refuse|decline|stop|only|please|polite|friendl\w+|shorter|longer|brief|
    bit|little|greet\w*|mention|remind|asks?|sorry|thank\w*|called|its\ name|emoji|sentences?|paragraph|disclaimer|add|
    begin|use|simple|easy|formal\w*|introduce|say|slogan|sign\ off|offer|warn|send|suggest|point\ out|
    tell\ (?:it|people))\b""",
    r"\b(?:and|with|who\ knows|that\ knows|plus|from)\b",
)
_FOUND = tuple(re.compile(pattern, _FLAGS) for pattern in (*_FACTS, *_FORM, *_OTHER))


@dataclass(frozen=True)
class Advice:
    """Where a wish belongs."""

    wish: str
    place: Place | None
    """None where it could be either."""
    shares: dict[Place, float]
    """How probable each place is."""
    why: str
    command: str
    """What to do next; for somebody to read, with names to fill in."""


_SAID: dict[Place | None, tuple[str, str]] = {
    "knowledge": (
        (
            "These are facts, and facts change: from a file they are looked up for each answer, shown with their "
            "source, and right again as soon as the file is. In weights they would go stale and be misremembered."
        ),
        "parley knowledge add FILE --server SERVER",
    ),
    "prompt": (
        (
            "A small instruction like this needs no training: put it into `voice` or `lines` of the persona's card, "
            "and it counts from the next answer on. Train a voice only if the prompt does not hold it."
        ),
        "parley persona new NAME",
    ),
    "adapter": (
        (
            "This is how it speaks or in what form, in every reply: prompts cost tokens each time and fade in long "
            "talks, weights keep it. Write a card, train on its rows, and let the evaluation prove it."
        ),
        "parley persona new NAME && parley persona train NAME && parley persona evaluate NAME",
    ),
    "both": (
        (
            "There are two wishes in it: how it speaks or writes belongs in an adapter, and what it says in the "
            "knowledge store, where it can change without training again."
        ),
        "parley knowledge add FILE --server SERVER && parley persona new NAME && parley persona train NAME",
    ),
    None: (
        (
            "It could be either: ask yourself whether it will be different next month. If so it is a fact and belongs "
            "in a file; if not, try it in the card prompt first."
        ),
        "parley knowledge add FILE --server SERVER, or parley persona new NAME",
    ),
}


class Adviser:
    """Has learnt from the written wishes, and says where others belong."""

    def __init__(self, embedder: Embedder) -> None:
        from sklearn.linear_model import LogisticRegression

        lines = resources.files("bot").joinpath("advice_wishes.jsonl").read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        self._embedder = embedder
        self._model = LogisticRegression(C=_PENALTY, max_iter=1000, class_weight="balanced")
        self._model.fit(self._features([row["wish"] for row in rows]), [row["belongs"] for row in rows])

    def advise(self, wish: str) -> Advice:
        """Say where a wish belongs; the same wish always gets the same advice."""
        row = self._model.predict_proba(self._features([wish]))[0]
        found = dict(zip(self._model.classes_, map(float, row), strict=True))
        shares: dict[Place, float] = {place: round(found[place], 3) for place in get_args(Place)}
        best = max(shares, key=shares.__getitem__)
        place = best if shares[best] >= _SURE else None
        return Advice(wish, place, shares, *_SAID[place])

    def _features(self, wishes: list[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return one row a wish: its meaning, how often each cue is found, and what facts and form make together."""
        counts = np.array([[min(len(cue.findall(wish)), _MOST) for cue in _FOUND] for wish in wishes], np.float64)
        facts = counts[:, : len(_FACTS)].sum(1)
        form = counts[:, len(_FACTS) : len(_FACTS) + len(_FORM)].sum(1)
        together = np.stack([np.minimum(facts, 2) * np.minimum(form, 2) / 2, facts == 0, form == 0], 1)
        return np.hstack([self._embedder.embed(wishes) * _MEANING, counts * _CUES, together * _CUES])
