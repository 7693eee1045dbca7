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

from abcrnn._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
