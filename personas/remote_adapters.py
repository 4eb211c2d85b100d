"""Which adapters a remote server holds: put where it can read them, loaded on first use, forgotten when long unused."""

import asyncio
import contextlib
import tempfile
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path

from personas.adapter_files import BadAdapter, read
from personas.engine import Adapter, EngineUnavailable
from personas.remote_server import RemoteServer


class RemoteAdapters:
    """Adapters under their version names, so that one name never means two voices."""

    def __init__(self, server: RemoteServer, folder: Path, mount: str, *, most: int = 32) -> None:
        """``folder``: where adapters are put; ``mount``: that place as the server sees it; ``most``: kept loaded.

        Nothing is ever deleted from the folder, because the server goes back to it.
        """
        self._server, self._folder, self._mount, self._most = server, folder, mount, most
        self._loaded: OrderedDict[str, None] = OrderedDict()  # least recently used first
        self._users: Counter[str] = Counter()
        self._loading = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def loaded(self, adapter: Adapter) -> AsyncIterator[str]:
        """Hold an adapter loaded; yields its name. Raises EngineUnavailable."""
        version = adapter.version
        self._users[version] += 1  # from now on it is not unloaded
        try:
            if version not in self._loaded:
                await self._load(adapter)
            self._loaded.move_to_end(version)
            yield version
        finally:
            self._users[version] -= 1

    def forget(self, version: str) -> None:
        """Take note that the server, started anew, does not hold an adapter any more."""
        self._loaded.pop(version, None)

    async def _load(self, adapter: Adapter) -> None:
        async with self._loading:
            if adapter.version in self._loaded:
                return
            try:
                await asyncio.to_thread(_put, adapter, self._folder / adapter.version)
            except (BadAdapter, OSError) as error:
                raise EngineUnavailable(
                    f"The adapter {adapter.version} could not be put into {self._folder}: {error}."
                ) from error
            await self._server.load(adapter.version, f"{self._mount}/{adapter.version}")
            self._loaded[adapter.version] = None
            await self._make_room()

    async def _make_room(self) -> None:
        for version in [version for version in self._loaded if not self._users[version]]:
            if len(self._loaded) <= self._most:
                return
            self.forget(version)
            with contextlib.suppress(EngineUnavailable):  # gone there already
                await self._server.unload(version)


def _put(adapter: Adapter, target: Path) -> None:
    """Copy an adapter under its version name at one stroke; readable by a server that runs as somebody else.

    What stands there is left in place where it is the same: a server may read it at any time, and one that misses it
    stops altogether.
    """
    files = read(adapter.folder)
    if not adapter.version.endswith(files.digest):
        raise BadAdapter(f"{adapter.folder} is not {adapter.version} any more: install it again.")
    with contextlib.suppress(BadAdapter):
        if read(target).digest == files.digest:
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unfinished-") as unfinished:
        made = Path(unfinished) / "made"
        made.mkdir(mode=0o755)
        for name, content in files.contents.items():
            (made / name).write_bytes(content)
            (made / name).chmod(0o644)
        if target.exists():
            target.rename(Path(unfinished) / "damaged")
        made.rename(target)
