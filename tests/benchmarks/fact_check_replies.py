"""The fact check alone, on pairs of written replies: a true one, and the same with exactly one planted error.

    python tests/benchmarks/fact_check_replies.py [--misses]

Each pair is dressed in the voice of one shipped persona, all six in turn. Half of the pairs were written before the
check was, and half after it by somebody who left its rules aside. Rules have since been tuned on both halves.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from knowledge.fact_check import Check, check, voice_words
from personas.dressing import PlainRow, dress
from personas.persona import Persona, load
from personas.persona import names as names_of_personas
from personas.rows import read_rows

REPLIES = Path(__file__).parent / "questions" / "fact_check_replies.jsonl"


def spoken(speaker: Persona, reply: str) -> str:
    """Return the words of a reply without the form that its persona's card asks for."""
    return speaker.card.format.words(reply) if speaker.card.format else reply


def voices() -> list[tuple[Persona, frozenset[str]]]:
    """Return the shipped personas, each with its own words."""
    found = []
    for speaker in map(load, names_of_personas()):
        rows = read_rows(speaker.folder / "examples.jsonl")
        found.append((speaker, voice_words((spoken(speaker, row.reply), row.source) for row in rows)))
    return found


def replies() -> Iterator[tuple[dict, str, str, frozenset[str]]]:
    """Yield (pair, "true" or "false", the reply in voice, the voice's own words)."""
    speakers = voices()
    pairs = [json.loads(line) for line in REPLIES.read_text("utf-8").splitlines()]
    for number, pair in enumerate(pairs):
        speaker, words = speakers[number % len(speakers)]
        for which in ("true", "false"):
            plain = PlainRow(
                domain="", skill="copy", notes=tuple(pair["notes"]), question=pair["question"], reply=pair[which],
                **{"from": 1},
            )  # fmt: skip
            said = dress(plain, speaker.card, random.Random(number)).reply
            yield pair, which, spoken(speaker, said), words


def checked(pair: dict, reply: str, words: frozenset[str]) -> tuple[Check, float]:
    """Return what the check says, and the milliseconds of processor time that it took."""
    today = date.fromisoformat(pair["today"]) if "today" in pair else None
    began = time.process_time()
    outcome = check(reply, pair["question"], pair["notes"], words, today=today)
    return outcome, 1000 * (time.process_time() - began)


def main() -> None:
    """Print for each half what is caught and what is refused though true, by kind, and the time of a check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--misses", action="store_true", help="print each reply that is judged wrongly")
    show = parser.parse_args().misses
    count, alarms, caught = Counter(), Counter(), Counter()
    spent = []
    for pair, which, reply, words in replies():
        outcome, took = checked(pair, reply, words)
        spent.append(took)
        key = pair["half"], pair["kind"]
        count[key] += which == "true"
        alarms[key] += which == "true" and not outcome.passed
        caught[key] += which == "false" and not outcome.passed
        if show and outcome.passed == (which == "false"):
            reasons = [(found.fault, found.shown, found.reason) for found in outcome.findings]
            print(f"{which} {key}\n  {pair['question']}\n  {pair['notes']}\n  {reply}\n  {reasons}")
    for half in dict.fromkeys(half for half, _ in count):
        kinds = [kind for of, kind in count if of == half]
        print(f"{half + ' the check':24}{'pairs':>6}{'caught':>8}{'false alarms':>14}")
        for kind in kinds:
            print(f"  {kind:22}{count[half, kind]:6}{caught[half, kind]:8}{alarms[half, kind]:14}")
        whole, found, wrongly = (sum(of[half, kind] for kind in kinds) for of in (count, caught, alarms))
        print(f"  {'all':22}{whole:6}{found:8}{wrongly:14}")
    spent.sort()
    print(
        f"a reply takes {spent[len(spent) // 2]:.1f} ms at the median, {spent[int(0.99 * len(spent))]:.1f} at the 99th"
    )


if __name__ == "__main__":
    main()
