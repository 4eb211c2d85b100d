"""A disk that loses power: what was not synced survives in a random part, torn at sectors.

SQLite writes through apsw's virtual file system here, and the store's own code through a connection that looks like
pysqlite3's. The files lie in memory: as they would be read now, and as they would be read after a power cut.
"""

import random
from typing import Any, Self

import apsw

_SECTOR = 512


class _File:
    """A file's bytes now, the bytes that are safe, and the writes since."""

    def __init__(self) -> None:
        self.now = bytearray()
        self.safe = bytearray()
        self.since: list[tuple[int, bytes] | int] = []

    def change(self, write: tuple[int, bytes] | int) -> None:
        _apply(self.now, write)
        self.since.append(write)

    def sync(self) -> None:
        self.safe = bytearray(self.now)
        self.since.clear()

    def cut(self, rng: random.Random) -> None:
        """Lose power: of what was not synced, each write may be there whole, in part, or not at all."""
        for write in self.since:
            chance = rng.random()
            if chance < 0.4:
                _apply(self.safe, write)
            elif chance < 0.6 and not isinstance(write, int):
                whole = rng.randrange(len(write[1]) // _SECTOR + 1) * _SECTOR
                _apply(self.safe, (write[0], write[1][:whole]))
        self.now = bytearray(self.safe)
        self.since.clear()


def _apply(content: bytearray, write: tuple[int, bytes] | int) -> None:
    if isinstance(write, int):
        del content[write:]
        return
    start, data = write
    content.extend(bytes(max(0, start - len(content))))
    content[start : start + len(data)] = data


class Disk(apsw.VFS):
    """Files by name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: dict[str, _File] = {}
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> "_Handle":  # noqa: N802 -- SQLite's name, as below
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        flags[1] = flags[0]
        return _Handle(self.files.setdefault(path, _File()))

    def xDelete(self, name: str, _sync: bool) -> None:  # noqa: N802
        self.files.pop(name, None)

    def xAccess(self, name: str, _flags: int) -> bool:  # noqa: N802
        return name in self.files

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name

    def cut(self, rng: random.Random) -> None:
        """Lose power."""
        for file in self.files.values():
            file.cut(rng)


class _Handle:
    def __init__(self, file: _File) -> None:
        self._file = file
        self._level = 0

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self._file.now[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._file.change((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._file.change(size)

    def xSync(self, _flags: int) -> None:  # noqa: N802
        self._file.sync()

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._file.now)

    def xLock(self, level: int) -> None:  # noqa: N802
        self._level = level

    def xUnlock(self, level: int) -> None:  # noqa: N802
        self._level = level

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, _operation: int, _pointer: int) -> bool:  # noqa: N802
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return _SECTOR

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return 0

    def xClose(self) -> None:  # noqa: N802
        pass


class Connection:
    """What of a connection sqlite-utils and the store use."""

    def __init__(self, disk: Disk, name: str) -> None:
        self.inner = apsw.Connection(name, vfs=disk.name)
        self.inner.execute("PRAGMA locking_mode = EXCLUSIVE")  # so that the log needs no shared memory

    def execute(self, statement: str, values: Any = ()) -> "_Cursor":
        return _Cursor(self.inner).execute(statement, values)

    def executemany(self, statement: str, rows: Any) -> "_Cursor":
        cursor = _Cursor(self.inner)
        for row in rows:
            cursor.execute(statement, row)
        return cursor

    def executescript(self, statements: str) -> "_Cursor":
        return self.execute(statements)

    def cursor(self) -> "_Cursor":
        return _Cursor(self.inner)

    def commit(self) -> None:
        if self.in_transaction:
            self.inner.execute("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.inner.execute("ROLLBACK")

    @property
    def in_transaction(self) -> bool:
        return self.inner.in_transaction

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def close(self) -> None:
        self.inner.close()


class _Cursor:
    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._cursor.exec_trace = self._describe
        self._rows: list[Any] = []
        self.rowcount = self.lastrowid = -1
        self.description: Any = None

    def execute(self, statement: str, values: Any = ()) -> Self:
        before = self._connection.total_changes()
        self._rows = list(self._cursor.execute(statement, values))
        self.rowcount = self._connection.total_changes() - before
        self.lastrowid = self._connection.last_insert_rowid()
        return self

    def _describe(self, cursor: apsw.Cursor, _statement: str, _values: Any) -> bool:
        self.description = cursor.get_description() or None
        return True

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    def __iter__(self) -> Any:
        return iter(self.fetchall())

    def close(self) -> None:
        self._cursor.close()
