"""Where a wish belongs."""

import json
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import advice
from bot.__main__ import cli
from knowledge.embedding import HashEmbedder

HERE = Path(__file__).parent
WISHES = Path(advice.__file__).with_name("advice_wishes.jsonl")


def read(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def adviser():
    """Return an adviser that knows words, but no meaning."""
    return advice.Adviser(HashEmbedder())


@pytest.mark.parametrize("file", ["advice_kept_apart.jsonl", "advice_seed_cases.jsonl"])
def test_no_wish_is_both_learnt_and_asked(file):
    """What advice is tested on was not learnt from."""
    learnt = {row["wish"].lower().rstrip(".") for row in read(WISHES)}
    assert not [row for row in read(HERE / file) if row["wish"].lower().rstrip(".") in learnt]


def test_each_place_is_learnt_from_thirty_wishes_or_more():
    """Every place has its written wishes, and there is no other place."""
    places = [row["belongs"] for row in read(WISHES)]
    assert set(places) == set(get_args(advice.Place))
    assert min(places.count(place) for place in set(places)) >= 30


@pytest.mark.parametrize(
    ("wish", "place"),
    [
        ("I want it to sound like a grumpy pirate", "adapter"),
        ("it should answer from our FAQ, which changes every week", "knowledge"),
        ("please do not use emoji", "prompt"),
        ("talk like a knight, and know the current prices in our catalogue", "both"),
    ],
)
def test_plain_cases_need_no_meaning(adviser, wish, place):
    """The cues alone decide where the words are plain, and the advice says why and what to do."""
    given = adviser.advise(wish)
    assert given.place == place
    assert given.why.endswith(".")
    assert given.command.startswith("parley ")


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_words_get_the_same_advice_twice(adviser, words):
    """Whatever is typed, shares add up to one, and the place is the likeliest, or none where none is likely."""
    some = adviser.advise(words)
    assert adviser.advise(words) == some
    assert sum(some.shares.values()) == pytest.approx(1, abs=0.01)
    best = max(some.shares.values())
    assert (some.place is None) == (best < 0.4) or best == pytest.approx(0.4, abs=0.001)
    assert some.place is None or some.shares[some.place] == best


def test_a_wish_needs_words():
    """Without words there is nothing to advise on, and the command says what it wants."""
    result = CliRunner().invoke(cli, ["advise", "  "])
    assert result.exit_code == 2
    assert "Say what you want" in result.output


@pytest.mark.model
def test_the_command_prints_json(models_folder):
    """With --json the advice is one object for scripts."""
    result = CliRunner(env={"PARLEY_MODELS": str(models_folder)}).invoke(cli, ["advise", "know our FAQ", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["place"] == "knowledge"


@pytest.mark.model
def test_advice_is_right_on_wishes_kept_apart(embedder):
    """With the real embedder, at least four of five wishes that were never learnt are put where they belong."""
    real = advice.Adviser(embedder)
    for file in ("advice_kept_apart.jsonl", "advice_seed_cases.jsonl"):
        rows = read(HERE / file)
        wrong = [row["wish"] for row in rows if real.advise(row["wish"]).place != row["belongs"]]
        assert len(wrong) <= 0.2 * len(rows), wrong
