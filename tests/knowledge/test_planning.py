from dataclasses import replace

import pytest

from knowledge import indexing, linked_pages, planning
from knowledge.embedding import HashEmbedder
from knowledge.linked_pages import Page
from knowledge.store import UnknownServer

HOURS = b"# Opening hours\nOpen Mon 10-18, Tue 9-17.\n"
FAQ = b"""# Do you ship to Canada?
No, we do not ship to Canada.

# How much is gift wrapping?
Gift wrapping costs $4.

# Who is Mara?
Mara is the cook.
"""


@pytest.fixture
def upload(store):
    """Return a way to look at an upload without writing it."""

    def look(name, content, channels=()):
        return planning.plan_upload(store, HashEmbedder(), "shop", name, content, channels)

    return look


@pytest.fixture
def add(store):
    """Return a way to add a file at once."""
    return lambda name, content, channels=(): indexing.add_upload(
        store, HashEmbedder(), "shop", name, content, channels
    )


def test_looking_changes_nothing(store, upload):
    """A preview writes nothing, and of a server that nothing is known of it makes none."""
    shown = upload("faq.md", FAQ)
    assert [one.change.outcome for one in shown.documents] == ["new"]
    assert [passage.section for passage in shown.documents[0].new] == [
        "Do you ship to Canada?", "How much is gift wrapping?", "Who is Mara?",
    ]  # fmt: skip
    with pytest.raises(UnknownServer):
        store.documents("shop")


def test_what_is_new_changed_and_removed_is_told_by_passage(add, upload):
    """A passage under the same heading has changed; others are new or removed, and what stays is not named."""
    add("faq.md", FAQ)
    text = FAQ.replace(b"$4", b"$5").replace(b"# Who is Mara?\nMara is the cook.", b"# Do you rent bikes?\nYes, we do.")
    [document] = upload("faq.md", text).documents
    assert document.change.outcome == "changed"
    assert [passage.section for passage in document.new] == ["Do you rent bikes?"]
    assert [passage.section for passage in document.removed] == ["Who is Mara?"]
    assert [(old.text[-2:], new.text[-2:]) for old, new in document.changed] == [("4.", "5.")]


def test_contradictions_with_what_is_there_are_shown(add, upload, store):
    """Hours, prices and a yes against a no are found in other documents, with the date of those."""
    add("old.md", HOURS + FAQ)
    shown = upload(
        "new.md",
        b"# When are you open?\nOpen Mon 9-17, Tue 9-17.\n\n# Shipping to Canada\nWe ship to Canada.\n\n"
        b"# Gift wrapping\nGift wrapping costs $6.\n",
    )
    [taken] = {document.taken for document in store.documents("shop")}
    assert {(c.conflict.kind, c.conflict.one, c.conflict.other, c.taken) for c in shown.conflicts} == {
        ("hours", "Open Mon 9-17", "Open Mon 10-18", taken),
        ("yes or no", "We ship to Canada.", "we do not ship to Canada.", taken),
        ("value", "Gift wrapping costs $6.", "Gift wrapping costs $4.", taken),
    }
    assert not shown.duplicates
    assert shown.compared == 3


def test_what_is_said_twice_is_shown(add, upload):
    """A near-duplicate in another document is named, with nothing to contradict."""
    add("faq.md", FAQ)
    [twice] = upload("people.md", b"# Mara\nMara is the cook.").duplicates
    assert (twice.passage.document, twice.other.document, twice.conflict) == ("people.md", "faq.md", None)


def test_a_document_does_not_contradict_the_version_that_it_replaces(add, upload):
    """What an edit changes is no conflict, and neither is what the same edit removes."""
    add("faq.md", FAQ)
    shown = upload("faq.md", FAQ.replace(b"$4", b"$6").replace(b"No, we do not ship", b"Yes, we ship"))
    assert (shown.conflicts, shown.duplicates) == ((), ())


def test_an_addition_may_contradict_itself(upload):
    """Two passages of one file, or of two files that are added together, are held against each other too."""
    shown = upload("faq.md", HOURS + b"# When are you open?\nOpen Mon 9-17.\n")
    [found] = shown.conflicts
    assert (found.conflict.kind, found.taken) == ("hours", "")


def test_documents_that_nobody_reads_in_one_place_do_not_contradict(add, upload):
    """A document of one channel and one of another may say different things; one for everywhere may not."""
    add("hours.md", HOURS, ["main"])
    other = b"# When are you open?\nOpen Mon 9-17.\n"
    assert upload("branch.md", other, ["branch"]).conflicts == ()
    assert len(upload("branch.md", other, ["branch", "main"]).conflicts) == 1
    assert len(upload("branch.md", other).conflicts) == 1


def test_a_server_is_never_held_against_another_one(store, upload):
    """What another server says contradicts nothing here."""
    indexing.add_upload(store, HashEmbedder(), "other", "hours.md", HOURS)
    assert upload("faq.md", b"# When are you open?\nOpen Mon 9-17.\n").conflicts == ()


def test_the_own_name_of_a_server_tells_no_subjects_apart(add, upload):
    """A name that stands all over the server is not what two passages differ in."""
    rows = b"".join(b"# Thing %d\nRowan Books has thing %d.\n\n" % (n, n) for n in range(20))
    add("faq.md", rows + b"# Opening hours\nRowan Books is open Mon 10-18.\n")
    [found] = upload("hours.md", b"# Opening hours\nOpen Mon 9-17.\n").conflicts
    assert found.conflict.kind == "hours"


def test_what_was_shown_is_what_is_written(store, upload, watched):
    """Committing writes the shown documents, and embeds nothing a second time."""
    shown = planning.plan_upload(store, watched, "shop", "faq.md", FAQ)
    watched.broken = True
    report = planning.commit(store, watched, "shop", shown)
    assert [(change.name, change.outcome, change.passages) for change in report.changes] == [("faq.md", "new", 3)]
    assert store.content("shop", "faq.md") == FAQ


def test_what_changed_meanwhile_is_not_overwritten(store, add, upload):
    """Where somebody else has changed a document since it was shown, nothing is written and a sentence says so."""
    add("faq.md", FAQ)
    shown = upload("faq.md", FAQ.replace(b"$4", b"$6"))
    theirs = FAQ.replace(b"$4", b"$9")
    add("faq.md", theirs)
    with pytest.raises(planning.Outdated, match=r"faq\.md was changed by somebody else"):
        planning.commit(store, HashEmbedder(), "shop", shown)
    assert store.content("shop", "faq.md") == theirs


def test_a_file_that_cannot_be_read_is_refused_in_the_preview(upload):
    """There is nothing to write then, and the reason is told."""
    shown = upload("faq.exe", b"MZ")
    assert not shown.alters
    assert shown.documents[0].change.outcome == "refused"
    assert shown.documents[0].change.reason


class Web:
    """Pages by address, with their versions."""

    def __init__(self, **pages):
        self.pages = {f"https://example.org/{name}": text for name, text in pages.items()}
        self.asked = []

    def __call__(self, address, etag):
        self.asked.append((address, etag))
        text = self.pages[address]
        tag = f'"{hash(text)}"'
        return None if etag == tag else Page(linked_pages._name(linked_pages._url(address), "text/markdown"), text, tag)


def test_a_linked_page_is_a_document_that_refresh_asks_about(store):
    """A page is added by its address, asked about with its entity tag, and taken in again only where it changed."""
    web, embedder = Web(faq=FAQ), HashEmbedder()
    address = "https://example.org/faq"
    shown = planning.plan(store, embedder, "shop", [address], ask=web)
    planning.commit(store, embedder, "shop", shown)
    [document] = store.documents("shop")
    assert (document.name, document.origin) == ("example.org/faq.md", address)
    again = indexing.refresh(store, embedder, "shop", ask=web)
    assert [change.outcome for change in again.changes] == ["unchanged"]
    assert web.asked[-1] == (address, document.etag)
    web.pages[address] = FAQ.replace(b"$4", b"$5")
    assert [change.outcome for change in indexing.refresh(store, embedder, "shop", ask=web).changes] == ["changed"]
    assert b"$5" in store.content("shop", "example.org/faq.md")


def test_a_page_that_cannot_be_had_goes_on_answering(store):
    """A refusal at a refresh leaves the page as it was, and at an addition adds nothing."""
    embedder = HashEmbedder()
    planning.commit(
        store, embedder, "shop", planning.plan(store, embedder, "shop", ["https://example.org/faq"], ask=Web(faq=FAQ))
    )
    report = indexing.refresh(store, embedder, "shop", ask=linked_pages_off)
    assert [change.outcome for change in report.changes] == ["refused"]
    assert store.content("shop", "example.org/faq.md") == FAQ
    shown = planning.plan(store, embedder, "shop", ["https://example.org/other"], ask=linked_pages_off)
    assert not shown.alters


def linked_pages_off(address, etag):
    raise linked_pages.UnreadableDocument(f"{address} cannot be reached: try again.")


def test_two_pages_of_one_name_stay_apart(store):
    """A page whose document's name is taken by another address is refused."""
    embedder = HashEmbedder()

    def ask(address, etag):
        return replace(Web(faq=FAQ)("https://example.org/faq", ""), content=address.encode())

    first = planning.plan(store, embedder, "shop", ["https://example.org/faq"], ask=ask)
    planning.commit(store, embedder, "shop", first)
    second = planning.plan(store, embedder, "shop", ["http://example.org/faq"], ask=ask)
    assert "already added from elsewhere" in second.documents[0].change.reason
