import json
import re
import tomllib
from pathlib import Path
from typing import get_args

import click
import pytest
from discord import app_commands

from bot.__main__ import cli
from bot.answers import Verdict
from bot.discord_client import ParleyClient
from bot.settings import Settings, load
from knowledge.documents import READERS
from personas.persona import Card, CardLines, Style, Trait
from personas.reply_format import Format
from personas.rows import Example, Skill

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def rows(start):
    """Return the README's table rows whose first cell begins with this code."""
    return [row for row in README.splitlines() if re.match(rf"\| `{re.escape(start)}[ `]", row)]


def block(language):
    [text] = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return text


def commands(command, path="parley"):
    """Yield each command of the command line with the words that call it."""
    if isinstance(command, click.Group):
        if command.params:
            yield path, command.params
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")
    else:
        yield path, command.params


COMMANDS = dict(commands(cli))


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_is_there_with_its_arguments(path):
    """Each command has rows in the table, and they show all of its arguments and options."""
    shown = " ".join(row.split("`")[1] for row in rows(path))
    words = {path} | {
        p.human_readable_name if isinstance(p, click.Argument) else max(p.opts, key=len) for p in COMMANDS[path]
    }
    assert not {word for word in words if word not in shown}


def test_no_command_is_there_that_is_not():
    """Each command in the table, and each that is shown being used, exists with its options."""
    for used in re.findall(r"`(parley [^`]+)`|^(parley .+)$", README, re.MULTILINE):
        text = "".join(used)
        path = max((path for path in COMMANDS if f"{text} ".startswith(f"{path} ")), key=len)
        assert path != "parley" or "--version" in text
        options = {name for parameter in COMMANDS[path] for name in parameter.opts} | {"--help"}
        assert set(re.findall(r"(?<![\w-])--[a-z-]+", text)) <= options, text


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_is_there(name):
    """Each setting has a row with its variable and its default."""
    [row] = rows(name)
    default = Settings.model_fields[name].default
    assert f"`PARLEY_{name.upper()}`" in row
    assert f"`{default}`" in row or not isinstance(default, str | int | float)


def test_each_target_is_there():
    """Each target of the Makefile has a row, and no row names another."""
    [targets] = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert sorted(re.findall(r"^\| `make ([a-z-]+)` ", README, re.MULTILINE)) == sorted(targets.split())


def test_each_slash_command_is_there():
    """Each slash command has a row that shows what it takes, and no row names another."""
    tree = ParleyClient(load(), None, None, None).tree  # commands are described without the parts that serve them
    shown = set(re.findall(r"^\| `(/[^`]+)` ", README, re.MULTILINE))
    assert shown == {
        " ".join([f"/{command.qualified_name}", *(parameter.display_name for parameter in command.parameters)])
        for command in tree.walk_commands()
        if isinstance(command, app_commands.Command)
    }


def test_the_card_is_whole():
    """The example of persona.toml is valid and has every key."""
    card = tomllib.loads(block("toml"))
    Card.model_validate(card)
    assert card.keys() == Card.model_fields.keys()
    assert card["style"].keys() == Style.model_fields.keys()
    assert {key for trait in card["traits"] for key in trait} == set(Trait.model_fields)
    assert {*card["format"], "schema", "whole", "spoken"} == {
        field.alias or name for name, field in Format.model_fields.items()
    }
    assert card["lines"].keys() == CardLines.model_fields.keys()


def test_the_row_is_whole():
    """The example of a row is valid and has every key."""
    row = json.loads(block("json"))
    Example.model_validate(row)
    assert row.keys() == Example.model_fields.keys()


@pytest.mark.parametrize("word", [*get_args(Skill), *get_args(Verdict)])
def test_each_skill_and_verdict_is_there(word):
    """Each skill of a row and each verdict of an answer has a row that says what it means."""
    assert len(rows(word)) == 1


@pytest.mark.parametrize("ending", READERS)
def test_each_format_is_there(ending):
    """Each kind of file that can be read is named."""
    assert f"`{ending}`" in README


def tree():
    """Yield the paths of the file tree."""
    above = []
    for line in block("text").splitlines():
        name = line.split()[0]
        above = [*above[: (len(line) - len(line.lstrip())) // 2], name.rstrip("/")]
        yield ROOT.joinpath(*above), name.endswith("/")


def test_the_tree_stands():
    """Each file and folder of the tree exists."""
    assert not [path for path, folder in tree() if not (path.is_dir() if folder else path.is_file())]


def test_the_tree_is_whole():
    """Each module, persona and sample server is in the tree."""
    wanted = {path for room in ("bot", "personas", "knowledge") for path in (ROOT / room).glob("*.py")}
    wanted |= {path for path in (ROOT / "personas/library").iterdir() if path.is_dir()}
    wanted |= {path for path in (ROOT / "knowledge/samples").iterdir() if path.is_dir()}
    assert not {path for path in wanted if path.name != "__init__.py"} - {path for path, _ in tree()}


def test_links_lead_somewhere():
    """Each relative link leads to a file, each link within the page to a heading."""
    headings = {
        re.sub(r"[^\w-]", "", line.lower().replace(" ", "-")) for line in re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in headings
        elif not target.startswith("https://"):
            assert (ROOT / target).exists()
