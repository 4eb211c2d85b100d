import pytest

from personas.language import LanguageCheck
from personas.persona import LIBRARY
from personas.rows import read_rows


@pytest.mark.parametrize(
    ("language", "text", "other"),
    [
        ("en", "Die Lieferung nach Hamilton kostet heute leider acht Dollar.", "de"),
        ("de", "Die Lieferung nach Hamilton kostet heute leider acht Dollar.", None),
        ("de", "Delivery to Hamilton costs eight dollars today, my dear.", "en"),
        ("fr", "La boutique ouvre tous les matins à neuf heures.", None),
        ("eo", "La butiko malfermiĝas ĉiun matenon je la naŭa horo.", None),
        ("en", "Aye, that be so.", None),
        ("en", "Guten Morgen, Freund.", None),
        ("xx", "Die Lieferung nach Hamilton kostet heute leider acht Dollar.", None),
    ],
)
def test_another_language_is_named(language, text, other):
    """A text is told from the persona's own language if it is long enough, and its language is one lingua knows."""
    assert LanguageCheck(language).other(text) == other


def test_a_pirate_speaks_english():
    """No reply of a voice's own manner is taken for another language."""
    check = LanguageCheck("en")
    assert [row.reply for row in read_rows(LIBRARY / "grumpy-pirate" / "exam.jsonl") if check.other(row.reply)] == []
