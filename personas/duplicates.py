"""Rows that stand there twice, or nearly, and exam rows that training has seen.

Character n-grams and their cosine, each row against all others: for some thousand rows that is exact and takes a
second, so nothing is approximated, as MinHash would; scikit-learn is there for the voices' classifier already.
"""

from collections.abc import Iterator, Sequence

from personas.findings import EXAM, EXAMPLES, Finding, Row

_ALIKE = 0.92
"""Cosine from which two rows are near-duplicates."""
_NEIGHBOURS = 4


def duplicates(rows: Sequence[Row]) -> Iterator[Finding]:
    """Yield rows that are the same as an earlier one or nearly, and subjects that examples and exam share."""
    yield from _shared_subjects(rows)
    first: dict[tuple[object, ...], Row] = {}
    left = []
    for row in rows:
        same = first.setdefault(_whole(row), row)
        if same is row:
            left.append(row)
        else:
            yield _finding(row, same, "the same row as")
    yield from _near(left)


def _near(rows: Sequence[Row]) -> Iterator[Finding]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import NearestNeighbors

    if len(rows) < 2:  # noqa: PLR2004 -- a pair
        return
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4), sublinear_tf=True).fit_transform(
        ["\n".join((*row.example.notes, *(turn.content for turn in row.example.messages))) for row in rows]
    )
    nearest = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(rows)), metric="cosine", algorithm="brute").fit(vectors)
    for here, (far, neighbours) in enumerate(zip(*nearest.kneighbors(vectors), strict=True)):
        for distance, there in zip(far, neighbours, strict=True):
            if there < here and 1 - distance >= _ALIKE and _told_alike(rows[here], rows[there]):
                yield _finding(rows[here], rows[there], f"{1 - distance:.0%} like")
                break


def _told_alike(one: Row, other: Row) -> bool:
    """Tell whether two rows are of one skill: notes that answer one question and not another make two good rows."""
    return one.example.skill == other.example.skill


def _finding(row: Row, other: Row, how: str) -> Finding:
    wrong = f'{how} {other.place} ("{row.example.question}")'
    if row.file != other.file:
        return row.finding("leak", "error", wrong, "Drop one: an exam shows nothing if training has seen it.")
    exact = how.startswith("the same")
    return row.finding("double", "error" if exact else "warning", wrong, "Drop one, or ask something else.")


def _whole(row: Row) -> tuple[object, ...]:
    turns = tuple((turn.role, " ".join(turn.content.lower().split())) for turn in row.example.messages)
    return (turns, row.example.notes)


def _shared_subjects(rows: Sequence[Row]) -> Iterator[Finding]:
    taught = {row.example.domain.lower() for row in rows if row.file == EXAMPLES}
    examined = {row.example.domain.lower(): row.example.domain for row in reversed(rows) if row.file == EXAM}
    for domain in sorted(taught & examined.keys() - {"small talk", "smalltalk", "chat"}):
        yield Finding(
            "leak", "error", EXAM, None, f'the domain "{examined[domain]}" is in the examples too',
            "Give exam rows domains that no example has: a voice must manage subjects that it never saw.",
        )  # fmt: skip
