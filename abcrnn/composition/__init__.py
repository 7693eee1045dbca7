"""Compose tunes as requested, reproduce them, and rewrite bars of a tune.

===================  ===============================================================
``requests``         requests (key, meter, form, ...), their prompt and constraint
``request_checks``   whether a finished tune matches the requests
``contradictions``   requests that no tune can match, and what contradicts them
``acceptance``       all checks of a generated tune: valid, new, playable, ...
``candidates``       sampling of candidate tunes
``selection``        the best of several accepted candidates
``composer``         :func:`compose` and :func:`compose_iter`
``reproduction``     :func:`reproduce`
``provenance``       the comment lines that a composed tune carries
``rewriting``        :func:`rewrite`: other bars for a passage of a tune
``record_lines``     the comment lines of both in a text, and what is wrong in them
``rewriting_record`` the comment lines of a tune with rewritten bars
``spellings``        spellings of the same key or meter
``tune_form``        number of bars and form of a tune
``pitch_range``      ranges of instruments
===================  ===============================================================

To add a request: a field of ``Requests``, its check in ``request_checks``, an argument
of ``compose`` and an option in ``cli/compose.py``.
"""

from abcrnn._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
