"""Default settings of ``compose``, which the functions and the command share."""

#: Probability of the most likely characters that are sampled from.
TOP_P = 0.98

#: Maximum number of consecutive bars that a tune may share with a training tune.
MAX_COPIED_BARS = 4
