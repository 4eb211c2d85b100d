"""Settings: defaults, then ``parley.toml`` in the home folder, then ``PARLEY_...`` variables, then flags."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import Field, HttpUrl, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from personas.generation import RuntimeChoice, Weights
from personas.persona import LIBRARY
from personas.remote_engine import AdapterUse


class BadSettings(Exception):  # noqa: N818 -- named for what is wrong
    """Settings cannot be used; the message lists every fault and says where to mend it."""


def home_folder() -> Path:
    """Return the folder that holds all data: ``PARLEY_HOME``, or the platform's data folder."""
    return Path(os.environ.get("PARLEY_HOME") or platformdirs.user_data_path("parley")).absolute()


class Settings(BaseSettings):
    """Everything an operator can set; read once at start, never at import."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="forbid", frozen=True)

    home: Annotated[Path, Field(default_factory=home_folder)]
    """Data folder: models, one folder per server."""
    models: Path | None = None
    """Folder of the embedded models, made by `parley setup`; default: `models` in the data folder."""
    base_model: str | None = None
    """A transformers model id or folder in place of the embedded base model."""
    embedder: str | None = None
    """A sentence-transformers model id or folder in place of the embedded one."""
    store: Literal["sqlite", "postgres"] = "sqlite"
    """Where knowledge is kept: a file for each server, or a PostgreSQL database with pgvector for all of them."""
    postgres_url: SecretStr | None = None
    """That database, such as ``postgresql://parley:password@127.0.0.1/parley``."""
    runtime: RuntimeChoice = "auto"
    """What the local engine runs on: `openvino`, `peft`, or by itself the first that can hold the model."""
    weights: Weights = "int8"
    """Of the base model on OpenVINO: `int8` is fast, `bf16` is the model as it was trained."""
    adapter_memory: Annotated[int, Field(ge=1)] = 256
    """MiB of adapters that the local engine keeps in memory; the least recently used one makes room."""
    engine: Literal["local", "remote", "echo"] = "local"
    """`local` runs the model in a process of its own, `remote` asks a server; `echo` repeats the best note."""
    remote_url: HttpUrl | None = None
    """Where an OpenAI-compatible server is, up to and with `/v1`."""
    remote_model: str | None = None
    """The model to ask for; default: the only one that the server lists."""
    remote_key: SecretStr | None = None
    """The key that the server wants, if any."""
    remote_adapters: AdapterUse = "load"
    """Whether voices are loaded while the server runs, were given to it at its start, or cannot be had there."""
    remote_adapter_folder: Path | None = None
    """Where voices are put for the server; default: `remote-adapters` in the data folder."""
    remote_adapter_mount: str | None = None
    """The same folder as the server sees it; default: under the same path."""
    persona: str = "game-companion"
    """Who speaks where nobody was chosen."""
    silence: Annotated[float, Field(ge=0, le=1)] = 0.35
    """Below this probability that the notes answer the question, the persona says that they do not."""
    time_zone: ZoneInfo = ZoneInfo("UTC")
    """Where a server is that chose no time zone, such as `America/New_York`: for "are you open now?"."""
    refresh_minutes: Annotated[int, Field(ge=1)] = 10
    """How often each server's files are compared with what is indexed."""
    gap_days: Annotated[int, Field(ge=1)] = 90
    """Days for which a question that the files could not answer is kept after it was last asked."""
    longest_question: Annotated[int, Field(ge=1)] = 1000
    """Characters; a longer question is refused rather than cut."""
    at_once: Annotated[int, Field(ge=1)] = 8
    """Questions that are answered at the same time; a question may have two drafts drawn together."""
    longest_line: Annotated[int, Field(ge=1)] = 256
    """Questions that may wait for their turn; those beyond are told to try again."""
    discord_token: SecretStr | None = None
    """The bot's token, from the developer portal."""

    @property
    def models_folder(self) -> Path:
        """Where the embedded models are."""
        return self.models or self.home / "models"

    @property
    def own_personas(self) -> Path:
        """Where personas are that do not ship with Parley."""
        return self.home / "personas"

    @property
    def libraries(self) -> tuple[Path, ...]:
        """Where personas are looked for: those that ship, and one's own."""
        return LIBRARY, self.own_personas

    @property
    def servers_folder(self) -> Path:
        """Where each server has a folder of its own."""
        return self.home / "servers"

    @property
    def adapter_folder(self) -> Path:
        """Where voices are put for a remote server."""
        return (self.remote_adapter_folder or self.home / "remote-adapters").absolute()

    @property
    def has_voices(self) -> bool:
        """Whether personas speak with adapters, which are held against the base model's folder here."""
        return self.engine == "local" or (self.engine == "remote" and self.remote_adapters != "none")

    @model_validator(mode="after")
    def _postgres_can_be_found(self) -> Self:
        if self.store == "postgres" and self.postgres_url is None:
            raise ValueError(
                "store is postgres, so postgres_url must say where, such as postgresql://parley:password@127.0.0.1/parley"
            )
        return self

    @model_validator(mode="after")
    def _remote_can_be_asked(self) -> Self:
        if self.engine == "remote" and self.remote_url is None:
            raise ValueError("engine is remote, so remote_url must say where, such as http://127.0.0.1:8000/v1")
        key = self.remote_key.get_secret_value() if self.remote_key else ""
        if not key.isascii() or not key.isprintable():
            raise ValueError("remote_key holds a character that no header can carry, such as a line break")
        return self

    @classmethod
    def settings_customise_sources(  # the order here is the order of precedence
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the library calls it so; unused
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read flags first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, home_folder() / "parley.toml")


def load(**flags: Any) -> Settings:  # noqa: ANN401 -- each setting has a type of its own, checked by pydantic
    """Return the settings; flags that are None count as unset. Raises BadSettings."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(
            ": ".join([*map(str, e["loc"]), e["msg"].removeprefix("Value error, ")]) for e in error.errors()
        )
        raise BadSettings(f"These settings cannot be used: {faults}. Mend parley.toml or PARLEY_....") from error
    except ValueError as error:
        raise BadSettings(f"parley.toml in {home_folder()} cannot be read: {error}.") from error
