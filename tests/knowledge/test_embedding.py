from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.embedding import Embedder, HashEmbedder


@given(st.lists(st.text(max_size=30), max_size=5))
def test_hashed_words_have_length_one(texts: list[str]) -> None:
    """Every text, even an empty one, becomes a row of length 1, the same each time."""
    rows = HashEmbedder().embed(texts)
    assert rows.shape == (len(texts), 256)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.array_equal(rows, HashEmbedder().embed(texts))


@pytest.mark.model
def test_meaning_is_near_without_shared_words(embedder: Embedder) -> None:
    """The real model puts a question nearer to its answer in other words than to another topic."""
    asked, near, far = embedder.embed(["Can I bring my dog?", "Pets are welcome.", "The oven heats to 250 degrees."])
    assert asked @ near > asked @ far
    assert embedder.embed([]).shape[0] == 0


@pytest.mark.model
def test_threads_do_not_cut_each_other_short(embedder: Embedder) -> None:
    """Two threads that embed a long and a short text get what one thread gets alone."""
    long, short = "A rose needs water and light every day. " * 20, "Rose."
    alone = embedder.embed([long])[0], embedder.embed([short])[0]
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda text: embedder.embed([text])[0], [long, short] * 3))
    assert all(np.allclose(row, alone[number % 2], atol=1e-5) for number, row in enumerate(both))
