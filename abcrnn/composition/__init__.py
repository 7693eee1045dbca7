"""Tunes by request: key, meter, form, range; only valid and new ones."""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports

if TYPE_CHECKING:
    from abcrnn.composition.composer import compose as compose
    from abcrnn.composition.composer import reproduce as reproduce
    from abcrnn.composition.requests import Orders as Orders
    from abcrnn.composition.rewriting import rewrite as rewrite

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Orders": "abcrnn.composition.requests",
        "compose": "abcrnn.composition.composer",
        "reproduce": "abcrnn.composition.composer",
        "rewrite": "abcrnn.composition.rewriting",
    },
)
