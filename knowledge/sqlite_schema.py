"""The tables of a server's SQLite file, and how older files come to have them."""

import secrets

from sqlite_utils import Database, Migrations

migrations = Migrations("knowledge")


@migrations()
def m001_documents_and_passages(db: Database) -> None:
    """Documents with their bytes, passages with their vectors, and an index over the passages' words."""
    db.execute(
        "CREATE TABLE documents (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, content BLOB NOT NULL, origin TEXT,"
        " channels TEXT NOT NULL, embedder TEXT NOT NULL) STRICT"
    )
    # AUTOINCREMENT: a reader that still holds an old id must never be shown another passage under it.
    db.execute(
        "CREATE TABLE passages (id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " document TEXT NOT NULL REFERENCES documents(name) ON DELETE CASCADE, section TEXT NOT NULL, entry TEXT,"
        " text TEXT NOT NULL, searchable TEXT NOT NULL, views INTEGER NOT NULL,"
        " vectors BLOB NOT NULL) STRICT"
    )
    # And a server that was forgotten and came again begins with one that nobody holds.
    db.execute("INSERT INTO sqlite_sequence VALUES ('passages', ?)", [secrets.randbelow(2**48)])
    passages = db.table("passages")
    passages.create_index(["document"])
    passages.enable_fts(["searchable"], create_triggers=True, tokenize="porter unicode61 remove_diacritics 2")
    db.execute("INSERT INTO passages_fts(passages_fts, rank) VALUES ('secure-delete', 1)")


@migrations()
def m002_vectors_of_several_embedders(db: Database) -> None:
    """Vectors in a table of their own, in half precision, and what a document's date, version and order are."""
    db.execute("CREATE TABLE embedders (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, used TEXT NOT NULL) STRICT")
    db.execute(
        "CREATE TABLE vectors (passage INTEGER NOT NULL REFERENCES passages(id) ON DELETE CASCADE,"
        " embedder INTEGER NOT NULL REFERENCES embedders(id), views INTEGER NOT NULL, vectors BLOB NOT NULL,"
        " PRIMARY KEY (passage, embedder)) STRICT"
    )
    # The old vectors are single precision: their embedder reads those passages again at the next refresh.
    for column in ("views", "vectors"):
        db.execute(f"ALTER TABLE passages DROP COLUMN {column}")
    db.execute("ALTER TABLE documents DROP COLUMN embedder")
    for column in ("taken", "etag"):
        db.execute(f"ALTER TABLE documents ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE passages ADD COLUMN place INTEGER NOT NULL DEFAULT 0")
    db.execute("UPDATE passages SET place = id")
    db.execute("ALTER TABLE documents ADD COLUMN facts TEXT NOT NULL DEFAULT '[]'")
    # One passage of a text is found by it, so that nothing is embedded twice.
    db.table("passages").create_index(["searchable"])


@migrations()
def m003_first_views_on_their_own(db: Database) -> None:
    """Every passage's first view in an index of its own, since a search reads all of these and no others.

    With 150,192 passages of six views the index takes 183 MB beside 692 MB of vectors.
    """
    db.execute("CREATE INDEX wholes ON vectors (embedder, passage, substr(vectors, 1, length(vectors) / views))")


@migrations()
def m004_terms(db: Database) -> None:
    """Show the index's terms in a table; it holds nothing of its own."""
    db.execute("CREATE VIRTUAL TABLE terms USING fts5vocab('passages_fts', 'row')")
