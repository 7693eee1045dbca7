"""Sampling from a model: text, tunes and notes.

A new sampling strategy is a :class:`Choice` (module ``choice``); what may be sampled is
a constraint (module ``constraint``); the loop is in ``decoder``.
"""

from abcrnn._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
