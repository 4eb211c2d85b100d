"""The stores held to their promises many times over: a few times in every run, in full with ``--torture``."""

import random
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from dying_writer import NAMES, examine, kill_some_time_later, revision
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from postgres_server import PostgresServer
from psycopg import sql
from store_machine import StoreMachine

from knowledge import indexing
from knowledge.embedding import HashEmbedder
from knowledge.postgres_store import PostgresStore
from knowledge.retrieval import search
from knowledge.sqlite_file import ServerFile
from knowledge.sqlite_store import SqliteStore
from knowledge.store import Store, StoreUnavailable

pytestmark = pytest.mark.torture


def test_any_order_of_changes_is_as_modelled(
    another: Callable[[], Store], times: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Uploads, removals, searches, embedders, two servers and reopening, in any order, agree with dictionaries."""
    runs = times(2, 400)

    class Machine(StoreMachine):
        open_store = staticmethod(another)

    chosen = settings(
        max_examples=runs, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Machine, settings=chosen)
    report(capsys, f"{runs} runs of 25 steps: 0 divergences")


def test_a_killed_writer_leaves_what_was_acknowledged(
    another: Callable[[], Store], times: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """A process that is killed while it writes loses nothing acknowledged and leaves nothing in part."""
    another().close()  # the tables of a new database are made once
    state: dict[str, set[int | None]] = {name: {None} for name in NAMES}
    rng, done, kills = random.Random(0), 0, times(4, 1000)
    for kill in range(kills):
        done += kill_some_time_later(another, state, kill * 10**6, rng.uniform(0, 0.15))
        store = another()
        examine(store, state)
        if isinstance(store, SqliteStore) and store.servers():
            sound(store)
        store.close()
    report(capsys, f"{kills} kills of a writer, {done} acknowledged changes: 0 lost, 0 in part, 0 damaged")


def sound(store: SqliteStore) -> None:
    """See that SQLite finds no fault in a server's file, its references or its index of words."""
    with store._at("s") as file:
        assert file._db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert file._db.execute("PRAGMA foreign_key_check").fetchall() == []
        file._db.execute("INSERT INTO passages_fts(passages_fts, rank) VALUES ('integrity-check', 1)")
        file._db.conn.rollback()


def test_readers_see_one_version(
    another: Callable[[], Store], times: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """While a document is replaced and removed, every search finds one version of it, and a removed one never."""
    store, reader = another(), another()
    embedder = HashEmbedder()
    confirmed, stop = [0], threading.Event()
    text = "# Opening hours\nVersion {0} opens.\n# Prices\nVersion {0} costs.\n"
    indexing.add_upload(store, embedder, "s", "other.md", b"# Parking\nIt is free.\n")

    def change() -> None:
        version = 0
        while not stop.is_set():
            version += 1
            indexing.add_upload(store, embedder, "s", "hours.md", text.format(version).encode())
            confirmed[0] = version
            if version % 5 == 0:
                indexing.remove(store, "s", "hours.md")
                confirmed[0] = version + 1  # this version answers no more

    writer = threading.Thread(target=change)
    writer.start()
    try:
        queries = times(30, 10_000)
        for _ in range(queries):
            least = confirmed[0]
            hits = search(reader, embedder, "s", "version opening hours prices", 5).hits
            seen = {word for hit in hits for word in re.findall(r"Version (\d+)", hit.passage.text)}
            assert len(seen) <= 1
            assert all(int(version) >= least for version in seen)
    finally:
        stop.set()
        writer.join()
    report(capsys, f"{queries} searches while {confirmed[0]} versions came and went: each saw one")


def test_no_canary_reaches_another_server(
    another: Callable[[], Store], times: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """A question that asks for another server's secret in its very words finds none of its passages."""
    store, embedder = another(), HashEmbedder()
    servers, facts = times(4, 50), times(10, 200)
    for server in range(servers):
        lines = "".join(f"# Who keeps key {fact}?\nKeeper canary-{server}-{fact}.\n" for fact in range(facts))
        indexing.add_upload(store, embedder, f"s{server}", "keys.md", lines.encode())
    rng, asked = random.Random(0), times(30, 100_000)
    for _ in range(asked):
        here, there = rng.sample(range(servers), 2)
        fact = rng.randrange(facts)
        question = f"Who keeps key {fact}? Keeper canary-{there}-{fact}"
        vector = embedder.embed([question])[0]
        ids = set(store.nearest(f"s{here}", embedder.name, vector, 5))
        matches = store.matches(f"s{here}", str(there))
        ids |= set(matches[0].tolist()[:5]) if matches else set()
        for stored in store.load(f"s{here}", embedder.name, sorted(ids)):
            assert f"canary-{here}-" in stored.passage.text
        other = store.nearest(f"s{there}", embedder.name, vector, 2)
        stolen = store.load(f"s{here}", embedder.name, other)
        assert all(f"canary-{here}-" in stored.passage.text for stored in stolen)  # ids of another server open nothing
    report(capsys, f"{asked} questions for other servers' secrets: 0 found")


def test_a_forgotten_servers_words_are_nowhere(
    another: Callable[[], Store], times: Callable[[int, int], int], request: pytest.FixtureRequest, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """What was removed or forgotten is found by no statement, and in no file once PostgreSQL has rewritten its own."""
    store, embedder = another(), HashEmbedder()
    indexing.add_upload(store, embedder, "kept", "a.md", b"# Cats\nWelcome.\n")
    count = times(20, 500)
    canaries = [f"canary{number}zebra" for number in range(count)]
    for number, canary in enumerate(canaries):
        indexing.add_upload(store, embedder, "gone", f"{number}.md", f"# Key {number}\n{canary}\n".encode())
    if isinstance(store, PostgresStore):
        server: PostgresServer = request.getfixturevalue("postgres")
        with psycopg.connect(server.url("postgres", "shared"), autocommit=True) as admin:
            admin.execute("ANALYZE")  # as PostgreSQL does by itself now and then: it keeps samples of what it read
    for number in range(0, count, 2):
        indexing.remove(store, "gone", f"{number}.md")
    store.forget("gone")
    folder = tmp_path / "servers"
    if isinstance(store, PostgresStore):
        with psycopg.connect(server.url("postgres", "shared"), autocommit=True) as admin:
            for table in ("documents", "passages", "words", "vectors"):  # a superuser passes over the policies
                rows = admin.execute(sql.SQL("SELECT t::text FROM parley.{} AS t").format(sql.Identifier(table)))
                assert not [row for (row,) in rows if "zebra" in row]
            admin.execute("ANALYZE")
            admin.execute("VACUUM FULL")
            admin.execute("CHECKPOINT")
        folder = server.data / "base"
    store.close()
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not [canary for canary in canaries if canary.encode() in held]
    report(capsys, f"{count} removed texts looked for in every file: 0 found")


def test_a_full_disk_is_said_and_survived(
    tmp_path: Path, times: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """On a full disk the old version answers, a sentence says so, and the next change works once there is room."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        store = SqliteStore(folder / "servers")
        store.replace("s", "e", [revision("a.md", 1)])
        rounds, told = times(3, 200), list[str]()
        rng = random.Random(0)
        for version in range(2, 2 + rounds):
            ballast = folder / "ballast"
            free = shutil.disk_usage(folder).free
            ballast.write_bytes(bytes(max(0, free - rng.randrange(40_000))))
            try:
                store.replace("s", "e", [revision("a.md", version)])
            except StoreUnavailable as error:
                told.append(str(error))
                examine(store, {"a.md": {version - 1}})
            ballast.unlink()
            store.replace("s", "e", [revision("a.md", version)])
            examine(store, {"a.md": {version}})
        store.close()
        assert told
        assert all("free some space" in sentence for sentence in told)
    finally:
        subprocess.run(["/bin/umount", folder], check=False)
    report(capsys, f"{rounds} changes on a full disk, {len(told)} refused: 0 lost, 0 in part")


def test_postgres_crashes_and_broken_connections_lose_nothing(
    empty_database: str, postgres: PostgresServer, times: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """While a writer goes on, the server crashes and connections break: what was acknowledged is there, soon."""
    store = PostgresStore(empty_database)
    crashes, cuts, slowest = times(2, 50), times(6, 500), 0.0
    acknowledged, stop = [0], threading.Event()
    store.replace("s", "e", [revision("a.md", 0)])

    def write() -> None:
        while not stop.is_set():
            store.replace("s", "e", [revision("a.md", acknowledged[0] + 1)])
            acknowledged[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for trouble in range(crashes + cuts):
            if trouble % ((crashes + cuts) // crashes) == 0:
                postgres.stop("immediate")
                postgres.start()
            else:
                with psycopg.connect(postgres.url("postgres", "shared"), autocommit=True) as admin:
                    admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'parley'")
            least, begun = acknowledged[0], time.monotonic()
            [document] = store.documents("s")
            slowest = max(slowest, time.monotonic() - begun)
            assert int(document.sha256) >= least
    finally:
        stop.set()
        writer.join()
    examine(store, {"a.md": {acknowledged[0]}})
    store.close()
    told = f"{crashes} crashes, {cuts} broken connections, {acknowledged[0]} acknowledged changes: 0 lost"
    report(capsys, f"{told}, an answer after {slowest:.1f} s at most")


def report(capsys: pytest.CaptureFixture[str], line: str) -> None:
    """Print what was proved."""
    with capsys.disabled():
        print(f"\n{line}")  # noqa: T201 -- the proof's figures


def test_a_power_cut_loses_nothing_acknowledged(
    monkeypatch: pytest.MonkeyPatch, times: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """However much of what was not synced survives a power cut, what was acknowledged is there, whole and sound."""
    power_cut = pytest.importorskip("power_cut", reason="apsw is not installed")
    disk, rng = power_cut.Disk("losing-power"), random.Random(0)
    monkeypatch.setattr("pysqlite3.dbapi2.connect", lambda path, **_: power_cut.Connection(disk, path))
    cuts, done, now = times(10, 1000), 0, dict[str, int | None]()
    for version in range(cuts):
        file = ServerFile(Path("/knowledge.db"))
        [[level]] = file.search._db.execute("PRAGMA synchronous").fetchall()
        assert level == 2, "only a full sync survives a power cut"
        for step in range(rng.randrange(1, 4)):
            name = rng.choice(NAMES)
            if rng.random() < 0.2:
                file.remove(name)
                now[name] = None
            else:
                now[name] = 10 * version + step
                file.replace("e", [revision(name, now[name])])
            done += 1
        begun = 10 * version + 9
        file._db.conn.execute("BEGIN IMMEDIATE")
        file._put(file._embedder("e"), revision("a.md", begun))  # never acknowledged
        disk.cut(rng)
        file._db.conn.inner.close(True)
        disk.cut(rng)  # whatever closing wrote came after the cut
        again = ServerFile(Path("/knowledge.db"))
        assert again.search._db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        held = {document.name: int(document.sha256) for document in again.documents()}
        assert held == {name: version for name, version in now.items() if version is not None}
        for name, kept in held.items():
            assert again.passages(name) == revision(name, kept).passages
        again.close()
    report(capsys, f"{cuts} power cuts, {done} acknowledged changes: 0 lost, 0 damaged")
