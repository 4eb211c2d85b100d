"""The voice benchmark's own arithmetic, picture and material; the systems themselves are measured by `make bench`."""

import io
import json
from itertools import pairwise
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from voice_child import Child, Failed, Peer
from voice_equality import compare, summary
from voice_figures import Figures, faults, nearest_voice, percentile
from voice_load import CELLS, PROMPT_TOKENS, UNUSED, Cell, Prompts, endless_base, make_adapters
from voice_picture import BARS, bars, draw
from voice_table import sentences, show

from personas import adapters, persona

SVG = "{http://www.w3.org/2000/svg}"


def measurement(peer, load, seconds, number=0):
    return {
        "peer": peer, "round": number, "requests": load.requests, "adapters": load.adapters, "seconds": seconds,
        "rows": [seconds] * load.requests, "first": [seconds / 4] * load.requests, "peak": 2**30, "others": 0.1,
    }  # fmt: skip


def system(title, mixes):
    return {"title": title, "mixes": mixes, "says": "words", "load_seconds": 1.0, "weight_bytes": 10**8}


@pytest.fixture
def run():
    """Return a run of three rounds in which one system mixes, one takes groups, and one takes no adapter."""
    seconds = {
        ("ours", Cell(1, 1)): (1, 2, 3), ("grouped", Cell(1, 1)): (4, 4, 6), ("plain", Cell(1, 0)): (2, 2, 2),
        ("ours", Cell(8, 4)): (2, 2, 2), ("grouped", Cell(8, 4)): (8, 9, 7),
        ("ours", Cell(16, 16)): (5, 5, 5), ("ours", Cell(16, 1)): (4, 4, 4),
    }  # fmt: skip
    return {
        "machine": "2 cores (a test)", "processors": 2, "new_tokens": 64, "prompt_tokens": 310,
        "systems": {
            "ours": system("Parley", "mixed"), "grouped": system("One & other", "grouped"),
            "plain": system("Plain", "none"),
        },
        "left_out": [], "memory_reads": [2e10, 1e10, 3e10], "first_sentence": [0.5, 0.4], "lags_ms": [1.0, 2.0, 30.0],
        "voices": {"asked": 24, "identical": 20, "other_voice": 0},
        "measurements": [
            measurement(peer, load, value, number)
            for (peer, load), values in seconds.items() for number, value in enumerate(values)
        ],
    }  # fmt: skip


def test_speed_is_the_median_round(run):
    """A load's speed is the median over the rounds of all its tokens by all its seconds."""
    figures = Figures(run)
    assert figures.speed("ours", Cell(1, 1)) == 32
    assert figures.speed("ours", Cell(8, 4)) == 8 * 64 / 2
    assert figures.speed("plain", Cell(8, 4)) is None


def test_ratios_are_taken_within_a_round(run):
    """A ratio is the median of the rounds' own ratios, not the ratio of medians."""
    figures = Figures(run)
    assert figures.ratio("ours", "grouped", Cell(1, 1)) == 2  # of 4, 2 and 2
    assert figures.ratio("ours", "ours", Cell(16, 16), Cell(16, 1)) == pytest.approx(0.8)
    assert figures.ratio("ours", "plain", Cell(1, 1)) is None


def test_share_of_the_limit(run):
    """Reading 100 MB of weights 32 times a second is 16 % of 20 GB/s."""
    assert Figures(run).share_of_limit() == pytest.approx(0.16)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_percentiles_are_values_that_cover_their_share(values, share):
    """A percentile is one of the values; at least its share of all is no larger, and less than it is smaller."""
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


def test_a_run_read_from_its_file_is_shown_whole(run):
    """The tables and sentences of a run that went through its file name every system, load and figure."""
    figures = Figures(json.loads(json.dumps(run)))
    told = io.StringIO()
    show(figures, Console(file=told, width=200))
    for words in ("Parley", "One & other", "Plain", "8 at once, 4 adapters", "256", "4.00x One & other", "30.0 ms"):
        assert words in told.getvalue()
    assert any("80 %" in sentence for sentence in sentences(figures))


def test_the_picture_is_an_svg_whose_bars_are_to_scale(run):
    """In each panel bars stand in order of speed, the longest is full, and lengths are proportional."""
    picture = fromstring(draw(Figures(run)))  # noqa: S314 -- drawn above
    for load in (Cell(1, 1), Cell(8, 4), Cell(16, 16)):
        rows = bars(Figures(run), load)
        assert all(one[1] >= next_[1] for one, next_ in pairwise(rows))
    rectangles = [one for one in picture.iter(f"{SVG}rect") if one.get("class") != "ground"]
    assert [one.get("class") for one in rectangles] == ["ours", "plain", "voiced", "ours", "voiced", "ours"]
    lengths = [float(one.get("width")) for one in rectangles]
    assert lengths[:3] == pytest.approx([BARS, BARS, BARS / 2])
    assert "One & other" in "".join(picture.itertext())


def test_a_reply_of_another_length_is_a_fault():
    """Too few and too many tokens are faults beyond the slack."""
    rows = [{"tokens": tokens} for tokens in (60, 62, 64, 66, 67)]
    assert len(faults(rows, 64, 2)) == 2
    assert len(faults(rows, 64, 0)) == 4


def test_a_voice_is_told_by_the_longest_shared_start():
    """A reply belongs to the voice whose own reply begins most like it; a tie is no mix-up."""
    alone = {0: "Arr, the gate opens at 9.", 1: "My dear, the gate opens at 9.", 2: "Arr, me hearty."}
    assert nearest_voice("Arr, the gate be open.", alone, own=0) == 0
    assert nearest_voice("My dear, at 9.", alone, own=0) == 1
    assert nearest_voice("Well.", alone, own=2) == 2


def test_equality_counts_up_to_the_first_difference():
    """Replies are identical or differ at a token, where the reference's margin is noted; ending early differs too."""
    reference = {"ids": [5, 6, 7, 2], "margins": [9.0, 8.0, 0.1, 4.0]}
    found = [compare(reference, ids) for ids in ([5, 6, 7, 2], [5, 6, 1, 2], [5, 6, 7], [5, 6, 7, 2, 8])]
    assert [one.same_tokens for one in found] == [4, 2, 3, 4]
    assert [one.margin for one in found] == [None, 0.1, 4.0, 4.0]
    assert summary(found)["identical"] == 1


def test_a_system_that_cannot_start_is_a_sentence(tmp_path):
    """What hinders a system from starting is told in one sentence that names it."""
    import sys

    peer = Peer("none", "No such system", "no_such_module")
    with pytest.raises(Failed, match="No such system is left out: ModuleNotFoundError"):
        Child(peer, {}, sys.executable, tmp_path / "log")


@pytest.mark.model
def test_prompts_are_long_enough_new_in_each_round_and_the_same_in_each_run(base_folder, tmp_path):
    """Every prompt of a load has about 300 tokens and its adapter's own persona; rounds share none, runs share all."""
    base = endless_base(base_folder, tmp_path / "base")
    prompts = Prompts(base)
    first, second = (prompts.of(Cell(16, 8), name) for name in ("whole 0", "whole 1"))
    assert all(PROMPT_TOKENS <= len(row["ids"]) < PROMPT_TOKENS + 150 for row in first + second)
    assert [row["adapter"] for row in first] == [*range(8)] * 2
    assert len({row["turns"][0]["content"] for row in first if row["adapter"] in {0, 6}}) == 1
    assert not {str(row["ids"]) for row in first} & {str(row["ids"]) for row in second}
    assert Prompts(base).of(Cell(16, 8), "whole 0") == first


@pytest.mark.model
def test_the_endless_base_ends_no_turn_by_a_word_that_it_writes(base_folder, tmp_path):
    """In the copy a turn ends with the unused token alone, and every token that is written can be read."""
    from transformers import AutoTokenizer, GenerationConfig

    base = endless_base(base_folder, tmp_path / "base")
    tokenizer = AutoTokenizer.from_pretrained(base)
    assert tokenizer.convert_ids_to_tokens(GenerationConfig.from_pretrained(base).eos_token_id) == UNUSED
    assert tokenizer.eos_token == UNUSED
    assert tokenizer.decode([2], skip_special_tokens=True) == "<|im_end|>"


@pytest.mark.model
def test_made_adapters_pass_the_gate_and_are_distinct(base_folder, tmp_path):
    """Noisy copies of the shipped adapters are let in, each under a version of its own, the same each time."""
    first, *_ = shipped = persona.names()
    made = make_adapters(base_folder, tmp_path, len(shipped) + 1)
    assert len({adapter.version for adapter in made}) == len(made)
    assert make_adapters(base_folder, tmp_path / "again", len(made))[-1].version == made[-1].version
    assert adapters.admit(made[-1].folder, first, str(base_folder)).version == made[-1].version


def test_every_load_can_be_shared_out():
    """No load has more adapters than requests."""
    assert all(load.requests >= load.adapters for load in CELLS)
    assert {load.adapters for load in CELLS} == {0, 1, 4, 16}
