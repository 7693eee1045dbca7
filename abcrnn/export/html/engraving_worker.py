"""A child process that turns MusicXML into SVG with verovio.

It is run as a script and imports nothing from abcrnn. Each line of its input is a JSON string
with MusicXML; each line of its output is a JSON list of SVG texts, one for each system, or null.
"""

import json
import os
import sys

_MOST_MEMORY = 2 << 30  # bytes; real tunes need a tenth
#: Verovio's names. A page is as wide as 88 spaces of the staff, which can be read on a phone.
_OPTIONS = {
    "font": "Leipzig",
    "smuflTextFont": "none",  # a page has the font once
    "pageWidth": 1600,
    "pageHeight": 100,  # too low for two systems: each is a page, which print does not cut
    "adjustPageHeight": True,
    "pageMarginLeft": 20,
    "pageMarginRight": 20,
    "pageMarginTop": 20,
    "pageMarginBottom": 20,
    "header": "none",  # the title is HTML
    "footer": "none",
    "scale": 40,
    "svgFormatRaw": True,
    "svgRemoveXlink": True,
    "svgViewBox": True,
}


def main() -> None:
    """Answer each line of standard input on standard output."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a library prints must not be among the answers
    _limit_memory()
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    for line in sys.stdin:
        toolkit = verovio.toolkit()
        toolkit.setOptions(_OPTIONS)
        pages = None
        if toolkit.loadData(json.loads(line)):
            pages = [toolkit.renderToSVG(n + 1) for n in range(toolkit.getPageCount())]
        answers.write(json.dumps(pages) + "\n")
        answers.flush()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))


if __name__ == "__main__":
    main()
