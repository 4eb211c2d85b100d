"""`parley persona train --managed`, from the rows to an answer of the model that came back."""

import json

import pytest
from click.testing import CliRunner
from fine_tuning_server import BASE, KEY

from bot import settings
from bot.__main__ import cli
from bot.wiring import parts

CARD = """title = "Bosun"
description = "Speaks of ropes."
voice = "You are a bosun."

[lines]
greeting = ["Ahoy."]
waiting = ["Belay that."]
not_in_notes = ["Not in the log."]
quote_opening = ["It says:"]
quote_closing = ["So there."]
error = ["A rope broke."]
"""
THINGS = ["rope", "sail", "mast", "oar", "keel", "flag", "drum", "lamp", "bell", "hook", "plank", "chart"]
TRAIN = ("persona", "train", "bosun", "--managed")


@pytest.fixture
def rows(home):
    """Return the file of a persona's rows."""
    folder = home / "personas" / "bosun"
    folder.mkdir(parents=True)
    (folder / "persona.toml").write_text(CARD)
    file = folder / "examples.jsonl"
    lines = (
        {
            "messages": [
                {"role": "user", "content": f"what does the {thing} cost?"},
                {"role": "assistant", "content": f"Arr, the {thing} costs {price} gold."},
            ],
            "notes": [f"The {thing} costs {price} gold."],
            "skill": "copy",
            "domain": "harbour",
        }
        for price, thing in enumerate(THINGS, 12)
    )
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


@pytest.fixture
def parley(rows, fine_tuning, monkeypatch):
    """Return a way to run a command with the settings that let the server speak."""
    for name, value in {
        "ENGINE": "remote", "REMOTE_URL": fine_tuning.url, "REMOTE_ADAPTERS": "none", "REMOTE_MODEL": BASE,
        "REMOTE_KEY": KEY,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"PARLEY_{name}", value)

    def run(*words, **options):
        return CliRunner().invoke(cli, [*map(str, words)], **options)

    return run


@pytest.mark.model
def test_from_rows_to_an_answer(parley, fine_tuning, tmp_path):
    """The command trains, and the model that the server made answers the next question, under its rows' prompt."""
    done = parley(*TRAIN, "--model", BASE, "--yes")
    assert done.exit_code == 0, done.output
    assert "12 rows of bosun" in done.output
    model = f"ft:{BASE}:org:bosun:0"
    assert model in done.output
    faq = tmp_path / "faq.md"
    faq.write_text("# Prices\n\nThe anchor costs 31 gold.\n")
    assert parley("knowledge", "add", faq, "--server", "harbour", "--yes").exit_code == 0
    done = parley("ask", "What does the anchor cost?", "--server", "harbour", "--persona", "bosun", "--json")
    answer = json.loads(done.stdout)
    assert (answer["verdict"], answer["unsupported"]) == ("answered", [])
    assert "31 gold" in answer["reply"]
    assert answer["adapter"].startswith("bosun-")
    [asked] = fine_tuning.chats
    assert asked["model"] == model
    assert asked["messages"][0]["content"] == fine_tuning.rows()[0].messages[0].content


def test_nothing_is_sent_without_a_yes(parley, fine_tuning):
    """The author reads what goes where and what will be billed; a no, or nobody there, sends nothing."""
    for said in ("n\n", ""):
        done = parley(*TRAIN, "--model", BASE, "--epochs", 2, input=said)
        assert done.exit_code == 1
        assert f"go to {fine_tuning.url}, to train {BASE}" in done.output
        assert "in each of 2 epochs" in done.output
    assert fine_tuning.asked == []


def test_a_stopped_command_goes_on(parley, fine_tuning, monkeypatch):
    """Run again, it asks nothing, makes no second job, and installs the voice; a third run would begin a new one."""
    stop = pytest.MonkeyPatch()
    stop.setattr("personas.managed_training.ManagedTraining.finish", _interrupt)
    assert parley(*TRAIN, "--model", BASE, "--yes").exit_code == 130
    stop.undo()
    done = parley(*TRAIN)
    assert done.exit_code == 0, done.output
    assert f"ft:{BASE}:org:bosun:0" in done.output
    assert fine_tuning.count("POST", "/fine_tuning/jobs") == 1
    assert parley(*TRAIN).exit_code == 2


def _interrupt(*_):
    raise KeyboardInterrupt


def test_rows_that_changed_do_not_lose_the_job(parley, fine_tuning, rows):
    """What was paid for is installed, and the author is told that it knows the old rows."""
    with pytest.MonkeyPatch.context() as stop:
        stop.setattr("personas.managed_training.ManagedTraining.finish", _interrupt)
        parley(*TRAIN, "--model", BASE, "--yes")
    rows.write_text("no row at all\n")
    done = parley(*TRAIN)
    assert done.exit_code == 0, done.output
    assert "examples.jsonl has changed since that job began" in done.output


def test_a_crash_before_the_voice_is_kept_loses_nothing(parley, fine_tuning):
    """The job is forgotten only once its voice is installed."""
    with pytest.MonkeyPatch.context() as stop:
        stop.setattr("personas.versions.install", _interrupt)
        assert parley(*TRAIN, "--model", BASE, "--yes").exit_code == 130
    assert "bosun-" in parley(*TRAIN).output
    assert fine_tuning.count("POST", "/fine_tuning/jobs") == 1


def test_a_job_can_be_cancelled(parley, fine_tuning):
    """The command that began it ends it."""
    with pytest.MonkeyPatch.context() as stop:
        stop.setattr("personas.managed_training.ManagedTraining.finish", _interrupt)
        parley(*TRAIN, "--model", BASE, "--yes")
    assert f"ftjob-0 at {fine_tuning.url} is cancelled" in parley(*TRAIN, "--cancel").output
    assert fine_tuning.count("POST", "/fine_tuning/jobs/ftjob-0/cancel") == 1


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ((), 2, "Say with --model which model"),
        (("--base", "somewhere"), 2, "Beside --managed only --model, --epochs, --yes and --cancel"),
        (("--model", "gpt-0", "--yes"), 1, "refuses the training: Model gpt-0 is not available for fine-tuning. Mend"),
        (("--cancel",), 1, "No managed training of bosun is under way"),
    ],
)
def test_what_cannot_be_begun_is_a_sentence(parley, words, status, sentence):
    """Flags that do not fit, a model that cannot be trained, nothing to cancel."""
    done = parley(*TRAIN, *words)
    assert done.exit_code == status
    assert sentence in " ".join(done.output.replace("│", " ").split())


def test_flags_of_managed_training_need_it(parley):
    """A model that only a server could train is not silently left out of a training on this machine."""
    done = parley("persona", "train", "bosun", "--model", BASE)
    assert done.exit_code == 2
    assert "belong to --managed" in done.output


@pytest.mark.parametrize("changed", [{"remote_adapters": "load"}, {"remote_url": "http://127.0.0.1:9/v1"}])
async def test_a_managed_voice_speaks_only_where_it_is(parley, models_folder, changed):
    """Asked elsewhere, or where adapters are loaded, the persona speaks without it."""
    parley(*TRAIN, "--model", BASE, "--yes")
    for flags, speaks in (({}, True), (changed, False)):
        async with parts(settings.load(**flags)) as ready:
            voice = ready.answerer._voices.voice("bosun")
            assert (voice.adapter is not None) == speaks


def test_versions_are_shown_and_taken_back(parley, fine_tuning):
    """List and show name the managed version, and rollback goes back to the card."""
    parley(*TRAIN, "--model", BASE, "--yes")
    assert "voice: bosun-" in parley("persona", "show", "bosun").output
    assert "bosun speaks with card only" in parley("persona", "rollback", "bosun").output
