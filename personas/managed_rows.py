"""A persona's rows as the file that OpenAI's fine-tuning API takes, and what it comes to.

The turns are those of ``prompt.teach``, which serving sends too: the system turn is the short rule of every trained
voice, not the card prompt. Training bills each token in every epoch and serving bills it in every reply, so the
manner is left to the rows, and the rule costs six tokens where a card costs a hundred.
"""

import hashlib
import json
import re
from dataclasses import dataclass

from personas.persona import BadPersona, Persona
from personas.prompt import teach
from personas.rows import Example, read_rows

FEWEST = 10
"""Rows; the API refuses fewer (OpenAI, "Supervised fine-tuning")."""
_LETTERS_A_TOKEN = 4
"""English text on average (OpenAI, "What are tokens and how to count them?"); other languages take more tokens."""
_TOKENS_A_TURN = 4
"""Role and separators of each message (OpenAI Cookbook, "How to count tokens with tiktoken")."""
_LINE = re.compile(r"\b(?:line|row|example)\s+#?(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class TrainingFile:
    """What is uploaded, and where its lines come from."""

    data: bytes
    """JSON lines, one row each."""
    lines: tuple[int, ...]
    """For each line of ``data`` the one of ``examples.jsonl``, from 1."""
    rows_sha256: str
    """Of ``examples.jsonl``."""
    tokens: int
    """In one epoch, estimated from the number of letters."""

    @property
    def sha256(self) -> str:
        """Of what is uploaded."""
        return hashlib.sha256(self.data).hexdigest()

    def locate(self, words: str) -> str:
        """Return where in ``examples.jsonl`` the line is that a server's words name, as a clause; empty for none."""
        named = _LINE.search(words)
        if named and 1 <= int(named[1]) <= len(self.lines):
            return f" (line {self.lines[int(named[1]) - 1]} of examples.jsonl)"
        return ""


def training_file(persona: Persona) -> TrainingFile:
    """Render ``examples.jsonl``. Raises BadPersona when it has faults or fewer than ``FEWEST`` rows."""
    path = persona.folder / "examples.jsonl"
    rows = read_rows(path)
    if len(rows) < FEWEST:
        raise BadPersona(
            f"{path.name} of {persona.name} has {len(rows)} rows, and managed training takes no fewer than {FEWEST}: "
            "write more."
        )
    chats = [_messages(persona, row) for row in rows]
    source = path.read_bytes()
    letters = sum(len(str(message["content"])) for chat in chats for message in chat)
    return TrainingFile(
        "".join(json.dumps({"messages": chat}, ensure_ascii=False) + "\n" for chat in chats).encode(),
        tuple(number for number, line in enumerate(source.split(b"\n"), 1) if line.strip()),
        hashlib.sha256(source).hexdigest(),
        letters // _LETTERS_A_TOKEN + _TOKENS_A_TURN * sum(map(len, chats)),
    )


def _messages(persona: Persona, row: Example) -> list[dict[str, object]]:
    """Return a row's messages; of the replies only the last is learnt, so those before it weigh nothing."""
    turns, reply = teach(persona, row)
    earlier = [turn.model_dump() | ({"weight": 0} if turn.role == "assistant" else {}) for turn in turns]
    return [*earlier, {"role": "assistant", "content": reply}]
