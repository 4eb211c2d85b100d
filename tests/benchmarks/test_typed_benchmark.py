import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import typed_facts

from knowledge.typed.computing import compute
from knowledge.typed.recognition import recognise


@pytest.mark.parametrize("server", typed_facts.SERVERS)
def test_no_computed_answer_is_wrong(server):
    """Of the benchmark's questions none is answered wrongly, and most that can be computed are."""
    facts = recognise(typed_facts.passages(server))
    zone = ZoneInfo(typed_facts.SERVERS[server][0])
    verdicts = []
    for line in (typed_facts.QUESTIONS / f"{server}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        answer = compute(row["text"], facts, datetime.fromisoformat(row.get("now", typed_facts.NOW)), zone)
        verdicts.append((typed_facts.judge(row, answer), row["id"]))
    assert not [name for verdict, name in verdicts if verdict == "wrong"]
    assert sum(verdict == "left" for verdict, _ in verdicts) <= 2
