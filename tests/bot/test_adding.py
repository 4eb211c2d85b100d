"""Additions, gaps and saved questions as scripts and people at a terminal use them."""

import json

import click
import pytest
from click.testing import CliRunner

from bot import settings
from bot.__main__ import cli
from bot.adding import Addition

HOURS = "# Opening hours\nOpen Mon 10-18, Tue 9-17.\n\n# Who is Mara?\nMara is the cook.\n"
OTHER = "# When are you open?\nOpen Mon 9-17, Tue 9-17.\n\n# Mara\nMara is the cook.\n"


@pytest.fixture(autouse=True)
def echo(home, monkeypatch):
    monkeypatch.setenv("PARLEY_ENGINE", "echo")
    monkeypatch.setenv("PARLEY_SILENCE", "0.2")
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def parley():
    """Return a way to run a command, which comes back with its exit status and output."""

    def run(*words, **more):
        done = CliRunner().invoke(cli, [str(word) for word in words], **more)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done

    return run


@pytest.fixture
def shop(parley, tmp_path):
    """Let the server "shop" know its hours, and return the file that contradicts them."""
    (tmp_path / "hours.md").write_text(HOURS)
    (tmp_path / "other.md").write_text(OTHER)
    assert parley("knowledge", "add", tmp_path / "hours.md", "--server", "shop", "--yes").exit_code == 0
    return tmp_path / "other.md"


def names(parley):
    listed = parley("knowledge", "list", "--server", "shop").stdout
    return [name for name in ("hours.md", "other.md") if name in listed]


def test_a_dry_run_shows_everything_and_adds_nothing(parley, shop):
    """New passages, contradictions with their dates and repetitions are shown, and the server stays as it was."""
    done = parley("knowledge", "add", shop, "--server", "shop", "--dry-run")
    assert done.exit_code == 0
    assert "other.md: 2 new" in done.stdout
    assert '"Open Mon 9-17" contradicts hours.md, Opening hours (20' in done.stdout
    assert "= other.md, Mara says what hours.md, Who is Mara? (20" in done.stdout
    assert names(parley) == ["hours.md"]


def test_a_script_is_shown_what_contradicts_and_the_file_is_added(parley, shop):
    """Where nobody can be asked, findings stand above the report, and ``--yes`` looks for none."""
    done = parley("knowledge", "add", shop, "--server", "shop")
    assert "contradicts" in done.stdout
    assert "+ other.md: new, 2 entries" in done.stdout
    parley("knowledge", "remove", "other.md", "--server", "shop")
    assert "contradicts" not in parley("knowledge", "add", shop, "--server", "shop", "--yes").stdout
    assert names(parley) == ["hours.md", "other.md"]


def test_whoever_says_no_has_added_nothing(shop, parley, monkeypatch):
    """At a terminal the addition is asked about after it was shown, and no leaves the server as it was."""
    monkeypatch.setattr("bot.adding.sys.stdin", type("Terminal", (), {"isatty": lambda _: True})())
    answers = iter(["n", "y"])
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: next(answers))
    addition = Addition(settings.load(), "shop", [str(shop)], ())
    with pytest.raises(click.Abort):
        addition.looked_at(dry_run=False, as_json=False)
    assert names(parley) == ["hours.md"]
    assert addition.looked_at(dry_run=False, as_json=False).altered
    assert names(parley) == ["hours.md", "other.md"]


def test_json_holds_what_is_shown(parley, shop):
    """One object tells documents, passages, contradictions, repetitions, and whether anything was added."""
    look = json.loads(parley("knowledge", "add", shop, "--server", "shop", "--dry-run", "--json").stdout)
    [document] = look["documents"]
    assert (document["name"], document["outcome"], len(document["new"]), look["added"]) == ("other.md", "new", 2, False)
    [found] = look["conflicts"]
    assert (found["kind"], found["says"], found["other_says"]) == ("hours", "Open Mon 9-17", "Open Mon 10-18")
    assert found["other"]["document"] == "hours.md"
    assert found["other"]["taken"]
    assert len(look["duplicates"]) == 1
    assert json.loads(parley("knowledge", "add", shop, "--server", "shop", "--json").stdout)["added"]
    told = json.loads(parley("knowledge", "add", shop, "--server", "shop", "--yes", "--json").stdout)
    assert [one["outcome"] for one in told["documents"]] == ["unchanged"]


@pytest.mark.parametrize("more", [[], ["--yes"], ["--dry-run"], ["--json"]])
def test_an_address_that_is_not_public_is_refused(parley, shop, more):
    """A link into the machine's own network is a sentence and status 1, however it is added."""
    done = parley("knowledge", "add", "http://127.0.0.1:1/faq", "--server", "shop", *more)
    assert done.exit_code == 1
    assert "does not lead to a public address" in done.output
    assert names(parley) == ["hours.md"]


def test_what_the_files_cannot_answer_is_a_gap(parley, shop):
    """Questions that were left unsure are listed with their count; those that were answered are not."""
    for question in ("can we rent bicycles", "Can we rent bicycles?", "who is Mara?"):
        parley("ask", question, "--server", "shop")
    [gap] = json.loads(parley("knowledge", "gaps", "--server", "shop", "--json").stdout)
    assert (gap["text"], gap["times"]) == ("Can we rent bicycles?", 2)
    assert "rent bicycles" in parley("knowledge", "gaps", "--server", "shop").stdout
    assert json.loads(parley("knowledge", "gaps", "--server", "other", "--json").stdout) == []


def test_gaps_are_deleted_on_request(parley, shop):
    """One wording, or all of them; how many went is said."""
    for question in ("can we rent bicycles", "does anybody sell umbrellas"):
        parley("ask", question, "--server", "shop")
    forget = parley("knowledge", "gaps", "--server", "shop", "--forget", "Can we rent bicycles?")
    assert forget.stdout == "1 deleted\n"
    assert parley("knowledge", "gaps", "--server", "shop", "--clear").stdout == "1 deleted\n"
    assert "could answer everything" in parley("knowledge", "gaps", "--server", "shop").stdout


def test_saved_questions_tell_which_answers_changed(parley, shop, tmp_path):
    """After an addition, a refresh and a removal, questions whose best passage is another one are named."""
    question = "when are you open on Mon"
    added = parley("knowledge", "questions", "add", question, "--server", "shop")
    assert "hours.md Opening hours" in added.stdout
    [saved] = json.loads(parley("knowledge", "questions", "list", "--server", "shop", "--json").stdout)
    assert (saved["text"], saved["found"]["document"]) == (question, "hours.md")
    assert f"? {question}: was" in parley("knowledge", "add", shop, "--server", "shop", "--yes").stdout
    (tmp_path / "other.md").write_text(OTHER.replace("9-17", "8-12"))
    assert "is When are you open? Open Mon 8-12" in parley("knowledge", "refresh", "--server", "shop").stdout
    assert f"? {question}: was" not in parley("knowledge", "refresh", "--server", "shop").stdout
    assert f"? {question}: was" in parley("knowledge", "remove", "other.md", "--server", "shop").stdout
    assert question in parley("knowledge", "questions", "list", "--server", "shop").stdout
    assert parley("knowledge", "questions", "remove", question, "--server", "shop").exit_code == 0
    again = parley("knowledge", "questions", "remove", question, "--server", "shop")
    assert again.exit_code == 1
    assert "is not saved" in again.stderr
    assert "No question is saved" in parley("knowledge", "questions", "list", "--server", "shop").stdout
