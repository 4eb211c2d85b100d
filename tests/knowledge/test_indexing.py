import os
from pathlib import Path

import pytest
from office_files import zipped
from watched_embedder import WatchedEmbedder

from knowledge.indexing import Report, add, add_upload, export, refresh, remove
from knowledge.retrieval import search
from knowledge.store import Store, UnknownServer

FAQ = "## Do you deliver?\nYes, daily.\n\n## Where do I park?\nBehind the shop.\n"


def outcomes(report: Report) -> dict[str, str]:
    return {change.name: change.outcome for change in report.changes}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "faq"
    (folder / "more").mkdir(parents=True)
    (folder / "shop.md").write_text(FAQ)
    (folder / "more/items.csv").write_text("id,name,price\nr,Rose,$4\nl,Lily,$6\n")
    return folder


def test_add_reads_files_and_folders(store: Store, watched: WatchedEmbedder, folder: Path) -> None:
    """A folder's documents are named by their path within it, and remember where they came from."""
    told: list[tuple[int, int, str]] = []
    report = add(store, watched, "s", [folder], progress=lambda *step: told.append(step))
    assert outcomes(report) == {"more/items.csv": "new", "shop.md": "new"}
    assert [change.passages for change in report.changes] == [2, 2]
    assert store.documents("s")[1].origin == str(folder / "shop.md")
    assert told == [(0, 2, "more/items.csv"), (2, 2, "")]
    assert report.altered


def test_adding_the_same_again_changes_nothing(store: Store, watched: WatchedEmbedder, folder: Path) -> None:
    """The hash decides: the same bytes are not embedded a second time."""
    add(store, watched, "s", [folder])
    watched.seen.clear()
    report = add(store, watched, "s", [folder])
    assert set(outcomes(report).values()) == {"unchanged"}
    assert not watched.seen
    assert not report.altered


def test_a_refused_file_changes_nothing(store: Store, watched: WatchedEmbedder, folder: Path) -> None:
    """A file that cannot be read leaves its old version answering, and the others are added all the same."""
    add(store, watched, "s", [folder / "shop.md"])
    (folder / "shop.md").write_bytes(b"\x00\x01")
    (folder / "logo.png").write_bytes(b"\x89PNG")
    report = add(store, watched, "s", [folder, folder / "nowhere.md"])
    assert outcomes(report) == {
        "logo.png": "refused",
        "more/items.csv": "new",
        "shop.md": "refused",
        "nowhere.md": "refused",
    }
    assert "binary" in report.refused[1].reason
    assert report.refused[1].passages == 2
    assert "No such file" in report.refused[2].reason
    assert store.content("s", "shop.md") == FAQ.encode()


def test_nothing_readable_makes_no_server(store: Store, watched: WatchedEmbedder) -> None:
    """A first upload that is refused does not leave an empty server behind."""
    assert add_upload(store, watched, "s", "a.md", b"").refused
    assert store.servers() == []


def test_one_name_from_two_folders_is_refused(store: Store, watched: WatchedEmbedder, folder: Path) -> None:
    """Two files of one name in one call do not silently replace each other."""
    (folder / "more/shop.md").write_text("## Other\nText.\n")
    report = add(store, watched, "s", [folder / "shop.md", folder / "more/shop.md"])
    assert [change.outcome for change in report.changes] == ["new", "refused"]


@pytest.mark.parametrize("name", ["../a.md", "a/b.md", "a.exe", "a\x00.md", ""])
def test_bad_upload_names_are_refused(store: Store, watched: WatchedEmbedder, name: str) -> None:
    """An upload cannot choose a folder, a format we do not read, or a name with hidden characters."""
    report = add_upload(store, watched, "s", name, b"Some text.")
    assert outcomes(report) == {name: "refused"}
    assert report.refused[0].reason.endswith(".")
    assert store.servers() == []


def test_a_failing_embedder_leaves_the_old_version(store: Store, watched: WatchedEmbedder) -> None:
    """A document is replaced as a whole or not at all, whatever fails in between."""
    add_upload(store, watched, "s", "a.md", FAQ.encode())
    watched.broken = True
    with pytest.raises(RuntimeError):
        add_upload(store, watched, "s", "a.md", FAQ.replace("daily", "weekly").encode())
    watched.broken = False
    assert "daily" in search(store, watched, "s", "Do you deliver?", 1).hits[0].passage.text


def test_only_changed_passages_are_embedded(store: Store, watched: WatchedEmbedder) -> None:
    """Of a changed document, passages whose text is the same keep their vectors."""
    add_upload(store, watched, "s", "a.md", FAQ.encode())
    watched.seen.clear()
    report = add_upload(store, watched, "s", "a.md", FAQ.replace("daily", "weekly").encode())
    assert outcomes(report) == {"a.md": "changed"}
    assert watched.seen
    assert not any("park" in text for text in watched.seen)


def test_refresh_follows_the_files(store: Store, watched: WatchedEmbedder, folder: Path) -> None:
    """Changed files answer anew, files that are gone stop answering, and new ones in the folder are taken in."""
    add(store, watched, "s", [folder])
    (folder / "shop.md").write_text(FAQ.replace("Behind", "Beside"))
    (folder / "more/items.csv").unlink()
    (folder / "new.txt").write_text("Q: Gift cards?\nA: From $10.\n")
    (folder / "notes.odt").write_bytes(b"PK")
    assert outcomes(refresh(store, watched, "s", folder)) == {
        "more/items.csv": "removed",
        "shop.md": "changed",
        "new.txt": "new",
    }
    assert "Beside" in search(store, watched, "s", "Where do I park?", 1).hits[0].passage.text
    assert not any("Rose" in hit.passage.text for hit in search(store, watched, "s", "Rose").hits)
    assert set(outcomes(refresh(store, watched, "s", folder)).values()) == {"unchanged"}


def test_refresh_needs_no_changed_time(store: Store, watched: WatchedEmbedder, folder: Path) -> None:
    """A change that leaves the file's time and size as they were is seen."""
    path = folder / "shop.md"
    add(store, watched, "s", [path])
    before = path.stat()
    path.write_text(FAQ.replace("daily", "never"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert outcomes(refresh(store, watched, "s")) == {"shop.md": "changed"}


def test_refresh_keeps_what_became_unreadable(store: Store, watched: WatchedEmbedder, folder: Path) -> None:
    """A watched file that is broken is reported, and its last good version answers on."""
    add(store, watched, "s", [folder / "shop.md"])
    (folder / "shop.md").write_bytes(b"")
    report = refresh(store, watched, "s")
    assert outcomes(report) == {"shop.md": "refused"}
    assert search(store, watched, "s", "Do you deliver?").hits


def test_refresh_does_not_let_a_file_take_an_uploads_place(
    store: Store, watched: WatchedEmbedder, folder: Path
) -> None:
    """A new file in the watched folder that bears an upload's name is refused."""
    add_upload(store, watched, "s", "shop.md", b"## Uploaded\nText.\n")
    report = refresh(store, watched, "s", folder)
    assert [(c.name, c.outcome) for c in report.changes] == [
        ("shop.md", "unchanged"),
        ("more/items.csv", "new"),
        ("shop.md", "refused"),
    ]


def test_refresh_embeds_again_for_another_embedder(store: Store, watched: WatchedEmbedder, folder: Path) -> None:
    """When the model is exchanged, all passages get its vectors, and those of the old one serve on meanwhile."""
    add(store, watched, "s", [folder / "shop.md"])
    add_upload(store, watched, "s", "up.md", b"## Up\nText.\n")
    other = WatchedEmbedder("other")
    assert set(outcomes(refresh(store, other, "s")).values()) == {"unchanged"}
    assert any("park" in text for text in other.seen)
    for embedder in (watched, other):
        hits = search(store, embedder, "s", "Do you deliver?").hits
        assert (len(hits), all(hit.meaning for hit in hits[:1])) == (3, True)
    other.seen.clear()
    refresh(store, other, "s")
    assert not other.seen


def test_refresh_of_an_unknown_server(store: Store, watched: WatchedEmbedder, folder: Path) -> None:
    """Without documents and without a folder there is nothing to refresh; a folder begins the server."""
    with pytest.raises(UnknownServer):
        refresh(store, watched, "s")
    assert set(outcomes(refresh(store, watched, "s", folder)).values()) == {"new"}


def test_removal_stops_answers_at_once(store: Store, watched: WatchedEmbedder) -> None:
    """A removed document is not found any more, and removing it twice says which documents there are."""
    add_upload(store, watched, "s", "a.md", FAQ.encode())
    add_upload(store, watched, "s", "b.md", b"## Gift cards\nFrom $10.\n")
    assert outcomes(remove(store, "s", "a.md")) == {"a.md": "removed"}
    assert {hit.passage.document for hit in search(store, watched, "s", "Do you deliver?").hits} == {"b.md"}
    assert "b.md" in remove(store, "s", "a.md").refused[0].reason


def test_changing_channels_is_a_change(store: Store, watched: WatchedEmbedder) -> None:
    """The same bytes for other channels are taken, without embedding anything."""
    add_upload(store, watched, "s", "a.md", FAQ.encode())
    watched.seen.clear()
    assert outcomes(add_upload(store, watched, "s", "a.md", FAQ.encode(), ["shop"])) == {"a.md": "changed"}
    assert store.documents("s")[0].channels == ("shop",)
    assert not watched.seen


def test_export_gives_the_original_bytes_back(
    store: Store, watched: WatchedEmbedder, folder: Path, tmp_path: Path
) -> None:
    """Every document comes out as it went in, and never over a file that is there."""
    add(store, watched, "s", [folder])
    out = tmp_path / "out"
    assert [path.relative_to(out).as_posix() for path in export(store, "s", out)] == ["more/items.csv", "shop.md"]
    assert (out / "shop.md").read_text() == FAQ
    with pytest.raises(FileExistsError, match="not empty"):
        export(store, "s", folder)


def packed(**members: str) -> bytes:
    return zipped([(f"{name}.md", text) for name, text in members.items()])


def test_archive_members_become_documents(store: Store, watched: WatchedEmbedder) -> None:
    """Each file of an uploaded archive is a document; a newer archive replaces them and takes out what it lacks."""
    report = add_upload(store, watched, "s", "faq.zip", packed(shop=FAQ, cards="## Gift cards?\nFrom $10.\n"))
    assert outcomes(report) == {"faq.zip/shop.md": "new", "faq.zip/cards.md": "new"}
    report = add_upload(store, watched, "s", "faq.zip", packed(shop=FAQ, hours="## Open?\nDaily.\n"))
    assert outcomes(report) == {
        "faq.zip/shop.md": "unchanged",
        "faq.zip/hours.md": "new",
        "faq.zip/cards.md": "removed",
    }
    assert [document.name for document in store.documents("s")] == ["faq.zip/hours.md", "faq.zip/shop.md"]
    assert outcomes(remove(store, "s", "faq.zip")) == {"faq.zip/hours.md": "removed", "faq.zip/shop.md": "removed"}


def test_archive_members_that_cannot_be_read_are_refused_alone(store: Store, watched: WatchedEmbedder) -> None:
    """A broken file or an archive in an archive leaves the others as they are."""
    content = zipped([("a.md", FAQ), ("b.json", "{"), ("c.zip", packed(d=FAQ)), ("e.exe", "x")])
    assert outcomes(add_upload(store, watched, "s", "faq.zip", content)) == {
        "faq.zip/a.md": "new",
        "faq.zip/b.json": "refused",
        "faq.zip/c.zip": "refused",
        "faq.zip/e.exe": "refused",
    }


def test_a_broken_archive_changes_nothing(store: Store, watched: WatchedEmbedder) -> None:
    """Where the archive itself is refused, its old documents go on answering."""
    add_upload(store, watched, "s", "faq.zip", packed(shop=FAQ))
    assert outcomes(add_upload(store, watched, "s", "faq.zip", packed(shop=FAQ)[:50])) == {"faq.zip": "refused"}
    assert [document.name for document in store.documents("s")] == ["faq.zip/shop.md"]


def test_refresh_follows_archives(store: Store, watched: WatchedEmbedder, tmp_path: Path) -> None:
    """An archive on the disk is read again as a whole, and its documents go when it is gone."""
    archive = tmp_path / "faq.zip"
    archive.write_bytes(packed(shop=FAQ, cards="## Gift cards?\nFrom $10.\n"))
    add(store, watched, "s", [archive])
    assert set(outcomes(refresh(store, watched, "s")).values()) == {"unchanged"}
    archive.write_bytes(packed(shop=FAQ.replace("daily", "weekly")))
    assert outcomes(refresh(store, watched, "s")) == {"faq.zip/shop.md": "changed", "faq.zip/cards.md": "removed"}
    archive.unlink()
    assert outcomes(refresh(store, watched, "s")) == {"faq.zip/shop.md": "removed"}
