"""Properties of the tunes that models generate: ``python -m benchmarks music``.

===============  ==========================================================
``command``      the command line
``generation``   tunes of a model, stored as they are generated
``figures``      what is measured on tunes
``picture``      the figure
===============  ==========================================================
"""
