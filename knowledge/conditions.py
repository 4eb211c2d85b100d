"""Leave that the notes give under a condition, "free above $40", and that a reply gives without it."""

import re

from knowledge.claims import claims, stems
from knowledge.days import days_in
from knowledge.limits import compared, limits
from knowledge.opposites import denies, states
from knowledge.placement import same
from knowledge.question import content
from knowledge.statements import Statement

_CLAIMS_LEAVE = re.compile(
    r"\b(?:free|may|can|could|allowed|welcome|return\w*|refund\w*|gets?|yes|aye|discount|possible|every)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"""\b(?:if|unless|except|as\ long\ as|provided|within|on\ (?:your|their|his|her)
    |only\ (?=on|with|for|if|when|in|at|from|after|before|until|to|by))\b[^.;]*
    |\bwith\b[^.;,]*?(?=\ (?:may|can|get)\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_FREE = re.compile(r"\bfree\b", re.IGNORECASE)


def drops_condition(sentence: str, statement: Statement, question: str) -> bool:
    """Tell whether a sentence gives leave and drops the condition under which the notes do."""
    if not _CLAIMS_LEAVE.search(sentence) or denies(sentence) or states(sentence):
        return False
    said, queried = set(stems(sentence)), set(content(question))
    about = set(content(sentence))
    for number, part in enumerate(statement.parts):
        if not _CLAIMS_LEAVE.search(part.text) or not about & set(content(part.text)):
            continue
        kept = any(same(claim, other) for claim in claims(sentence) for other in part.held)
        if limits(part.text) and not kept and compared(question, part.text) is not True:
            return True
        if _FREE.search(part.text) and part.days and not days_in(sentence) | days_in(question):
            return True
        following = statement.parts[number + 1].text if number + 1 < len(statement.parts) else ""
        conditions = [*_CONDITION.finditer(part.text), *([match] if (match := _CONDITION.match(following)) else [])]
        for match in conditions:
            telling = set(content(match[0]))
            if telling and not telling & (said | queried) and not limits(match[0]):
                return True
    return False
