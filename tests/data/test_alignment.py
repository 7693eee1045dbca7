"""Changes between a pattern and a passage, compared with a table of edit distances."""

import numpy as np
import pytest
from helpers.edit_distance import fewest_changes
from hypothesis import given
from hypothesis import strategies as st

from abcrnn.data.alignment import Pattern

FEW_VALUES = st.lists(st.integers(0, 3), max_size=80).map(bytes)


@given(FEW_VALUES, FEW_VALUES)
def test_the_same_as_a_table_of_edit_distances(pattern, other):
    expected = fewest_changes(np.frombuffer(pattern, np.uint8), np.frombuffer(other, np.uint8))
    assert Pattern(pattern).changes(other) == expected


@pytest.mark.parametrize(
    ("pattern", "other", "changes"),
    [
        (b"", b"abc", 0),
        (b"abc", b"", 3),
        (b"abc", b"xxabcxx", 0),
        (b"abc", b"xxacxx", 1),
        (b"abc", b"xxabbcxx", 1),
        (b"abc", b"xxadcxx", 1),
        (b"a" * 100, b"a" * 63, 37),
    ],
)
def test_known_changes(pattern, other, changes):
    assert Pattern(pattern).changes(other) == changes
