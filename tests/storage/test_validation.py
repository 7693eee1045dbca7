import math

import pytest

from abcrnn.storage.validation import require_count, require_positive, require_shares


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
