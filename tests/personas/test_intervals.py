"""Figures with how sure they are, held against published values and for any input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.intervals import bootstrap, mean, share, worse_by_chance


@pytest.mark.parametrize(
    ("held", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_intervals_are_the_published_ones(held, of, low, high):
    """Also Newcombe's 81 of 263 (1998, table I)."""
    found = share([True] * held + [False] * (of - held))
    assert (found.value, found.count) == (held / of, of)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


@given(st.lists(st.booleans(), max_size=300))
def test_a_share_lies_within_its_interval(held):
    """Between 0 and 1, whatever was counted; of nothing there is no share."""
    found = share(held)
    if not held:
        assert found is None
        return
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


def test_a_bootstrap_is_the_same_each_time_and_around_its_figure():
    """It narrows with more values, and of one value alone it has no width."""
    some, more = mean([1.0, 2.0, 3.0, 4.0]), mean([1.0, 2.0, 3.0, 4.0] * 25)
    assert some == mean([1.0, 2.0, 3.0, 4.0])
    assert some.low < some.value == 2.5 < some.high
    assert more.high - more.low < some.high - some.low
    assert (mean([7.0] * 9).low, mean([7.0] * 9).high) == (7.0, 7.0)
    assert bootstrap([], len) is None


@pytest.mark.parametrize(
    ("lost", "gained", "chance"), [(0, 0, 1.0), (5, 0, 1 / 32), (0, 5, 1.0), (9, 2, 0.0327), (8, 2, 0.0547)]
)
def test_only_rows_that_differ_tell_of_a_loss(lost, gained, chance):
    """The exact test of McNemar; rows that both keep or both lose change nothing."""
    ours = [False] * lost + [True] * gained + [True, False] * 40
    theirs = [True] * lost + [False] * gained + [True, False] * 40
    assert worse_by_chance(ours, theirs) == pytest.approx(chance, abs=5e-4)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_what_is_no_worse_is_never_unlikely(pairs):
    """Where ours holds at least as often as theirs, chance alone explains the rest in half of all cases or more."""
    ours, theirs = zip(*pairs, strict=True)
    if sum(ours) >= sum(theirs):
        assert worse_by_chance(ours, theirs) >= 0.5
