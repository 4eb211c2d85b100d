"""The fact check alone, on every reply of the shipped exams: false alarms, and planted errors that it finds.

    python tests/benchmarks/fact_check.py

The exams' domains stand in no training row. Each kind of error is planted wherever a reply allows it.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

from knowledge.claims import claims, names
from knowledge.fact_check import check, voice_words
from knowledge.polarity import outright
from personas.persona import load
from personas.persona import names as names_of_personas
from personas.reply_format import Format
from personas.rows import Example, read_rows

RNG = random.Random(1)
FLIPS = {"aye": "nay", "yes": "no", "nay": "aye", "no": "yes"}


def rows() -> Iterator[dict]:
    """Yield the exam rows of all personas, replies without their form, with the words of their voice."""
    for name in names_of_personas():
        speaker = load(name)
        form = speaker.card.format

        def said(row: Example, form: Format | None = form) -> str:
            return form.words(row.reply) if form else row.reply

        words = voice_words((said(row), row.source) for row in read_rows(speaker.folder / "examples.jsonl"))
        for row in read_rows(speaker.folder / "exam.jsonl"):
            if row.skill not in {"small_talk", "refusal"}:
                yield {
                    "question": row.question, "reply": said(row), "notes": row.notes, "words": words,
                    "skill": row.skill,
                }  # fmt: skip


def other_number(row: dict) -> str | None:
    """Put a number that stands nowhere in place of the first."""
    found = re.search(r"\d+", row["reply"])
    return found and row["reply"].replace(found[0], str(RNG.randint(11, 9999)), 1)


def neighbours_number(row: dict) -> str | None:
    """Put another number of the notes in place of the first that counts the same thing."""
    held = [c for note in row["notes"] for c in claims(note) if c.kind in {"number", "time"}]
    for claim in claims(row["reply"]):
        for other in held:
            if (other.kind, other.unit) == (claim.kind, claim.unit) and other.value != claim.value:
                return row["reply"].replace(claim.shown, other.shown, 1)
    return None


def other_name(row: dict) -> str | None:
    """Put an invented name in place of the first name in mid-sentence."""
    found = next((word for word, _, opens in names(row["reply"]) if not opens), None)
    return found and row["reply"].replace(found, "Quorvale", 1)


def other_weekday(row: dict) -> str | None:
    """Put a weekday that the notes do not have in place of the first."""
    held = {c.value for note in (*row["notes"], row["question"]) for c in claims(note) if c.kind == "weekday"}
    found = next((c for c in claims(row["reply"]) if c.kind == "weekday"), None)
    free = [day for day in ("Sunday", "Monday", "Wednesday", "Friday") if day.lower() not in held]
    return row["reply"].replace(found.shown, free[0], 1) if found and free else None


def other_yes_or_no(row: dict) -> str | None:
    """Turn the yes or no of a reply to a yes-or-no question round."""
    found = re.search(r"\b(aye|yes|nay|no)\b(?=[,!.])", row["reply"], re.IGNORECASE)
    if row["skill"] not in {"yes_no", "listed", "not_listed"} or not found or outright(row["reply"]) is None:
        return None
    return row["reply"][: found.start()] + FLIPS[found[1].lower()].capitalize() + row["reply"][found.end() :]


def without_value(row: dict) -> str | None:
    """Take the sentence with the asked value out."""
    parts = re.split(r"(?<=[.!?])\s+", row["reply"])
    kept = [part for part in parts if not claims(part)]
    return " ".join(kept) if row["skill"] in {"copy", "which"} and kept and len(kept) < len(parts) else None


PLANTS: tuple[Callable[[dict], str | None], ...] = (
    other_number, neighbours_number, other_name, other_weekday, other_yes_or_no, without_value,
)  # fmt: skip


def main() -> None:
    """Print false alarms by skill and caught errors by kind."""
    kept, alarms = Counter(), Counter()
    planted, caught = Counter(), Counter()
    for row in rows():
        kept[row["skill"]] += 1
        alarms[row["skill"]] += not check(row["reply"], row["question"], row["notes"], row["words"]).passed
        for plant in PLANTS:
            wrong = plant(row)
            if wrong and wrong != row["reply"]:
                planted[plant.__name__] += 1
                caught[plant.__name__] += not check(wrong, row["question"], row["notes"], row["words"]).passed
    print("false alarms on true replies")
    for skill, count in sorted(kept.items()):
        print(f"  {skill:20}{alarms[skill]:4} of {count}")
    print("planted errors found")
    for kind, count in planted.items():
        print(f"  {kind:20}{caught[kind]:4} of {count}")


if __name__ == "__main__":
    main()
