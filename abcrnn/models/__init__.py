"""Networks, their protocols and recipes, and the model file."""

from abcrnn._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
