"""Text, tunes and notes sampled from a model."""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports

if TYPE_CHECKING:
    from abcrnn.sampling.note_sampler import NoteSampler as NoteSampler
    from abcrnn.sampling.sampler import Sampler as Sampler

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "NoteSampler": "abcrnn.sampling.note_sampler",
        "Sampler": "abcrnn.sampling.sampler",
    },
)
