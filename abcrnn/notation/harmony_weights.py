"""Weights of the choice of chords in :mod:`abcrnn.notation.harmony`."""

WEIGHTS: dict[str, float] = {}
