import pytest

from personas.persona import BadPersona, load, names


def test_an_own_persona_stands_beside_those_that_ship(tmp_path, write_persona):
    """Personas are found in every library; a folder whose name begins with a dot is still being written."""
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    write_persona(shipped, "amy")
    write_persona(own, "zoe")
    (own / "zoe").rename(own / ".zoe.new")
    write_persona(own, "ben")
    assert names(shipped, own) == ["amy", "ben"]
    assert load("ben", shipped, own).folder == own / "ben"


def test_an_own_persona_never_takes_the_place_of_another(tmp_path, write_persona):
    """A name that two libraries have is refused with what to do, and the others still speak."""
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    for library in (shipped, own):
        write_persona(library, "amy")
    write_persona(own, "ben")
    with pytest.raises(BadPersona, match="Two personas are named 'amy': rename the folder of your own one"):
        load("amy", shipped, own)
    assert names(shipped, own) == ["amy", "ben"]
    assert load("ben", shipped, own).name == "ben"


def test_a_library_may_be_missing(tmp_path, write_persona):
    """Before the first persona of one's own, the folder for them is not there."""
    write_persona(tmp_path / "shipped", "amy")
    assert names(tmp_path / "shipped", tmp_path / "own") == ["amy"]
