"""Rows to and from the formats that other trainers read.

In every format the text that is learnt holds the notes as ``prompt.ask`` shows them: a trainer that knows no notes
would otherwise teach their facts by heart. Where a format allows further keys, notes, skill, domain and origin ride
along as keys of their own, and a row comes back as it was; where it does not, notes are read from the text.

Sources: OpenAI, "Supervised fine-tuning" (messages, weight); TRL, "Dataset formats and types" (messages; prompt and
completion, conversational or standard); Axolotl, "Conversation" (messages; conversations with from and value) and
"Instruction tuning" (alpaca and pairs); Unsloth, "Datasets guide" (the same); LLaMA-Factory, "Data preparation"
(history of an alpaca row).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from pydantic import ValidationError

from personas.persona import Card, Persona
from personas.prompt import noted, numbered, teach
from personas.rows import Example, Skill, told

Shape = Literal["openai", "messages", "prompt-completion", "prompt-completion-text", "sharegpt", "alpaca", "pairs"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
OTHER_NAMES: dict[str, Shape] = {"trl": "messages", "axolotl": "messages", "unsloth": "messages"}
"""Trainers, and the shape to take for each."""

_PAIRS = (("instruction", "response"), ("question", "answer"), ("prompt", "response"), ("instruction", "output"))
_TALKS: dict[str, Shape] = {"messages": "messages", "conversations": "sharegpt"}
_ROLES = {"human": "user", "gpt": "assistant", "chatgpt": "assistant", "model": "assistant", "bot": "assistant"}
_NOTED = re.compile(r"(?P<asked>.*)\n\nNotes:\n(\[1\] .*)\n\nQuestion: (?P=asked)", re.DOTALL)
_YES_NO = re.compile(r"\W*(?:yes|no|aye|nay|yep|nope|indeed|alas, no)\b", re.IGNORECASE)
_REFUSAL = re.compile(
    r"\bnot in (?:my|the|our) notes|\bnotes? (?:do not|don't|does not|doesn't) (?:say|tell|mention)"
    r"|\bnotes are silent|\b(?:do not|don't|cannot|can't) (?:know|say|tell)\b|\bno idea\b",
    re.IGNORECASE,
)
_ITEMS = re.compile(r"[^,]+(?:,[^,]+)+,? (?:and|or) ")


def shape_named(name: str) -> Shape:
    """Return the shape of that name, or the one that a trainer of that name reads. Raises KeyError."""
    found = [shape for shape in SHAPES if shape == name]
    return found[0] if found else OTHER_NAMES[name]


def shape_of(record: Mapping[str, Any]) -> Shape:
    """Tell a record's shape by its keys. Raises ValueError with what is known instead."""
    if talk := [shape for key, shape in _TALKS.items() if key in record]:
        return talk[0]
    if "prompt" in record and "completion" in record:
        return "prompt-completion-text" if isinstance(record["prompt"], str) else "prompt-completion"
    if "instruction" in record and "output" in record:
        return "alpaca"
    if any({*pair} <= {*record} for pair in _PAIRS):
        return "pairs"
    keys = ", ".join(map(str, record)) or "none"
    raise ValueError(
        f"no known format has these keys alone: {keys}. Known are messages; conversations; prompt and completion; "
        "instruction and output; instruction and response; question and answer"
    )


def from_record(record: Mapping[str, Any], shape: Shape, card: Card, origin: str) -> Example:
    """Return the row that a record holds; what it does not say is guessed.

    ``origin``: the file's name, for rows that name no origin of theirs; its stem is their domain. Raises ValueError.
    """
    turns, notes = _talk(record, shape)
    if notes is None:
        notes, turns[-2]["content"] = _unnoted(turns[-2]["content"])
    row = {
        "messages": turns,
        "notes": notes,
        "skill": record.get("skill") or guess_skill(turns[-1]["content"], notes, card),
        "domain": record.get("domain") or origin.partition(".")[0],
        "origin": origin if record.get("origin") is None else record["origin"],
    }
    try:
        return Example.model_validate(row)
    except ValidationError as error:
        raise ValueError(told(error)) from error


def to_record(row: Example, persona: Persona, shape: Shape) -> dict[str, Any]:
    """Return a row as a record of a shape. In chats the system turn is the short rule of trained voices."""
    turns, reply = teach(persona, row)
    chat = [{"role": turn.role, "content": turn.content} for turn in turns]
    said = {"role": "assistant", "content": reply}
    if shape == "openai":  # it knows these keys alone; what is not the last reply is not learnt
        earlier: list[dict[str, Any]] = [turn | ({"weight": 0} if turn["role"] == "assistant" else {}) for turn in chat]
        return {"messages": [*earlier, said]}
    further: dict[str, Any] = {"notes": row.notes, "skill": row.skill, "domain": row.domain, "origin": row.origin}
    names = {"user": "human", "assistant": "gpt", "system": "system"}
    chats: dict[Shape, dict[str, Any]] = {
        "messages": {"messages": [*chat, said]},
        "prompt-completion": {"prompt": chat, "completion": [said]},
        "sharegpt": {
            "conversations": [{"from": names[turn["role"]], "value": turn["content"]} for turn in (*chat, said)]
        },
    }
    if shape in chats:
        return chats[shape] | further
    question = noted(row.question, row.notes)
    before = [turn.content for turn in row.earlier]
    further["history"] = [list(pair) for pair in zip(before[::2], before[1::2], strict=True)]
    pairs: dict[Shape, dict[str, Any]] = {
        "alpaca": {"instruction": row.question, "input": numbered(row.notes), "output": reply},
        "prompt-completion-text": {"prompt": question, "completion": f" {reply}"},  # the two are joined as they are
        "pairs": {"question": question, "answer": reply},
    }
    return pairs[shape] | further


def guess_skill(reply: str, notes: Sequence[str], card: Card) -> Skill:
    """Say what a row teaches that does not say so itself.

    No notes: small talk. Else the first that fits of: one of the card's refusals, or words such as "not in my notes":
    refusal; begins with a yes or no: yes or no; several notes: which; three items in a row: list; else copy.
    """
    if not notes:
        return "small_talk"
    if reply in card.lines.not_in_notes or _REFUSAL.search(reply):
        return "refusal"
    if _YES_NO.match(reply):
        return "yes_no"
    if len(notes) > 1:
        return "which"
    return "list" if _ITEMS.search(reply) else "copy"


def _talk(record: Mapping[str, Any], shape: Shape) -> tuple[list[dict[str, str]], list[str] | None]:
    """Return a record's turns, without notes in the last question where they are known, and these notes."""
    notes = _notes(record)
    if shape in {"openai", "messages"}:
        turns = _turns(record["messages"], "role", "content")
    elif shape == "sharegpt":
        said = record["conversations"]
        by_role = isinstance(said, list) and bool(said) and isinstance(said[0], dict) and "role" in said[0]
        turns = _turns(said, *(("role", "content") if by_role else ("from", "value")))
    elif shape == "prompt-completion":
        turns = [*_turns(record["prompt"], "role", "content"), *_turns(record["completion"], "role", "content")]
    elif shape == "alpaca":
        turns, given = [*_history(record), *_pair(record["instruction"], record["output"])], record.get("input") or ""
        if notes is None and given:
            notes = _unnumbered(_string("input", given))
    elif shape == "prompt-completion-text":
        reply = _string("completion", record["completion"]).removeprefix(" ")
        turns = [*_history(record), *_pair(record["prompt"], reply)]
    else:
        question, reply = next((keys for keys in _PAIRS if {*keys} <= {*record}), _PAIRS[0])
        turns = [*_history(record), *_pair(record[question], record[reply])]
    if len(turns) < len(("question", "reply")):
        raise ValueError("a question and a reply are needed")
    if notes:
        turns[-2]["content"] = _bare(turns[-2]["content"], notes)
    return turns, notes


def _turns(said: object, role: str, words: str) -> list[dict[str, str]]:
    if not isinstance(said, list) or not all(isinstance(turn, dict) for turn in said):
        raise ValueError("the messages are no list of objects")
    if said and said[-1].get("weight") == 0:
        raise ValueError("the last reply has the weight 0, so nothing is to be learnt")
    turns = [{"role": _role(turn.get(role)), "content": _words(turn.get(words))} for turn in said]
    return turns[1:] if turns and turns[0]["role"] == "system" else turns


def _role(name: object) -> str:
    return _ROLES.get(str(name), str(name))


def _words(content: object) -> str:
    """Return a message's text, which OpenAI lets be a list of parts."""
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        content = "".join(str(part.get("text")) for part in content)
    return _string("content", content)


def _string(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key} is no text")  # noqa: TRY004 -- faults of data are ValueErrors here
    return value


def _pair(question: object, reply: object) -> Iterable[dict[str, str]]:
    yield {"role": "user", "content": _string("the question", question)}
    yield {"role": "assistant", "content": _string("the reply", reply)}


def _history(record: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    for pair in _list("history", record.get("history")) or ():
        if not isinstance(pair, list) or len(pair) != len(("question", "reply")):
            raise ValueError("history is no list of questions with replies")
        yield from _pair(*pair)


def _notes(record: Mapping[str, Any]) -> list[str] | None:
    notes = _list("notes", record.get("notes"))
    return None if notes is None else [_string("each note", note) for note in notes]


def _list(key: str, value: object) -> list[Any] | None:
    """Return a list, which a cell of a table holds as JSON; None where there is none."""
    if isinstance(value, str):
        value = json.loads(value) if value.strip() else None
    if value is not None and not isinstance(value, list):
        raise ValueError(f"{key} is no list")
    return value


def _bare(text: str, notes: Sequence[str]) -> str:
    """Return a question that was rendered with these notes as it was asked, or a text that was not as it is."""
    question = text[(len(text) + len(noted("", notes))) // 2 :]  # it stands before the notes and behind them
    return question if noted(question, notes) == text else text


def _unnoted(text: str) -> tuple[list[str], str]:
    """Take the notes out of a question that was rendered beneath them."""
    found = _NOTED.fullmatch(text)
    return (_unnumbered(found[2]), found["asked"]) if found else ([], text)


def _unnumbered(text: str) -> list[str]:
    """Return numbered notes; a text without numbers is one note."""
    if not text.startswith("[1] "):
        return [text]
    notes: list[str] = []
    rest = text.removeprefix("[1] ")
    while True:
        note, found, rest = rest.partition(f"\n[{len(notes) + 2}] ")
        notes.append(note)
        if not found:
            return notes
