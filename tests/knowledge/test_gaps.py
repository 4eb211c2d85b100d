import json
from itertools import combinations
from pathlib import Path

import pytest

from knowledge.embedding import HashEmbedder
from knowledge.gaps import merged
from knowledge.question_log import Gap

ROWS = [json.loads(line) for line in Path(__file__).with_name("paraphrases.jsonl").read_text("utf-8").splitlines()]


def gap(text, times=1, first="2026-11-01T10:00:00+00:00", last="2026-11-02T10:00:00+00:00"):
    return Gap(text, times, first, last)


def test_wordings_of_one_question_are_counted_together():
    """A group has the wording that was asked most, the sum of all, and the first and the last time of any."""
    gaps = [
        gap("who is mara", 5),
        gap("do you sell tulips", 3, first="2026-10-01T10:00:00+00:00"),
        gap("do you sell tulips here", 4, last="2026-11-20T10:00:00+00:00"),
    ]
    [tulips, mara] = merged(HashEmbedder(), gaps)
    assert (tulips.text, tulips.times) == ("do you sell tulips", 7)
    assert (tulips.first, tulips.last) == ("2026-10-01T10:00:00+00:00", "2026-11-20T10:00:00+00:00")
    assert tulips.wordings == ("do you sell tulips", "do you sell tulips here")
    assert (mara.text, mara.times) == ("who is mara", 5)


def test_few_questions_need_no_groups():
    """None gives none and one stays one."""
    assert merged(HashEmbedder(), []) == []
    assert [one.text for one in merged(HashEmbedder(), [gap("a?")])] == ["a?"]


@pytest.mark.model
@pytest.mark.parametrize(("half", "precision", "recall"), [("seen", 0.9, 0.85), ("blind", 1.0, 0.8)])
def test_paraphrases_are_told_from_questions_that_are_only_alike(embedder, half, precision, recall):
    """On each half of the written questions, what is joined are paraphrases, and most of those are joined."""
    groups = [row["questions"] for row in ROWS if row["half"] == half]
    truth = {frozenset(pair) for group in groups for pair in combinations(group, 2)}
    asked = [gap(text) for group in groups for text in group]
    joined = {frozenset(pair) for one in merged(embedder, asked) for pair in combinations(one.wordings, 2)}
    assert len(joined & truth) >= precision * len(joined)
    assert len(joined & truth) >= recall * len(truth)
