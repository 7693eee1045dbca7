"""How well a model predicts, and how generated tunes compare with real ones."""

from abcrnn._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
