from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest
from pysqlite3 import dbapi2

from bot.servers import FILE, ServerChoices
from knowledge.store import BadServer


@pytest.fixture
def choices(tmp_path):
    return ServerChoices(tmp_path)


def test_a_choice_is_kept_and_replaced_and_forgotten(choices):
    """The last choice for a place counts, and after a reset there is none."""
    choices.set("1", "20", "bard")
    choices.set("1", "20", "pirate")
    assert choices.bindings("1") == {"20": "pirate"}
    assert choices.reset("1", "20")
    assert choices.bindings("1") == {}
    assert not choices.reset("1", "20")


def test_choices_survive_a_restart(choices, tmp_path):
    """Another ServerChoices on the same folder reads what the first one wrote."""
    choices.set("1", "server", "bard")
    assert ServerChoices(tmp_path).bindings("1") == {"server": "bard"}


def test_one_server_never_sees_the_choices_of_another(choices, tmp_path):
    """Each server has a file of its own, and reading makes none."""
    choices.set("1", "20", "bard")
    assert choices.bindings("2") == {}
    assert not choices.reset("2", "20")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.db")] == ["1/choices.db"]


@pytest.mark.parametrize("server", ["", ".", "..", "../1", "a/b", "/etc"])
def test_a_name_that_leads_elsewhere_is_refused(choices, server, tmp_path):
    """Nothing is read or written outside the folder of servers."""
    with pytest.raises(BadServer, match="use the server's id"):
        choices.set(server, "20", "bard")
    with pytest.raises(BadServer):
        choices.bindings(server)
    assert list(tmp_path.iterdir()) == []


def test_many_threads_may_choose_at_once(choices):
    """No choice is lost when threads open a new file at the same moment."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: choices.set("1", str(n), "bard"), range(40)))
    assert len(choices.bindings("1")) == 40


def test_what_holds_for_the_whole_server_is_kept_beside_its_personas(choices, tmp_path):
    """Time zone and report channel survive a restart, are each server's own, and can be taken back."""
    choices.set("1", "20", "bard")
    choices.set_time_zone("1", ZoneInfo("Europe/Berlin"))
    choices.set_report_channel("1", "30")
    again = ServerChoices(tmp_path)
    assert (again.time_zone("1"), again.report_channel("1")) == (ZoneInfo("Europe/Berlin"), "30")
    assert again.bindings("1") == {"20": "bard"}
    assert (again.time_zone("2"), again.report_channel("2")) == (None, None)
    again.set_report_channel("1", None)
    assert (choices.report_channel("1"), choices.time_zone("1")) == (None, ZoneInfo("Europe/Berlin"))


def test_a_file_of_before_takes_up_what_is_new(choices, tmp_path):
    """A file that holds personas only is read as it is and then holds the rest too."""
    choices.set("1", "20", "bard")
    with dbapi2.connect(str(tmp_path / "1" / FILE)) as file:
        file.execute("DROP TABLE options")
        file.execute("DELETE FROM _sqlite_migrations WHERE name = 'm002_options'")
    assert choices.time_zone("1") is None
    choices.set_time_zone("1", ZoneInfo("UTC"))
    assert (choices.time_zone("1"), choices.bindings("1")) == (ZoneInfo("UTC"), {"20": "bard"})


def test_a_zone_that_this_machine_does_not_know_counts_as_none(choices, tmp_path):
    """A name from another machine's time zone database stops no answer."""
    choices.set_time_zone("1", ZoneInfo("UTC"))
    with dbapi2.connect(str(tmp_path / "1" / FILE)) as file:
        file.execute("UPDATE options SET value = 'Moon/Tranquility'")
    assert choices.time_zone("1") is None
