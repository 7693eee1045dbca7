"""abcrnn: character-level recurrent networks that write folk tunes in ABC notation.

Names are imported when they are first used, so ``import abcrnn`` loads neither
TensorFlow nor music21.
"""

from abcrnn._lazy import lazy_exports
from abcrnn._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
