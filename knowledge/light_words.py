"""Words that say little by themselves, and words that few take for content though they tell two values apart."""

from knowledge.claims import stem

LIGHT = frozenset(map(stem, (
    "cost costs price priced fee charge pay come need make made happen head grab bring visit set look pick only "
    "just list note start starts begin open opens run runs call called name named last hold held ask work use "
    "used time hour day days place person people keep stay find serve include mean require must let both around "
    "about go goes gone be can per each get total include answer reach also usually normally simply currently "
    "amount available done own sold bought kept weigh weighs accept accepted eat eats wear wears borrow "
    "lets enter code link website"
).split()))  # fmt: skip
"""Stems of words that relate a value to its subject and say little by themselves; a reply may add them."""
TELLING = frozenset(map(stem, "late early sell buy deliver take give offer first last big small old".split()))
"""Stems that are no content by themselves, and still tell one value from another: late, last, big."""
UNTELLING = LIGHT - frozenset(map(stem, "start begin open".split()))
"""Of these the ones that do not even tell which of several values is meant: "opens" does, beside "closes"."""
