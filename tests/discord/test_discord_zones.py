from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.drafting import Judge
from bot.servers import ServerChoices

HOURS = b"# Opening hours\nMonday to Sunday: 9 am - 6 pm\n"
EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"  # 25 hours apart: where it is another day at any moment


def half_a_day_on():
    """Return a zone in which it is noon, near enough, and one in which it is midnight."""
    hour = datetime.now(UTC).hour
    zones = {offset: f"Etc/GMT{-offset:+}" for offset in range(-12, 13)}
    noon, midnight = ((at - hour + 11) % 24 - 11 for at in (12, 0))
    return zones[noon], zones[midnight]


async def test_the_servers_clock_decides_what_is_open(owner, member, channel, upload, guild):
    """After /faq time-zone, "are you open now?" is answered by the clock of the server and not by the setting's."""
    await upload(owner, channel, "hours.md", HOURS)
    noon, midnight = half_a_day_on()
    for zone, says in ((noon, "open"), (midnight, "closed")):
        told = await owner.slash(channel, "faq time-zone", zone=zone)
        assert told.ephemeral
        assert zone in told.response.content
        answer = (await member.slash(channel, "ask", question="Are you open right now?")).response.content
        assert ("Yes" in answer, "No" in answer) == (says == "open", says == "closed"), answer


async def test_the_fact_check_knows_the_servers_day(faq, owner, member, channel, monkeypatch):
    """What "today" means in a reply is decided by the server's own clock."""
    days = []
    check = Judge.check

    async def watched(self, text):
        days.append(self.today)
        return await check(self, text)

    monkeypatch.setattr(Judge, "check", watched)
    for zone in (EAST, WEST):
        await owner.slash(channel, "faq time-zone", zone=zone)
        await member.slash(channel, "ask", question="do you deliver to Princeton?")
        assert days[-1] == datetime.now(ZoneInfo(zone)).date()
    assert days[0] != days[-1]


async def test_zones_are_offered_while_typing(owner, channel):
    """The offers are names that hold what was typed, no more than Discord takes."""
    offered = await owner.autocomplete(channel, "faq time-zone", "zone", "new yo")
    assert [offer["value"] for offer in offered] == ["America/New_York"]
    assert len(await owner.autocomplete(channel, "faq time-zone", "zone", "")) == 25


async def test_what_is_chosen_is_shown(owner, channel, guild, settings):
    """Without a zone the command shows which one holds; a name that is none changes nothing."""
    assert "UTC, where it is" in (await owner.slash(channel, "faq time-zone")).response.content
    await owner.slash(channel, "faq time-zone", zone="berlin")
    refused = await owner.slash(channel, "faq time-zone", zone="Atlantis")
    assert "There is no time zone named 'Atlantis'" in refused.response.content
    assert "Europe/Berlin, where it is" in (await owner.slash(channel, "faq time-zone")).response.content
    assert ServerChoices(settings.servers_folder).time_zone(str(guild.id)) == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("zone", [{}, {"zone": "Europe/Berlin"}])
async def test_one_servers_clock_moves_no_other(simcord_env, owner, channel, zone):
    """A zone that is chosen on one server is not that of another one."""
    await owner.slash(channel, "faq time-zone", **zone)
    elsewhere = simcord_env.create_guild("Elsewhere")
    theirs = elsewhere.create_text_channel("questions")
    told = await elsewhere.add_member(elsewhere.owner).slash(theirs, "faq time-zone")
    assert "UTC, where it is" in told.response.content
