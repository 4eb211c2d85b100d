"""Files that are meant to do harm: each is refused with a sentence or read as what it says."""

import random
import re

import pytest
from hostile_files import ARCHIVES, BROKEN, SOUND, UNSEEN, mutated

from knowledge import chunking, documents
from knowledge.documents import LARGEST, UnreadableDocument, read, unpack


def content_of(text):
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


@pytest.mark.parametrize(("name", "content", "expected"), UNSEEN, ids=[name for name, *_ in UNSEEN])
def test_what_nobody_sees_is_not_read(name, content, expected):
    """Characters and text that a reader of the file would not see do not reach the index."""
    assert [p.text for p in chunking.passages(name, read(name, content_of(content)))] == expected


@pytest.mark.parametrize(("name", "content", "said"), BROKEN, ids=[name for name, *_ in BROKEN])
def test_broken_files_are_refused_with_a_reason(name, content, said):
    """Each is refused with one sentence that names the file and what is wrong with it."""
    with pytest.raises(UnreadableDocument, match=said) as caught:
        read(name, content_of(content))
    assert str(caught.value).startswith(name)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(("name", "content", "said"), ARCHIVES, ids=[name for name, *_ in ARCHIVES])
def test_hostile_archives_are_refused_whole(name, content, said):
    """Of an archive with a trick in it nothing is taken."""
    with pytest.raises(UnreadableDocument, match=said):
        unpack(name, content)


def test_limits_are_named_and_nothing_is_cut(monkeypatch):
    """What is too large is refused with the limit in the sentence; just within it everything is there."""
    with pytest.raises(UnreadableDocument, match="larger than 10 MiB"):
        read("a.txt", b"x" * (LARGEST + 1))
    with pytest.raises(UnreadableDocument, match="5,000,000 characters in one entry, and at most 1,000,000"):
        read("a.txt", b"x" * 5_000_000)
    monkeypatch.setattr(documents, "MOST_ENTRIES", 1000)
    rows = "q,a\n" + "".join(f"Q{n}?,A{n}\n" for n in range(1000))
    assert read("a.csv", rows.encode())[-1].body == "A999"
    with pytest.raises(UnreadableDocument, match="1,001 entries, and at most 1,000"):
        read("a.csv", (rows + "Q?,A\n").encode())
    monkeypatch.setattr(documents, "LONGEST_ENTRY", 1000)
    assert len(read("a.txt", b"x" * 1000)[0].body) == 1000
    with pytest.raises(UnreadableDocument, match="1,001 characters in one entry, and at most 1,000"):
        read("a.txt", b"x" * 1001)


@pytest.mark.torture
def test_mutations_of_sound_files_are_read_or_refused(times):
    """However a sound file is damaged, it gives entries or a sentence, and the reader lives on."""
    choose = random.Random(29)
    for number in range(times(130, 5_000)):
        name, content = SOUND[number % len(SOUND)]
        made = mutated(content, choose)
        try:
            found = read(name, made)
        except UnreadableDocument as error:
            assert re.match(rf"(?:Line \d+ of )?{name} .+\.$", str(error)), made  # noqa: PT017 -- both ends are right
            continue
        assert found, made
        assert all(text.strip() for text in (p.text for p in chunking.passages(name, found))), made


def test_mutations_begin_with_sound_files():
    """Each file that is damaged elsewhere is read whole when it is not."""
    assert all(read(name, content) for name, content in SOUND)


def test_every_kind_is_among_the_sound_files():
    """No kind of file goes undamaged but the other names of the same kind, and archives of them."""
    assert {documents.READERS[f".{name.split('.')[1]}"] for name, _ in SOUND} | {"ZIP"} == set(
        documents.READERS.values()
    )
