"""Versions on disk: which one serves, and what is left after damage, crashes and races."""

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import time

import pytest
from filelock import FileLock
from installing_child import install_and_die, install_often
from safetensors.torch import load_file, save_file

from personas import version_files
from personas.adapters import BadAdapter, checked
from personas.base_weights import fingerprint
from personas.versions import KEPT, Served, current, history, install, rollback

DAY = 24 * 3600
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "adapters"


@pytest.fixture
def base(tiny_base):
    return str(tiny_base)


@pytest.fixture
def made(tmp_path, trained, base):
    """Return a way to make sound adapters, each another version."""

    def make(alpha):
        folder = tmp_path / f"made-{alpha}"
        if not folder.exists():
            shutil.copytree(trained, folder)
            config = folder / "adapter_config.json"
            config.write_text(json.dumps(json.loads(config.read_text()) | {"lora_alpha": alpha}))
        return checked(folder, base)

    return make


@pytest.fixture
def shipped(bosun, trained):
    return shutil.copytree(trained, bosun.folder / "adapter")


def spoil(folder):
    (folder / WEIGHTS).write_bytes(b"")


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_installed_voice_is_served_before_the_shipped_one(bosun, trained, made, root, base):
    """The newest version comes first, then the one in the persona's folder, then the card alone."""
    assert current(bosun, root, base) == Served(None)
    shutil.copytree(trained, bosun.folder / "adapter")
    assert current(bosun, root, base).adapter.folder == bosun.folder / "adapter"
    first, second = (install(made(alpha), "bosun", root) for alpha in (1, 2))
    assert first.version != second.version
    assert current(bosun, root, base) == Served(second)
    assert str(current(bosun, root, base)) == second.version
    assert second.folder == root / "bosun" / second.version


def test_an_installed_version_is_a_copy(bosun, made, root, base):
    """It holds exactly the files that were checked, and needs their source no more."""
    files = made(1)
    adapter = install(files, "bosun", root)
    shutil.rmtree(files.folder)
    assert {path.name: path.read_bytes() for path in adapter.folder.iterdir()} == files.contents
    assert current(bosun, root, base).adapter == adapter


def test_installed_again_a_version_serves_again(made, root):
    """It is not copied a second time, and stands once in the history."""
    first, second = (install(made(alpha), "bosun", root) for alpha in (1, 2))
    inode = (first.folder / WEIGHTS).stat().st_ino
    assert install(made(1), "bosun", root) == first
    assert (first.folder / WEIGHTS).stat().st_ino == inode
    assert history("bosun", root) == [second.version, first.version]


def test_rollback_goes_back_one_version_at_a_time(bosun, shipped, made, root, base):
    """Version by version, then to the shipped adapter, and then there is nothing to go back from."""
    first, second = (install(made(alpha), "bosun", root) for alpha in (1, 2))
    assert rollback(bosun, root, base) == Served(first)
    assert second.folder.is_dir()
    assert rollback(bosun, root, base).adapter.folder == shipped
    with pytest.raises(BadAdapter, match=r"No version of bosun is installed .* nothing to go back from"):
        rollback(bosun, root, base)
    assert install(made(2), "bosun", root) == second


def test_rollback_without_any_version_changes_nothing(bosun, root, base):
    """Not even the folder of versions is made."""
    with pytest.raises(BadAdapter, match="nothing to go back from"):
        rollback(bosun, root, base)
    assert not root.exists()


DAMAGE = {
    "is empty": spoil,
    "has been changed since it was installed": lambda folder: (folder / "adapter_config.json").write_text(
        (folder / "adapter_config.json").read_text() + " "
    ),
    "is no folder that can be read": shutil.rmtree,
    "do not belong in an adapter": lambda folder: (folder / "notes.txt").write_text("mine"),
}


@pytest.mark.parametrize("sentence", DAMAGE)
def test_a_damaged_version_is_passed_over_and_named(bosun, made, root, base, sentence):
    """The version before it serves, with the reason; rolled back or installed again, nothing is left to say."""
    first, second = (install(made(alpha), "bosun", root) for alpha in (1, 2))
    DAMAGE[sentence](second.folder)
    served = current(bosun, root, base)
    assert served.adapter == first
    [reason] = served.refused
    assert sentence in reason
    assert second.version in reason
    install(made(2), "bosun", root)
    assert current(bosun, root, base) == Served(second)
    DAMAGE[sentence](second.folder)
    assert rollback(bosun, root, base) == Served(first)


def test_where_nothing_is_sound_the_card_speaks(bosun, shipped, made, root, base):
    """Each reason is told, the newest version's first."""
    adapter = install(made(1), "bosun", root)
    spoil(adapter.folder)
    spoil(shipped)
    served = current(bosun, root, base)
    assert served.adapter is None
    assert str(served) == "card only, no adapter"
    assert [
        folder in reason for folder, reason in zip((str(adapter.folder), str(shipped)), served.refused, strict=True)
    ]


@pytest.mark.parametrize("content", ["", "{", "{}", '["../bosun-000000000000"]', '["mate-000000000000"]', "[1]"])
def test_a_damaged_history_is_told_and_written_anew(bosun, shipped, made, root, base, content):
    """The shipped voice speaks meanwhile; a list that leads anywhere else is not followed."""
    install(made(1), "bosun", root)
    (root / "bosun" / "served.json").write_text(content)
    served = current(bosun, root, base)
    assert served.adapter.folder == shipped
    assert "install or train" in served.refused[0]
    with pytest.raises(BadAdapter, match="install or train"):
        rollback(bosun, root, base)
    assert current(bosun, root, base) == served
    adapter = install(made(2), "bosun", root)
    assert current(bosun, root, base) == Served(adapter)


def test_versions_for_another_base_wait(bosun, made, root, base, tmp_path, tiny_base):
    """They are passed over without a word, and a rollback does not take them back."""
    other = shutil.copytree(tiny_base, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    save_file({name: tensor * 2 for name, tensor in weights.items()}, other / "model.safetensors")
    card = made(2).folder / "card.json"
    edited = json.loads(card.read_text())
    edited["base"]["sha256"] = fingerprint(str(other))
    card.write_text(json.dumps(edited))
    first = install(made(1), "bosun", root)
    second = install(checked(card.parent, str(other)), "bosun", root)
    assert current(bosun, root, base) == Served(first)
    assert current(bosun, root, str(other)) == Served(second)
    assert rollback(bosun, root, base) == Served(None)
    assert history("bosun", root) == [second.version]
    with pytest.raises(BadAdapter, match="for this base model"):
        rollback(bosun, root, base)


def age(folder, days):
    then = time.time() - days * DAY
    os.utime(folder, (then, then))


def test_old_versions_are_deleted_but_none_that_may_be_in_use(made, root):
    """The last five stay, and any that served within a day."""
    installed = [install(made(alpha), "bosun", root) for alpha in range(1, KEPT + 4)]
    assert all(adapter.folder.is_dir() for adapter in installed)
    for n, adapter in enumerate(installed):
        age(adapter.folder, 9 - n if n else 0.5)
    newest = install(made(99), "bosun", root)
    left = {path.name for path in (root / "bosun").iterdir() if path.is_dir()}
    kept = [installed[0], *installed[-(KEPT - 2) :], newest]
    assert left == {adapter.version for adapter in kept}
    assert set(history("bosun", root)) == left


def test_the_version_that_serves_is_never_deleted(made, root):
    """Not even where all others served later."""
    installed = [install(made(alpha), "bosun", root) for alpha in range(1, KEPT + 3)]
    for n, adapter in enumerate(installed):
        age(adapter.folder, 100 if n == 0 else 2)
    oldest = install(made(1), "bosun", root)
    assert oldest.folder.is_dir()
    assert history("bosun", root)[-1] == oldest.version


def test_left_overs_are_cleared_away(made, root):
    """What a killed installation left is gone after the next."""
    (root / "bosun" / ".incoming-abc").mkdir(parents=True)
    (root / "bosun" / ".incoming-abc" / WEIGHTS).write_bytes(b"half")
    install(made(1), "bosun", root)
    assert not list((root / "bosun").glob(".incoming*"))


def test_a_full_disk_leaves_the_old_version(bosun, made, root, base, monkeypatch):
    """Whatever cannot be written, the version before goes on serving, and no half of a version is left."""
    first = install(made(1), "bosun", root)
    before = tree(root)
    real = os.fsync
    for fails in range(1, 7):
        calls = iter(range(1, 99))

        def full(number, calls=calls, fails=fails):
            if next(calls) == fails:
                raise OSError(28, "No space left on device")
            real(number)

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            install(made(2), "bosun", root)
        monkeypatch.undo()
        assert current(bosun, root, base) == Served(first)
        assert {path: data for path, data in tree(root).items() if path in before} == before


def test_another_process_is_waited_for(made, root, monkeypatch):
    """Where it takes too long, a sentence says so, and nothing is changed."""
    first = install(made(1), "bosun", root)
    monkeypatch.setattr(version_files, "_PATIENCE", 0.01)
    with FileLock(root / "bosun" / ".lock"), pytest.raises(BadAdapter, match="try again in a minute"):
        install(made(2), "bosun", root)
    assert history("bosun", root) == [first.version]


@pytest.fixture(scope="module")
def processes():
    """Return a way to start processes that have loaded the module already and share nothing with this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["installing_child", "filelock"])
    return context.Process


def test_processes_that_install_at_once_take_turns(bosun, made, root, base, processes):
    """Whatever the order, all versions are whole and one of them serves; a reader never finds less."""
    files = [made(alpha) for alpha in (1, 2, 3)]
    install(files[0], "bosun", root)
    started = [processes(target=install_often, args=(files[n:] + files[:n], root, 5)) for n in range(3)]
    for process in started:
        process.start()
    while any(process.is_alive() for process in started):
        served = current(bosun, root, base)
        assert served.adapter is not None
        assert served.refused == ()
    assert [process.exitcode for process in started] == [0, 0, 0]
    assert sorted(history("bosun", root)) == sorted(f"bosun-{some.digest}" for some in files)
    assert not list((root / "bosun").glob(".incoming*"))


def test_killed_at_any_step_the_old_or_the_new_version_serves(bosun, made, root, base, processes, monkeypatch):
    """SIGKILL before each touch of the disk: never a half, and the next installation succeeds."""
    monkeypatch.setattr(os, "fsync", lambda number: None)  # of this process, not of the one that dies
    outcomes = []
    for step in range(1, 200):
        shutil.rmtree(root, ignore_errors=True)
        first, second = install(made(1), "bosun", root), made(2)
        process = processes(target=install_and_die, args=(second, root, step))
        process.start()
        process.join()
        served = current(bosun, root, base)
        assert served.refused == ()
        assert served.adapter.version in {first.version, f"bosun-{second.digest}"}
        outcomes.append(served.adapter == first)
        assert install(second, "bosun", root).version == current(bosun, root, base).adapter.version
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
    assert process.exitcode == 0
    assert len(outcomes) > 15
    assert outcomes == sorted(outcomes, reverse=True)
    assert set(outcomes) == {True, False}


def test_killed_at_any_time_the_old_or_the_new_version_serves(bosun, made, root, base, processes):
    """SIGKILL at random times while versions come and go: what serves is always whole."""
    files, rng = [made(alpha) for alpha in (1, 2)], random.Random(3)
    install(files[0], "bosun", root)
    for _ in range(20):
        process = processes(target=install_often, args=(files, root, 1000))
        process.start()
        time.sleep(rng.uniform(0.01, 0.12))
        process.kill()
        process.join()
        served = current(bosun, root, base)
        assert served.refused == ()
        assert served.adapter.version in {f"bosun-{some.digest}" for some in files}
    with contextlib.suppress(FileNotFoundError):
        (root / "bosun" / ".served.json").unlink()
    assert install(files[1], "bosun", root).version == current(bosun, root, base).adapter.version
