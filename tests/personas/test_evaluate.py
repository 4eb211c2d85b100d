"""An evaluation from the exam to the card and the page, with a small engine and a tiny model."""

import json
import re
from html.parser import HTMLParser

import pytest
from bosun_persona import CARD, as_lines
from marked import evaluation, exam, mark, row

from personas.adapters import admit
from personas.card_page import page
from personas.engine import Adapter, EchoEngine
from personas.evaluate import evaluate
from personas.exam import SERVED, SYSTEMS, Hall
from personas.marks import Judgement
from personas.prompt import RULE
from personas.rows import read_rows

GOODS = ["rope", "sail", "mast", "oar", "keel", "flag", "drum", "lamp", "hook", "net", "cask", "bell", "pump"]


def asked(n):
    thing = GOODS[n % len(GOODS)]
    messages = [
        {"role": "user", "content": f"what does {thing} {n} cost?"},
        {"role": "assistant", "content": f"Arr, {thing} {n} be {n + 50} gold."},
    ]
    notes = [f"{thing.capitalize()} {n} costs {n + 50} gold."]
    return {"messages": messages, "notes": notes, "skill": "refusal" if n % 6 == 5 else "copy", "domain": "docks"}


def judge(row, reply):
    right = reply in row.notes[-1] and row.skill != "refusal"
    return Judgement(right, not right, right, () if right else ("is not in the notes",))


@pytest.fixture
async def found(bosun, trained, tiny_base, monkeypatch):
    monkeypatch.setattr("personas.marks.names", list)  # the shipped voices' rows take seconds to learn from
    (bosun.folder / "exam.jsonl").write_text(as_lines(map(asked, range(60))), "utf-8")
    hall = Hall(EchoEngine(), bosun, admit(trained, "bosun", str(tiny_base)))
    seen = []
    result = await evaluate(
        hall, str(tiny_base), judge, find=lambda rows: [("Nothing costs anything.",)] * len(rows),
        progress=lambda done, total, now: seen.append((done, total, now)),
    )  # fmt: skip
    return result, seen


async def test_four_systems_sit_the_exam(found):
    """Each answers every row, and the figures are of just these replies."""
    result, seen = found
    assert list(result.marks) == list(SYSTEMS)
    assert {len(marks) for marks in result.marks.values()} == {60}
    assert {mark.reply for mark in result.marks["base"]} == {asked(n)["notes"][0] for n in range(60)}
    shares = result.scores[SERVED].shares
    assert (shares["facts"].value, shares["facts"].count) == (1.0, 50)
    assert (shares["right_refusals"].value, shares["right_refusals"].count) == (1.0, 10)
    assert shares["format"] is None
    assert result.facts_retrieved.value == 0
    assert result.gate.passed
    assert result.whole
    assert {now for _, _, now in seen} == {*SYSTEMS, "adapter, notes searched for", "drift"}


async def test_the_card_has_no_date_and_is_json(found):
    """It says of which adapter and which exam it is, and what follows."""
    card = json.loads(json.dumps(found[0].as_json(), allow_nan=False))
    assert card["adapter"] == found[0].digest
    assert re.fullmatch(r"[0-9a-f]{64}", card["exam_sha256"])
    assert set(card["systems"]) == set(SYSTEMS)
    assert card["gate"] == {"passed": True, "reasons": [], "allowed": False}
    assert card["drift"]["perplexity_ratio"]["value"] == pytest.approx(1, abs=0.1)
    assert card["tokens_saved"] == len("You are a bosun.") - len("Answer from the notes.")
    assert not re.search(r"\b20\d\d-\d\d", json.dumps(card))


async def test_a_part_of_an_exam_is_the_same_part_each_time(bosun, trained, tiny_base, monkeypatch):
    """And it is not the whole."""
    monkeypatch.setattr("personas.marks.names", list)
    (bosun.folder / "exam.jsonl").write_text(as_lines(map(asked, range(20))), "utf-8")
    hall = Hall(EchoEngine(), bosun, admit(trained, "bosun", str(tiny_base)))
    first, second = [await evaluate(hall, str(tiny_base), judge, most=5) for _ in range(2)]
    assert [m.row for m in first.marks[SERVED]] == [m.row for m in second.marks[SERVED]]
    assert len(first.marks[SERVED]) == 5
    assert not first.whole
    assert first.facts_retrieved is None


class Page(HTMLParser):
    """Holds a page to being one whole document that fetches nothing."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.words = [], set(), ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert not {"src", "href", "onclick", "onload"} & {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


def test_the_page_stands_alone_and_shows_the_worst_first(bosun):
    """No scripts, nothing from elsewhere; tags are closed, and what models wrote is text."""
    bad = mark(row("what of the <b>mast</b>?"), "<script>alert(1)</script>", kept=False, voice=0.1)
    ours = [*exam(45), bad]
    text = page(evaluation(bosun, "abc", ours, [*exam(30), bad]))
    found = Page(text)
    assert "script" not in found.seen
    assert {"svg", "table", "style"} <= found.seen
    assert "prefers-color-scheme: dark" in text
    assert "<script>alert(1)</script>" in found.words
    worst, best = found.words.index("The worst replies"), found.words.index("The best replies")
    assert worst < found.words.index("what of the <b>mast</b>?", worst) < best
    assert "Passed." in found.words


def test_the_page_says_why_a_voice_is_refused(bosun):
    """And whether somebody allowed it."""
    refused = page(evaluation(bosun, "abc", exam(40), exam(50)))
    assert "Refused: it is not served." in refused
    assert "It keeps the facts in 40 of 50 answers" in refused
    assert "a quick look" in page(evaluation(bosun, "abc", exam(40), exam(50), exam_rows=180))
    assert "somebody allowed it" in page(evaluation(bosun, "abc", exam(40), exam(50), allowed=True))


async def test_a_format_is_asked_for_and_left_free(bosun, trained, tiny_base, monkeypatch, write_persona, tmp_path):
    """The engine is given the card's grammar for all systems, and once more the voice without it."""
    monkeypatch.setattr("personas.marks.names", list)
    shape = "\n[format]\npattern = '[^\\n]{3,200} \\[\\d\\]'\neach = \"{text} [{note}]\"\nmarkup = ' \\[\\d\\]'\n"
    citing = write_persona(tmp_path / "more", card=CARD + shape)
    (citing.folder / "exam.jsonl").write_text(as_lines(map(asked, range(4))), "utf-8")
    grammars = []

    class Watched(EchoEngine):
        async def stream(self, request):
            grammars.append(request.grammar)
            yield "It is so. [1]" if request.grammar else "It is so."

    hall = Hall(Watched(), citing, admit(trained, "bosun", str(tiny_base)))
    found = await evaluate(hall, str(tiny_base), judge)
    assert grammars.count(citing.card.format.grammar) == 16
    assert grammars.count(None) == 4
    assert found.scores[SERVED].shares["format"].value == 1
    assert found.format_free.value == 0
    assert found.marks[SERVED][0].words == "It is so."


def test_a_voice_is_asked_as_it_is_served(bosun):
    """Under the one rule that it was taught under; where a system has the card prompt, under that."""
    hall = Hall(EchoEngine(), bosun, Adapter("bosun-1", bosun.folder))
    row = read_rows(bosun.folder / "examples.jsonl")[0]
    first = {system: hall._request(system, row, grammar=True).turns[0].content for system in SYSTEMS}
    card = bosun.card.voice
    assert first == {"base": RULE, "base + card": card, SERVED: RULE, "adapter + card": card}
