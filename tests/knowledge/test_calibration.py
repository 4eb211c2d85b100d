from pathlib import Path

import pytest

from knowledge.calibration import LEAST, TooLittle, Trial, own_trials, settings, trials
from knowledge.embedding import HashEmbedder
from knowledge.indexing import add_upload
from knowledge.sqlite_store import SqliteStore

SUBJECTS = "kites boats lamps books violins drums paints ropes masks bells stoves tents".split()


def put(store: SqliteStore, subjects: list[str]) -> None:
    entries = [f"## Where are the {name}?\nAll our {name} stand on shelf {n}." for n, name in enumerate(subjects)]
    add_upload(store, HashEmbedder(), "s", "shop.md", "\n\n".join(entries).encode())


def test_each_entry_is_asked_for_with_and_without_its_answer(store: SqliteStore, tmp_path: Path) -> None:
    """The heading is asked of the bodies alone, and an answer that is there makes it likelier than its neighbours."""
    put(store, SUBJECTS)
    told: list[tuple[int, int]] = []
    found = own_trials(store, HashEmbedder(), "s", SqliteStore(tmp_path / "scratch"), lambda *step: told.append(step))
    assert len(found) == 2 * len(SUBJECTS)
    assert [trial.answered for trial in found[:2]] == [True, False]
    assert all(there.chance > gone.chance for there, gone in zip(found[::2], found[1::2], strict=True))
    assert told[-1] == (len(SUBJECTS) - 1, len(SUBJECTS))
    assert store.servers() == ["s"]


def test_too_few_headings_say_so(store: SqliteStore, tmp_path: Path) -> None:
    """Shares of a handful of entries are not shown: the sentence names the other way."""
    put(store, SUBJECTS[: LEAST - 1])
    with pytest.raises(TooLittle, match="--questions"):
        own_trials(store, HashEmbedder(), "s", SqliteStore(tmp_path / "scratch"))


def test_a_file_needs_questions_of_both_kinds(store: SqliteStore) -> None:
    """Without a question that the files leave open there is nothing to weigh."""
    put(store, SUBJECTS)
    found = trials(store, HashEmbedder(), "s", [("where are the kites?", True), ("who is king?", False)])
    assert found[0].chance > found[1].chance
    with pytest.raises(TooLittle, match="add the others"):
        trials(store, HashEmbedder(), "s", [("where are the kites?", True)])


def test_more_silence_answers_less_and_declines_more() -> None:
    """At 0 everything is answered and at 1 nothing; between them both shares move one way."""
    found = settings([Trial("a", True, 0.9), Trial("b", True, 0.4), Trial("c", False, 0.5), Trial("d", False, 0.1)], 10)
    assert (found[0].answers, found[0].silent, found[-1].answers, found[-1].silent) == (1, 0, 0, 1)
    assert (found[5].answers, found[5].silent) == (0.5, 0.5)
    assert [one.answers for one in found] == sorted((one.answers for one in found), reverse=True)
    assert [one.silent for one in found] == sorted(one.silent for one in found)
