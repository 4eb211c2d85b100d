"""Questions that calendar, clock and tables answer, over the two samples and six small invented servers.

    python tests/benchmarks/typed_facts.py [--left]

Of each question the file says which words the computed sentence must hold, or that it has to be left to retrieval.
"Wrong" is a sentence that lacks such a word, holds a forbidden one, or should not be there; it must be 0. The
questions of the last two servers were written before any answer to them was computed: their figures stand apart.
"""

import argparse
import json
import re
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

from knowledge import chunking, documents
from knowledge.typed.computing import compute
from knowledge.typed.kinds import Computed, Disputed
from knowledge.typed.recognition import recognise

QUESTIONS = Path(__file__).parent / "questions/typed"
SAMPLES = Path(__file__).parents[2] / "knowledge/samples"
NOW = "2026-03-10T12:00:00+00:00"
SERVERS = {  # time zone, and whether the questions were written blind
    "petal-and-stem": ("America/New_York", False),
    "emberfall": ("America/New_York", False),
    "copper-kettle": ("Europe/London", False),
    "ashen-keep": ("Europe/Berlin", False),
    "tidewater-museum": ("America/Los_Angeles", False),
    "midnight-slice": ("America/Chicago", False),
    "fern-hill-nursery": ("America/New_York", True),
    "starfall-outpost": ("UTC", True),
}


def passages(server: str) -> list:
    """Return the passages of a server's documents."""
    folder = next(path / server for path in (SAMPLES, QUESTIONS) if (path / server).is_dir())
    return [
        passage
        for path in sorted(folder.iterdir())
        for passage in chunking.passages(path.name, documents.read(path.name, path.read_bytes()))
    ]


def judge(row: dict, answer: Computed | Disputed | None) -> str:
    """Return right, wrong, left (an answer was possible) or silent (rightly left to retrieval)."""
    if row.get("conflict"):
        return "right" if isinstance(answer, Disputed) else "left" if answer is None else "wrong"
    if not isinstance(answer, Computed):
        return "silent" if row["expect"] is None else "left"
    said = answer.sentence.lower()
    has = all(
        any(re.search(rf"(?<![\w.]){re.escape(word)}(?![\w]|\.\d)", said) for word in group.split("|"))
        for group in row["expect"] or ["a word that no sentence holds"]
    )
    return "right" if has and not any(word in said for word in row.get("forbid", ())) else "wrong"


def main() -> None:
    """Print every wrong answer and the table; exit status 1 if any answer is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--left", action="store_true", help="also print what was left to retrieval though it could be told"
    )
    parser.add_argument("--all", action="store_true", help="print every answer")
    options = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    times = []
    for server, (zone, _) in SERVERS.items():
        started = perf_counter()
        facts = recognise(passages(server))
        recognised = perf_counter() - started
        counts[server] = Counter()
        for line in (QUESTIONS / f"{server}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            started = perf_counter()
            answer = compute(row["text"], facts, datetime.fromisoformat(row.get("now", NOW)), ZoneInfo(zone))
            times.append(1000 * (perf_counter() - started))
            verdict = judge(row, answer)
            counts[server][verdict] += 1
            if options.all or verdict == "wrong" or (options.left and verdict == "left"):
                said = answer.sentence if isinstance(answer, Computed) else type(answer).__name__
                print(f"{verdict:7}{row['id']} {row['text']}\n       {said}")
        print(f"{server}: {len(facts)} facts in {1000 * recognised:.0f} ms")
    print(f"\n{'':20}{'right':>7}{'wrong':>7}{'left':>7}{'silent':>8}")
    for title, blind in (("developed on", False), ("written blind", True)):
        total = Counter()
        for server, (_, was_blind) in SERVERS.items():
            if was_blind == blind:
                total += counts[server]
                print(f"{server:20}" + "".join(f"{counts[server][v]:{w}}" for v, w in COLUMNS))
        print(f"{title:20}" + "".join(f"{total[v]:{w}}" for v, w in COLUMNS))
    print(f"time a question: median {median(times):.2f} ms, most {max(times):.1f} ms")
    sys.exit(any(count["wrong"] for count in counts.values()))


COLUMNS = (("right", 7), ("wrong", 7), ("left", 7), ("silent", 8))

if __name__ == "__main__":
    main()
