"""``abcrnn corpora``: list, fetch and check corpora."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from abcrnn.cli.arguments import add_command, add_command_group, add_join_blank
from abcrnn.cli.parser import suggestion
from abcrnn.cli.terminal import load_corpus
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    from abcrnn.data.corpus import Corpus

_SHOWN = 5  # fragments


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    actions = add_command_group(
        subparsers, "corpora", "list, fetch or check the corpora", "abcrnn corpora list"
    )
    add_command(actions, "list", list_corpora, "list the named corpora", "abcrnn corpora list")
    parser = add_command(
        actions,
        "fetch",
        fetch_corpora,
        "download corpora into the cache folder",
        "abcrnn corpora fetch irish jigs",
    )
    parser.add_argument("names", nargs="+", metavar="NAME", help="name of a corpus")
    parser = add_command(
        actions,
        "check",
        check_corpora,
        "count the tunes of corpora, and compare named ones with their published counts",
        "abcrnn corpora check oneills my-tunes.abc",
    )
    parser.add_argument(
        "sources", nargs="+", metavar="CORPUS", help="a name, or a file or folder of .abc"
    )
    add_join_blank(parser)


def list_corpora(arguments: argparse.Namespace) -> int:
    """Print a line for each named corpus."""
    from abcrnn.data.registry import card_names, is_here, read_card

    print(f"{'name':<12}{'tunes':>6}{'bytes':>12}{'formatted':>12}  here  title [licence]")
    for name in card_names():
        card = read_card(name)
        here = "yes" if is_here(card) else "no"
        formatted = f"{card.tidied_bytes:,}" if card.tidied_bytes else "-"
        print(
            f"{name:<12}{card.tunes:>6}{card.text_bytes or card.bytes:>12,}{formatted:>12}  "
            f"{here:<4}  {card.title} [{card.licence}]"
        )
    return 0


def fetch_corpora(arguments: argparse.Namespace) -> int:
    """Download corpora."""
    from abcrnn.data.registry import card_names, fetch_card, read_card

    names = card_names()
    for name in arguments.names:
        if name not in names:
            known = f"; the corpora are {', '.join(names)}"
            raise ValueError(f"there is no corpus {name!r}{suggestion(name, names) or known}")
    for name in arguments.names:
        files = fetch_card(read_card(name))
        print(f"{name}: {count_of(len(files), 'file')} in {files[0].parent}")
    return 0


def check_corpora(arguments: argparse.Namespace) -> int:
    """Print the counts of each corpus; exit code 1 if they differ from the published ones."""
    return max(
        [_check(source, load_corpus(source, arguments.join_blank)) for source in arguments.sources]
    )


def _check(source: str, corpus: Corpus) -> int:
    from abcrnn.data.registry import card_names, read_card

    found = {
        "tunes": len(corpus.tunes),
        "duplicates": corpus.duplicates,
        "vocabulary_size": len(corpus.vocabulary),
    }
    _print_counts(source, corpus, found)
    if source not in card_names():
        return 0
    card = read_card(source)
    if card.tidied_bytes:
        print(f"  {card.tidied_bytes:>9,} bytes when formatted, {card.text_bytes:,} unformatted")
    differing = [name for name, count in found.items() if getattr(card, name) != count]
    for name in differing:
        published, noun = getattr(card, name), name.replace("_", " ")
        print(f"{source}: the published count of {noun} is {published:,}, not {found[name]:,}")
    return 1 if differing else 0


def _print_counts(source: str, corpus: Corpus, found: dict[str, int]) -> None:
    from abcrnn.notation import check_tune
    from abcrnn.storage.progress import progress_bar

    tunes = progress_bar(corpus.tunes, leave=False, unit="tune")
    invalid = sum(bool(check_tune(tune)) for tune in tunes)
    once = sorted(c for c, number in corpus.character_counts.items() if number == 1)
    fragments = len(corpus.fragments) + corpus.more_fragments
    print(f"{source}:")
    characters = count_of(corpus.character_counts.total(), "character")
    print(f"  {found['tunes']:>9,} {_noun(found['tunes'], 'tune')}, {characters}")
    print(f"  {found['duplicates']:>9,} {_noun(found['duplicates'], 'duplicate')}")
    print(f"  {invalid:>9,} not valid; abcrnn check shows what and where")
    print(f"  {found['vocabulary_size']:>9,} different characters", end="")
    print(f"; these occur once: {' '.join(once)}" if once else "")
    print(f"  {fragments:>9,} {_noun(fragments, 'fragment')} outside tunes, not used for training")
    for block in corpus.fragments[:_SHOWN]:
        first = block.text.split("\n")[0]
        print(f"            line {block.line}: {first[:60]}")


def _noun(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"
