import pytest

from bot.schedule import Schedule, reindex, watched_folder
from bot.settings import load
from knowledge.embedding import HashEmbedder
from knowledge.indexing import add, add_upload
from knowledge.sqlite_store import SqliteStore
from knowledge.store import UnknownServer

ROSES = b"# Do you sell roses?\nYes, red ones."


class CountingEmbedder(HashEmbedder):
    """Remembers what it was asked to embed."""

    def __init__(self):
        super().__init__()
        self.texts = []

    def embed(self, texts):
        self.texts.extend(texts)
        return super().embed(texts)


@pytest.fixture
def settings():
    return load()


@pytest.fixture
def store(settings):
    store = SqliteStore(settings.servers_folder)
    yield store
    store.close()


@pytest.fixture
def embedder():
    return CountingEmbedder()


@pytest.fixture
def watched(settings):
    folder = watched_folder(settings, "shop")
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
async def schedule(store, embedder, settings):
    schedule = Schedule(store, embedder, settings)
    yield schedule
    schedule.stop()


def outcomes(report):
    return {change.name: change.outcome for change in report.changes}


def test_only_what_changed_is_embedded_again(store, embedder, settings, watched):
    """A second run over the same files embeds nothing; an edit embeds the edited file alone."""
    (watched / "roses.md").write_bytes(ROSES)
    (watched / "tulips.md").write_text("# Do you sell tulips?\nYes, in spring.")
    assert outcomes(reindex(store, embedder, settings, "shop")) == {"roses.md": "new", "tulips.md": "new"}
    embedder.texts.clear()
    assert outcomes(reindex(store, embedder, settings, "shop")) == {"roses.md": "unchanged", "tulips.md": "unchanged"}
    assert embedder.texts == []
    (watched / "tulips.md").write_text("# Do you sell tulips?\nNot this year.")
    assert outcomes(reindex(store, embedder, settings, "shop"))["tulips.md"] == "changed"
    assert embedder.texts
    assert not any("roses" in text for text in embedder.texts)


def test_a_deleted_file_is_forgotten(store, embedder, settings, watched):
    """What is gone from the folder is gone from the answers, even when the whole folder goes."""
    (watched / "roses.md").write_bytes(ROSES)
    reindex(store, embedder, settings, "shop")
    (watched / "roses.md").unlink()
    watched.rmdir()
    assert outcomes(reindex(store, embedder, settings, "shop")) == {"roses.md": "removed"}
    assert store.documents("shop") == []


def test_uploads_stay(store, embedder, settings):
    """An upload has no file to be compared with and goes on answering."""
    add_upload(store, embedder, "shop", "roses.md", ROSES)
    assert outcomes(reindex(store, embedder, settings, "shop")) == {"roses.md": "unchanged"}


def test_a_server_without_anything_is_unknown(store, embedder, settings):
    """Nothing known and nothing watched is told, and makes no folder."""
    with pytest.raises(UnknownServer):
        reindex(store, embedder, settings, "shop")
    assert not settings.servers_folder.exists()


async def test_servers_get_a_job_when_they_appear_and_lose_it_when_they_go(schedule, store, embedder, watched):
    """Servers with documents and servers with a watched folder have a job, others none."""
    add_upload(store, embedder, "game", "roses.md", ROSES)
    schedule.start()
    await schedule.look_for_servers()
    assert schedule.servers == ["game", "shop"]
    watched.rmdir()
    await schedule.look_for_servers()
    assert schedule.servers == ["game"]


async def test_a_run_does_the_work_and_notes_when(schedule, store, watched):
    """The job's body is the plain function; its report and time can be asked for."""
    (watched / "roses.md").write_bytes(ROSES)
    await schedule.run("shop")
    assert [document.name for document in store.documents("shop")] == ["roses.md"]
    assert outcomes(schedule.runs["shop"].report) == {"roses.md": "new"}
    first = schedule.runs["shop"].finished
    await schedule.run("shop")
    assert schedule.runs["shop"].finished >= first


async def test_a_failure_is_logged_and_the_next_run_tries_again(schedule, store, embedder, watched, caplog):
    """A run that fails leaves a trace and harms neither the schedule nor the next run."""
    await schedule.run("gone")
    assert "server gone failed" in caplog.text
    assert schedule.runs["gone"].report is None
    (watched / "empty.md").write_text("")
    await schedule.run("shop")
    assert "empty.md is empty" in caplog.text


async def test_jobs_neither_pile_up_nor_go_missing(schedule, store, embedder, tmp_path):
    """A run that comes late is made up for once, and never beside another of the same server."""
    path = tmp_path / "roses.md"
    path.write_bytes(ROSES)
    add(store, embedder, "shop", [path])
    schedule.start()
    await schedule.look_for_servers()
    for job in schedule._scheduler.get_jobs():  # the library's own settings are what is promised
        assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (None, True, 1)
