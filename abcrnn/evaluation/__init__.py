"""How well a model predicts, and how generated tunes compare with real ones."""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports

if TYPE_CHECKING:
    from abcrnn.evaluation.held_out import evaluate as evaluate
    from abcrnn.evaluation.scoring import Scorer as Scorer

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Scorer": "abcrnn.evaluation.scoring",
        "evaluate": "abcrnn.evaluation.held_out",
    },
)
