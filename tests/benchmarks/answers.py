"""The 120 questions on the two sample servers, through the whole chain: verdicts, right answers, time.

    python tests/benchmarks/answers.py [--json FILE]

Right is what the question file says: an answerable question's reply holds every expected value, an unanswerable one
is left unsure. What rules cannot judge (tone, a wrong fact among right words) is read by a person: every reply is
printed.
"""

import argparse
import asyncio
import json
from collections import Counter
from pathlib import Path
from statistics import median

from question_rows import QUESTIONS, ask_all, at_home, read, right

from bot.asking import as_json
from bot.demo import SAMPLES


def main() -> None:
    """Print every question with its reply, the wrong ones first, then the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the answers as JSON lines")
    parser.add_argument("--at-once", type=int, default=8, help="questions that wait together")
    options = parser.parse_args()
    sources = {folder.name: [folder] for folder in sorted(SAMPLES.iterdir())}
    rows = [row for server in sources for row in read(QUESTIONS / f"{server}.jsonl")]
    with at_home(None) as chosen:
        answered = asyncio.run(ask_all(chosen, rows, sources, options.at_once))
    if options.json:
        lines = (json.dumps(as_json(answer), ensure_ascii=False) + "\n" for _, answer in answered)
        options.json.write_text("".join(lines), "utf-8")
    judged = sorted(answered, key=lambda pair: right(*pair))
    counts: Counter[tuple[str, str, bool]] = Counter()
    for row, answer in judged:
        counts[row["kind"], answer.verdict, right(row, answer)] += 1
        sign = "ok  " if right(row, answer) else "miss"
        print(
            f"{sign} {row['id']} {row['persona']} [{row['kind']}] {answer.verdict}: {row['text']}\n     {answer.reply}"
        )
    print(f"\n{'kind':14}{'verdict':10}{'right':6}count")
    for (kind, verdict, good), count in sorted(counts.items()):
        print(f"{kind:14}{verdict:10}{'yes' if good else 'no':6}{count}")
    totals = [answer.timings_ms["total"] / 1000 for _, answer in answered]
    print(
        f"right {sum(right(r, a) for r, a in judged)} of {len(rows)}; median {median(totals):.1f} s an answer", end=""
    )
    print(f" with {options.at_once} at once")


if __name__ == "__main__":
    main()
