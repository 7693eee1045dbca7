"""The training loop, its tasks (tunes, notes), and the run folder."""

from abcrnn._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
