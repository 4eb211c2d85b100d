import pytest

from personas.language import spoken
from personas.persona import LIBRARY
from personas.rows import read_rows

GERMAN = "Die Lieferung nach Hamilton kostet heute leider acht Dollar."


@pytest.mark.parametrize(
    ("language", "text", "own"),
    [
        ("en", GERMAN, False),
        ("de", GERMAN, True),
        ("de", "Delivery to Hamilton costs eight dollars today, my dear.", False),
        ("fr", "La boutique ouvre tous les matins \u00e0 neuf heures.", True),
        ("eo", "La butiko malfermi\u011das \u0109iun matenon je la na\u016da horo.", True),
        ("en", "Aye, that be so.", None),
        ("en", "Guten Morgen, Freund.", None),
        ("xx", GERMAN, None),
    ],
)
def test_another_language_is_told_from_ones_own(language, text, own):
    """A text is judged if it is long enough, and its language is one that lingua knows."""
    assert spoken([text], language) == [own]


def test_texts_are_judged_in_their_order():
    """Those too short to tell stand at their place."""
    assert spoken(["Nay.", GERMAN, "Harr.", "The shop opens at nine in the morning."], "en") == [
        None,
        False,
        None,
        True,
    ]


def test_a_pirate_speaks_english():
    """No reply of a voice's own manner is taken for another language."""
    replies = [row.reply for row in read_rows(LIBRARY / "grumpy-pirate" / "exam.jsonl")]
    assert False not in spoken(replies, "en")
