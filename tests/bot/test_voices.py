"""Who speaks, and with which version, while versions come, go and are damaged."""

import json
import logging
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.voices import Voices
from personas import versions
from personas.adapters import checked
from personas.persona import LIBRARY, load

pytestmark = pytest.mark.model


@pytest.fixture
def root(tmp_path):
    return tmp_path / "adapters"


@pytest.fixture
def voices(root, base_folder):
    return Voices([LIBRARY], root, str(base_folder))


@pytest.fixture
def install(tmp_path, root, base_folder):
    """Return a way to install versions of the florist's voice, each by another alpha."""

    def installed(alpha):
        folder = shutil.copytree(LIBRARY / "florist" / "adapter", tmp_path / f"made-{alpha}")
        config = folder / "adapter_config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"lora_alpha": alpha}))
        return versions.install(checked(folder, str(base_folder)), "florist", root)

    return installed


def test_a_new_version_speaks_from_the_next_question_on(voices, install, root, base_folder):
    """No restart: installed, it serves; rolled back, the one before does; what was handed out stays readable."""
    shipped = voices.voice("florist")
    first = install(33)
    assert voices.voice("florist").adapter == first
    second = install(34)
    under_way = voices.voice("florist")
    assert under_way.adapter == second
    versions.rollback(load("florist"), root, str(base_folder))
    assert voices.voice("florist").adapter == first
    assert checked(under_way.adapter.folder, str(base_folder))
    versions.rollback(load("florist"), root, str(base_folder))
    assert voices.voice("florist") == shipped


def test_a_voice_is_loaded_once(voices, install):
    """As long as nothing changes on the disk."""
    install(33)
    assert voices.voice("florist") is voices.voice("florist")


def test_a_version_damaged_while_it_serves_gives_way_to_the_one_before(voices, install, caplog):
    """The reason is in the log, once; mended, the version serves again."""
    first, second = install(33), install(34)
    assert voices.voice("florist").adapter == second
    weights = second.folder / "adapter_model.safetensors"
    sound = weights.read_bytes()
    weights.write_bytes(sound[:-2])
    with caplog.at_level(logging.WARNING):
        assert [voices.voice("florist").adapter for _ in range(3)] == [first] * 3
    [record] = caplog.records
    assert f"florist speaks with {first.version}: " in record.getMessage()
    assert "is damaged" in record.getMessage()
    weights.write_bytes(sound)
    assert voices.voice("florist").adapter == second


def test_no_question_goes_without_its_voice_while_versions_change(voices, install, root, base_folder):
    """Asked from several threads while versions are installed and rolled back, each answer is a sound version."""
    installed = {adapter.version: adapter for adapter in (install(33), install(34))}
    files = [checked(adapter.folder, str(base_folder)) for adapter in installed.values()]
    done = threading.Event()

    def ask():
        found = set()
        while not done.is_set():
            found.add(voices.voice("florist").adapter.version)
        return found

    with ThreadPoolExecutor(3) as threads:
        asking = [threads.submit(ask) for _ in range(3)]
        try:
            for _ in range(8):
                for some in files:
                    versions.install(some, "florist", root)
                versions.rollback(load("florist"), root, str(base_folder))
        finally:
            done.set()
    assert set.union(*(found.result() for found in asking)) <= set(installed)
    assert voices.voice("florist").adapter.version == f"florist-{files[0].digest}"


def test_without_a_model_no_adapter_is_looked_at(root):
    """The card speaks alone, whatever is installed."""
    assert Voices([LIBRARY], root, None).voice("florist").adapter is None
