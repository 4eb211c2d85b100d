"""Headings in plain text, which has no mark for them: lines that stand alone and look like one."""

import re

_DIVIDER = re.compile(r"^%+[ \t]*$", re.MULTILINE)
"""Between the entries of a file in the format of ``fortune``."""
_NUMBERED = re.compile(r"\s{0,8}(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+(\S.*?)\s*")
_MOST_WORDS = 10
_FEWEST_LETTERS = 4


def blocks(text: str) -> list[str]:
    """Return the texts between dividers; the first line of each is its heading where it stands alone and is short."""
    found = [block.strip("\n") for block in _DIVIDER.split(text)]
    return [_titled(block) for block in found if block.strip()] if len(found) > 2 else [text]  # noqa: PLR2004 -- two ends


def with_headings(text: str) -> str:
    """Return the text with ``#`` before lone lines that are numbered like headings or written in capitals."""
    lines = text.split("\n")
    marked = list(lines)
    below = ""
    for number in range(len(lines) - 1, -1, -1):
        line, next_filled = lines[number], below
        below = line if line.strip() else below
        alone = (number == 0 or not lines[number - 1].strip()) and not "".join(lines[number + 1 : number + 2]).strip()
        if not (alone and next_filled and _is_short(line.rstrip("? "))):
            continue
        found = _NUMBERED.fullmatch(line)
        if found and not (_NUMBERED.fullmatch(next_filled) and "." not in found[1]):
            marked[number] = f"{'#' * (found[1].count('.') + 2)} {found[2]}"
        elif _is_shouted(line) and not next_filled.isupper():
            marked[number] = f"# {line.strip()}"
    return "\n".join(marked)


def _titled(block: str) -> str:
    first, _, rest = block.partition("\n")
    alone = rest.startswith("\n") and rest.strip()
    return f"# {first.strip()}\n{rest}" if alone and _is_short(first) and not re.match(r"[QA]:|#", first) else block


def _is_shouted(line: str) -> bool:
    return line.isupper() and sum(map(str.isalpha, line)) >= _FEWEST_LETTERS and not line.rstrip().endswith("?")


def _is_short(line: str) -> bool:
    return 0 < len(line.split()) <= _MOST_WORDS and not line.rstrip().endswith((".", ",", ";", ":", "?", "!"))
