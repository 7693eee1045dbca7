"""Sampling from a model: text, tunes and notes.

A new sampling strategy is a :class:`Choice` (module ``choice``); what may be sampled is
a constraint (module ``constraint``); the loop is in ``decoder``.
"""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports

if TYPE_CHECKING:
    from abcrnn.sampling.choice import Choice as Choice
    from abcrnn.sampling.choice import RandomChoice as RandomChoice
    from abcrnn.sampling.note_sampler import NoteSampler as NoteSampler
    from abcrnn.sampling.sampler import Sampler as Sampler

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Choice": "abcrnn.sampling.choice",
        "NoteSampler": "abcrnn.sampling.note_sampler",
        "RandomChoice": "abcrnn.sampling.choice",
        "Sampler": "abcrnn.sampling.sampler",
    },
)
