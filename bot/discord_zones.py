"""/faq time-zone: where a server's clock is."""

import asyncio

import discord
from discord import app_commands

from bot import zones
from bot.computed import ZoneOf
from bot.discord_replies import Check, Command, Respond, offers
from bot.servers import ServerChoices


class Zones:
    """Shows and sets a server's time zone."""

    def __init__(self, choices: ServerChoices, zone_of: ZoneOf, check: Check, respond: Respond) -> None:
        self._choices, self._zone_of, self._check, self._respond = choices, zone_of, check, respond

    def command(self) -> Command:
        """Return the command."""
        choose: Command = app_commands.Command(
            name="time-zone", description='Where this server\'s clock is, for "are you open now?"', callback=self.choose
        )
        choose.autocomplete("zone")(self.offered)
        return choose

    async def offered(self, _: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the zones whose names hold what was typed."""
        return offers(await asyncio.to_thread(zones.fitting, typed))

    @app_commands.describe(zone="A city in it, such as Europe/Berlin; leave it out to see what is chosen")
    async def choose(self, interaction: discord.Interaction, zone: str | None = None) -> None:
        """Set the server's time zone, or show it."""

        async def chosen() -> str:
            self._check(interaction)
            server = str(interaction.guild_id)
            if zone is None:
                return f"This server's clock: {zones.told(await asyncio.to_thread(self._zone_of, server))}."
            found = await asyncio.to_thread(zones.zone, zone)
            await asyncio.to_thread(self._choices.set_time_zone, server, found)
            return (
                f"This server's clock is set: {zones.told(found)}. Where your files name a time zone "
                "themselves, theirs counts."
            )

        await self._respond(interaction, chosen)
