"""Questions that the files could not answer, with paraphrases of one question counted together."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.embedding import Embedder
from knowledge.question_log import Gap

PARAPHRASE = 0.44
"""Cosine distance up to which any two wordings of a question may differ. On 15 written questions 94 % of the pairs of
wordings that it joins are paraphrases, and it joins 96 % of those; on 15 others, which are chosen to be alike in pairs
("join a guild", "leave a guild"), 100 and 84 % (tests/knowledge/test_gaps.py)."""


@dataclass(frozen=True)
class Gaps:
    """One question in all its wordings."""

    text: str
    """The wording that was asked most."""
    times: int
    """How often it was asked, in all wordings."""
    first: str
    last: str
    wordings: tuple[str, ...]
    """The most asked first."""


def merged(embedder: Embedder, gaps: Sequence[Gap]) -> list[Gaps]:
    """Return the questions, the most asked first; ``gaps`` are given with the most asked first.

    Agglomerative clustering with complete linkage: every two wordings of a group are near each other, so that a row
    of small steps cannot lead from one question to another one.
    """
    groups: dict[int, list[Gap]] = defaultdict(list)
    for gap, group in zip(gaps, _groups(embedder, [gap.text for gap in gaps]), strict=True):
        groups[group].append(gap)
    found = [
        Gaps(
            group[0].text,
            sum(gap.times for gap in group),
            min(gap.first for gap in group),
            max(gap.last for gap in group),
            tuple(gap.text for gap in group),
        )
        for group in groups.values()
    ]
    return sorted(found, key=lambda one: -one.times)


def _groups(embedder: Embedder, texts: Sequence[str]) -> list[int]:
    if len(texts) < 2:  # noqa: PLR2004 -- a pair
        return list(range(len(texts)))
    from sklearn.cluster import AgglomerativeClustering

    clustering = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="complete", distance_threshold=PARAPHRASE
    )
    return [int(group) for group in clustering.fit_predict(embedder.embed(texts))]
