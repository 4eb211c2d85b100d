"""Which adapters a remote server holds: put where it can read them, loaded on first use, forgotten when long unused."""

import asyncio
import contextlib
import shutil
import tempfile
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path

from personas.engine import Adapter, EngineUnavailable
from personas.remote_server import RemoteServer

_FILES = ("adapter_config.json", "adapter_model.safetensors")


class RemoteAdapters:
    """Adapters under their version names, so that one name never means two voices."""

    def __init__(self, server: RemoteServer, shelf: Path, folder: str, *, most: int = 32) -> None:
        """``shelf``: where adapters are put; ``folder``: that place as the server sees it; ``most``: kept loaded."""
        self._server, self._shelf, self._folder, self._most = server, shelf, folder, most
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
                await asyncio.to_thread(_copy, adapter.folder, self._shelf / adapter.version)
            except OSError as error:
                raise EngineUnavailable(
                    f"The adapter {adapter.version} could not be put into {self._shelf}: {error}."
                ) from error
            await self._server.load(adapter.version, f"{self._folder}/{adapter.version}")
            self._loaded[adapter.version] = None
            await self._make_room()

    async def _make_room(self) -> None:
        for version in [version for version in self._loaded if not self._users[version]]:
            if len(self._loaded) <= self._most:
                return
            self.forget(version)
            with contextlib.suppress(EngineUnavailable):  # gone there already
                await self._server.unload(version)
            await asyncio.to_thread(shutil.rmtree, self._shelf / version, ignore_errors=True)


def _copy(folder: Path, target: Path) -> None:
    """Copy an adapter under its version name at one stroke; readable by a server that runs as somebody else."""
    if target.is_dir():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unfinished-") as unfinished:
        made = Path(unfinished) / target.name
        made.mkdir(mode=0o755)
        for name in _FILES:
            shutil.copyfile(folder / name, made / name)
            (made / name).chmod(0o644)
        with contextlib.suppress(FileExistsError, NotADirectoryError):
            made.rename(target)
