"""The tables of the PostgreSQL store, the rule that keeps servers apart, and whether both stand.

Every table but the servers' names is under row-level security that is forced on its owner too: a statement sees and
writes the rows of the server that its transaction has named, and none if it has named none. The words of passages are
stricter: a row shows itself only to a transaction that has also named a word which it holds. PostgreSQL lets an index
answer only conditions of the policy, or such as cannot leak, and a full text match is not among those.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from psycopg import Connection, errors

SCHEMA = "parley"
_LOCK = 7_061_726_165  # any number; the key of this store's advisory locks
_NEWEST_NEEDED = (0, 8)  # pgvector's first version that goes on looking when a filter leaves too few
_NODE = 850
"""Bytes of a passage in a graph that is being made, beside its vector. At 384 dimensions the memory was full after
1,483 bytes a passage in one process and 1,535 in three (pgvector 0.8), and what is left over then is slow to add."""
_OWN = "server = nullif(current_setting('parley.server', true), '')::int"
_SERVER = "server int NOT NULL DEFAULT nullif(current_setting('parley.server', true), '')::int REFERENCES servers"
_TABLES = ("sizes", "documents", "passages", "words", "embedders", "vectors", "terms")

_FIRST = (
    f"""
CREATE TABLE servers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE sizes (
    {_SERVER} PRIMARY KEY,
    version bigint NOT NULL DEFAULT extract(epoch FROM clock_timestamp()) * 1000,
    passages bigint NOT NULL DEFAULT 0, words bigint NOT NULL DEFAULT 0);
CREATE TABLE documents (
    {_SERVER}, id int GENERATED ALWAYS AS IDENTITY, name text NOT NULL, sha256 text NOT NULL, content bytea NOT NULL,
    origin text, channels text[] NOT NULL, taken text NOT NULL, etag text NOT NULL,
    facts text NOT NULL,
    bound boolean GENERATED ALWAYS AS (cardinality(channels) > 0) STORED,
    PRIMARY KEY (server, id), UNIQUE (server, name));
CREATE INDEX documents_bound ON documents (server) WHERE bound;
CREATE SEQUENCE passage_ids;
-- The digest of what is searchable finds a text that is embedded already.
CREATE TABLE passages (
    {_SERVER}, id bigint NOT NULL, document int NOT NULL, section text NOT NULL, entry text, text text NOT NULL,
    digest bytea NOT NULL, words int NOT NULL, place int NOT NULL,
    PRIMARY KEY (server, id), FOREIGN KEY (server, document) REFERENCES documents ON DELETE CASCADE);
CREATE INDEX passages_document ON passages (document, place);
CREATE INDEX passages_digest ON passages (digest);
-- A word's lexeme begins with its server's number, so that nobody waits for other servers' words.
CREATE TABLE words (
    {_SERVER}, passage bigint NOT NULL, document int NOT NULL, length int NOT NULL, stems tsvector NOT NULL,
    PRIMARY KEY (passage, server), FOREIGN KEY (server, passage) REFERENCES passages ON DELETE CASCADE);
CREATE INDEX words_stems ON words USING gin (stems);
CREATE TABLE embedders (
    {_SERVER}, id int GENERATED ALWAYS AS IDENTITY, name text NOT NULL, used text NOT NULL,
    PRIMARY KEY (server, id), UNIQUE (server, name));
-- The whole passage's vector lies in the row, where a comparison with all of them reads it; the rest beside.
CREATE TABLE vectors (
    {_SERVER}, passage bigint NOT NULL, document int NOT NULL, embedder int NOT NULL, whole halfvec NOT NULL,
    others bytea NOT NULL, PRIMARY KEY (passage, embedder),
    FOREIGN KEY (server, passage) REFERENCES passages ON DELETE CASCADE,
    FOREIGN KEY (server, embedder) REFERENCES embedders ON DELETE CASCADE) WITH (toast_tuple_target = 128);
ALTER TABLE vectors ALTER whole SET STORAGE PLAIN, ALTER others SET STORAGE EXTERNAL;
CREATE INDEX vectors_embedder ON vectors (embedder);
"""
    + "".join(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        + (f"CREATE POLICY own ON {table} USING ({_OWN});" if table != "words" else "")
        for table in _TABLES[:-1]
    )
    + f"""
CREATE POLICY add ON words FOR INSERT WITH CHECK ({_OWN});
CREATE POLICY holding ON words FOR SELECT
    USING ({_OWN} AND stems @@ current_setting('parley.word', true)::tsquery);
"""
)
_TERMS = f"""
CREATE TABLE terms ({_SERVER}, term text COLLATE "C" NOT NULL, passages int NOT NULL, PRIMARY KEY (server, term));
-- The words' own policy shows no row without a word that it holds; here their owner reads them once.
ALTER TABLE words NO FORCE ROW LEVEL SECURITY;
INSERT INTO terms SELECT server, substr(lexeme, position('/' in lexeme) + 1) AS term, count(*)
    FROM words, unnest(stems) GROUP BY server, term;
ALTER TABLE words FORCE ROW LEVEL SECURITY;
ALTER TABLE terms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON terms USING ({_OWN});
"""  # noqa: S608 -- put together of constants
_MIGRATIONS = (_FIRST, _TERMS)
"""By version; each is applied once, in a transaction."""


def prepare(connection: Connection[Any]) -> None:
    """Bring the tables to the newest version; processes that start together wait for each other."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (version int PRIMARY KEY)")
        row = connection.execute("SELECT coalesce(max(version), 0) FROM migrations").fetchone()
        for version in range((row[0] if row else 0) + 1, len(_MIGRATIONS) + 1):
            connection.execute(_MIGRATIONS[version - 1].encode())
            connection.execute("INSERT INTO migrations VALUES (%s)", [version])


def index_vectors(connection: Connection[Any], embedder: int, dimensions: int, rows: int) -> bool:
    """Make the graph that finds one embedder's nearest vectors without comparing all; False if it was there.

    pgvector's HNSW (Malkov and Yashunin, 2018) over that embedder's rows alone, so no other server's passage is ever
    on its paths. Writers go on meanwhile. The connection must not be in a transaction.
    """
    name = graph(embedder)
    [[held]] = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK % 2**31, embedder]).fetchall()
    if not held:
        return False
    try:
        valid = connection.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [f"{SCHEMA}.{name}"]
        ).fetchone()
        if valid and valid[0]:
            return False
        room = min(max(64, rows * (2 * dimensions + _NODE) // 2**20), 4096)  # MiB; the graph is made in memory
        connection.execute("SELECT set_config('maintenance_work_mem', %s, false)", [f"{room}MB"])
        kind = f"hnsw ((whole::halfvec({dimensions})) halfvec_ip_ops) WHERE embedder = {embedder}"
        try:
            _make(connection, name, kind)
        except errors.DiskFull:  # as a container says whose shared memory is too small for several processes
            connection.execute("SET max_parallel_maintenance_workers = 0")
            _make(connection, name, kind)
        connection.execute("ANALYZE vectors, words")  # until it knows how many there are, the planner compares with all
    finally:
        connection.execute("RESET maintenance_work_mem; RESET max_parallel_maintenance_workers")
        connection.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK % 2**31, embedder])
    return True


def _make(connection: Connection[Any], name: str, kind: str) -> None:
    connection.execute(f"DROP INDEX IF EXISTS {name}".encode())  # one whose making was cut off
    connection.execute(f"CREATE INDEX CONCURRENTLY {name} ON vectors USING {kind}".encode())


def drop_graphs(connection: Connection[Any], embedders: Sequence[int]) -> None:
    """Drop the graphs of embedders that have gone."""
    for embedder in embedders:
        connection.execute(f"DROP INDEX IF EXISTS {graph(embedder)}".encode())


def graph(embedder: int) -> str:
    """Return the name of an embedder's graph."""
    return f"vectors_graph_{embedder}"


def faults(connection: Connection[Any]) -> Iterator[str]:
    """Yield what makes the database unsafe or unfit, each a sentence that says what to do."""
    for check in _CHECKS:
        yield from check(connection)


def _extension(connection: Connection[Any]) -> Iterator[str]:
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    if row is None:
        yield "pgvector is missing: run CREATE EXTENSION vector in this database as its superuser."
    elif tuple(map(int, row[0].split(".")[:2])) < _NEWEST_NEEDED:
        yield f"pgvector {row[0]} is too old: install 0.8 or newer, then run ALTER EXTENSION vector UPDATE."


def _role(connection: Connection[Any]) -> Iterator[str]:
    sql = "SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"
    if row := connection.execute(sql).fetchone():
        yield (
            f"The role {row[0]} may pass over row-level security, which keeps servers apart: make a role with CREATE "
            "ROLE ... LOGIN, let it own the database, and name it in postgres_url."
        )


def _security(connection: Connection[Any]) -> Iterator[str]:
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relname = ANY(%s)"
        " AND NOT (relrowsecurity AND relforcerowsecurity)",
        [SCHEMA, list(_TABLES)],
    )
    for (table,) in rows.fetchall():
        name = f"{SCHEMA}.{table}"
        yield (
            f"Row-level security is off on {name}: run ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL "
            "SECURITY."
        )


_CHECKS: tuple[Callable[[Connection[Any]], Iterator[str]], ...] = (_extension, _role, _security)
