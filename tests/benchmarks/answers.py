"""The 120 questions on the two sample servers, through the whole chain: verdicts, right answers, time.

    python tests/benchmarks/answers.py [--json FILE]

Right is what the question file says: an answerable question's reply holds every expected value, an unanswerable one
is left unsure. What rules cannot judge (tone, a wrong fact among right words) is read by a person: every reply is
printed.
"""

import argparse
import asyncio
import json
import re
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median

from bot import models, settings
from bot.answers import Answer, Question
from bot.asking import as_json
from bot.demo import SAMPLES
from bot.wiring import parts
from knowledge import indexing

QUESTIONS = Path(__file__).parent / "questions"


def right(row: dict, answer: Answer) -> bool:
    """Judge a reply by the expected values of its question; words count as whole words."""
    if row["kind"] == "unanswerable":
        return answer.verdict == "unsure"
    reply = answer.reply.lower()
    return answer.verdict in {"answered", "quoted"} and all(
        any(re.search(rf"(?<!\w){re.escape(value.strip())}", reply) for value in group.split("|"))
        for group in row["expect"]
    )


async def run(rows: list[dict], at_once: int) -> list[Answer]:
    """Answer all questions in a home folder that is gone afterwards."""
    chosen = settings.load()
    models.check(chosen)
    with tempfile.TemporaryDirectory() as home:
        chosen = chosen.model_copy(update={"home": Path(home), "models": chosen.models_folder})
        async with parts(chosen) as ready:
            for server in sorted({row["server"] for row in rows}):
                indexing.add(ready.store, ready.embedder, server, [SAMPLES / server])
            slots = asyncio.Semaphore(at_once)

            async def one(row: dict) -> Answer:
                async with slots:
                    question = Question(row["text"], row["server"], row["persona"], id=row["id"])
                    return await ready.answerer.answer(question)

            return await asyncio.gather(*map(one, rows))


def main() -> None:
    """Print every question with its reply, the wrong ones first, then the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the answers as JSON lines")
    parser.add_argument("--at-once", type=int, default=8, help="questions that wait together")
    options = parser.parse_args()
    rows = [json.loads(line) for file in sorted(QUESTIONS.glob("*.jsonl")) for line in file.read_text().splitlines()]
    answers = asyncio.run(run(rows, options.at_once))
    if options.json:
        options.json.write_text("".join(json.dumps(as_json(a), ensure_ascii=False) + "\n" for a in answers))
    judged = sorted(zip(rows, answers, strict=True), key=lambda pair: right(*pair))
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
    totals = [answer.timings_ms["total"] / 1000 for answer in answers]
    print(
        f"right {sum(right(r, a) for r, a in judged)} of {len(rows)}; median {median(totals):.1f} s an answer", end=""
    )
    print(f" with {options.at_once} at once")


if __name__ == "__main__":
    main()
