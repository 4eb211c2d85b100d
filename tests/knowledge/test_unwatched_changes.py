"""Files that change while nobody looks, and files that are read while they are written."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from test_store_proofs import report

from knowledge import indexing
from knowledge.embedding import HashEmbedder
from knowledge.store import Store

pytestmark = pytest.mark.torture


def text(number: int, version: int) -> str:
    return f"# Rule {number}\nIt is version{version} of rule{number}.\n"


def test_whatever_changed_unwatched_is_found_at_the_next_look(
    store: Store, times: Callable[[int, int], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Changed in place, renamed over, removed, new, linked in a circle: after one refresh files and store agree."""
    count, rng, embedder = times(60, 20_000), random.Random(0), HashEmbedder(8)
    folder = tmp_path / "faq"
    for part in range(10):
        (folder / f"part{part}").mkdir(parents=True)
    paths = [folder / f"part{number % 10}" / f"rule{number}.md" for number in range(count)]
    for number, path in enumerate(paths[: count * 3 // 4]):
        path.write_text(text(number, 0))
    indexing.refresh(store, embedder, "s", folder)
    (folder / "part0" / "circle").symlink_to(folder)
    for number, path in enumerate(paths):
        chance = rng.random()
        if chance < 0.4 or not path.exists():
            path.write_text(text(number, 1))
        elif chance < 0.6:
            path.with_suffix(".new").write_text(text(number, 2))
            path.with_suffix(".new").rename(path)
        elif chance < 0.7:
            path.unlink()
        else:
            path.chmod(0o600)
    (folder / "part1").rename(tmp_path / "away")
    indexing.refresh(store, embedder, "s", folder)
    agree(store, folder)
    (tmp_path / "away").rename(folder / "part1")
    indexing.refresh(store, embedder, "s", folder)
    agree(store, folder)
    report(capsys, f"{count} files, changed unwatched and looked at once: all agree")


def agree(store: Store, folder: Path) -> None:
    """See that the store holds what the files say, and no more."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.glob("part*/*.md")}
    assert [document.name for document in store.documents("s")] == sorted(files)
    for name, path in files.items():
        assert store.content("s", name) == path.read_bytes()
        assert [passage.text for passage in store.passages("s", name)] == [path.read_text().strip("# \n")]


def test_a_file_that_is_being_written_is_never_read_in_part(
    store: Store, times: Callable[[int, int], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """However a refresh falls into the writing of a file in ten pieces, a whole version answers."""
    path, embedder, versions, looks = tmp_path / "rules.md", HashEmbedder(8), times(1, 20), 0
    pieces = 10
    path.write_text("".join(text(number, 0) for number in range(pieces)))
    indexing.add(store, embedder, "s", [path])

    def write(version: int) -> None:
        with path.open("w") as file:
            for number in range(pieces):
                file.write(text(number, version))
                file.flush()
                time.sleep(0.02)

    for version in range(1, versions + 1):
        writer = threading.Thread(target=write, args=[version])
        writer.start()
        while writer.is_alive():
            indexing.refresh(store, embedder, "s")
            looks += 1
            held = [passage.text for passage in store.passages("s", path.name)]
            assert len(held) == pieces
            assert len({line.split()[-3] for line in held}) == 1
        writer.join()
    report(capsys, f"{versions} versions written in {pieces} pieces each, {looks} looks: none read in part")
