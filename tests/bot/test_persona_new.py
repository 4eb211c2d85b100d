"""`parley persona new`, `import` and `export` as their users see them; no model is loaded."""

import json

import pytest
from click.testing import CliRunner
from tavern_card import write_png_card

from bot.__main__ import cli
from bot.settings import load as load_settings
from bot.voices import Voices
from personas.persona import load

FLAGS = ("--title", "Sea Dog", "--description", "Salty.", "--voice", "You are a sea dog.", "--opening", "Arr, listen.",
         "--says-yes", "Aye", "--word", "you=ye", "--small-talk", "Arr, ahoy.", "--rows", "40")  # fmt: skip


@pytest.fixture
def parley(tmp_path, monkeypatch):
    """Return a way to run a command with a data folder of its own."""
    monkeypatch.setenv("PARLEY_HOME", str(tmp_path / "home"))

    def run(*words, answers=None):
        done = CliRunner().invoke(cli, ["persona", *map(str, words)], input=answers)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done

    return run


@pytest.fixture
def own(tmp_path):
    return tmp_path / "home" / "personas"


def test_flags_make_a_persona_that_is_found_everywhere(parley, own):
    """It speaks from its card at once, stands in the list, can be shown, and its rows pass the check."""
    done = parley("new", "sea-dog", *FLAGS)
    assert done.exit_code == 0
    assert "40 examples, 180 exam questions" in done.stdout
    assert "parley persona check sea-dog" in done.stdout
    card = load("sea-dog", own).card
    assert (card.style.yes, card.style.words, card.lines.greeting) == (("Aye",), {"you": "ye"}, ("Arr, ahoy.",))
    settings = load_settings()
    voices = Voices(settings.libraries, settings.home / "adapters", None)
    assert voices.voice("sea-dog").persona.card == card
    assert voices.voice("florist").persona.name == "florist"


def test_questions_say_the_same_as_flags(parley, own):
    """Answers at the keyboard, each list ended by an empty line, write the files that flags write."""
    lists = ["Arr, listen.\n", "", "Aye\n", "", "you=ye\n", "", "Arr, ahoy.\n"]
    answers = "\n".join(["Sea Dog", "Salty.", "You are a sea dog.", *lists, "none", ""])
    assert parley("new", "asked", "--rows", "40", answers=answers).exit_code == 0
    assert parley("new", "told", *FLAGS).exit_code == 0
    for file in ("persona.toml", "examples.jsonl", "exam.jsonl"):
        assert (own / "asked" / file).read_bytes() == (own / "told" / file).read_bytes()


def test_a_card_may_leave_out_what_has_a_default(parley, own, tmp_path):
    """A file of a few keys is enough, and flags come before it."""
    file = tmp_path / "card.toml"
    file.write_text('title = "Owl"\ndescription = "An owl."\nvoice = "You are an owl."\n[style]\nopenings = ["Hoo."]\n')
    done = parley("new", "owl", "--from-file", file, "--title", "Great Owl", "--format", "bullets", "--json")
    assert json.loads(done.stdout)["folder"] == str(own / "owl")
    card = load("owl", own).card
    assert (card.title, card.style.openings) == ("Great Owl", ("Hoo.",))
    assert card.lines.error[0].startswith("- Hoo.")


def test_a_character_card_brings_its_facts_beside_it(parley, own, tmp_path):
    """The lorebook is written beside the persona, with the command that adds it to a server."""
    file = tmp_path / "brack.png"
    lore = {"entries": [{"keys": ["port"], "content": "The port closes at 9."}]}
    data = {"name": "Brack", "personality": "gruff", "first_mes": "Ahoy!", "character_book": lore}
    file.write_bytes(write_png_card({"spec": "chara_card_v2", "data": data}))
    done = parley("new", "brack", "--card", file)
    assert f"parley knowledge add {own / 'brack' / 'lorebook.md'} --server NAME" in done.stdout
    assert "port closes" in (own / "brack" / "lorebook.md").read_text()
    assert "port closes" not in (own / "brack" / "persona.toml").read_text()


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("new", "grumpy-pirate", *FLAGS), 1, "already"),
        (("new", "Sea Dog", *FLAGS), 1, "such as night-librarian"),
        (("new", "dog", "--title", "Dog"), 1, "description: Field required"),
        (("new", "dog", "--word", "you"), 2, "no pair of words"),
        (("new", "dog", "--from-file", "a", "--card", "b"), 2, "not both"),
        (("new", "dog", "--from-file", "nowhere.toml"), 1, "nowhere.toml cannot be read"),
        (("new", "dog", "--from-file", __file__), 1, "is not TOML"),
        (("new", "dog", "--card", __file__), 1, "is no character card"),
        (("new", "dog"), 2, "nothing was written"),
        (("import", "florist", "nowhere.jsonl"), 1, "is no file"),
        (("export", "florist", "--out", "no/such/folder.jsonl"), 1, "cannot be written"),
        (("export", "florist", "--out", __file__), 1, "is there already"),
        (("export", "florist", "--format", "openai", "--out", "a.csv"), 1, "--format pairs"),
    ],
)
def test_each_fault_is_a_sentence(parley, own, words, status, told):
    """Bad input writes nothing and says what is wrong."""
    done = parley(*words)
    assert (done.exit_code, told in done.stderr) == (status, True), done.stderr
    assert not own.exists() or not list(own.iterdir())


def test_rows_go_out_and_come_in_again(parley, own, tmp_path):
    """What one persona exports another imports, once; what was recognised is said."""
    assert parley("new", "sea-dog", *FLAGS).exit_code == 0
    assert parley("new", "sea-cat", *FLAGS, "--rows", "1").exit_code == 0
    for named in ("pairs", "trl"):
        out = tmp_path / f"{named}.jsonl"
        assert parley("export", "sea-dog", "--format", named, "--out", out).exit_code == 0
    done = parley("import", "sea-cat", tmp_path / "pairs.jsonl", "--json")
    report = json.loads(done.stdout)
    assert (report["recognised"], report["added"] + report["doubles"]) == ({"pairs": 40}, 40)
    again = parley("import", "sea-cat", tmp_path / "trl.jsonl")
    assert "40 rows of messages" in again.stdout
    assert "0 added to examples.jsonl of sea-cat, 40 were there already" in again.stdout
    assert parley("export", "sea-dog").stdout.encode() == (tmp_path / "trl.jsonl").read_bytes()


def test_rows_become_exam_questions(parley, own, tmp_path):
    """Rows are imported into the exam where that is asked for."""
    assert parley("new", "sea-dog", *FLAGS).exit_code == 0
    (tmp_path / "more.csv").write_text("question,answer\nnice hat,Arr that be so.\n")
    before = (own / "sea-dog" / "examples.jsonl").read_bytes()
    done = parley("import", "sea-dog", tmp_path / "more.csv", "--as", "exam")
    assert "1 added to exam.jsonl" in done.stdout
    assert (own / "sea-dog" / "examples.jsonl").read_bytes() == before
    assert (own / "sea-dog" / "exam.jsonl").read_text().splitlines()[-1].count("nice hat") == 1
