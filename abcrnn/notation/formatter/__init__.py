"""Formatter of ABC text: one layout for every tune, with the same music.

:func:`abcrnn.notation.formatter.tune.tidy` formats one tune,
:func:`abcrnn.notation.formatter.tunebook.tidy_tunebook` every tune of a tunebook. docs/tidy.md
describes the layout. ``text_lines`` finds the fields, comments and music of a tune, ``header``
orders its header, ``spacing`` spells and spaces its music, ``line_breaks`` divides it into
lines, and ``comparison`` proves that nothing else has changed.
"""
