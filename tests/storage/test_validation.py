import math

import numpy as np
import pytest

from abcrnn.storage.validation import (
    plain_number,
    require_count,
    require_dropout,
    require_positive,
    require_share,
    require_shares,
)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "3", None])
def test_counts(value):
    with pytest.raises(ValueError, match="^epochs must be a whole number of at least 1, not "):
        require_count("epochs", value)


def test_what_is_accepted():
    require_count("epochs", 1)
    require_count("seed", 0, least=0)
    require_positive("temperature", 1e-40)
    require_positive("temperature", 2)
    require_shares(0, 0)
    require_shares(0.5, 0.49)


@pytest.mark.parametrize("value", [0, -0.5, math.inf, math.nan, True, "1", None])
def test_positive_numbers(value):
    with pytest.raises(ValueError, match="^temperature must be a positive number, not "):
        require_positive("temperature", value)


@pytest.mark.parametrize("shares", [(-0.1, 0), (0, 1), (0.5, 0.5), (math.nan, 0)])
def test_shares(shares):
    with pytest.raises(ValueError, match="^validation and test must be shares"):
        require_shares(*shares)


@pytest.mark.parametrize("number", [3, np.int64(3), np.uint8(3), np.array(3), np.int32(3)])
def test_whole_numbers_of_numpy_become_ints(number):
    found = require_count("epochs", number)
    assert (found, type(found)) == (3, int)


@pytest.mark.parametrize("number", [0.5, np.float32(0.5), np.float16(0.5), np.array(0.5)])
def test_numbers_of_numpy_become_floats(number):
    for found in (require_positive("temperature", number), *require_shares(number, 0.0)[:1]):
        assert (found, type(found)) == (0.5, float)
    assert require_share("top_p", number) == require_dropout(number) == 0.5


@pytest.mark.parametrize("value", [True, np.True_, np.array(True), "1", np.ones(1), None, 1j])
def test_bools_and_arrays_are_not_numbers(value):
    assert plain_number(value) is None
    for require in (require_count, require_positive, require_share):
        with pytest.raises(ValueError, match=r"^top_p must be .*, not "):
            require("top_p", value)
    with pytest.raises(ValueError, match="^dropout must be at least 0 and less than 1, not "):
        require_dropout(value)
