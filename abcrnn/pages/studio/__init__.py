"""The studio: a local page on which tunes are composed together with a model.

============  ======================================================================
``bars``      the bars of a tune, and which of them a step changed
``history``   the tree of the steps of one session, and its file
``kept``      the tunebook of kept tunes
``sessions``  the histories in a folder
``steps``     what a step does: compose, rewrite, continue, transpose, edit
``jobs``      one model generates at a time; the others wait in a queue
``fields``    validated values of a request
``guard``     what is refused before a request is read
``api``       the addresses of the server
``server``    the process that serves the page
============  ======================================================================

The page itself is in ``static/``: HTML, CSS and ES modules without a framework.
"""
