"""Learning from MIDI files: notes instead of characters.

An alias package. The code is in the packages named below.
"""

from abcrnn._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
