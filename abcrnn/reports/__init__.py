"""Reports about a model and its tunes: model card, request rates, plots.

=================  ===============================================================
``model_card``     :func:`examine`: measures a model and returns its card
``card_text``      what a card contains, and its text
``request_rates``  how many tunes match requests typical of a corpus
``plots``          the training curve and the picture of a card
``piano_roll``     picture of notes learned from MIDI
=================  ===============================================================

To add a metric of generated tunes: a function in ``evaluation/``, a field in
``card_text``, its value in ``model_card``.
"""

from typing import TYPE_CHECKING

from abcrnn._lazy import lazy_exports

if TYPE_CHECKING:
    from abcrnn.reports.model_card import ModelCard as ModelCard
    from abcrnn.reports.model_card import examine as examine
    from abcrnn.reports.piano_roll import plot_notes as plot_notes
    from abcrnn.reports.plots import plot_card as plot_card
    from abcrnn.reports.plots import plot_history as plot_history

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "ModelCard": "abcrnn.reports.model_card",
        "examine": "abcrnn.reports.model_card",
        "plot_card": "abcrnn.reports.plots",
        "plot_history": "abcrnn.reports.plots",
        "plot_notes": "abcrnn.reports.piano_roll",
    },
)
