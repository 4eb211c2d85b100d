"""Questions on the two sample servers and on five folders of other people's documents, through the whole chain.

    python tests/benchmarks/document_answers.py [--documents DIR]... [--half dev|kept|blind|all] [--retrieval-only]
        [--home DIR] [--json FILE]

The folders do not ship: DIR is one of them, named as its server in questions/documents.jsonl, or holds them, at most
one folder deep. A server whose folder is absent is left out. A file SOURCE.txt, which says where a folder comes from,
is not read. Of 200 questions every second is for development (``dev``), and the others were ``kept`` until their
misses were read too. Of 112 of later date, ``blind``, the misses of those with an even number were read once.

Prints each miss, then for each server: right answers, how many of them quoted, wrong facts that were sent, wrong
refusals and right ones. With ``--retrieval-only`` no voice is asked: whether a passage that answers is the first hit or
among the first three, for each question of a message, and how well ``answerable`` tells the questions apart (AUROC).
"""

import argparse
import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from question_rows import QUESTIONS, SENT, ask_all, at_home, index, read, right, wrong_fact
from retrieval import auroc

from bot import wiring
from bot.answers import Answer
from bot.asking import as_json
from bot.demo import SAMPLES
from bot.settings import Settings
from knowledge.query_rewriting import questions
from knowledge.retrieval import search
from knowledge.store import SECTION_MARK, Passage

TOP = 3
ALL = "all"


def answers(entry: str, passage: Passage) -> bool:
    """Tell whether a passage is one that an entry names: "document#section or row#words of it | another"."""
    for one in entry.split("|"):
        document, section, words = [*one.strip().split("#", 2), "", ""][:3]
        if _is(document, section, words, passage):
            return True
    return False


def _is(document: str, section: str, words: str, passage: Passage) -> bool:
    above = [" ".join(title.split()) for title in passage.section.split(SECTION_MARK)]
    named = not section or section == passage.entry or section in above
    return document == passage.document and named and words in passage.text


def wanted(row: dict) -> list[str]:
    """Return the entries of a row, one for each thing that is asked."""
    entry = row["entry"]
    return entry if isinstance(entry, list) else [entry] if entry else []


def sources(rows: Iterable[dict], folders: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the files of each server of the rows that is there; print a sentence for each that is not."""
    found: dict[str, list[Path]] = {}
    for server in sorted({row["server"] for row in rows}):
        places = [SAMPLES / server, *(one for dir_ in folders for one in _places(dir_, server))]
        folder = next((place for place in places if place.is_dir()), None)
        if folder is None:
            print(f"{server} is left out: none of the folders given with --documents is, or holds, {server}.")
        else:
            found[server] = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "SOURCE.txt")
    return found


def _places(folder: Path, server: str) -> list[Path]:
    itself = [folder] if folder.resolve().name == server else []
    return [*itself, folder / server, *sorted(folder.glob(f"*/{server}"))]


def show_answers(answered: Sequence[tuple[dict, Answer]]) -> None:
    """Print each miss with its reply and its passage, then the table."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row, answer in answered:
        wrong = wrong_fact(row, answer)
        good = right(row, answer)
        for server in (row["server"], ALL):
            counts[server] += _counted(row, answer, good, wrong)
        if not good or wrong:
            print(f"\nmiss {row['id']} {row['persona']} [{row['kind']}] {answer.verdict}: {row['text']}")
            print(f"  reply: {answer.reply}" + (f"\n  wrong: {wrong}" if wrong else ""))
            for one in answer.sources:
                print(f"  {one.document} {one.section}: {one.passage}")
    print(f"\n{'server':16}{'right':>11}{'quoted':>8}{'wrong facts':>13}{'wrong refusals':>16}{'right refusals':>16}")
    for server, count in sorted(counts.items(), key=lambda pair: (pair[0] == ALL, pair[0])):
        right_of = f"{count['right']}/{count['answerable']}"
        refused_of = f"{count['left unsure']}/{count['unanswerable']}"
        print(
            f"{server:16}{right_of:>11}{count['quoted']:>8}{count['wrong']:>13}{count['refused']:>16}{refused_of:>16}"
        )
    print(*(f"wrong facts, {reason}: {n}" for reason, n in _reasons(answered).items()), sep="\n")


def _counted(row: dict, answer: Answer, good: bool, wrong: str) -> Counter[str]:
    if row["kind"] == "unanswerable":
        return Counter({"unanswerable": 1, "left unsure": good, "wrong": bool(wrong)})
    quoted = good and answer.verdict == "quoted"
    refused = answer.verdict not in SENT
    return Counter({"answerable": 1, "right": good, "quoted": quoted, "refused": refused, "wrong": bool(wrong)})


def _reasons(answered: Sequence[tuple[dict, Answer]]) -> Counter[str]:
    found = (wrong_fact(row, answer) for row, answer in answered)
    return Counter("states a forbidden value" if reason.startswith("states") else reason for reason in found if reason)


def retrieve(chosen: Settings, rows: Sequence[dict], files: Mapping[str, Sequence[Path]]) -> list[dict]:
    """Return what the search finds for each row: the score, and the first ``TOP`` passages of each of its questions."""
    store, embedder = wiring.open_store(chosen), wiring.open_embedder(chosen)
    known = index(store, embedder, files)
    found = []
    for row in (row for row in rows if row["server"] in known):
        server = row["server"]
        there = [passage for one in store.documents(server) for passage in store.passages(server, one.name)]
        for entry in wanted(row):
            if not any(answers(entry, passage) for passage in there):
                print(f"{row['id']}: no passage is {entry}")
        each = [search(store, embedder, server, one, TOP) for one in questions(row["text"])]
        hits = [[hit.passage for hit in one.hits] for one in each]
        found.append({"row": row, "answerable": max(one.answerable for one in each), "hits": hits})
    store.close()
    return found


def within(one: dict, depth: int) -> bool:
    """Tell whether each thing that a row asks is answered by one of the first ``depth`` passages of a search."""
    return all(any(answers(entry, p) for hits in one["hits"] for p in hits[:depth]) for entry in wanted(one["row"]))


def show_retrieval(found: Sequence[dict]) -> None:
    """Print each answerable question whose first hit does not answer it, then the table."""
    for one in found:
        row = one["row"]
        if wanted(row) and not within(one, 1):
            place = "among three" if within(one, TOP) else "not found"
            print(f"\n{place} {row['id']} ({one['answerable']:.2f}): {row['text']}\n  wanted: {row['entry']}")
            for passage in (hits[0] for hits in one["hits"] if hits):
                print(f"  first: {passage.document} {passage.section}: {passage.text[:200]!r}")
    print(f"\n{'server':16}{'first':>9}{'in three':>10}{'AUROC':>8}")
    for server in (*sorted({one["row"]["server"] for one in found}), ALL):
        here = [one for one in found if server in {one["row"]["server"], ALL}]
        asked = [one for one in here if wanted(one["row"])]
        first, three = (sum(within(one, depth) for one in asked) for depth in (1, TOP))
        truth = [bool(wanted(one["row"])) for one in here]
        both = auroc([one["answerable"] for one in here], truth) if 0 < sum(truth) < len(truth) else float("nan")
        print(f"{server:16}{f'{first}/{len(asked)}':>9}{f'{three}/{len(asked)}':>10}{both:>8.3f}")


def as_line(one: dict) -> dict:
    """Return a search as a line of JSON."""
    row = one["row"]
    hits = [[{"document": p.document, "section": p.section, "entry": p.entry} for p in hits] for hits in one["hits"]]
    placed = {"first": within(one, 1), "three": within(one, TOP)} if wanted(row) else {}
    return {"id": row["id"], "half": row["half"], "answerable": one["answerable"], **placed, "hits": hits}


def main() -> None:
    """Ask, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, action="append", default=[], metavar="DIR", help="repeatable")
    parser.add_argument("--half", choices=("dev", "kept", "blind", "all"), default="dev")
    parser.add_argument("--retrieval-only", action="store_true", help="search, and ask no voice")
    parser.add_argument("--home", type=Path, help="keep the index here for runs with the same code")
    parser.add_argument("--json", type=Path, help="also write what was found or answered as JSON lines")
    parser.add_argument("--at-once", type=int, default=8, help="questions that wait together")
    options = parser.parse_args()
    rows = [row for row in read(QUESTIONS / "documents.jsonl") if options.half in {row["half"], ALL}]
    files = sources(rows, options.documents)
    if options.retrieval_only:
        with at_home(options.home) as chosen:
            found = retrieve(chosen, rows, files)
        show_retrieval(found)
        lines = [as_line(one) for one in found]
    else:
        with at_home(options.home) as chosen:
            answered = asyncio.run(ask_all(chosen, rows, files, options.at_once))
        show_answers(answered)
        lines = [
            as_json(answer) | {"half": row["half"], "right": right(row, answer), "wrong": wrong_fact(row, answer)}
            for row, answer in answered
        ]
    if options.json:
        options.json.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main()
