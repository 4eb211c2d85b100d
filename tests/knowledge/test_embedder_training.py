import json
import random
from pathlib import Path

import pytest

from knowledge.embedder_training import SERVERS, Lesson, Training, lesson
from knowledge.embedding import OWN_ADAPTER, SentenceTransformerEmbedder

ROWS = [json.loads(line) for line in SERVERS.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["server"]))
def test_every_question_names_an_entry_of_its_server(row: dict[str, list[dict[str, str]]]) -> None:
    """No entry's id stands twice, each question with an answer points at one, and no question stands twice."""
    ids = [entry["id"] for entry in row["entries"]]
    asked = [question["q"] for question in (*row["asked"], *row["silent"])]
    assert len(set(ids)) == len(ids)
    assert {question["entry"] for question in row["asked"]} <= set(ids)
    assert len(set(asked)) == len(asked)


def test_a_lesson_points_at_the_entries_that_answer() -> None:
    """Whatever is drawn, the place of an answer is that of the entry that the question names."""
    row = ROWS[0]
    texts = {entry["id"]: entry["text"] for entry in row["entries"]}
    right = {question["q"]: texts[question["entry"]] for question in row["asked"]}
    shown = lesson(row, random.Random(4))
    assert all(right[q] in shown.entries[place] for q, place in zip(shown.asked, shown.answers, strict=True))
    assert not set(shown.asked) & set(shown.silent)
    assert {len(entry.split("\n")) for entry in shown.entries} == {1, 2}


@pytest.mark.model
def test_a_step_makes_a_lesson_easier(models_folder: Path) -> None:
    """The loss of one small lesson falls as it is learnt, and only the adapter's weights learn."""
    entries = ["Dogs are welcome on a lead.", "We close at six.", "Parking is behind the mill."]
    shown = Lesson(entries, ["can i bring my puppy", "till when are you there"], [0, 1], ["is the mill haunted"])
    training = Training(models_folder / "embedder")
    losses = [training.step(shown, 1.0) for _ in range(6)]
    assert losses[-1] < losses[0]
    learnt = [name for name, weight in training.model.named_parameters() if weight.requires_grad]
    assert learnt
    assert all("lora_" in name for name in learnt)


@pytest.mark.model
def test_the_adapter_changes_the_vectors_and_their_name(
    models_folder: Path, embedder: SentenceTransformerEmbedder
) -> None:
    """Vectors with and without it are never compared, for they bear different names; both have length 1."""
    plain = SentenceTransformerEmbedder(models_folder / "embedder", "cpu")
    texts = ["do you deliver to my village", "our vans come to every village"]
    before, after = plain.embed(texts), embedder.embed(texts)
    assert plain.name != embedder.name
    assert after.shape == before.shape == (2, 384)
    assert abs((after**2).sum(1) - 1).max() < 1e-5
    assert abs(after - before).max() > 1e-3
    assert OWN_ADAPTER.is_dir()
