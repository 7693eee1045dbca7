"""Default settings of ``compose``, which functions, commands and pages share."""

#: Probability of the most likely characters that are sampled from.
TOP_P = 0.995

#: Maximum length of a tune, in characters.
MAX_LENGTH = 1000

#: Maximum number of consecutive bars that a tune may share with a training tune.
MAX_COPIED_BARS = 4
