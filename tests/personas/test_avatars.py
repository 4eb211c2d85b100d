"""The pictures of the personas that ship."""

import pytest
from PIL import Image, ImageChops, ImageStat

from personas.avatars import FIGURES, SIDE, draw
from personas.persona import LIBRARY, names


def picture(path):
    with Image.open(path) as image:
        return image.convert("RGB")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    library = tmp_path_factory.mktemp("library")
    for name in FIGURES:
        (library / name).mkdir()
    return {path.parent.name: path for path in draw(library)}


def test_every_shipped_persona_has_a_picture():
    """The script draws an avatar for each persona of the library, and each is there."""
    assert sorted(FIGURES) == names()
    assert all((LIBRARY / name / "avatar.png").is_file() for name in FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_the_script_draws_what_ships(name, drawn):
    """What is drawn now is the picture that ships, as far as an eye can tell: small, square and light."""
    shipped = LIBRARY / name / "avatar.png"
    assert picture(shipped).size == (SIDE, SIDE)
    assert shipped.stat().st_size < 20_000
    assert max(ImageStat.Stat(ImageChops.difference(picture(shipped), picture(drawn[name]))).mean) < 1


def test_pictures_are_told_apart_when_small():
    """At 32 pixels, as beside a message, no two pictures are alike."""
    small = [picture(LIBRARY / name / "avatar.png").resize((32, 32)) for name in FIGURES]
    for n, one in enumerate(small):
        for other in small[n + 1 :]:
            assert max(ImageStat.Stat(ImageChops.difference(one, other)).mean) > 20
