"""Managed training against a server on this machine that follows OpenAI's published schema."""

import json
import socket
from dataclasses import replace

import pytest
from bosun_persona import ROWS
from fine_tuning_server import BASE, KEY, Row, fault
from hypothesis import given
from hypothesis import strategies as st

from personas.adapters import BadAdapter, admit, checked
from personas.managed_job import JobFailed
from personas.managed_rows import training_file
from personas.managed_training import ManagedTraining
from personas.prompt import RULE, teach
from personas.rows import BadPersona, Example
from personas.versions import current, install, rollback

TALK = [
    {"role": "user", "content": "ahoy"},
    {"role": "assistant", "content": "Ahoy."},
    *ROWS[0]["messages"],
]
MANY = [*ROWS, ROWS[0] | {"messages": TALK}, ROWS[1], ROWS[2], ROWS[3]]
FILES, JOBS, JOB = ("POST", "/files"), ("POST", "/fine_tuning/jobs"), ("GET", "/fine_tuning/jobs/ftjob-0")


@pytest.fixture
def bosun(tmp_path, write_persona):
    return write_persona(tmp_path / "library", rows=MANY)


@pytest.fixture
def file(bosun):
    return training_file(bosun)


@pytest.fixture
def training(fine_tuning, tmp_path):
    return ManagedTraining(fine_tuning.url, KEY, tmp_path / "managed")


@pytest.fixture
def begin(training, file):
    """Return a way to begin a job for the bosun."""

    def begin():
        with training.jobs.alone("bosun"):
            return training.begin("bosun", file, BASE, 3)

    return begin


def test_every_row_is_what_the_server_is_asked_later(bosun, file):
    """The uploaded turns are those that serving sends, and of the replies only the last is learnt."""
    rows = [Row.model_validate_json(line) for line in file.data.splitlines()]
    assert len(rows) == len(MANY)
    for row, written in zip(rows, MANY, strict=True):
        turns, reply = teach(bosun, Example.model_validate(written))
        assert [(m.role, m.content) for m in row.messages] == [
            *((turn.role, turn.content) for turn in turns),
            ("assistant", reply),
        ]
        assert row.messages[0].content == RULE
        assert all(message.weight == 0 for message in row.messages[:-1] if message.role == "assistant")
        assert row.messages[-1].weight is None
    assert 0.5 < file.tokens / (len(file.data) / 4) < 1.5


@given(st.lists(st.text(min_size=1).filter(lambda text: text.strip()), min_size=10, max_size=14))
def test_any_text_arrives_as_it_was_written(tmp_path_factory, write_persona, replies):
    """Line breaks, quotes and any letters of a reply survive the file; no row becomes two."""
    rows = [ROWS[0] | {"messages": [ROWS[0]["messages"][0], {"role": "assistant", "content": r}]} for r in replies]
    made = training_file(write_persona(tmp_path_factory.mktemp("any"), rows=rows))
    lines = made.data.decode().split("\n")[:-1]
    assert [json.loads(line)["messages"][-1]["content"] for line in lines] == replies
    assert made.lines == tuple(range(1, len(replies) + 1))


def test_too_few_rows_are_said(tmp_path, write_persona):
    """Nine rows are refused here, before anything is sent."""
    with pytest.raises(BadPersona, match="8 rows, and managed training takes no fewer than 10"):
        training_file(write_persona(tmp_path / "library"))


def test_a_voice_is_trained_and_can_be_served(fine_tuning, training, begin, file, bosun, tmp_path):
    """Upload, job, wait: the card names the model, and the version serves where that server is asked, else not."""
    steps = []
    job = begin()
    card = training.finish(job, file, lambda *now: steps.append(now))
    assert len(fine_tuning.rows()) == len(MANY)
    [made] = fine_tuning.jobs.values()
    assert (made.model, made.suffix, made.seed, made.method.supervised.hyperparameters.n_epochs) == (
        BASE,
        "bosun",
        7,
        3,
    )
    assert card["managed"] == {"model": f"ft:{BASE}:org:bosun:0", "job": "ftjob-0", "server": fine_tuning.url}
    assert (card["rows"], card["base"]["name"]) == ({"bosun": file.rows_sha256}, BASE)
    assert card["trained_tokens"] == len(file.data) // 4
    assert [now[2] for now in steps] == ["validating files", "queued", "running", "running"]
    assert steps[-1][:2] == (24, 30)
    assert fine_tuning.deleted == [job.file]
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps(card))
    version = install(checked(folder, fine_tuning.url), "bosun", tmp_path / "adapters")
    assert version.model == card["managed"]["model"]
    assert current(bosun, tmp_path / "adapters", fine_tuning.url).adapter == version
    assert current(bosun, tmp_path / "adapters", "https://elsewhere.example/v1").adapter is None
    assert rollback(bosun, tmp_path / "adapters", fine_tuning.url).adapter is None


def test_an_interrupted_wait_goes_on_with_the_same_job(fine_tuning, training, begin, file):
    """Whoever stops while the server trains finds the job again, and only one is ever made."""

    def stop(*_):
        raise KeyboardInterrupt

    job = begin()
    with pytest.raises(KeyboardInterrupt):
        training.finish(job, file, stop)
    again = training.under_way("bosun")
    assert again == job
    assert training.finish(again, file)["managed"]["job"] == job.id
    assert fine_tuning.count(*JOBS) == 1
    assert training.under_way("bosun") == job  # until its voice is kept
    training.jobs.forget(job)
    assert training.under_way("bosun") is None


@pytest.mark.parametrize(("fault", "words"), [("cut", "not paid for twice"), ("gateway", "the same command again")])
def test_a_lost_answer_is_not_paid_for_twice(fine_tuning, training, begin, file, fault, words):
    """A job that was made while the connection broke is found by its file, not made again."""
    fine_tuning.faults[JOBS] = [fault]
    with pytest.raises(JobFailed, match=words):
        begin()
    assert list(fine_tuning.jobs) == ["ftjob-0"]
    found = training.under_way("bosun")
    assert found.id == "ftjob-0"
    training.finish(found, file)
    assert fine_tuning.count(*JOBS) == 1


def test_a_job_that_was_never_made_is_forgotten(fine_tuning, training, begin):
    """Where the request did not get through, the next run begins anew; the uploaded rows are deleted."""
    fine_tuning.faults[JOBS] = [(503, fault("overloaded"), {})]
    with pytest.raises(JobFailed, match="too busy or has a fault of its own"):
        begin()
    assert training.under_way("bosun") is None
    assert fine_tuning.deleted == ["file-0"]


@pytest.mark.parametrize(
    ("asked", "answer", "words"),
    [
        (FILES, (401, fault("Incorrect API key", "invalid_api_key"), {}), "refuses the key: set PARLEY_REMOTE_KEY"),
        (FILES, (403, fault("no access"), {}), r"does not let this account train \(no access\)"),
        (FILES, (404, fault("what?"), {}), "does not know what it was asked for"),
        (FILES, (429, fault("You exceeded", "insufficient_quota"), {}), r"cannot pay \(You exceeded\): add credit"),
        (FILES, (429, fault("slow down", "rate_limit_exceeded"), {}), r"too busy .*\(slow down\)"),
        (FILES, (307, {}, {"location": "https://other.example/v1?x"}), "sends us on to https://other.example/v1: "),
        (FILES, (200, "<html>Welcome</html>", {}), "answered without id where"),
        (FILES, (200, {"object": "file"}, {}), "answered without id where"),
        (FILES, (400, fault("Line 3 is no JSON"), {}), r"refuses the training \(line 3 of examples.jsonl\): Line 3"),
        (JOBS, (400, fault("Model x is not available"), {}), "refuses the training: Model x is not available. Mend"),
        (JOB, (500, "<html>oops</html>", {}), r"a fault of its own \(no words\)"),
        (JOB, (200, {"id": "ftjob-0"}, {}), "answered without status where"),
        (JOB, (200, {"id": "ftjob-0", "status": "paused"}, {}), "is paused: resume it at"),
        (JOB, (200, {"id": "ftjob-0", "status": "cancelled"}, {}), "ftjob-0 was cancelled"),
        (JOB, (200, {"id": "ftjob-0", "status": "failed", "error": {}}, {}), "refuses the training: no words"),
        (JOB, (200, {"id": "ftjob-0", "status": "succeeded"}, {}), "answered without fine_tuned_model"),
    ],
)
def test_each_fault_is_a_sentence(fine_tuning, training, begin, file, asked, answer, words):
    """Whatever the server answers, the author reads what is wrong; one line, and no second job."""
    fine_tuning.faults[asked] = [answer]
    with pytest.raises(JobFailed, match=words) as failed:
        training.finish(begin(), file)
    assert "\n" not in str(failed.value)
    assert fine_tuning.count(*JOBS) == (asked != FILES)


def test_nobody_there_is_a_sentence(tmp_path, file):
    """A network that is away is said, and what to do."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    training = ManagedTraining(away, KEY, tmp_path / "managed")
    with training.jobs.alone("bosun"), pytest.raises(JobFailed, match=f"No answer from {away}: see to the network"):
        training.begin("bosun", file, BASE, 3)


def test_no_key_is_a_sentence(tmp_path):
    """Without a key nobody is asked."""
    with pytest.raises(JobFailed, match="No key is set: set PARLEY_REMOTE_KEY"):
        ManagedTraining("https://api.openai.com/v1", None, tmp_path)


def test_a_refused_file_is_said_with_its_row(fine_tuning, training, bosun):
    """The line that the author reads is the one of examples.jsonl, which has blank lines too."""
    lines = [json.dumps(row) for row in MANY]
    lines[4] = lines[4].replace("Arr", "poison")
    (bosun.folder / "examples.jsonl").write_text("\n\n".join(lines) + "\n")
    file = training_file(bosun)
    with training.jobs.alone("bosun"):
        job = training.begin("bosun", file, BASE, 3)
    with pytest.raises(JobFailed, match=r"refuses the training \(line 9 of examples.jsonl\): .*Line 5 is not"):
        training.finish(job, file)
    assert training.under_way("bosun") is None
    assert fine_tuning.deleted == [job.file]


def test_a_job_is_cancelled(fine_tuning, training, begin):
    """The server is told, and the job forgotten; there is nothing to cancel twice."""
    job = begin()
    assert training.cancel("bosun") == job
    assert fine_tuning.count("POST", "/fine_tuning/jobs/ftjob-0/cancel") == 1
    with pytest.raises(JobFailed, match="nothing to cancel"):
        training.cancel("bosun")


def test_a_job_that_is_done_is_not_cancelled(fine_tuning, training, begin):
    """What was paid for is not thrown away by a late word."""
    job = begin()
    fine_tuning.seen[job.id] = len(fine_tuning.course)
    with pytest.raises(JobFailed, match="is done and paid for"):
        training.cancel("bosun")
    assert training.under_way("bosun") == job


def test_a_job_that_the_server_forgot_can_be_forgotten_here(fine_tuning, training, begin):
    """Cancelling is the way out of a job that nobody knows any more."""
    job = begin()
    fine_tuning.jobs.clear()
    with pytest.raises(JobFailed, match="forget a job with --cancel"):
        training.finish(job, None)
    training.cancel("bosun")
    assert training.under_way("bosun") is None


def test_two_at_once_are_one_too_many(training, tmp_path):
    """While one process trains a persona, another one is told to wait."""
    other = ManagedTraining(training.shown, KEY, tmp_path / "managed")
    busy = pytest.raises(JobFailed, match="Another process is at the managed training of bosun")
    with training.jobs.alone("bosun"), busy, other.jobs.alone("bosun"):
        pass


@pytest.mark.parametrize("known", [True, False])
def test_a_job_belongs_to_its_server(training, begin, tmp_path, known):
    """A job that was begun elsewhere is not looked for here, with or without its id."""
    job = begin()
    if not known:
        training.jobs.keep(replace(job, id=None))
    other = ManagedTraining("https://elsewhere.example/v1", KEY, tmp_path / "managed")
    with pytest.raises(JobFailed, match=f"was begun at {training.shown}, not at https://elsewhere.example/v1"):
        other.under_way("bosun")


@pytest.mark.parametrize("text", ["", "[]", '{"persona": "bosun"}', '{"id": 1', "null"])
def test_a_damaged_record_is_a_sentence(training, begin, text):
    """It is never taken for the absence of a job."""
    begin()
    training.jobs.path("bosun").write_text(text)
    with pytest.raises(JobFailed, match="cannot be read"):
        training.under_way("bosun")


@pytest.mark.parametrize(
    "managed",
    [None, [], {}, {"model": "m"}, {"model": "", "server": "s"}, {"model": 1, "server": "s"}, {"model": "m\n"}],
)
def test_a_card_without_its_model_is_refused(tmp_path, managed):
    """A managed voice whose card does not say who speaks is no voice."""
    (tmp_path / "card.json").write_text(json.dumps({"persona": "bosun", "managed": managed}))
    with pytest.raises(BadAdapter, match="does not say under managed which model"):
        checked(tmp_path, "https://api.openai.com/v1")


def test_a_card_alone_is_no_adapter_of_ours(tmp_path):
    """Without weights and without a server that has them, the missing files are named."""
    (tmp_path / "card.json").write_text(json.dumps({"persona": "bosun"}))
    with pytest.raises(BadAdapter, match="lacks adapter_model"):
        checked(tmp_path, "https://api.openai.com/v1")


def test_a_card_that_was_changed_is_another_voice(fine_tuning, bosun, tmp_path):
    """A version whose card names another model than when it was installed does not serve, and the reason is said."""
    card = {"persona": "bosun", "managed": {"model": "ft:one", "server": fine_tuning.url}}
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "card.json").write_text(json.dumps(card))
    root = tmp_path / "adapters"
    version = install(checked(tmp_path / "made", fine_tuning.url), "bosun", root)
    assert admit(version.folder, "bosun", fine_tuning.url) == version
    (version.folder / "card.json").write_text(json.dumps(card).replace("ft:one", "ft:two"))
    served = current(bosun, root, fine_tuning.url)
    assert served.adapter is None
    assert "has been changed since it was installed" in served.refused[0]
