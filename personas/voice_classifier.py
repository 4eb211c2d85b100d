"""Tells replies in a voice from plain ones and from other voices, by their words and letters.

Word and character n-grams under a logistic regression are the usual strong baseline for who wrote a short text
(Stamatatos, "A survey of modern authorship attribution methods", 2009): quick on any machine, and the same each time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_DIGIT = re.compile(r"\d")
_WORD_OR_MARK = r"(?u)\w[\w'\u2019-]*|[^\w\s]"
_FOLDS = 5
_FEWEST = 2 * _FOLDS


@dataclass(frozen=True)
class VoiceClassifier:
    """Trained for one voice; see ``train_classifier``."""

    _model: Any
    """scikit-learn pipeline from texts to a probability."""

    def probability(self, text: str) -> float:
        """Return how likely a reply is in the voice, 0 to 1."""
        return self.probabilities([text])[0]

    def probabilities(self, texts: Sequence[str]) -> list[float]:
        """Return ``probability`` of each text."""
        return [float(p) for p in self._model.predict_proba(_masked(texts))[:, 1]] if texts else []

    def recognises(self, text: str) -> bool:
        """Tell whether a reply is more likely in the voice than not."""
        return self.probability(text) > 0.5  # noqa: PLR2004 -- the middle of 0 to 1


def train_classifier(voiced: Sequence[str], others: Sequence[str], seed: int = 7) -> VoiceClassifier:
    """Train on replies in the voice, and on replies that are not: plain ones, and those of other voices.

    Both sides weigh the same, however many they are. Raises ValueError where a side is empty.
    """
    if not voiced or not others:
        raise ValueError("A classifier needs replies in the voice and others that are not.")
    return VoiceClassifier(_pipeline(seed).fit(_masked([*voiced, *others]), _labels(voiced, others)))


def held_out(voiced: Sequence[str], others: Sequence[str], groups: Sequence[str], seed: int = 7) -> list[float]:
    """Return the probability of each voiced text, by a classifier that was trained without its group (five folds).

    ``groups``: what each voiced text is about, so that no text is known by its subject. Raises ValueError with fewer
    than ten texts on a side, or fewer than two groups.
    """
    from sklearn.model_selection import GroupKFold

    folds = min(_FOLDS, len(set(groups)))
    if min(len(voiced), len(others)) < _FEWEST or folds < 2:  # noqa: PLR2004 -- one fold has nothing to learn from
        raise ValueError(f"At least {_FEWEST} replies of each kind, on two subjects, are needed.")
    found = [0.0] * len(voiced)
    for kept, held in GroupKFold(folds, shuffle=True, random_state=seed).split(voiced, groups=groups):
        classifier = train_classifier([voiced[i] for i in kept], others, seed)
        for i, p in zip(held, classifier.probabilities([voiced[i] for i in held]), strict=True):
            found[i] = p
    return found


def _pipeline(seed: int) -> Any:  # noqa: ANN401 -- scikit-learn has no types
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    return make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=_WORD_OR_MARK),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, lowercase=False),
        ),
        LogisticRegression(C=10, class_weight="balanced", max_iter=1000, random_state=seed, solver="liblinear"),
    )


def _labels(voiced: Sequence[str], others: Sequence[str]) -> list[int]:
    return [1] * len(voiced) + [0] * len(others)


def _masked(texts: Sequence[str]) -> list[str]:
    """Make all digits alike: which number it is says nothing about the voice."""
    return [_DIGIT.sub("0", text) for text in texts]
