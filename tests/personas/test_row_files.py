import json
from collections import Counter

import pytest
from bosun_persona import ROWS, as_lines

from personas import row_files
from personas.persona import BadPersona
from personas.rows import read_rows

PAIR = {"question": "hello there", "answer": "Ahoy, mate."}


def lines(*records):
    return "".join(f"{record if isinstance(record, str) else json.dumps(record)}\n" for record in records)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "chats.jsonl"


def test_rows_are_appended_once(bosun, file):
    """Rows that the persona or the file has already are skipped and counted; a last line without an end stays whole."""
    path = bosun.folder / "examples.jsonl"
    path.write_text(as_lines(ROWS).rstrip("\n"))
    (bosun.folder / "exam.jsonl").write_text(
        as_lines([{"messages": [{"role": "user", "content": "bye"}, {"role": "assistant", "content": "Fair winds."}],
                   "skill": "small_talk", "domain": "chat"}])
    )  # fmt: skip
    file.write_text(lines(PAIR, ROWS[0], PAIR, {"question": "bye", "answer": "Fair winds."}))
    found = row_files.read(file, bosun)
    assert found.shapes == Counter(pairs=3, messages=1)
    added = row_files.add(found.rows, bosun, "examples.jsonl")
    assert ([row.reply for row in added.rows], added.doubles) == (["Ahoy, mate."], 3)
    assert [row.reply for row in read_rows(path)] == [*(row["messages"][1]["content"] for row in ROWS), "Ahoy, mate."]


def test_every_faulty_row_is_listed_and_nothing_written(bosun, file):
    """One message names each line that is no row, and why; the persona's rows stay as they were."""
    faulty = [
        "not JSON",
        "[1]",
        {"text": "all in one"},
        {"messages": [{"role": "user", "content": "hi"}]},
        {"messages": [{"role": "tool", "content": "x"}, {"role": "assistant", "content": "y"}]},
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "y", "weight": 0}]},
        {"conversations": "hi"},
        {"prompt": "hi", "completion": None},
        {"question": "hi", "answer": ""},
        {"question": "hi", "answer": "yo", "skill": "dance"},
        {"question": "hi", "answer": "yo", "notes": "not a list"},
        {"question": "hi", "answer": "yo", "history": [["alone"]]},
        '{"question": ' + "[" * 100_000,
        '{"question": "\\ud800", "answer": "yo"}',
    ]
    file.write_text(lines(PAIR, *faulty))
    before = (bosun.folder / "examples.jsonl").read_bytes()
    with pytest.raises(BadPersona) as raised:
        row_files.read(file, bosun)
    told = str(raised.value).splitlines()[1:]
    assert [line.partition(":")[0] for line in told] == [f"line {number}" for number in range(2, len(faulty) + 2)]
    assert all(len(line.partition(": ")[2]) > len("is no") for line in told)
    assert (bosun.folder / "examples.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.jsonl", b"\n\n", "holds no rows"),
        ("a.json", b"[{]", "is no JSON array"),
        ("a.csv", b"question,answer\nhi,\xff\n", "is no table"),
        ("a.csv", b"question,answer\nhi\n", "line 2: has more or fewer cells"),
        ("a.csv", b"word,meaning\nhi,yo\n", "line 2: no known format has these keys alone: word, meaning"),
        ("a.jsonl", b'{"question": "caf\xe9", "answer": "yo"}', "line 1: 'utf-8' codec"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(bosun, tmp_path, name, data, told):
    """An empty file, one in another encoding and one of another kind end in a sentence."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadPersona) as raised:
        row_files.read(tmp_path / name, bosun)
    assert told in str(raised.value)


def test_a_named_format_is_held_to(bosun, file):
    """Where the author says what the rows are, rows that are not are told."""
    file.write_text(lines(PAIR))
    for shape in ("messages", "sharegpt", "prompt-completion", "prompt-completion-text", "alpaca"):
        with pytest.raises(BadPersona, match="line 1: has no "):
            row_files.read(file, bosun, shape)
    assert len(row_files.read(file, bosun, "pairs").rows) == 1


def test_rows_with_faults_are_not_added_to(bosun, file):
    """Where the persona's own file has faults, it is told and left alone."""
    path = bosun.folder / "examples.jsonl"
    path.write_text("broken\n")
    file.write_text(lines(PAIR))
    with pytest.raises(BadPersona, match="line 1"):
        row_files.add(row_files.read(file, bosun).rows, bosun, "examples.jsonl")
    assert path.read_text() == "broken\n"


def test_a_file_that_cannot_be_written_stays_as_it_was(bosun, file):
    """Where nothing can be written, a sentence says so and no half file is left."""
    (bosun.folder / ".examples.jsonl.new").mkdir()
    before = (bosun.folder / "examples.jsonl").read_bytes()
    file.write_text(lines(PAIR))
    rows = row_files.read(file, bosun).rows
    with pytest.raises(BadPersona, match=r"cannot be written .*nothing was changed"):
        row_files.add(rows, bosun, "examples.jsonl")
    assert (bosun.folder / "examples.jsonl").read_bytes() == before
