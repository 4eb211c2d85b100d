"""The command line as scripts use it: what it prints, its exit status, and that bad input changes nothing."""

import gc
import hashlib
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from bot.__main__ import cli
from bot.demo import SAMPLES
from knowledge.sqlite_store import SqliteStore

FAQ = "# Do you deliver to Princeton?\nWe deliver to Princeton for $7.95.\n\n# Is there parking?\nParking is free.\n"
ANSWER_KEYS = "id server persona adapter question reply verdict sources unsupported timings_ms".split()
SOURCE_KEYS = "n document section entry passage score".split()


@pytest.fixture(autouse=True)
def echo(home, monkeypatch):
    monkeypatch.setenv("PARLEY_ENGINE", "echo")
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def parley():
    """Return a way to run a command, which comes back with its exit status, output and errors."""

    def run(*words, **more):
        done = CliRunner().invoke(cli, [str(word) for word in words], **more)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        done.exception = done.exc_info = None  # they keep files open that a process of its own would have closed
        return done

    return run


@pytest.fixture
def faq(tmp_path):
    path = tmp_path / "faq.md"
    path.write_text(FAQ)
    return path


@pytest.fixture
def shop(parley, faq):
    """Let the server "shop" know the FAQ."""
    assert parley("knowledge", "add", faq, "--server", "shop", "--yes").exit_code == 0
    return "shop"


@pytest.fixture
def state(home):
    """Return a way to take the names and contents of all files in the data folder."""

    def taken():
        gc.collect()
        files = sorted(path for path in home.rglob("*") if path.is_file())
        return [(str(path.relative_to(home)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]

    return taken


def lines(path, *rows):
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return path


def test_ask_prints_the_answer_and_its_source(parley, shop):
    """Without a flag, the reply stands after the persona's name, with its source underneath."""
    done = parley("ask", "do you deliver to Princeton?", "--server", shop, "--persona", "florist")
    assert done.exit_code == 0
    assert done.stdout.startswith("florist: ")
    assert "$7.95" in done.stdout
    assert "[1] faq.md, Do you deliver to Princeton?" in done.stdout


def test_ask_json_keeps_the_contract(parley, shop):
    """An answer has exactly the promised keys, in order, and so have its sources and timings."""
    done = parley("ask", "do you deliver to Princeton?", "--server", shop, "--json")
    answer = json.loads(done.stdout)
    assert list(answer) == ANSWER_KEYS
    assert [list(source) for source in answer["sources"]] == [SOURCE_KEYS]
    assert list(answer["timings_ms"]) == ["retrieve", "generate", "check", "total"]
    assert all(isinstance(value, int) for value in answer["timings_ms"].values())
    assert (answer["server"], answer["persona"], answer["adapter"]) == ("shop", "game-companion", None)
    assert (answer["verdict"], answer["sources"][0]["document"]) == ("answered", "faq.md")
    assert done.stderr == ""


def test_ask_batch_answers_in_order(parley, shop, tmp_path):
    """One line comes back for each question, in the file's order, under the file's ids."""
    asked = ["is there parking?", "hello", "do you deliver to Princeton?", "who is the king of the north?"] * 3
    rows = [{"id": n, "server": shop, "persona": "florist", "text": text} for n, text in enumerate(asked)]
    done = parley("ask", "--batch", lines(tmp_path / "batch.jsonl", *rows, "\n"), "--json")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert [answer["id"] for answer in answers] == [str(n) for n in range(12)]
    assert [answer["question"] for answer in answers] == asked
    assert [answer["verdict"] for answer in answers[:4]] == ["answered", "chat", "answered", "unsure"]
    assert all(list(answer) == ANSWER_KEYS for answer in answers)


def test_ask_batch_takes_any_character_in_a_line(parley, shop, tmp_path):
    """A line ends at a line feed, not at the other characters that end a line somewhere."""
    row = {"id": 1, "server": shop, "text": "is there\u2028parking?"}
    (tmp_path / "batch.jsonl").write_bytes(json.dumps(row, ensure_ascii=False).encode() + b"\r\n")
    answer = json.loads(parley("ask", "--batch", tmp_path / "batch.jsonl", "--json").stdout)
    assert (answer["question"], answer["verdict"]) == (row["text"], "answered")


def test_ask_batch_goes_on_after_a_question_that_cannot_be_answered(parley, shop, tmp_path):
    """It gets a sentence in place of a reply, the others their answers, and the exit status says so."""
    rows = [
        {"id": "a", "server": shop, "persona": "nobody", "text": "hello"},
        {"id": "b", "server": "nowhere", "text": "hello"},
        {"id": "c", "server": shop, "text": "  "},
        {"id": "d", "server": shop, "text": "hello"},
    ]
    done = parley("ask", "--batch", lines(tmp_path / "batch.jsonl", *rows), "--json")
    *failed, answered = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    assert [(row["id"], list(row)) for row in failed] == [(n, ["id", "server", "error"]) for n in "abc"]
    assert (answered["id"], answered["verdict"]) == ("d", "chat")


def test_chat_answers_line_after_line(parley, shop):
    """A conversation ends with an empty line, and a fault in it does not end it."""
    done = parley("chat", "--server", shop, input=f"hello\n{'why ' * 300}\nis there parking?\n\nnever read\n")
    assert done.exit_code == 0
    assert "hello" in done.stdout
    assert "Parking is free." in done.stdout
    assert "at most 1,000" in done.stderr
    assert "never read" not in done.stdout


def test_knowledge_is_added_listed_refreshed_and_removed(parley, shop, faq):
    """What was added is listed; an edited file is taken in; a removed document no longer answers."""
    listed = parley("knowledge", "list", "--server", shop).stdout
    assert "faq.md" in listed
    assert str(faq) in listed
    assert "= faq.md: unchanged" in parley("knowledge", "add", faq, "--server", shop).stdout
    faq.write_text(FAQ.replace("$7.95", "$8.25"))
    assert "~ faq.md: changed, 2 entries" in parley("knowledge", "refresh", "--server", shop).stdout
    assert "$8.25" in parley("ask", "do you deliver to Princeton?", "--server", shop).stdout
    assert "- faq.md: removed" in parley("knowledge", "remove", "faq.md", "--server", shop).stdout
    answer = json.loads(parley("ask", "do you deliver to Princeton?", "--server", shop, "--json").stdout)
    assert (answer["verdict"], answer["sources"]) == ("unsure", [])


def test_a_document_can_belong_to_a_channel(parley, faq):
    """Asked from the channel it answers, from anywhere else it does not."""
    parley("knowledge", "add", faq, "--server", "shop", "--channel", "desk", "--channel", "van")
    question = ["ask", "is there parking?", "--server", "shop", "--json"]
    assert json.loads(parley(*question, "--channel", "van").stdout)["verdict"] == "answered"
    assert json.loads(parley(*question).stdout)["verdict"] == "unsure"


def test_search_json_keeps_the_contract(parley, shop, tmp_path):
    """A search has exactly the promised keys, one by one and in a batch, and obeys its limit."""
    one = json.loads(parley("knowledge", "search", "parking", "--server", shop, "--limit", "1", "--json").stdout)
    assert list(one) == ["id", "query", "answerable", "passages"]
    assert [list(passage) for passage in one["passages"]] == [SOURCE_KEYS[1:]]
    assert 0 <= one["answerable"] <= 1
    assert "Parking is free." in one["passages"][0]["passage"]
    rows = [{"id": n, "server": shop, "text": text} for n, text in enumerate(["delivery", "parking"])]
    batch = parley("knowledge", "search", "--batch", lines(tmp_path / "b.jsonl", *rows), "--limit", "1", "--json")
    found = [json.loads(line) for line in batch.stdout.splitlines()]
    assert [row["id"] for row in found] == ["0", "1"]
    assert found[1] | {"id": ""} == one
    assert "Parking is free." in parley("knowledge", "search", "parking", "--server", shop).stdout


def test_calibrate_shows_what_each_setting_of_silence_does(parley, shop, tmp_path):
    """On the server's own entries or on a file of questions; too few of either is a sentence."""
    questions = lines(
        tmp_path / "own.jsonl",
        {"text": "is there parking?", "answerable": True},
        {"text": "who is the king of the north?", "answerable": False},
    )
    shown = json.loads(parley("knowledge", "calibrate", "--server", shop, "--questions", questions, "--json").stdout)
    assert (shown["silence"], shown["questions"], len(shown["settings"])) == (0.35, 2, 21)
    assert shown["settings"][0] == {"silence": 0, "answers": 1, "silent": 0}
    assert "<- your setting" in parley("knowledge", "calibrate", "--server", shop, "--questions", questions).stdout
    assert parley("knowledge", "calibrate", "--server", shop).exit_code == 1
    broken = lines(tmp_path / "broken.jsonl", {"text": "is there parking?", "answerable": "yes"})
    assert "Line 1" in parley("knowledge", "calibrate", "--server", shop, "--questions", broken).stderr


def test_export_gives_back_the_files_as_they_were(parley, shop, tmp_path):
    """The exported file is byte for byte the one that was added, and no file is ever overwritten."""
    out = tmp_path / "out"
    assert parley("knowledge", "export", out, "--server", shop).exit_code == 0
    assert (out / "faq.md").read_text() == FAQ
    again = parley("knowledge", "export", out, "--server", shop)
    assert again.exit_code == 1
    assert "not empty" in again.stderr


def test_personas_are_listed_shown_and_checked(parley):
    """The list has every persona; showing one prints its card and an example; checking one finds it sound."""
    listed = parley("persona", "list").stdout
    assert all(name in listed for name in ("florist", "game-companion", "grumpy-pirate"))
    shown = parley("persona", "show", "grumpy-pirate").stdout
    for part in ("Grumpy Pirate", "480 examples, 180 exam questions", "system: Answer from the notes.", "Notes:"):
        assert part in shown
    checked = parley("persona", "check", "florist")
    assert (checked.exit_code, "florist is sound" in checked.stdout) == (0, True)


def test_doctor_says_what_is_missing(parley, monkeypatch, tmp_path):
    """Missing models make the status 1 and are named with what to do; a missing token alone does not."""
    monkeypatch.setenv("PARLEY_MODELS", str(tmp_path))
    done = parley("doctor")
    assert done.exit_code == 1
    assert "run `parley setup`" in done.stdout
    assert "ok    No Discord token is set" in done.stdout


def test_the_demo_shows_the_owners_edit(parley, home):
    """The demo runs without a model too, ends with the edited hour, and leaves nothing behind."""
    done = parley("demo")
    assert done.exit_code == 0
    before, after = done.stdout.split("The owner edits the file")
    assert "8 am to 2 pm" in before
    assert "7 am to 11:30 am" in after
    assert list(home.iterdir()) == []


BAD_COMMANDS = {
    "no persona named 'nobody'. Known personas: clerk, florist": "ask hello --server shop --persona nobody",
    "no persona named '../florist'": "ask hello --server shop --persona ../florist",
    "Nothing is known for the server 'nowhere' yet": "ask hello --server nowhere",
    "'../shop' cannot be a server's name": "ask hello --server ../shop",
    "'..' cannot be a server's name": "knowledge list --server ..",
    "for the server 'nobody' yet": "knowledge refresh --server nobody",
    "for the server 'nothing' yet": "knowledge search hello --server nothing",
    "for the server 'none' yet": "knowledge export out --server none",
    "for the server 'unknown' yet": "chat --server unknown",
    "no document of that name; there are: faq.md": "knowledge remove ../faq.md --server shop",
    "no persona named 'who'": "persona show who",
    "no persona named 'ghost'": "persona check ghost",
    "There is no Discord token": "bot",
    "cannot be read as text": "ask --batch no-such-file --json",
    "No such file or directory": "knowledge add no-such-file.md --server shop",
}


@pytest.mark.parametrize("sentence", BAD_COMMANDS)
def test_a_wrong_name_is_a_sentence_and_changes_nothing(parley, shop, state, sentence):
    """A name that is unknown or leads elsewhere ends in one line that says so, status 1 and the same files."""
    before = state()
    done = parley(*BAD_COMMANDS[sentence].split())
    assert_refused(done, sentence)
    assert state() == before


def assert_refused(done, sentence):
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("text", "sentence"), [("", "is empty"), (" \n ", "is empty"), ("why? " * 1000, "4,999 char")])
def test_a_question_that_cannot_be_taken_is_a_sentence(parley, shop, state, text, sentence):
    """An empty question and one of 5,000 characters are refused."""
    before = state()
    assert_refused(parley("ask", text, "--server", shop), sentence)
    assert state() == before


BAD_FILES = {
    "empty.md": (b"", "empty.md is empty"),
    "blank.txt": (b" \n\n", "blank.txt"),
    "binary.md": (bytes(range(256)), "binary.md looks like a binary file"),
    "zeros.csv": (b"\0" * 100, "zeros.csv"),
    "huge.txt": (b"a fact. " * 4_000_000, "huge.txt is larger than 10 MiB"),
    "picture.png": (b"\x89PNG", "picture.png"),
    "broken.jsonl": (b'{"question": "a", "answer": "b"}\n' * 6 + b'{"question": \n', "Line 7 of broken.jsonl"),
    "broken.json": (b'[{"title": "a"', "broken.json"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_cannot_be_read_is_a_sentence(parley, shop, state, tmp_path, name):
    """An empty, binary, huge, broken or unknown file is refused by name, and what was known stays."""
    content, sentence = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    before = state()
    assert_refused(parley("knowledge", "add", tmp_path / name, "--server", shop), sentence)
    assert_refused(parley("knowledge", "add", tmp_path / name, "--server", "newcomer"), sentence)
    assert state() == before


def test_one_bad_file_does_not_keep_the_good_ones_out(parley, faq, tmp_path):
    """Of two files the good one is added; the status is 1 for the other."""
    (tmp_path / "empty.md").touch()
    done = parley("knowledge", "add", faq, tmp_path / "empty.md", "--server", "shop")
    assert_refused(done, "empty.md is empty")
    assert "+ faq.md: new, 2 entries" in done.stdout


@pytest.mark.parametrize("command", ["ask", "knowledge search"])
@pytest.mark.parametrize(
    "line", ['{"id": 7\n', '{"id": 7, "text": "hello"}\n', '"hello"\n', '{"id": 7, "server": "shop", "text": 7}\n']
)
def test_a_broken_line_of_a_batch_is_told_before_anything_is_answered(parley, shop, state, tmp_path, command, line):
    """Line 7 is named, and lines 1 to 6 are not answered either."""
    good = [{"id": n, "server": shop, "text": "hello"} for n in range(1, 7)]
    before = state()
    done = parley(*command.split(), "--batch", lines(tmp_path / "batch.jsonl", *good, line), "--json")
    assert_refused(done, "Line 7 of batch.jsonl is not {")
    assert done.stdout == ""
    assert state() == before


@pytest.mark.parametrize(
    "command", ["ask hello --server shop", "knowledge add faq.md --server new", "persona train florist"]
)
def test_without_models_every_command_says_how_to_get_them(parley, shop, state, monkeypatch, tmp_path, command):
    """Where the models' folder is empty, the sentence names `parley setup`."""
    monkeypatch.setenv("PARLEY_ENGINE", "local")
    monkeypatch.setenv("PARLEY_MODELS", str(tmp_path / "empty"))
    before = state()
    assert_refused(parley(*command.split()), "run `parley setup`")
    assert state() == before


def test_settings_that_cannot_be_used_are_all_told(parley, home, monkeypatch):
    """Faults in the environment and in the file come in one sentence that says where to mend them."""
    monkeypatch.setenv("PARLEY_ENGINE", "steam")
    (home / "parley.toml").write_text("silence = 7\ncolour = 'red'\n")
    done = parley("ask", "hello", "--server", "shop")
    assert_refused(done, "Mend parley.toml")
    assert all(name in done.stderr for name in ("engine: ", "silence: ", "colour: "))


def test_a_settings_file_that_is_no_toml_is_a_sentence(parley, home):
    """The line is told."""
    (home / "parley.toml").write_text("silence = \n")
    assert_refused(parley("ask", "hello", "--server", "shop"), "line 1")


def test_a_data_folder_that_cannot_be_used_is_a_sentence(parley, faq, monkeypatch):
    """Where the data folder is a file, the sentence names PARLEY_HOME."""
    monkeypatch.setenv("PARLEY_HOME", str(faq))
    assert_refused(parley("knowledge", "add", faq, "--server", "shop"), "set PARLEY_HOME")


@pytest.mark.parametrize(
    "words",
    [
        "ask", "ask hello", "ask --server shop", "ask hello --loud", "knowledge add --server shop", "fly",
        "knowledge list", "knowledge search x", "knowledge search x --server shop --limit 0",
        "persona train florist --epochs 0",
    ],
)  # fmt: skip
def test_wrong_usage_is_status_2(parley, words):
    """A missing or unknown argument is told by the command line itself."""
    assert parley(*words.split()).exit_code == 2


def test_help_loads_no_heavy_library():
    """The help comes from the command line alone: no model library, chat library or settings library is loaded."""
    code = (
        "import sys\nfrom bot.__main__ import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("Usage: parley ")
    heavy = "torch transformers peft discord sentence_transformers pydantic sqlite_utils apscheduler numpy rich".split()
    assert not set(heavy) & set(done.stderr.split())


def test_the_samples_can_be_added_as_folders(parley, home):
    """Both sample servers are taken in whole, each into a file of its own."""
    for folder in sorted(SAMPLES.iterdir()):
        assert parley("knowledge", "add", folder, "--server", folder.name).exit_code == 0
    assert SqliteStore(home / "servers").servers() == ["emberfall", "petal-and-stem"]
