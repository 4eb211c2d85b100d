from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bot import zones
from bot.__main__ import cli
from bot.zones import UnknownZone


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" america/new york ", "America/New_York"),
        ("berlin", "Europe/Berlin"),
        ("utc", "UTC"),
        ("US/Eastern", "US/Eastern"),  # an alias, as older set-ups write it
    ],
)
def test_a_zone_is_found_by_its_name_or_city(typed, name):
    """Case and spaces do not matter, nor does the continent where a city's name says which zone it is."""
    assert zones.zone(typed) == ZoneInfo(name)


@pytest.mark.parametrize("typed", ["Europe", "Atlantis", "", "../../etc/passwd", "/etc/passwd", "x" * 300, "a\0b"])
def test_a_name_that_is_none_is_refused(typed):
    """What names no zone, or several, is refused in a sentence that names some."""
    with pytest.raises(UnknownZone, match=r"Name one such as .+/"):
        zones.zone(typed)


@given(st.text(max_size=40))
def test_whatever_is_typed_ends_in_a_zone_or_a_sentence(typed):
    """No text, however strange, ends otherwise."""
    try:
        assert isinstance(zones.zone(typed), ZoneInfo)
    except UnknownZone:
        assert len(zones.fitting(typed)) != 1


def test_cities_that_begin_with_it_are_offered_first():
    """Whoever types the beginning of a city reads it before names that only hold it."""
    assert zones.fitting("ber")[:2] == ["Atlantic/Bermuda", "Europe/Berlin"]
    assert "Africa/Timbuktu" not in zones.fitting("tu")  # an alias of Africa/Abidjan
    assert all(ZoneInfo(name) for name in zones.places())


def test_a_server_has_a_clock_of_its_own_on_the_command_line(monkeypatch):
    """The zone that is set for a server is shown from then on; others keep the setting."""
    monkeypatch.setenv("PARLEY_TIME_ZONE", "Asia/Tokyo")

    def told(*words):
        done = CliRunner().invoke(cli, ["knowledge", "time-zone", *words])
        return done.exit_code, done.output

    assert told("--server", "shop")[1].startswith("shop: Asia/Tokyo, where it is ")
    assert told("--server", "shop", "Europe/Berlin")[1].startswith("shop: Europe/Berlin, where it is ")
    assert told("--server", "shop", "Atlantis")[0] == 1
    assert told("--server", "shop")[1].startswith("shop: Europe/Berlin")
    assert told("--server", "other")[1].startswith("other: Asia/Tokyo")
    assert told("--server", "../x", "UTC") == (1, told("--server", "../x")[1])
