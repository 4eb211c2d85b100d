"""Sentences out of text that arrives piece by piece: by punctuation, and rather one cut too few than one too many."""

import re

_OPENERS = "\"'“\u2018«([*_"
_CLOSERS = "\"'”\u2019»)\\]*_"
_WIDE_ENDS = "\u3002\uff01\uff1f"  # the marks of Chinese and Japanese, which no space follows
_END = re.compile(
    rf"(?P<mark>[.!?…]+)[{_CLOSERS}]*\s+"
    rf"|[{_WIDE_ENDS}]+[{_CLOSERS}」』]*\s*"
    rf"|(?<=\S)\s*?[\n\r]\s*",
)
_AFTER = re.compile(rf"[{_OPENERS}]*(?P<first>[^{_OPENERS}])")
_WORD_AFTER = re.compile(rf"[{_OPENERS}]*+(?P<word>\w*+)\W")
_WORD_BEFORE = re.compile(r"(?:\w+\.)*\w+$")
_NUMBER_OF_AN_ITEM = re.compile(rf"\s*[{_OPENERS}]*\d+$")
_TITLES = frozenset(
    "mr mrs ms mx dr prof rev hon messrs st mt ft capt cpt lt sgt col gen gov sen rep vs cf approx viz e.g i.e".split()
)
_BEFORE_NUMBERS = frozenset(
    "no nos p pp ch sec fig vol ver v art jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
_HALVES_OF_DAY = frozenset({"a.m", "p.m"})
_AFTER_A_TIME = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "january february march april may june july august september october november december "
    "eastern central mountain pacific".split()
)


class SentenceStream:
    """Holds back what may still go on; the pieces may be cut anywhere, the sentences are the same.

    A sentence keeps the white space after it, and the first one that before it, so that the sentences and the rest
    together are the text. A line break ends a sentence; what only looks like an end (``$7.95``, ``Mr. X``,
    ``1 p.m. today``, ``e.g.``, an ellipsis, the dots of a link) does not.
    """

    def __init__(self) -> None:
        self._text = ""

    def feed(self, piece: str) -> list[str]:
        """Add a piece and return the sentences that are now complete, often none."""
        self._text += piece
        found = []
        while end := self._end():
            found.append(self._text[:end])
            self._text = self._text[end:]
        return found

    def rest(self) -> str:
        """Return what is left at the end of the text, and hold nothing any more."""
        left, self._text = self._text, ""
        return left

    def _end(self) -> int | None:
        """Return where the first sentence ends; None while that is open."""
        for match in _END.finditer(self._text):
            if match.end() == len(self._text):
                return None
            if not self._text[: match.end()].strip():
                continue
            ends = self._is_end(match)
            if ends is None:
                return None
            if ends:
                return match.end()
        return None

    def _is_end(self, match: re.Match[str]) -> bool | None:
        """Say whether a mark with white space after it ends the sentence; None while the next word is open."""
        mark = match["mark"]
        if mark is None or "\n" in match[0] or "\r" in match[0]:
            return True
        after = _AFTER.match(self._text, match.end())
        if after is None:
            return None
        if after["first"].islower() or (set(mark) <= set(".…") and mark != "."):
            return False
        return mark != "." or self._is_full_stop(match, after["first"])

    def _is_full_stop(self, match: re.Match[str], first: str) -> bool | None:
        before = self._text[: match.start()]
        found = _WORD_BEFORE.search(before)
        word = found[0].lower() if found else ""
        if word in _HALVES_OF_DAY:
            after = _WORD_AFTER.match(self._text, match.end())
            return after and not (after["word"].isupper() or after["word"].lower() in _AFTER_A_TIME)
        initial = len(word.rpartition(".")[2]) == 1 and word.isalpha() and before[-1:].isupper()
        numbered = word in _BEFORE_NUMBERS and first.isdigit()
        return not (word in _TITLES or initial or numbered or _NUMBER_OF_AN_ITEM.fullmatch(before))
