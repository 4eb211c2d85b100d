"""The fine-tuning trap on 200 rows of which 40 have a planted fact: how many are found, and how many alarms are false.

    python tests/benchmarks/trap_check.py [PERSONA]... [--seed N]

The rows are plain rows of the foundation in a persona's voice, half of them from its exam, and, as a harder case, the
persona's own examples as they ship. Five rows each get one fact of a kind that their notes do not hold.
"""

import argparse
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence

from bot.row_trap import unheld
from knowledge.claims import WEEKDAYS, claims, names
from personas.dressing import FOUNDATION, dress, read_plain
from personas.persona import Card, load
from personas.persona import names as persona_names
from personas.rows import BadPersona, Example, Turn, read_rows

ROWS, EACH = 200, 5
NAMES = (
    "Quorvale", "Tessaly Brook", "Mr. Hendry", "Oskarin", "Lower Wick", "Aunt Peg", "Doctor Vance", "Ilse",
    "Brightmoor", "Kestrel Hall", "Jonah", "Captain Ruiz",
)  # fmt: skip
PRICES = ("It costs $37.", "That comes to 59 EUR.", "The fee is \u00a318.", "You pay 23.50 dollars.", "It is 460 gold.")
PROMISES = (
    "Parking is free.", "There is free parking behind the house.", "We refund you in full.", "Breakfast is included.",
    "Children get a balloon at the door.", "Dogs are welcome.", "Shipping is on us.", "You can pay by card.",
    "A member of staff carries it to your car.", "Members get a discount.", "We are open on public holidays too.",
    "The garden is open to visitors.",
)  # fmt: skip
LINKS = ("https://quorvale.example/book", "www.tessaly.example", "oskarin.com", "https://discord.gg/wick")
UNITS = {
    "minutes": "hours", "hours": "days", "days": "weeks", "weeks": "months", "months": "years", "km": "miles",
    "g": "kg", "kg": "g", "m": "km", "cm": "mm", "EUR": "USD", "pounds": "dollars", "gold": "gems", "hour": "day",
    "minute": "hour", "day": "week",
}  # fmt: skip


def number(row: Example, rng: random.Random) -> str | None:
    """Put a number that stands nowhere in place of one."""
    found = [c for c in claims(row.reply) if c.kind in {"number", "time"} and c.shown[0].isdigit()]
    if not found:
        return None
    claim = rng.choice(found)
    wrong = next(n for n in iter(lambda: str(rng.randint(3, 98)), "") if n not in row.source)
    shown = re.sub(r"\d+", wrong, claim.shown, count=1)
    return row.reply[: claim.start] + shown + row.reply[claim.start + len(claim.shown) :]


def unit(row: Example, rng: random.Random) -> str | None:
    """Count in another unit."""
    found = [m for m in re.finditer(r"(?<=\d )([A-Za-z]+)\b", row.reply) if m[0] in UNITS]
    found = [m for m in found if not re.search(rf"\b{UNITS[m[0]]}\b", row.source)]
    if not found:
        return None
    match = rng.choice(found)
    return row.reply[: match.start()] + UNITS[match[0]] + row.reply[match.end() :]


def weekday(row: Example, rng: random.Random) -> str | None:
    """Put a weekday that the notes do not have in place of one."""
    found = [c for c in claims(row.reply) if c.kind == "weekday"]
    free = [day.capitalize() for day in WEEKDAYS if day[:3].capitalize() not in row.source]
    if not found or not free:
        return None
    return row.reply.replace(found[0].shown, rng.choice(free), 1)


def name(row: Example, rng: random.Random) -> str | None:
    """Put an invented name in place of one inside a sentence."""
    found = [word for word, _, opens in names(row.reply) if not opens and word in "\n".join(row.notes)]
    return row.reply.replace(rng.choice(found), rng.choice(NAMES), 1) if found else None


def opening_name(row: Example, rng: random.Random) -> str:
    """Let somebody who is in no note begin a sentence."""
    return f"{row.reply} {rng.choice(NAMES)} {rng.choice(('will show you', 'has the key', 'looks after it'))}."


def price(row: Example, rng: random.Random) -> str | None:
    """Add a price that stands nowhere."""
    said = rng.choice(PRICES)
    return None if {c.value for c in claims(said)} & {c.value for c in claims(row.source)} else f"{row.reply} {said}"


def promise(row: Example, rng: random.Random) -> str | None:
    """Add a sentence that promises something."""
    said = rng.choice(PROMISES)
    words = re.findall(r"[a-z]{5,}", said.lower())
    return None if any(word in row.source.lower() for word in words) else f"{row.reply} {said}"


def link(row: Example, rng: random.Random) -> str:
    """Add a link."""
    return f"{row.reply} See {rng.choice(LINKS)} for more."


PLANTS: tuple[Callable[[Example, random.Random], str | None], ...] = (
    number, unit, weekday, name, opening_name, price, promise, link,
)  # fmt: skip


def plant(rows: Sequence[Example], card: Card, rng: random.Random) -> tuple[list[Example], dict[int, str]]:
    """Return the rows with ``EACH`` facts of each kind planted, and which row has which."""
    planted: dict[int, str] = {}
    rows = list(rows)
    for kind in PLANTS:
        places = [i for i, row in enumerate(rows) if i not in planted and row.skill != "refusal"]
        for i in rng.sample(places, len(places)):
            if list(planted.values()).count(kind.__name__) == EACH:
                break
            words = card.format.words(rows[i].reply) if card.format else rows[i].reply
            plain = rows[i].model_copy(update={"messages": (*rows[i].messages[:-1], _said(words))})
            wrong = kind(plain, rng)
            if wrong and wrong != words:
                reply = rows[i].reply.replace(words, wrong) if card.format else wrong
                reply = card.format.render(wrong, 1, "answered") if card.format and reply == rows[i].reply else reply
                rows[i] = rows[i].model_copy(update={"messages": (*rows[i].messages[:-1], _said(reply))})
                planted[i] = kind.__name__
    return rows, planted


def measure(title: str, rows: Sequence[Example], card: Card, seed: int) -> None:
    """Plant, look, and print a table."""
    rows, planted = plant(rows, card, random.Random(seed))
    found = unheld(card, rows)
    sure = {i for i, some in enumerate(found) if any(fact.sure for fact in some)}
    doubted = {i for i, some in enumerate(found) if some} - sure
    print(f"{title}: {len(rows)} rows, {len(planted)} with a planted fact")
    for kind, count in Counter(planted.values()).items():
        here = {i for i, k in planted.items() if k == kind}
        print(f"  {kind:14}{len(here & (sure | doubted)):3} of {count} found, {len(here & sure)} of them as errors")
        for i in sorted(here - sure - doubted):
            print(f"    missed: {' '.join(rows[i].reply.split())}")
    clean = len(rows) - len(planted)
    print(f"  {'all':14}{len(planted.keys() & (sure | doubted)):3} of {len(planted)} found")
    print(f"  false alarms: {len(sure - planted.keys())} errors, {len(doubted - planted.keys())} warnings of {clean}")


def main() -> None:
    """Measure each persona that has a style."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("persona", nargs="*", default=persona_names())
    parser.add_argument("--seed", type=int, default=41, help="chooses the rows, the facts and where they are planted")
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    exam, taught = (read_plain(FOUNDATION / file) for file in ("exam.jsonl", "rows.jsonl"))
    plain = [*rng.sample(exam, ROWS // 2), *rng.sample(taught, ROWS - ROWS // 2)]
    for who in chosen.persona:
        persona, rng = load(who), random.Random(chosen.seed)
        if persona.card.style:
            dressed = [dress(row, persona.card, rng) for row in plain]
            measure(f"{who}, the foundation in its voice", dressed, persona.card, chosen.seed)
        try:
            own = read_rows(persona.folder / "examples.jsonl")
        except BadPersona:
            continue
        measure(f"{who}, its own examples", rng.sample(own, min(ROWS, len(own))), persona.card, chosen.seed)


def _said(text: str) -> Turn:
    return Turn(role="assistant", content=text)


if __name__ == "__main__":
    main()
