"""What the commands share: quiet imports, inputs by name or path, tunebooks as output."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.cli.arguments import UsageError
from abcrnn.cli.sources import SourceTune, suggests_corpora
from abcrnn.reports.wording import count_of
from abcrnn.storage.paths import find_files

if TYPE_CHECKING:
    import argparse

    from abcrnn.data.corpus import Corpus
    from abcrnn.export.tunebook import Conversion
    from abcrnn.notation import ABCError, Block


def import_tensorflow() -> None:
    """Import TensorFlow without its start-up messages.

    Some are written before its log level counts, so standard error is redirected during
    the import. Failures are still raised as exceptions.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        import abcrnn.models.backend  # noqa: F401  # refuses other backends
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def resume_hint(arguments: argparse.Namespace) -> str:
    """Return the message for Ctrl-C while training."""
    command = shlex.join(["abcrnn", *arguments.argv])
    return f"progress is saved in {arguments.out}; run the same command to resume: {command}"


def describe_error(error: Exception) -> str:
    """Return the message of an error; for a system error without its number."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    reason = f"{error.strerror[0].lower()}{error.strerror[1:]}"
    return reason if error.filename is None else f"{error.filename}: {reason}"


# Inputs --------------------------------------------------------------------------------------


def load_corpus(source: str, join_blank: bool = False) -> Corpus:
    """Load a corpus by name or path; suggest the nearest name for an unknown one."""
    from abcrnn.data.corpus import load_corpus as load

    with suggests_corpora(source):
        return load(source, join_blank)


def read_tunes(
    path: str, join_blank: bool = False, on_error: Callable[[str], None] | None = None
) -> Iterator[tuple[Path, Block]]:
    """Yield the blocks of a file, folder or pattern such as ``*.abc``, each with its file.

    Parameters
    ----------
    path : str
        ``-`` is standard input.
    join_blank : bool
        See :func:`abcrnn.load_corpus`.
    on_error : callable, optional
        Called with a message for each file that is skipped; the default logs it.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If there is no tune in it.
    """
    from abcrnn.data.tunebook_files import find_tunebooks, is_standard_input, read_tunebooks

    files: list[Path] = []
    for found_path in [Path(path)] if is_standard_input(path) else find_files(path):
        if not (is_standard_input(path) or found_path.exists()):
            raise FileNotFoundError(f"{path}: no such file or folder")
        files += find_tunebooks(found_path)
    found = False
    for file, block in read_tunebooks(files, join_blank, *([on_error] if on_error else [])):
        found = found or block.is_tune
        yield file, block
    if not found:
        raise ValueError(f"{path} holds no tune: in ABC notation each begins with a line X:")


# Output --------------------------------------------------------------------------------------


def require_outputs(arguments: argparse.Namespace) -> None:
    """Raise an exception before anything is generated if a result cannot be written.

    Also loads the corpora of ``--nearest``, as ``arguments.known``.
    """
    from abcrnn.storage.atomic import require_writable

    if arguments.output:
        require_writable(arguments.output)
    if getattr(arguments, "midi", None):
        require_writable(Path(arguments.midi) / "tune.mid")
    if getattr(arguments, "gallery", None):
        require_gallery(arguments.gallery)
    names = getattr(arguments, "nearest", None) or ()
    if names and not arguments.gallery:
        raise UsageError("argument --nearest: only with --gallery")
    arguments.known = [load_corpus(name) for name in names]


def require_gallery(path: str) -> None:
    """Raise ``OSError`` or ``ImportError`` if a gallery cannot be written to a file."""
    from abcrnn.export.html.engraving import require_verovio
    from abcrnn.storage.atomic import require_writable

    require_verovio()
    require_writable(path)


def write_tunebook(tunes: Sequence[str], output: str | None) -> None:
    """Write tunes to a file, or print them; ``-`` is standard output."""
    from abcrnn.storage.atomic import write_text

    text = "\n\n".join(tunes) + "\n"
    if output and output != "-":
        write_text(output, text)
        # With /dev/stdout, the tunes alone are the output.
        report = sys.stderr if output.startswith("/dev/") else sys.stdout
        print(f"{count_of(len(tunes), 'tune')} in {output}", file=report)
    elif tunes:
        print(text, end="")


def gallery_into(
    tunes: Sequence[str],
    path: str,
    title: str | None = None,
    nearest: Sequence[Corpus] | None = None,
    sources: Sequence[SourceTune] = (),
) -> int:
    """Write a gallery, report tunes without a score, and return the exit code: 1 if any."""
    from abcrnn.pages.gallery import write_gallery

    without = write_gallery(tunes, path, title, nearest=nearest)
    for tune in without:
        report_tune(tune.number, "has no score", tune.problem, sources)
    print(f"{count_of(len(tunes), 'tune')} in {path}: open it in a browser", file=sys.stderr)
    return 1 if without else 0


def write_files(tunes: Sequence[str], arguments: argparse.Namespace) -> int:
    """Write the files that ``--midi`` and ``--gallery`` name, and return the exit code."""
    code = convert_into(tunes, arguments.midi, "midi") if arguments.midi else 0
    if arguments.gallery and tunes:
        known = arguments.known or None
        code = max(code, gallery_into(tunes, arguments.gallery, nearest=known))
    return code


def convert_into(
    tunes: Sequence[str],
    folder: str,
    form: str,
    sources: Sequence[SourceTune] = (),
    **options: Any,
) -> int:
    """Write a file for each tune, report failures, and return the exit code."""
    from abcrnn.export.tunebook import convert_tunes

    return report_conversion(convert_tunes(tunes, folder, form, **options), folder, sources)


def report_conversion(
    conversions: Sequence[Conversion], target: str, sources: Sequence[SourceTune] = ()
) -> int:
    """Report how many tunes were converted, and return the exit code: 1 if any was not."""
    report_unconverted(conversions, sources)
    written = sum(conversion.path is not None for conversion in conversions)
    total = count_of(len(conversions), "tune")
    print(f"{written} of {total} converted into {target}", file=sys.stderr)
    return 0 if written == len(conversions) else 1


def report_unconverted(
    conversions: Sequence[Conversion], sources: Sequence[SourceTune] = ()
) -> None:
    """Print the tunes that were not converted, or not as a whole, and the reasons."""
    for conversion in conversions:
        if conversion.problem:
            report_tune(conversion.number, "is not converted", conversion.problem, sources)
        elif conversion.remark:
            report_tune(conversion.number, "is converted in part", conversion.remark, sources)


def report_tune(
    number: int, what: str, problem: ABCError | str, sources: Sequence[SourceTune] = ()
) -> None:
    """Print a problem of a tune by its number, or with its file and line if they are known."""
    if sources:
        sources[number - 1].report(what, problem)
    else:
        print(f"tune {number} {what}: {problem}", file=sys.stderr)
